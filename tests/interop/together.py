"""For together.sh: many signatures by the PKCS#11 module, and many tokens, each
verified by the library cryptography under the key of public.pem."""

import hashlib
import sys

import jwt
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, utils

public = serialization.load_pem_public_key(open("public.pem", "rb").read())


def module(library, count):
    import PyKCS11

    pkcs11 = PyKCS11.PyKCS11Lib()
    pkcs11.load(library)
    session = pkcs11.openSession(pkcs11.getSlotList(tokenPresent=True)[0])
    key = session.findObjects([(PyKCS11.CKA_CLASS, PyKCS11.CKO_PRIVATE_KEY)])[0]
    wrong = 0
    for number in range(count):
        message = f"module {number}".encode()
        mechanism = PyKCS11.Mechanism(PyKCS11.CKM_ECDSA, None)
        signature = bytes(session.sign(key, hashlib.sha256(message).digest(), mechanism))
        r, s = (int.from_bytes(half, "big") for half in (signature[:32], signature[32:]))
        try:
            public.verify(utils.encode_dss_signature(r, s), message, ec.ECDSA(hashes.SHA256()))
        except InvalidSignature:
            wrong += 1
    print(f"module: {count} signatures, wrong {wrong}", flush=True)
    return wrong


def tokens(count):
    lines = open("tokens").read().split()
    wrong = 0
    for number, token in enumerate(lines, 1):
        try:
            claims = jwt.decode(token, public, algorithms=["ES256"])
            wrong += claims["number"] != number
        except jwt.InvalidTokenError:
            wrong += 1
    print(f"jwt: {len(lines)} tokens, wrong {wrong}", flush=True)
    return wrong + (len(lines) != count)


what, *rest = sys.argv[1:]
wrong = module(rest[0], int(rest[1])) if what == "module" else tokens(int(rest[0]))
sys.exit(1 if wrong else 0)
