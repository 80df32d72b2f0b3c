"""adafruit-circuitpython-atecc on a Linux I2C bus.

    adafruit.py BUS CSR

Every answer is checked against Python's own hashes, or by `openssl`. The
certificate request of the chip's key is written to CSR. What the library sends
is compared with adafruit_frames.txt, which says what the emulator was asked.
"""

import base64
import hashlib
import os
import sys

from linux_bus import Bus
from signatures import verified

from adafruit_atecc.adafruit_atecc import ATECC
from adafruit_atecc.adafruit_atecc_cert_util import CSR


class Chip(ATECC):
    """Its certificate requests get wrong lengths where R or S begins with a
    zero byte, once in 128: then sign again."""

    def ecdsa_sign(self, slot, message):
        while True:
            signature = super().ecdsa_sign(slot, message)
            if signature[0] and signature[32]:
                return signature


def main(path, out):
    bus = Bus(path)
    chip = Chip(bus)
    version = chip.version()
    assert version >> 8 in (0x50, 0x60), hex(version)
    serial = chip.serial_number
    # Source: ATECC508A datasheet, section 2.2: SN<0:1> and SN<8>.
    assert serial[:4] == "0123" and serial[-2:] == "EE" and len(serial) == 18, serial
    print(f"  version {version:04X}, serial number {serial}")

    # Until the configuration is locked, random numbers are FFFF0000 for tests.
    assert chip._random(bytearray(32)) == bytes.fromhex("ffff0000") * 8
    assert not chip.locked
    # The library's own CFG_TLS has the blanks of its source text in it, as 20
    # bytes, and gives no slot a key. A new chip's configuration gives slot 0
    # one: written back as it is, it exercises write_config.
    config = bytearray()
    for block in range(4):
        part = bytearray(32)
        chip._read(0, block << 3, part)
        config += part
    chip.write_config(config)
    chip.lock_all_zones()
    assert chip.locked
    first, second = chip._random(bytearray(32)), chip._random(bytearray(32))
    assert first != second and 0 <= chip.random(0, 100) < 100
    print("  random numbers differ once the configuration is locked")

    block, rest = b"served over a Unix socket, as if from a wire".ljust(64, b"."), b"the rest"
    for tail in (None, bytearray(rest)):
        chip.sha_start()
        chip.sha_update(block)
        digest = chip.sha_digest(tail)
        assert digest == hashlib.sha256(block + (tail or b"")).digest()
    print("  SHA-256 is Python's")

    counts = [int.from_bytes(chip.counter(0, increment), "little") for increment in (0, 1, 1, 0)]
    assert [count - counts[0] for count in counts] == [0, 1, 2, 2], counts
    print(f"  counter {counts}")

    key = chip.gen_key(bytearray(64), 0, private_key=True)
    assert key == chip.gen_key(bytearray(64), 0)
    signature = chip.ecdsa_sign(0, bytearray(digest))
    assert verified(key, digest, signature)
    assert not verified(key, hashlib.sha256(b"else").digest(), signature)
    print("  GenKey and Sign: openssl verifies")

    # CircuitPython extends byte arrays by text; Python wants bytes.
    request = CSR(chip, 0, False, b"US", b"NY", b"New York", b"Interop", b"Chips")
    request._common = request._common.encode()
    lines = base64.encodebytes(base64.b64decode(request.generate_csr())).decode()
    with open(out, "w", encoding="ascii") as file:
        file.write(f"-----BEGIN CERTIFICATE REQUEST-----\n{lines}")
        file.write("-----END CERTIFICATE REQUEST-----\n")

    folder = os.path.dirname(os.path.abspath(__file__))
    with open(os.path.join(folder, "adafruit_frames.txt"), encoding="ascii") as file:
        expected = {line.rstrip() for line in file if not line.startswith("#")}
    assert bus.frames == expected, sorted(bus.frames)
    print(f"  {len(bus.frames)} kinds of commands, as listed")


main(*sys.argv[1:])
