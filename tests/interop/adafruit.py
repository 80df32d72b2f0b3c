"""adafruit-circuitpython-atecc on a Linux I2C bus.

    adafruit.py BUS CSR

Every answer is checked against Python's own hashes, or by `openssl`. The
certificate request of the chip's key is written to CSR. What the library sends
is compared with adafruit_frames.txt, which says what the emulator was asked.
"""

import base64
import ctypes
import fcntl
import hashlib
import os
import subprocess
import sys
import tempfile
import types

# Source: Linux include/uapi/linux/i2c-dev.h and i2c.h.
I2C_SLAVE = 0x0703
I2C_RDWR = 0x0707
I2C_M_RD = 0x0001


class Message(ctypes.Structure):
    """struct i2c_msg"""

    _fields_ = [
        ("addr", ctypes.c_uint16),
        ("flags", ctypes.c_uint16),
        ("len", ctypes.c_uint16),
        ("buf", ctypes.POINTER(ctypes.c_char)),
    ]


class Transfer(ctypes.Structure):
    """struct i2c_rdwr_ioctl_data"""

    _fields_ = [("msgs", ctypes.POINTER(Message)), ("nmsgs", ctypes.c_uint32)]


class Bus:
    """What adafruit_bus_device wants of busio.I2C."""

    def __init__(self, path):
        self._fd = os.open(path, os.O_RDWR)
        self._locked = False
        # Word address, count, opcode, Param1, Param2, data and CRC of a command.
        self.frames = set()

    def try_lock(self):
        self._locked, before = True, self._locked
        return not before

    def unlock(self):
        self._locked = False

    def writeto(self, address, buffer, *, start=0, end=None, stop=True):
        fcntl.ioctl(self._fd, I2C_SLAVE, address)
        sent = bytes(buffer[start:end])
        if sent[0] == 0x03 and len(sent) >= 8:
            param2 = int.from_bytes(sent[4:6], "little")
            self.frames.add(f"{sent[2]:02X} {sent[3]:02X} {param2:04X} {len(sent) - 8}")
        os.write(self._fd, sent)

    def readfrom_into(self, address, buffer, *, start=0, end=None, stop=True):
        end = len(buffer) if end is None else end
        fcntl.ioctl(self._fd, I2C_SLAVE, address)
        buffer[start:end] = os.read(self._fd, end - start)

    def writeto_then_readfrom(self, address, out, into, **limits):
        out = bytes(out[limits.get("out_start", 0) : limits.get("out_end")])
        start, end = limits.get("in_start", 0), limits.get("in_end") or len(into)
        sent = ctypes.create_string_buffer(out, len(out))
        got = ctypes.create_string_buffer(end - start)
        messages = (Message * 2)(
            Message(address, 0, len(out), sent),
            Message(address, I2C_M_RD, end - start, got),
        )
        fcntl.ioctl(self._fd, I2C_RDWR, Transfer(messages, 2))
        into[start:end] = got.raw


# The library's dependencies name the classes of `busio` as types. The real one
# looks for a board to run on.
sys.modules["busio"] = types.ModuleType("busio")
sys.modules["busio"].I2C = sys.modules["busio"].SPI = Bus

from adafruit_atecc.adafruit_atecc import ATECC  # noqa: E402
from adafruit_atecc.adafruit_atecc_cert_util import CSR  # noqa: E402


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
