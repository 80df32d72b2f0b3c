# p11-kit's proxy: all registered modules as one.
. "$(dirname "$PAGE")/tls.sh"
. "$(dirname "$PAGE")/p11kit.sh"
proxy=$(find /usr/lib -name p11-kit-proxy.so | head -n 1)
register
p11-kit list-modules >modules
grep -q 'manufacturer: NervesKey' modules || { cat modules; exit 1; }
echo "ok: p11-kit list-modules"
echo 'a message' >message
openssl dgst -sha256 -binary message >digest
pkcs11-tool --module "$proxy" --sign --mechanism ECDSA --id 33 --token-label 3 \
    --signature-format openssl --input-file digest --output-file signature
openssl dgst -sha256 -verify "$PUBLIC" -signature signature message >/dev/null
echo "ok: p11-kit-proxy.so: a signature, verified by openssl dgst"
