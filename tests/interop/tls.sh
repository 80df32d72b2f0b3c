# For scripts that need a TLS peer: sourced.
#   server_certificate    makes server.key and server.pem for localhost
#   demand_certificate    starts "openssl s_server" on $port, which wants a
#                         certificate of the signer and shows whose it got
#   authority             makes ca.key and ca.pem, valid for $1 days, and by them
#                         server.key and server.pem for localhost: rustls takes no
#                         authority's certificate for a server's
#   certify               makes the certificate $2 of the request $1 by that authority
#   broker                starts mosquitto on $port, which wants a certificate of
#                         signer.cert, whose name becomes the user's
#   served                starts nginx on $port, which hands out the folder "served"
#                         to who has a certificate of the signer; access.log says
#                         of each request whether it was verified, and whose it was
#   stop                  ends what was started and put into $running
running=
stop() {
    for process in $running; do kill "$process" 2>/dev/null || true; done
}
trap stop EXIT
server_certificate() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key \
        -out server.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost,IP:127.0.0.1 \
        -days 2 2>/dev/null
}
authority() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key \
        -out ca.pem -subj "/CN=Local CA" -days "$1" 2>/dev/null
    openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key \
        -out server.req -subj /CN=localhost -addext subjectAltName=DNS:localhost 2>/dev/null
    days=$1
    certify server.req server.pem
}
certify() {
    openssl x509 -req -in "$1" -CA ca.pem -CAkey ca.key -copy_extensions copy -days "$days" \
        -out "$2" 2>/dev/null
}
broker() {
    cat >mosquitto.conf <<END
listener $port localhost
cafile $PWD/signer.cert
certfile $PWD/server.pem
keyfile $PWD/server.key
require_certificate true
use_identity_as_username true
log_dest file $PWD/mosquitto.log
END
    [ "$(id -u)" != 0 ] || echo "user root" >>mosquitto.conf
    mosquitto "$@" -c mosquitto.conf >mosquitto.out 2>&1 &
    running="$running $!"
    listening "$port"
}
served() {
    cat >served.conf <<END
daemon off;
pid $PWD/served.pid;
error_log stderr;
events {}
http {
    log_format who '\$ssl_client_verify \$ssl_client_s_dn \$request';
    access_log $PWD/access.log who;
    server {
        listen 127.0.0.1:$port ssl;
        ssl_certificate $PWD/server.pem;
        ssl_certificate_key $PWD/server.key;
        ssl_client_certificate $SIGNER;
        ssl_verify_client on;
        root $PWD/served;
    }
}
END
    [ "$(id -u)" != 0 ] || sed -i '1i user root;' served.conf
    nginx -p "$PWD" -c "$PWD/served.conf" >nginx.out 2>&1 &
    running="$running $!"
    listening "$port"
}
# Wait until somebody listens on TCP port $1 of this host.
listening() {
    for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
        grep -qi ":$(printf '%04X' "$1") [0-9A-F:]* 0A" /proc/net/tcp /proc/net/tcp6 && return 0
        sleep 0.2
    done
    echo "nobody listens on port $1" >&2
    return 1
}
demand_certificate() {
    server_certificate
    openssl s_server -accept "$port" -cert server.pem -key server.key -CAfile "$SIGNER" \
        -Verify 2 -partial_chain -verify_return_error -www "$@" >server.out 2>&1 &
    running="$running $!"
    listening "$port"
}
subject='CN *= *PKCS11-INTEROP'
port=$((20000 + $$ % 20000))
