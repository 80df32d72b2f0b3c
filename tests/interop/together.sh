#!/bin/sh
# together.sh PROGRAMS WORK COUNT: four programs use one served chip at once, each
# for COUNT signatures: a rustls client, the PKCS#11 module, the command's sign, and
# its jwt. Every signature is verified by somebody else.
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
count=$3
here=$(realpath "$(dirname "$0")")
PATH=$programs:$PATH
scratch=$(mktemp -d "$work/together.XXXXXX")
cd "$scratch"
. "$here/tls.sh"
trap 'stop; rm -rf "$scratch"' EXIT

nerves-key emulator create chip.img --chip atecc608b >created
nerves-key emulator serve --fast --socket "$scratch/socket" --bus 3=chip.img >served &
running=$!
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -S socket ] && grep -q ATECC_EMULATOR_SOCKET served && break
    sleep 0.2
done
NERVES_KEY_DEVICE=unix:$scratch/socket
export NERVES_KEY_DEVICE
nerves-key signer create signer >created
nerves-key provision --signer-cert signer.cert --signer-key signer.key --serial TOGETHER-1 --yes \
    >provisioned 2>&1
nerves-key cert export device --out device.pem >exported
openssl x509 -in device.pem -noout -pubkey >public.pem
printf 'scan = no\nslot 3 = %s\n' "$NERVES_KEY_DEVICE" >pkcs11.conf

authority 2
openssl s_server -accept "$port" -cert server.pem -key server.key -CAfile signer.cert -Verify 2 \
    -partial_chain -verify_return_error -www >server.out 2>&1 &
running="$running $!"
listening "$port"
sh "$here/environment.sh" "$work/cache/together" \
    --requirement "$here/together_requirements.txt"
python="$work/cache/together/bin/python"

begin=$(date +%s)
"$programs/examples/handshakes" "$NERVES_KEY_DEVICE" localhost "$port" ca.pem "$count" &
tls=$!
NERVES_KEY_PKCS11_CONF=$scratch/pkcs11.conf "$python" "$here/together.py" module \
    "$programs/libnerves_key_pkcs11.so" "$count" &
module=$!
(
    wrong=0
    for number in $(seq "$count"); do
        echo "message $number" >message
        nerves-key sign --out "signature.$number" message >signed || wrong=$((wrong + 1))
        openssl dgst -sha256 -verify public.pem -signature "signature.$number" message >verified ||
            wrong=$((wrong + 1))
        rm -f "signature.$number"
    done
    echo "sign: $count signatures, wrong $wrong"
    [ "$wrong" = 0 ]
) &
sign=$!
(
    for number in $(seq "$count"); do
        nerves-key jwt --claims "{\"number\":$number}"
    done >tokens
    "$python" "$here/together.py" tokens "$count"
) &
jwt=$!
code=0
for process in "$tls" "$module" "$sign" "$jwt"; do
    wait "$process" || code=1
done
echo "four programs at once, $count signatures each, $(($(date +%s) - begin)) s"
exit "$code"
