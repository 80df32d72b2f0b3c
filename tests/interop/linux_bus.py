"""What adafruit_bus_device wants of busio, on a Linux I2C bus."""

import ctypes
import fcntl
import os
import sys
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
