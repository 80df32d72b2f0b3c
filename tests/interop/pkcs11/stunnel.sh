# stunnel: plain at this end, the chip's certificate at the other.
. "$(dirname "$PAGE")/tls.sh"
demand_certificate
own=$((port + 1))
cp "$DEVICE" device.pem
cp server.pem ca.pem
sh "$PAGE" stunnel 1 | sed -e "s/localhost:8883/127.0.0.1:$port/; s/127.0.0.1:1883/127.0.0.1:$own/" >stunnel.conf
stunnel stunnel.conf >stunnel.out 2>&1 &
running="$running $!"
listening "$own" || { cat stunnel.out; exit 1; }
curl --silent --show-error "http://127.0.0.1:$own/" >page || { cat stunnel.out; exit 1; }
grep -q "$subject" page
echo "ok: client service, mutual TLS with openssl s_server"
