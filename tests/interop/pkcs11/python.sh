# Python: python-pkcs11 and PyKCS11, and a pool of processes with PyKCS11.
here=$(dirname "$PAGE")
sh "$here/environment.sh" "$CACHE/python" --requirement "$here/pkcs11/requirements.txt"
echo 'a message' >message
openssl dgst -sha256 -binary message >digest
for library in python-pkcs11 PyKCS11; do
    case $library in python-pkcs11) block=1 ;; PyKCS11) block=2 ;; esac
    sh "$PAGE" python "$block" | sed "s/token_label=\"1\"/token_label=\"3\"/; s/label=\"1\"/label=\"3\"/; s/LABEL, \"1\"/LABEL, \"3\"/" >sign.py
    "$CACHE/python/bin/python" sign.py
    openssl dgst -sha256 -verify "$PUBLIC" -signature signature.der message >/dev/null
    rm signature.der
    echo "ok: $library: signature over a digest, verified by openssl dgst"
done
# The parent has the module loaded and a thread that signs while the pool forks.
sh "$PAGE" python 3 | sed 's/LABEL, "1"/LABEL, "3"/' >pool.py
cat >>pool.py <<'END'


import hashlib
import os
import sys
import threading
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, utils
from cryptography.hazmat.primitives.serialization import load_pem_public_key


def sign_here():
    while not done.is_set():
        own.append(sign(bytes(32)))


public = load_pem_public_key(open(os.environ["PUBLIC"], "rb").read())
sha256 = ec.ECDSA(utils.Prehashed(hashes.SHA256()))
load()
done, own = threading.Event(), []
thread = threading.Thread(target=sign_here)
thread.start()
digests = [hashlib.sha256(b"%d" % number).digest() for number in range(40)]
signatures = sign_all(digests)
done.set()
thread.join()
for signature, digest in zip(signatures + own, digests + len(own) * [bytes(32)]):
    public.verify(signature, digest, sha256)
if len(signatures) != 40 or not own:
    sys.exit(f"{len(signatures)} signatures of the pool, {len(own)} of the parent")
END
timeout 120 "$CACHE/python/bin/python" pool.py 2>pool.err || { cat pool.err; exit 1; }
echo "ok: PyKCS11 in a fork pool of 8 beside a parent that signs, verified by cryptography"
