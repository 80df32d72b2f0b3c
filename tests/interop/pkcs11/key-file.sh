# Programs that read a key from a file, which names the chip's: by pkcs11-provider.
. "$(dirname "$PAGE")/tls.sh"
. "$(dirname "$PAGE")/provider.sh"
. "$(dirname "$PAGE")/postgres.sh"
provider_configuration
page() { sh "$PAGE" openssl-provider "$1" | sed 's/^\$ //'; }
page 2 >uri.cnf
page 3 >key.sh
sh -eu key.sh
cp "$DEVICE" device.pem
chmod 600 key.pem

demand_certificate
page 5 | sed "s,https://localhost/,https://localhost:$port/ --silent --show-error --cacert server.pem," >curl.sh
OPENSSL_CONF=openssl.cnf sh -eu curl.sh >page 2>curl.err || { cat curl.err server.out; exit 1; }
grep -q "$subject" page || { cat page; exit 1; }
echo "ok: curl --key FILE, mutual TLS with openssl s_server"

own=$((port + 1))
page 7 | sed -e "s/:443/:$port/; s/listen 80;/listen 127.0.0.1:$own;/" >nginx.conf
OPENSSL_CONF=openssl.cnf nginx -p "$PWD" -c "$PWD/nginx.conf" \
    -g 'env NERVES_KEY_PKCS11_CONF; daemon off; error_log stderr; pid nginx.pid; user root;' \
    >nginx.out 2>&1 &
running="$running $!"
listening "$own" || { cat nginx.out; exit 1; }
for _ in 1 2 3; do
    curl --silent --show-error "http://127.0.0.1:$own/" >page || { cat nginx.out; exit 1; }
    grep -q "$subject" page || { cat page nginx.out; exit 1; }
done
echo "ok: nginx, proxy_ssl_certificate_key FILE: three requests, the same"

port=$((port + 2))
authority 2
cp "$SIGNER" signer.cert
broker --verbose
page 4 | sed "s/--port 8883/--port $port/" >publish.sh
OPENSSL_CONF=openssl.cnf sh -eu publish.sh 2>publish.err || { cat publish.err mosquitto.log; exit 1; }
grep -q "New client connected .*u'PKCS11-INTEROP')" mosquitto.log || { cat mosquitto.log; exit 1; }
grep -q "Received PUBLISH .*'devices/1'" mosquitto.log || { cat mosquitto.log; exit 1; }
echo "ok: mosquitto_pub --key FILE: the broker's user is the certificate's name"

port=$((port + 1))
server_certificate
database
page 6 >command
OPENSSL_CONF=openssl.cnf who command >said
grep -qx 'device|/CN=PKCS11-INTEROP' said || { cat said; exit 1; }
echo "ok: psql, sslkey=FILE: who the server says that it is"
