# What was just built, at work in this folder. RUNNER stands before the programs of
# another machine, BUILT is where they are; MODULE is theirs, where there is one. The
# last line is the time of the first signature, in milliseconds.
set -eu
export LC_ALL=C
milliseconds() { date +%s%3N; }
nerves_key() { $RUNNER "$BUILT/nerves-key" "$@"; }
export NERVES_KEY_DEVICE=emu:chip.img
nerves_key --version
began=$(milliseconds)
nerves_key signer create factory --years 10
nerves_key provision --signer-cert factory.cert --signer-key factory.key --serial N1 --yes --quiet
nerves_key sign --out signature factory.cert
signed=$(milliseconds)
nerves_key cert export | sed '/END/q' >device.pem
nerves_key verify --key device.pem --signature signature factory.cert

if [ -n "${MODULE:-}" ]; then
    nerves_key line init --ledger line.db
    # A server that takes the devices of this factory, and no others.
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key \
        -out server.pem -days 1 -subj /CN=localhost -addext subjectAltName=DNS:localhost \
        -addext basicConstraints=CA:FALSE 2>openssl.log
    openssl s_server -www -accept 0 -naccept 1 -cert server.pem -key server.key \
        -Verify 2 -verify_return_error -CAfile factory.cert >server.log 2>&1 &
    server=$!
    # What serves ends with this, also when something fails: it has its output.
    trap 'kill $server' EXIT
    until grep -qs ^ACCEPT server.log; do sleep 0.1; done
    nerves_key connect "localhost:$(sed -n 's/^ACCEPT .*://p' server.log)" --ca server.pem
    wait $server
    # By no function, which would be a shell between: its end would not be the server's.
    $RUNNER "$BUILT/nerves-key" emulator serve --fast --socket "$PWD/socket" --bus 1=chip.img \
        >/dev/null &
    server=$!
    until [ -S socket ]; do sleep 0.1; done
    export NERVES_KEY_DEVICE=/dev/i2c-1 ATECC_EMULATOR_SOCKET="$PWD/socket"
    LD_PRELOAD="$BUILT/libatecc_emulator_preload.so" nerves_key pkcs11 check --module "$MODULE"
    kill $server
    wait $server || true
    trap - EXIT
fi
echo $((signed - began))
