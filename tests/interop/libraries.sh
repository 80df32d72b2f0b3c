#!/bin/sh
# Whole libraries for real chips, from PyPI, sign with served emulators in real
# time; OpenSSL verifies. Commands take the default times.
#
#   libraries.sh PROGRAMS WORK SIGNATURES
#
# PROGRAMS and WORK as for served.sh.
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
signatures=$3
here=$(realpath "$(dirname "$0")")
scratch=$(mktemp -d "$work/libraries.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT

environment="$work/libraries"
# Without their dependencies: boards and USB adapters are not wanted here.
sh "$here/environment.sh" "$environment" --no-deps \
    --requirement "$here/requirements.txt" --requirement "$here/libraries_requirements.txt"

# wait_for_server: until it says how it is reached.
wait_for_server() {
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        grep -q ATECC_EMULATOR_SOCKET "$scratch/served" && return
        sleep 0.2
    done
    echo "libraries.sh: no server" >&2
    exit 1
}

for library in cryptoauthlib adafruit; do
    for chip in atecc508a atecc608a atecc608b; do
        : >"$scratch/served"
        "$programs/nerves-key" emulator serve --socket "$scratch/socket" \
            --bus "3=$scratch/$library-$chip.img?chip=$chip" >"$scratch/served" &
        server=$!
        wait_for_server
        LD_PRELOAD="$programs/libatecc_emulator_preload.so" \
            ATECC_EMULATOR_SOCKET="$scratch/socket" \
            "$environment/bin/python" "$here/libraries.py" "$library" 3 "$chip" "$signatures"
        kill "$server"
        wait "$server"
        server=
    done
done
