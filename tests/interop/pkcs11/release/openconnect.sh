# openconnect: a login at ocserv by the chip's certificate.
# Debian: gnutls-bin openconnect ocserv p11-kit
. "$(dirname "$PAGE")/tls.sh"
. "$(dirname "$PAGE")/p11kit.sh"
server_certificate
register
cat >ocserv.conf <<EOF
auth = "certificate"
tcp-port = $port
listen-host = 127.0.0.1
run-as-user = root
run-as-group = root
socket-file = $PWD/ocserv.socket
server-cert = $PWD/server.pem
server-key = $PWD/server.key
ca-cert = $SIGNER
cert-user-oid = 2.5.4.3
device = interop
ipv4-network = 192.0.2.0/24
isolate-workers = false
max-clients = 4
use-occtl = false
pid-file = $PWD/ocserv.pid
EOF
ocserv --foreground --debug 4 --config ocserv.conf >ocserv.out 2>&1 &
running="$running $!"
listening "$port" || { cat ocserv.out; exit 1; }
sh "$PAGE" vpn 1 | sed "s/^\\$ openconnect/openconnect --authenticate --non-inter/
    s,https://localhost/,https://localhost:$port/," >login.sh
timeout 60 sh -eu login.sh >cookie 2>login.err || { cat login.err ocserv.out; exit 1; }
grep -q '^COOKIE=.' cookie || { cat cookie login.err; exit 1; }
grep -q "user 'PKCS11-INTEROP'" ocserv.out || { cat ocserv.out; exit 1; }
echo "ok: openconnect, key and certificate from the chip: a session at ocserv"
