# NSS: modutil, certutil, tstclnt.
. "$(dirname "$PAGE")/tls.sh"
demand_certificate
mkdir nssdb
certutil -N -d sql:nssdb --empty-password
sh "$PAGE" nss 1 | sed -e "s,sql:\$HOME/.pki/nssdb,sql:nssdb,; s/^\\$ //" >add.sh
timeout 20 sh -eu add.sh >add.out 2>&1 </dev/null || { cat add.out; exit 1; }
certutil -A -d sql:nssdb -n server -t C,, -i server.pem
timeout 20 certutil -K -d sql:nssdb -h 3 >keys 2>&1 </dev/null || { cat keys; exit 1; }
grep -qi ' ec ' keys
echo "ok: modutil -add, certutil -K: the key is found"
(printf 'GET / HTTP/1.0\r\n\r\n'; sleep 2) | timeout 20 tstclnt -h localhost -p "$port" -d sql:nssdb \
    -n 3:3 -V tls1.2:tls1.3 >page 2>tstclnt.err || true
grep -q "$subject" page || { cat page tstclnt.err server.out; exit 1; }
echo "ok: tstclnt -n 3:3, mutual TLS with openssl s_server"
