#!/bin/sh
# Transcripts of a served chip as its owner would make them: of i2ctransfer on a
# recorded bus, and by record-hardware. The engine judges them.
#
#   hardware.sh PROGRAMS WORK
#
# PROGRAMS has nerves-key, xtask and the preload library. WORK is a folder for
# whatever is made.
set -eu

here=$(dirname "$(realpath "$0")")
programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
scratch=$(mktemp -d "$work/hardware.XXXXXX")
server=
stop() {
    kill "$server"
    wait "$server" || true
    server=
}
trap '[ -z "$server" ] || stop; rm -rf "$scratch"' EXIT

# serve CHIP MORE..: a new chip on bus 3.
serve() {
    image="$scratch/$1.img"
    "$programs/nerves-key" emulator create "$image" --chip "$1" >/dev/null
    shift
    "$programs/nerves-key" emulator serve --socket "$scratch/socket" --bus "3=$image" "$@" \
        >"$scratch/served" &
    server=$!
    until [ -S "$scratch/socket" ] && grep -q ATECC_EMULATOR_SOCKET "$scratch/served"; do
        kill -0 "$server"
        sleep 0.1
    done
}

for chip in atecc508a atecc608a atecc608b; do
    echo "$chip, i2c-tools, recorded"
    serve "$chip" --record "$scratch/$chip-i2c-tools.txt"
    "$here/i2c_tools.sh" "$chip" "$programs/libatecc_emulator_preload.so" "$scratch/socket"
    stop
    "$programs/xtask" conformance "$scratch/$chip-i2c-tools.txt" >"$scratch/judged" || {
        cat "$scratch/judged"
        exit 1
    }
    grep "^total" "$scratch/judged"

    echo "$chip, record-hardware --expendable"
    rm "$scratch/$chip.img"
    serve "$chip"
    "$programs/xtask" record-hardware --device "unix:$scratch/socket" --expendable \
        --out "$scratch/$chip"
    stop
    "$programs/xtask" conformance "$scratch/$chip" >"$scratch/judged" || {
        cat "$scratch/judged"
        exit 1
    }
    grep "^total" "$scratch/judged"
    "$programs/nerves-key" info --device "emu:$scratch/$chip.img" | grep EXPENDABLE
done
