#!/bin/sh
# Signers that we did not write: a token of SoftHSM2, OpenSSL behind exec:, an
# encrypted key file of OpenSSL with its passphrase typed at a terminal.
#
#   signers.sh PROGRAMS WORK
#
# PROGRAMS has nerves-key. WORK is a folder for whatever is made.
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
scratch=$(mktemp -d "$work/signers.XXXXXX")
server=
trap '[ -z "$server" ] || kill "$server"; rm -rf "$scratch"' EXIT
cd "$scratch"
export NERVES_KEY_DEVICE=emu:chip.img

fail() {
    echo "signers.sh: $*" >&2
    exit 1
}

nerves_key() {
    "$programs/nerves-key" "$@"
}

# ends WANTED TEXT COMMAND..: its exit code, and what it says.
ends() {
    wanted=$1 text=$2
    shift 2
    code=0
    "$@" >said 2>&1 </dev/null || code=$?
    [ "$code" = "$wanted" ] || fail "$*: exit code $code, not $wanted: $(cat said)"
    grep -q -- "$text" said || fail "$*: no \"$text\" in: $(cat said)"
    echo "  exit code $code: $(grep -- "$text" said | head -n 1)"
}

# verified SIGNER: the chip is finished, and OpenSSL says so.
verified() {
    nerves_key cert export device >device.pem
    openssl verify -CAfile "$1" -partial_chain device.pem
}

stage() {
    nerves_key info | sed -n 's/^stage *\([a-z]*\).*/\1/p'
}

echo "SoftHSM2: key made in the token by pkcs11-tool"
for module in /usr/lib/softhsm/libsofthsm2.so /usr/lib/*/softhsm/libsofthsm2.so; do
    [ ! -e "$module" ] || break
done
mkdir tokens
printf 'directories.tokendir = %s/tokens\nobjectstore.backend = file\n' "$scratch" >softhsm2.conf
export SOFTHSM2_CONF="$scratch/softhsm2.conf"
softhsm2-util --init-token --free --label factory --so-pin 87654321 --pin 1234 >made
pkcs11-tool --module "$module" --token-label factory --login --pin 1234 --keypairgen \
    --key-type EC:prime256v1 --usage-sign --label signer --id 01 >made 2>&1
echo 1234 >pin
echo 4321 >wrong-pin
token="pkcs11:token=factory;object=signer?module-path=$module"
nerves_key signer create hsm --key "$token&pin-source=pin" --years 10
[ ! -e hsm.key ] || fail "a key file beside a key in a token"
openssl verify -CAfile hsm.cert hsm.cert

echo "SoftHSM2: what does not sign leaves a chip that goes on"
provision() {
    key=$1
    shift
    nerves_key provision --signer-cert hsm.cert --signer-key "$key" --yes "$@"
}
ends 1 "signer failed" provision exec:false
[ "$(stage)" = keyed ] || fail "stage $(stage)"
cp chip.img before.img
ends 5 "the PIN is wrong" provision "$token&pin-source=wrong-pin"
ends 5 "the file that pin-source names" provision "$token&pin-source=no-pin"
ends 5 "no-pin: No such file" provision "$token" --passphrase file:no-pin
ends 5 "no private key" provision "pkcs11:token=factory;id=%02?module-path=$module&pin-source=pin"
ends 5 "no token" provision "pkcs11:token=other;object=signer?module-path=$module&pin-source=pin"
ends 5 "no-such.so" provision "pkcs11:object=signer?module-path=/no-such.so"
nerves_key signer create file >made
ends 5 "does not belong" nerves_key provision --signer-cert file.cert --yes \
    --signer-key "$token&pin-source=pin"
mv tokens elsewhere
mkdir tokens
ends 1 "no token at all (the last of" provision "$token&pin-source=pin"
rmdir tokens
mv elsewhere tokens
cmp chip.img before.img
PIN=1234 provision "$token" --passphrase env:PIN >said 2>&1
verified hsm.cert

echo "SoftHSM2: a token that vanishes while the chip is provisioned"
"$programs/nerves-key" emulator serve --socket socket --bus 4000041=vanishing.img >served &
server=$!
export NERVES_KEY_DEVICE="unix:$scratch/socket"
for _ in 1 2 3 4 5 6 7 8 9 10; do
    [ -S socket ] && grep -q NERVES_KEY_DEVICE served && break
    sleep 0.2
done
code=0
provision "$token&pin-source=pin" >said 2>&1 &
run=$!
while ! grep -q "write the configuration" said; do
    kill -0 "$run" || fail "$(cat said)"
    sleep 0.01
done
mv tokens elsewhere
wait "$run" || code=$?
[ "$code" = 1 ] || fail "exit code $code: $(cat said)"
grep "signer failed" said
[ "$(stage)" = keyed ] || fail "stage $(stage)"
mv elsewhere tokens
provision "$token&pin-source=pin" >said 2>&1
verified hsm.cert
kill "$server" && wait "$server"
server=

echo "SoftHSM2: four stations, four chips each, all at once"
# SoftHSM writes the token's file at each login, and who reads it meanwhile finds
# no token, a damaged one or no PIN.
for run in 1 2 3 4 5; do
    for station in 1 2 3 4; do
        for chip in 1 2 3 4; do
            name=$run-$station-$chip
            (
                NERVES_KEY_DEVICE=emu:$name.img provision "$token&pin-source=pin" \
                    --serial "N$name" >"$name.said" 2>&1 || echo "$?" >"$name.failed"
            ) &
        done
    done
    wait
done
for failed in *.failed; do
    [ ! -e "$failed" ] || fail "$failed: $(cat "$failed" "${failed%.failed}.said")"
done
for image in [1-5]-[1-4]-[1-4].img; do
    export NERVES_KEY_DEVICE="emu:$image"
    verified hsm.cert
done | sort | uniq -c >each
[ "$(cat each)" = "     80 device.pem: OK" ] || fail "$(cat each)"

echo "OpenSSL behind exec:"
export NERVES_KEY_DEVICE=emu:exec.img
openssl ecparam -name prime256v1 -genkey -noout -out openssl.key
nerves_key signer create openssl --key openssl.key
cat >sign <<'END'
#!/bin/sh
sed -n 's/.*"to_be_signed": "\(.*\)".*/\1/p' | basenc --base16 --decode >tbs
openssl dgst -sha256 -sign openssl.key -out signature tbs
printf '{"signature_der": "%s"}\n' "$(basenc --base16 --wrap=0 signature)"
END
chmod +x sign
nerves_key provision --signer-cert openssl.cert --signer-key exec:./sign --yes >said 2>&1
verified openssl.cert

echo "An encrypted key, its passphrase typed"
export NERVES_KEY_DEVICE=emu:typed.img
openssl pkcs8 -topk8 -in openssl.key -v2 aes-256-cbc -passout pass:Stati0n -out encrypted.key
command="$programs/nerves-key provision --signer-cert openssl.cert \
    --signer-key encrypted.key --yes"
(sleep 1; echo Stati0n; sleep 1) | script --quiet --return --command "$command" typescript >said
! grep -q Stati0n typescript || fail "the passphrase is shown"
grep -o "passphrase of encrypted.key" typescript
verified openssl.cert

echo "A clock that is not set"
code=0
export NERVES_KEY_DEVICE=emu:early.img
faketime "2001-02-03 04:05:06" "$programs/nerves-key" provision --signer-cert openssl.cert \
    --signer-key openssl.key --yes >said 2>&1 || code=$?
[ "$code" = 5 ] || fail "exit code $code: $(cat said)"
grep "2001-02-03" said
[ ! -e early.img ] || fail "the chip was written"
