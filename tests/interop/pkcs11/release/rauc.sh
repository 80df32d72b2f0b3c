# RAUC: a bundle of an update, signed.
# Debian: libengine-pkcs11-openssl rauc squashfs-tools
. "$(dirname "$PAGE")/tls.sh"
authority 2
sh "$PAGE" openssl-engine 1 >engine.cnf
# As the page says: without the purpose of code signing.
sh "$PAGE" code-signing 1 | sed 's/^\$ //; s/-addext extendedKeyUsage=codeSigning//' >request.sh
OPENSSL_CONF=engine.cnf sh -eu request.sh 2>request.err || { cat request.err; exit 1; }
openssl req -in request.pem -noout -pubkey | cmp - "$PUBLIC"
certify request.pem code.pem
mkdir content
head -c 4096 /dev/zero >content/rootfs.img
cat >content/manifest.raucm <<END
[update]
compatible=interop
version=1
[bundle]
format=plain
[image.rootfs]
filename=rootfs.img
END
sh "$PAGE" code-signing 3 | sed 's/^\$ //' >commands.sh
sh -eu commands.sh >rauc.out 2>&1 || { cat rauc.out; exit 1; }
grep -q "Verified .* signature by '.*CN *= *Release key'" rauc.out || { cat rauc.out; exit 1; }
echo "ok: rauc bundle, verified by rauc info under the authority"
# A plain bundle is a squashfs, its signature (CMS), and that one's length in 8 bytes.
python3 - <<'END'
bundle = open("update.raucb", "rb").read()
length = int.from_bytes(bundle[-8:], "big")
open("squashfs", "wb").write(bundle[: -8 - length])
open("signature", "wb").write(bundle[-8 - length : -8])
END
openssl cms -verify -binary -inform DER -in signature -content squashfs -CAfile ca.pem \
    -purpose any -out verified 2>cms.err || { cat cms.err; exit 1; }
cmp verified squashfs
echo "ok: the same, verified by openssl cms"
