# awscrt: an MQTT session with mutual TLS.
# Debian: mosquitto python3-venv
. "$(dirname "$PAGE")/tls.sh"
sh "$(dirname "$PAGE")/environment.sh" "$CACHE/awscrt" awscrt 2>pip.err ||
    { tail -n 3 pip.err >&2; echo "left out: awscrt cannot be had from PyPI"; exit 0; }
authority 2
cp "$SIGNER" signer.cert
cp "$DEVICE" device.pem
broker --verbose
sh "$PAGE" awscrt 1 | sed "s/port=8883/port=$port/; s/label=\"1\"/label=\"3\"/" >client.py
timeout 60 "$CACHE/awscrt/bin/python" client.py 2>client.err || { cat client.err mosquitto.log; exit 1; }
# The name of the user is that of the certificate, to the broker.
grep -q "as device (p.*u'PKCS11-INTEROP')" mosquitto.log || { cat mosquitto.log; exit 1; }
grep -q "Received PUBLISH from device .*'devices/1'" mosquitto.log || { cat mosquitto.log; exit 1; }
echo "ok: MQTT connection and message, the broker's user is the certificate's name"
