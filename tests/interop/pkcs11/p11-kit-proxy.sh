# p11-kit's proxy: all registered modules as one.
proxy=$(find /usr/lib -name p11-kit-proxy.so | head -n 1)
mkdir -p config/pkcs11/modules
XDG_CONFIG_HOME=$PWD/config
HOME=$PWD
export XDG_CONFIG_HOME HOME
mkdir -p .config/pkcs11/modules
sh "$PAGE" p11-kit 1 >config/pkcs11/modules/nerves-key.module
cp config/pkcs11/modules/nerves-key.module .config/pkcs11/modules/
registered=/etc/pkcs11/modules/nerves-key-interop.module
if ! p11-kit list-modules 2>/dev/null | grep -q 'manufacturer: NervesKey'; then
    mkdir -p "$(dirname "$registered")"
    trap 'rm -f "$registered"' EXIT
    cp config/pkcs11/modules/nerves-key.module "$registered"
fi
p11-kit list-modules >modules
grep -q 'manufacturer: NervesKey' modules || { cat modules; exit 1; }
echo "ok: p11-kit list-modules"
echo 'a message' >message
openssl dgst -sha256 -binary message >digest
pkcs11-tool --module "$proxy" --sign --mechanism ECDSA --id 33 --token-label 3 \
    --signature-format openssl --input-file digest --output-file signature
openssl dgst -sha256 -verify "$PUBLIC" -signature signature message >/dev/null
echo "ok: p11-kit-proxy.so: a signature, verified by openssl dgst"
