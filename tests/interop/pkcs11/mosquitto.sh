# mosquitto: a broker with the key on the chip.
. "$(dirname "$PAGE")/tls.sh"
sh "$PAGE" mosquitto 1 >openssl.cnf
sh "$PAGE" mosquitto 2 | sed "s/listener 8883/listener $port 127.0.0.1/" >mosquitto.conf
# As root it changes to the user mosquitto, for whom this folder is closed.
echo 'user root' >>mosquitto.conf
cp "$DEVICE" device.pem
OPENSSL_CONF=openssl.cnf mosquitto -c mosquitto.conf >broker.out 2>&1 &
running="$running $!"
listening "$port" || { cat broker.out; exit 1; }
# CONNECT, protocol level 4, no client name; and the CONNACK that accepts it.
# The broker keeps the connection; the client is ended.
(printf '\020\014\000\004MQTT\004\002\000\074\000\000'; sleep 2) |
    timeout 4 openssl s_client -quiet -connect "127.0.0.1:$port" -CAfile "$SIGNER" \
        -partial_chain -purpose any -verify_return_error >answer 2>client.err || true
[ "$(od -An -tx1 -N4 answer | tr -d ' ')" = 20020000 ] || { cat broker.out client.err; exit 1; }
grep -q "$subject" client.err
echo "ok: keyfile pkcs11: an MQTT session over TLS, verified by openssl s_client"
