#!/bin/sh
# PKCS#11 clients that we did not write, each on a finished chip of a served
# emulator: pkcs11/CLIENT.sh, in a folder of its own.
#
#   pkcs11.sh PROGRAMS WORK [--other-key] [CLIENT..]
#
# Without a CLIENT: all but those of pkcs11/release, which take longer or need more
# than Debian has, and are named release/CLIENT.
#
# With --other-key the chip has another key than the one of the certificates, of a
# signer of the same name, so that every script has to fail.
#
# PROGRAMS has nerves-key, libnerves_key_pkcs11.so and
# libatecc_emulator_preload.so. A script finds in its environment
#   MODULE   the module, configured for slot 3, by the socket itself
#   PRELOAD  the preload library, for which slot 3 is /dev/i2c-3
#   SIGNER   the signer certificate, in PEM
#   DEVICE   the device certificate, in PEM
#   PUBLIC   the device's public key, in PEM
#   PAGE     page.sh, which reads a configuration out of docs/pkcs11
#   CACHE    a folder that stays, for what is fetched
# and prints one line for each operation: "ok: what was done and checked", or
# "left out: what, and why" where what it needs is not to be had here.
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
shift 2
other_key=no
[ "${1:-}" != --other-key ] || { other_key=yes; shift; }
scratch=$(mktemp -d "$work/pkcs11.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT

nerves_key=$programs/nerves-key
unix=unix:$scratch/socket
# A new chip, of the signer whose files are in $1, served.
chip() {
    "$nerves_key" emulator create "$1/chip.img" --chip atecc608b >"$1/created"
    "$nerves_key" emulator serve --socket "$scratch/socket" --bus "3=$1/chip.img" >"$1/served" &
    server=$!
    for _ in 1 2 3 4 5 6 7 8 9 10; do
        [ -S "$scratch/socket" ] && grep -q ATECC_EMULATOR_SOCKET "$1/served" && break
        sleep 0.2
    done
    (
        cd "$1"
        "$nerves_key" signer create signer >/dev/null
        "$nerves_key" provision --device "$unix" --signer-cert signer.cert \
            --signer-key signer.key --serial PKCS11-INTEROP --yes 2>/dev/null >/dev/null
        "$nerves_key" cert export device --device "$unix" >device.pem
        openssl x509 -in device.pem -noout -pubkey >public.pem
    )
}
printf 'scan = no\nslot 3 = %s\n' "$unix" >"$scratch/pkcs11.conf"
chip "$scratch"
if [ "$other_key" = yes ]; then
    kill "$server"
    wait "$server" || true
    rm -f "$scratch/socket"
    mkdir "$scratch/other"
    chip "$scratch/other"
fi

MODULE=$programs/libnerves_key_pkcs11.so
PRELOAD=$programs/libatecc_emulator_preload.so
ATECC_EMULATOR_SOCKET=$scratch/socket
NERVES_KEY_PKCS11_CONF=$scratch/pkcs11.conf
SIGNER=$scratch/signer.cert
DEVICE=$scratch/device.pem
PUBLIC=$scratch/public.pem
PAGE=$here/page.sh
PAGES=$here/../../docs/pkcs11
CACHE=$work/cache
mkdir -p "$CACHE"
export MODULE PRELOAD ATECC_EMULATOR_SOCKET NERVES_KEY_PKCS11_CONF SIGNER DEVICE PUBLIC
export PAGE PAGES CACHE

[ $# -gt 0 ] || set -- $(cd "$here/pkcs11" && ls ./*.sh | sed 's,^\./,,; s,\.sh$,,')
failed=0
: >"$scratch/table"
row() { printf '%-14s %-62s %s\n' "$1" "$2" "$3" >>"$scratch/table"; }
for client; do
    folder=$scratch/clients/$client
    mkdir -p "$folder"
    if (cd "$folder" && sh -eu "$here/pkcs11/$client.sh") >"$folder.out" 2>"$folder.err" &&
        grep -q '^ok: \|^left out: ' "$folder.out"; then
        result=passed
    else
        result=FAILED
    fi
    name=${client##*/}
    while read -r line; do
        case $line in
        "ok: "*) row "$name" "${line#ok: }" passed ;;
        "left out: "*) row "$name" "${line#left out: }" "left out" ;;
        esac
    done <"$folder.out"
    [ "$result" = passed ] || row "$name" "(see above)" FAILED
    case $other_key$result in
    noFAILED)
        failed=1
        echo "$client:" >&2
        cat "$folder.out" "$folder.err" >&2
        ;;
    yesFAILED) echo "$name: $(cat "$folder.out" "$folder.err" | grep -v '^ok: ' | tail -n 1)" >&2 ;;
    yespassed)
        failed=1
        echo "$client: does not notice that the key is another" >&2
        ;;
    esac
done
printf '%-14s %-62s %s\n' client operation result
cat "$scratch/table"
exit "$failed"
