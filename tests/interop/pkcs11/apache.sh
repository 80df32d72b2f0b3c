# Apache: a TLS server with the key on the chip.
. "$(dirname "$PAGE")/tls.sh"
sh "$PAGE" apache 1 >openssl.cnf
mkdir htdocs
echo 'served by Apache' >htdocs/index.html
cat >apache.conf <<EOF
ServerRoot $PWD
ServerName localhost
PidFile $PWD/apache.pid
Mutex file:$PWD
ErrorLog $PWD/error.log
Listen 127.0.0.1:$port
DocumentRoot $PWD/htdocs
LoadModule mpm_prefork_module /usr/lib/apache2/modules/mod_mpm_prefork.so
LoadModule authz_core_module /usr/lib/apache2/modules/mod_authz_core.so
LoadModule socache_shmcb_module /usr/lib/apache2/modules/mod_socache_shmcb.so
LoadModule ssl_module /usr/lib/apache2/modules/mod_ssl.so
StartServers 2
EOF
sh "$PAGE" apache 2 | sed "s/\*:443/127.0.0.1:$port/" >>apache.conf
echo 'User www-data' >>apache.conf
echo 'Group www-data' >>apache.conf
cp "$DEVICE" device.pem
# Its processes run as www-data, which must get at the chip: here, a socket and
# the file of its locks.
chmod 711 "$PWD" "$PWD/.." "$PWD/../.."
chmod 666 "$ATECC_EMULATOR_SOCKET" "$ATECC_EMULATOR_SOCKET.chips.lock"
OPENSSL_CONF=openssl.cnf apache2 -X -f "$PWD/apache.conf" -DFOREGROUND >apache.out 2>&1 &
running="$running $!"
listening "$port" || { cat apache.out error.log; exit 1; }
for _ in 1 2; do
    printf 'GET /index.html HTTP/1.0\r\n\r\n' | openssl s_client -connect "127.0.0.1:$port" \
        -CAfile "$SIGNER" -partial_chain -purpose any -verify_return_error -ign_eof \
        >page 2>&1 || { cat page error.log; exit 1; }
    grep -q 'served by Apache' page || { cat page error.log; exit 1; }
    grep -q "subject=$subject" page
done
echo "ok: SSLCertificateKeyFile: two handshakes as a server, verified by openssl s_client"
