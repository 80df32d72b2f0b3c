# wpa_supplicant's EAP-TLS, by eapol_test, against hostapd's RADIUS server.
. "$(dirname "$PAGE")/tls.sh"
server_certificate
cp server.pem ca.pem
cp "$DEVICE" device.pem
# It loads modules from trusted folders alone.
trusted=/usr/lib/nerves-key-interop.$$.so
cp "$MODULE" "$trusted"
trap 'stop; rm -f "$trusted"' EXIT
cat >hostapd.conf <<EOF
driver=none
interface=lo
eap_server=1
eap_user_file=$PWD/users
ca_cert=$SIGNER
server_cert=$PWD/server.pem
private_key=$PWD/server.key
radius_server_clients=$PWD/clients
radius_server_auth_port=$port
EOF
echo '* TLS' >users
echo '127.0.0.1 secret' >clients
hostapd hostapd.conf >hostapd.out 2>&1 &
running="$running $!"
sleep 1
sh "$PAGE" wpa_supplicant 1 | sed "s,^pkcs11_module_path=.*,pkcs11_module_path=$trusted," >eap.conf
timeout 30 eapol_test -c eap.conf -a 127.0.0.1 -p "$port" -s secret >eapol.out 2>&1 ||
    { tail -n 40 eapol.out; tail hostapd.out; exit 1; }
[ "$(tail -n 1 eapol.out)" = SUCCESS ]
echo "ok: EAP-TLS by eapol_test, accepted by hostapd's RADIUS server"
