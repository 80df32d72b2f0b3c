# OpenSC's pkcs11-tool.
tool() { pkcs11-tool --module "$MODULE" "$@"; }

tool --list-token-slots >slots
grep -q 'token label *: 3$' slots
tool --list-mechanisms --token-label 3 >mechanisms
grep -q '^ *ECDSA, keySize={256,256}, hw, sign, verify' mechanisms
tool --list-objects --token-label 3 >objects
grep -q 'Private Key Object; EC' objects
grep -q 'Public Key Object; EC' objects
[ "$(grep -c 'Certificate Object; type = X.509' objects)" = 2 ]
echo "ok: -L -M -O: one token, key, public key, two certificates"

tool --read-object --type cert --id 33 --token-label 3 --output-file cert.der
openssl x509 -inform DER -in cert.der -out cert.pem
cmp "$(openssl x509 -in "$DEVICE" -outform DER -out device.der && echo device.der)" cert.der
echo "ok: --read-object: the device certificate, byte for byte"

echo 'a message' >message
openssl dgst -sha256 -binary message >digest
tool --sign --mechanism ECDSA --id 33 --token-label 3 --signature-format openssl \
    --input-file digest --output-file signature
openssl dgst -sha256 -verify "$PUBLIC" -signature signature message >/dev/null
echo "ok: --sign -m ECDSA, verified by openssl dgst"
for bits in 256 384 512; do
    tool --sign --mechanism "ECDSA-SHA$bits" --id 33 --token-label 3 \
        --signature-format openssl --input-file message --output-file signature
    openssl dgst "-sha$bits" -verify "$PUBLIC" -signature signature message >/dev/null
done
echo "ok: --sign -m ECDSA-SHA256, 384, 512, verified by openssl dgst"

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.pem
openssl pkey -in other.pem -pubout -outform DER -out other.der
tool --derive --mechanism ECDH1-DERIVE --id 33 --token-label 3 \
    --input-file other.der --output-file secret
openssl pkeyutl -derive -inkey other.pem -peerkey "$PUBLIC" -out expected
cmp secret expected
echo "ok: --derive -m ECDH1-DERIVE, as openssl pkeyutl derives it"

tool --generate-random 100 --token-label 3 --output-file random
[ "$(wc -c <random)" = 100 ]
tool --test --token-label 3 >test
grep -q '^No errors$' test
echo "ok: --generate-random, --test: no errors"
tool --test-fork --token-label 3 >fork
grep -q "Calling C_Initialize in forked child process" fork
echo "ok: --test-fork"
tool --test-threads ILGISO --test-threads ILGISO --token-label 3 >threads
echo "ok: --test-threads"

# As on a device: slot 3 is the chip on /dev/i2c-3, without configuration.
unset NERVES_KEY_PKCS11_CONF
LD_PRELOAD=$PRELOAD tool --sign --mechanism ECDSA --id 33 --token-label 3 \
    --signature-format openssl --input-file digest --output-file signature
openssl dgst -sha256 -verify "$PUBLIC" -signature signature message >/dev/null
echo "ok: --sign on /dev/i2c-3, without configuration"
