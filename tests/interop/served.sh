#!/bin/sh
# Programs that we did not write, and our own as if on a real bus, against a
# served emulator through the preload library.
#
#   served.sh PROGRAMS WORK
#
# PROGRAMS has nerves-key and libatecc_emulator_preload.so. WORK is a folder
# for whatever is made; the Python environment in it is kept.
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
scratch=$(mktemp -d "$work/run.XXXXXX")
server=

stop() {
    [ -z "$server" ] || { kill "$server" && wait "$server"; } || exit 1
    server=
}
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT

fail() {
    echo "served.sh: $*" >&2
    exit 1
}

# serve CHIP [--fast]: a new chip on bus 3.
serve() {
    image="$scratch/$1.img"
    rm -f "$image"
    "$programs/nerves-key" emulator create "$image" --chip "$1" >"$scratch/created"
    shift
    "$programs/nerves-key" emulator serve --socket "$scratch/socket" --bus "3=$image" "$@" \
        >"$scratch/served" &
    server=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -S "$scratch/socket" ] && grep -q ATECC_EMULATOR_SOCKET "$scratch/served" && return
        sleep 0.2
    done
    fail "no server"
}

# on_bus PROGRAM ARGUMENTS..: with a /dev/i2c-3 that is the emulator.
on_bus() {
    LD_PRELOAD="$programs/libatecc_emulator_preload.so" \
        ATECC_EMULATOR_SOCKET="$scratch/socket" "$@"
}

# ends CODE COMMAND..: it has this exit code.
ends() {
    wanted=$1 got=0
    shift
    "$@" || got=$?
    [ "$got" = "$wanted" ] || fail "$*: exit code $got, not $wanted"
}

for chip in atecc508a atecc608a atecc608b; do
    serve "$chip"
    echo "$chip, i2c-tools"
    "$here/i2c_tools.sh" "$chip" "$programs/libatecc_emulator_preload.so" "$scratch/socket"
    echo "$chip, nerves-key on /dev/i2c-3"
    (
        cd "$scratch"
        rm -f ./*.cert ./*.key ./*.pem ./*.said message signature
        nerves_key=$programs/nerves-key
        "$nerves_key" signer create signer >/dev/null
        echo challenge >message
        on_bus "$nerves_key" info --device i2c:/dev/i2c-3 | grep -q "^stage *blank"
        provision() {
            serial=$1
            shift
            on_bus "$@" "$nerves_key" provision --device i2c:/dev/i2c-3 --yes --serial "$serial" \
                --signer-cert signer.cert --signer-key signer.key >"$serial.said" 2>&1
        }
        # One that is killed while it holds the chip, then two at once.
        ends 137 provision INTEROP-0 timeout --signal KILL 0.5
        provision INTEROP-1 &
        first=$!
        provision INTEROP-2 &
        second=$!
        code=0 other=0
        wait "$first" || code=$?
        wait "$second" || other=$?
        case $code.$other in
        0.4) winner=INTEROP-1 loser=INTEROP-2 ;;
        4.0) winner=INTEROP-2 loser=INTEROP-1 ;;
        *) fail "two at once: exit codes $code and $other: $(cat INTEROP-?.said)" ;;
        esac
        echo "  two at once: $winner is there, $loser was told: $(tail -n 1 "$loser.said")"
        on_bus "$nerves_key" sign message --out signature --device i2c:/dev/i2c-3 >/dev/null
        # Without the library, by the socket itself.
        unix="unix:$scratch/socket"
        "$nerves_key" info --device "$unix" | grep -q "^device *$winner"
        "$nerves_key" cert export device --device "$unix" >device.pem
        openssl verify -CAfile signer.cert -partial_chain device.pem
        openssl x509 -in device.pem -noout -pubkey >public.pem
        openssl dgst -sha256 -verify public.pem -signature signature message
    )
    stop
    [ ! -e "$scratch/socket" ] || fail "the socket was left behind"
done

# By the protocol alone, as the page does it.
serve atecc608b
echo "docs/emulator-server.md, in Python"
python3 "$here/snippet.py" "$here/../../docs/emulator-server.md" "$scratch/socket"
stop

environment="$work/python"
# Without their dependencies: boards and USB adapters are not wanted here.
sh "$here/environment.sh" "$environment" --no-deps --requirement "$here/requirements.txt"
for chip in atecc508a atecc608a atecc608b; do
    serve "$chip" --fast
    echo "$chip, adafruit-circuitpython-atecc"
    on_bus "$environment/bin/python" "$here/adafruit.py" /dev/i2c-3 "$scratch/$chip.csr"
    openssl req -in "$scratch/$chip.csr" -verify -noout -subject
    stop
done
