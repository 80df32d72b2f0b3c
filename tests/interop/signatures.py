"""Signatures before `openssl`."""

import os
import subprocess
import tempfile


def verified(public_key, digest, signature):
    """Whether openssl accepts the signature of the digest."""
    # SubjectPublicKeyInfo of a P-256 key, up to the point. Source: RFC 5480.
    header = bytes.fromhex("3059301306072a8648ce3d020106082a8648ce3d03010703420004")
    halves = []
    for half in (signature[:32], signature[32:]):
        half = bytes(half).lstrip(b"\0")
        half = b"\0" + half if half[0] >= 0x80 else half
        halves.append(bytes([2, len(half)]) + half)
    der = bytes([0x30, sum(map(len, halves))]) + b"".join(halves)
    with tempfile.TemporaryDirectory() as folder:
        names = {name: os.path.join(folder, name) for name in ("key", "digest", "signature")}
        contents = (header + bytes(public_key), bytes(digest), der)
        for name, content in zip(names.values(), contents):
            with open(name, "wb") as file:
                file.write(content)
        return not subprocess.run(
            ["openssl", "pkeyutl", "-verify", "-pubin", "-keyform", "DER", "-inkey", names["key"]]
            + ["-in", names["digest"], "-sigfile", names["signature"]],
            stdout=subprocess.DEVNULL,
            check=False,
        ).returncode
