# osslsigncode: a cabinet of Windows, signed.
# Debian: libengine-pkcs11-openssl osslsigncode
# Debian 12's own cannot load the engine; its backports have a later one.
case $(osslsigncode --version 2>&1) in
"osslsigncode 2."[0-8]*) echo "left out: osslsigncode 2.9 or later is needed"; exit 0 ;;
esac
. "$(dirname "$PAGE")/tls.sh"
engine=$(find /usr/lib -path '*/engines-3/pkcs11.so' | head -n 1)
commands() {
    sh "$PAGE" code-signing "$1" | sed "s/^\\$ //; s,-pkcs11engine [^ ]*,-pkcs11engine $engine,"
}
authority 2
sh "$PAGE" openssl-engine 1 >engine.cnf
commands 1 >request.sh
OPENSSL_CONF=engine.cnf sh -eu request.sh 2>request.err || { cat request.err; exit 1; }
# The key that is certified is the one that the device certificate has.
openssl req -in request.pem -noout -pubkey | cmp - "$PUBLIC"
certify request.pem code.pem
python3 "$(dirname "$PAGE")/cab.py" setup.cab
commands 2 >commands.sh
head -n 1 commands.sh >sign.sh
tail -n 1 commands.sh >verify.sh
sh -eu sign.sh >sign.out 2>&1 || { cat sign.out; exit 1; }
sh -eu verify.sh >verify.out 2>&1 || { cat verify.out; exit 1; }
grep -q 'Signature verification: ok' verify.out || { cat verify.out; exit 1; }
grep -q 'CN *= *Release key' verify.out
echo "ok: osslsigncode sign, verified by itself under the authority"
# One byte of the file that was signed.
python3 - <<'END'
signed = bytearray(open("signed.cab", "rb").read())
signed[signed.index(b"a file")] ^= 1
open("signed.cab", "wb").write(signed)
END
if sh -eu verify.sh >verify.out 2>&1; then cat verify.out; exit 1; fi
