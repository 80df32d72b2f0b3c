"""Libraries for real chips sign with a new one.

    libraries.py cryptoauthlib|adafruit BUS CHIP SIGNATURES
"""

import hashlib
import sys
import time

import linux_bus
from signatures import verified


class Cryptoauthlib:
    """Microchip's library with its driver for Linux, which polls."""

    def __init__(self, bus, chip):
        import cryptoauthlib

        self._calls = cryptoauthlib.atcab
        cryptoauthlib.load_cryptoauthlib()
        config = cryptoauthlib.cfg_ateccx08a_i2c_default()
        config.cfg.atcai2c.bus = bus
        config.cfg.atcai2c.address = 0xC0
        # It knows the ATECC608B by the name of the A.
        name = "ATECC508A" if chip == "atecc508a" else "ATECC608A"
        config.devtype = cryptoauthlib.get_device_type_id(name)
        self._done("init", self._calls.atcab_init(config))
        self._done("lock", self._calls.atcab_lock_config_zone())

    @staticmethod
    def _done(what, status):
        if status:
            raise RuntimeError(f"{what}: status {status:02X}")

    def make_key(self):
        key = bytearray(64)
        self._done("genkey", self._calls.atcab_genkey(0, key))
        return key

    def sign(self, digest):
        signature = bytearray(64)
        self._done("sign", self._calls.atcab_sign(0, digest, signature))
        return signature


class Adafruit:
    """adafruit-circuitpython-atecc, which waits and then reads up to 20 times."""

    def __init__(self, bus, chip):
        from adafruit_atecc.adafruit_atecc import ATECC

        self._chip = ATECC(linux_bus.Bus(f"/dev/i2c-{bus}"))
        self._chip.lock(0)

    def make_key(self):
        return self._chip.gen_key(bytearray(64), 0, private_key=True)

    def sign(self, digest):
        return self._chip.ecdsa_sign(0, bytearray(digest))


def main(library, bus, chip, count):
    host = {"cryptoauthlib": Cryptoauthlib, "adafruit": Adafruit}[library](int(bus), chip)
    key = host.make_key()
    failures, took = [], []
    for number in range(int(count)):
        digest = hashlib.sha256(number.to_bytes(4, "little")).digest()
        start = time.monotonic()
        try:
            signature = host.sign(digest)
        except (OSError, RuntimeError) as error:
            failures.append(f"{number}: {error}")
            continue
        took.append(time.monotonic() - start)
        if not verified(key, digest, signature):
            failures.append(f"{number}: does not verify")
    median = sorted(took)[len(took) // 2] * 1e3 if took else 0
    print(f"{library}, {chip}: {len(took)} signatures, {median:.0f} ms, {len(failures)} failures")
    for failure in failures:
        print(f"  {failure}")
    sys.exit(bool(failures))


main(*sys.argv[1:])
