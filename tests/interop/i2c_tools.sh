#!/bin/sh
# Debian's i2c-tools on /dev/i2c-3.
#
#   i2c_tools.sh CHIP LIBRARY SOCKET
set -eu
chip=$1
export LD_PRELOAD="$2" ATECC_EMULATOR_SOCKET="$3"

expect() {
    wanted=$1
    shift
    got=$("$@")
    [ "$got" = "$wanted" ] || {
        echo "$*: $got, not $wanted" >&2
        exit 1
    }
    echo "  $*: $got"
}

# Probing 0x40 keeps SDA low for 70 us at 100 kHz (its address byte is 0x80),
# which wakes the chip: then it acknowledges 0x60, and nobody else anything.
found=$(i2cdetect -y 3 | tail -n +2 | cut -d: -f2 | tr -d ' \n-')
[ "$found" = 60 ] || { echo "i2cdetect: $found" >&2; exit 1; }
echo "  i2cdetect -y 3: $found"
sleep 2 # for the watchdog

# The chip sleeps: no answer, EREMOTEIO.
if said=$(LC_ALL=C i2ctransfer -y 3 r4@0x60 2>&1); then exit 1; fi
case $said in *"Remote I/O error"*) ;; *) echo "$said" >&2; exit 1 ;; esac

# The wake pulse, which nobody acknowledges; its answer; Info and its answer.
if i2ctransfer -a -y 3 w1@0x00 0x00 2>/dev/null; then exit 1; fi
expect "0x04 0x11 0x33 0x43" i2ctransfer -y 3 r4@0x60
case $chip in
atecc508a) revision="0x07 0x00 0x00 0x50 0x00 0x03 0x91" ;;
atecc608a) revision="0x07 0x00 0x00 0x60 0x02 0x80 0x38" ;;
atecc608b) revision="0x07 0x00 0x00 0x60 0x03 0x83 0xbb" ;;
esac
i2ctransfer -y 3 w8@0x60 0x03 0x07 0x30 0x00 0x00 0x00 0x03 0x5d
sleep 0.01
expect "$revision" i2ctransfer -y 3 r7@0x60
# Several messages in one transfer: rewind, and read again.
expect "$revision" i2ctransfer -y 3 w1@0x60 0x00 r7@0x60
# Sleep.
i2ctransfer -y 3 w1@0x60 0x01
