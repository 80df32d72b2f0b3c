# The keys of a TrustFLEX part and of one for LoRaWAN, beside a NervesKey: OpenSC's
# pkcs11-tool and GnuTLS's p11tool list, sign with and make them; openssl verifies.
nerves_key=$(dirname "$MODULE")/nerves-key
tool() { pkcs11-tool --module "$MODULE" "$@"; }
for kind in tflxtls tnglora; do
    "$nerves_key" emulator create "$kind.img" --trust "$kind" --root root.pem >/dev/null
    "$nerves_key" cert export device --device "emu:$kind.img" --root root.pem >"$kind.pem"
    openssl x509 -in "$kind.pem" -noout -pubkey >"$kind.pub"
done
{
    cat "$NERVES_KEY_PKCS11_CONF"
    printf 'slot 1 = emu:%s\nslot 2 = emu:%s\n' "$PWD/tflxtls.img" "$PWD/tnglora.img"
    printf 'label 2 = gateway\n'
    sh "$PAGE" keys 1
} >pkcs11.conf
NERVES_KEY_PKCS11_CONF=$PWD/pkcs11.conf
export NERVES_KEY_PKCS11_CONF
echo 'a message' >message
openssl dgst -sha256 -binary message >digest

# signs TOKEN ID PUBLIC
signs() {
    tool --sign --mechanism ECDSA --token-label "$1" --id "$2" --signature-format openssl \
        --input-file digest --output-file signature
    openssl dgst -sha256 -verify "$3" -signature signature message >/dev/null
}
# refused CKR COMMAND..: it fails with this answer.
refused() {
    answer=$1
    shift
    if "$@" >said 2>&1; then
        echo "it succeeded: $*" >&2
        exit 1
    fi
    grep -q "$answer" said || { cat said; exit 1; }
}
make() { tool --token-label "$1" --keypairgen --key-type EC:prime256v1 --usage-sign --label "$2"; }
# public TOKEN ID: the public key with this id. Not by pkcs11-tool: OpenSC 0.23 reads
# what it has freed, the curve's name, and fails from time to time.
public() {
    id=$(echo "$2" | sed 's/../%&/g')
    p11tool --provider "$MODULE" --export "pkcs11:token=$1;id=$id;type=public" 2>said || { cat said >&2; exit 1; }
}

tool --list-objects --type privkey --token-label gateway >objects
grep -q 'label: *2 slot 1$' objects
[ "$(grep -c 'Private Key Object' objects)" = 1 ]
signs gateway 322e31 tnglora.pub
echo "ok: LoRaWAN part with a label: key of slot 1, by its certificate"
signs 1 31 tflxtls.pub
signs 3 33 "$PUBLIC"
echo "ok: TrustFLEX part, NervesKey: key of slot 0, by its certificate"

make 1 '1 slot 2' >made
grep -q 'ID: *312e32$' made
public 1 312e32 >new.pub
signs 1 312e32 new.pub
make 1 '1 slot 2' >made
public 1 312e32 >newer.pub
if cmp -s new.pub newer.pub; then exit 1; fi
signs 1 312e32 newer.pub
echo "ok: pkcs11-tool --keypairgen: a key in slot 2, and another in its place"
p11tool --provider "$MODULE" --generate-ecc --curve secp256r1 --label '1 slot 3' --id 312e33 \
    --outfile gnutls.pub pkcs11:token=1 >said 2>&1 || { cat said; exit 1; }
signs 1 312e33 gnutls.pub
echo "ok: p11tool --generate-ecc: a key in slot 3"
tool --list-objects --type privkey --token-label 1 >objects
[ "$(grep -c 'Private Key Object' objects)" = 3 ]
[ "$(grep -c 'Usage: *sign, derive$' objects)" = 3 ]
signs 1 31 tflxtls.pub
signs 1 312e32 newer.pub
echo "ok: TrustFLEX part: three keys, each verified"

refused CKR_TOKEN_WRITE_PROTECTED make 1 '1 slot 4'
refused CKR_TOKEN_WRITE_PROTECTED make 1 1
refused CKR_ATTRIBUTE_VALUE_INVALID make 1 'a name of its own'
refused 'not supported' make 3 3
signs 1 31 tflxtls.pub
signs 3 33 "$PUBLIC"
echo "ok: --keypairgen refused: slot 4 and 0, another name, a NervesKey"
