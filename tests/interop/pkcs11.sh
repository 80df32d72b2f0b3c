#!/bin/sh
# PKCS#11 clients that we did not write, each on a finished chip of a served
# emulator: pkcs11/CLIENT.sh, in a folder of its own.
#
#   pkcs11.sh PROGRAMS WORK [CLIENT..]
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
# and prints one line for each operation: "ok: what was done and checked".
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
shift 2
scratch=$(mktemp -d "$work/pkcs11.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT

nerves_key=$programs/nerves-key
image=$scratch/chip.img
"$nerves_key" emulator create "$image" --chip atecc608b >"$scratch/created"
"$nerves_key" emulator serve --socket "$scratch/socket" --bus "3=$image" >"$scratch/served" &
server=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -S "$scratch/socket" ] && grep -q ATECC_EMULATOR_SOCKET "$scratch/served" && break
    sleep 0.2
done
(
    cd "$scratch"
    unix="unix:$scratch/socket"
    "$nerves_key" signer create signer >/dev/null
    "$nerves_key" provision --device "$unix" --signer-cert signer.cert --signer-key signer.key \
        --serial PKCS11-INTEROP --yes 2>/dev/null >/dev/null
    "$nerves_key" cert export device --device "$unix" >device.pem
    openssl x509 -in device.pem -noout -pubkey >public.pem
    printf 'scan = no\nslot 3 = %s\n' "$unix" >pkcs11.conf
)

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
for client; do
    mkdir "$scratch/$client"
    if (cd "$scratch/$client" && sh -eu "$here/pkcs11/$client.sh") \
        >"$scratch/$client.out" 2>"$scratch/$client.err"; then
        result=passed
    else
        result=FAILED
        failed=1
        echo "$client:" >&2
        cat "$scratch/$client.out" "$scratch/$client.err" >&2
    fi
    sed -n 's/^ok: //p' "$scratch/$client.out" | while read -r operation; do
        printf '%-14s %-62s %s\n' "$client" "$operation" passed
    done >>"$scratch/table"
    [ "$result" = passed ] || printf '%-14s %-62s FAILED\n' "$client" "(see above)" >>"$scratch/table"
done
printf '%-14s %-62s %s\n' client operation result
cat "$scratch/table"
exit "$failed"
