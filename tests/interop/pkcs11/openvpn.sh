# OpenVPN: a tunnel's control channel, the client's key on the chip.
. "$(dirname "$PAGE")/tls.sh"
server_certificate
cp server.pem ca.pem
openvpn --show-pkcs11-ids "$MODULE" >ids
id=$(sed -n 's/^ *Serialized id: *//p' ids | grep -v signer | head -n 1)
sh "$PAGE" openvpn 1 | sed -e "s,^pkcs11-id .*,pkcs11-id '$id'," \
    -e "s/^remote .*/remote 127.0.0.1 $port/; s/^dev tun/dev null/" >client.conf
echo "$id" | grep -q 'NervesKey/NervesKey/' || { cat ids; exit 1; }
cat >server.conf <<EOF
dev null
proto udp4
local 127.0.0.1
lport $port
tls-server
dh none
ca $SIGNER
cert server.pem
key server.key
verb 3
EOF
openvpn server.conf >server.out 2>&1 &
running="$running $!"
sleep 1
openvpn client.conf >client.out 2>&1 &
running="$running $!"
for _ in $(seq 40); do
    grep -q 'Initialization Sequence Completed' client.out && break
    sleep 0.5
done
grep -q 'Initialization Sequence Completed' client.out || { cat client.out server.out; exit 1; }
grep -q "VERIFY OK: depth=0, $subject" server.out || { cat server.out; exit 1; }
echo "ok: pkcs11-id: handshake completed, certificate verified by the other openvpn"
