"""A cabinet of Windows with one file in it, for osslsigncode: cab.py FILE."""

import struct
import sys

content = b"a file\r\n"
name = b"file.txt\0"
folder = struct.Struct("<IHH")
file = struct.Struct("<IIHHHH")
header = struct.Struct("<4sIIIIIBBHHHHH")
data = struct.pack("<IHH", 0, len(content), len(content)) + content
files = header.size + folder.size
first_data = files + file.size + len(name)
with open(sys.argv[1], "wb") as cabinet:
    size = first_data + len(data)
    cabinet.write(header.pack(b"MSCF", 0, size, 0, files, 0, 3, 1, 1, 1, 0, 0, 0))
    cabinet.write(folder.pack(first_data, 1, 0))
    cabinet.write(file.pack(len(content), 0, 0, 0x5A21, 0, 0x20) + name)
    cabinet.write(data)
