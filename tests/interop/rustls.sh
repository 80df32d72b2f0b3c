#!/bin/sh
# rustls.sh PROGRAMS WORK: the examples of nerves-key-rustls before peers that we
# did not write: openssl s_server, mosquitto, curl, chromium.
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
PATH=$programs:$PATH
scratch=$(mktemp -d "$work/rustls.XXXXXX")
cd "$scratch"
. "$here/tls.sh"
trap 'stop; rm -rf "$scratch"' EXIT
fail() {
    echo "rustls.sh: $*" >&2
    exit 1
}
chip=emu:$scratch/chip.img
example() {
    name=$1
    shift
    "$programs/examples/$name" "$chip" "$@"
}

nerves-key signer create signer >created
nerves-key provision --device "$chip" --signer-cert signer.cert --signer-key signer.key \
    --serial RUSTLS-1 --yes >provisioned 2>&1
SIGNER=signer.cert

authority 2
# That one, and no other for each server.
server_certificate() { :; }

# A client, HTTPS: the server says whose certificate it saw.
for version in 1.2 1.3; do
    port=$((port + 1))
    demand_certificate "-tls$(echo "$version" | tr . _)"
    echo "https (reqwest), openssl s_server, TLS $version"
    example https "https://localhost:$port/" ca.pem >page
    grep -q "^200 OK" page || fail "no page"
    # The chip's name, and that the server has verified it.
    grep -q "CN *= *RUSTLS-1" page || fail "another certificate"
    grep -q "Protocol *: TLSv$version" page || fail "another version"
    grep "Verify return code: 0 (ok)" page || fail "not verified"
    example tokio localhost "$port" ca.pem >page
    grep "another task ran [1-9][0-9]* times" page || fail "tokio: blocked"
    grep -q "CN *= *RUSTLS-1" page || fail "tokio: another certificate"
done

# A client, MQTT: the broker takes the name from the certificate.
port=$((port + 1))
broker
echo "mqtt (rumqttc), mosquitto"
mosquitto_sub -h localhost -p "$port" --cafile ca.pem --cert signer.cert --key signer.key \
    -t devices/# -C 1 -W 30 >received &
subscriber=$!
sleep 1
example mqtt localhost "$port" ca.pem devices/1 "21.5 degrees"
wait "$subscriber" || fail "nothing was received"
grep "^21.5 degrees" received || fail "another message"
grep -q "u'RUSTLS-1'" mosquitto.log || fail "another user"

# A server: its key is the chip's, its certificate has the host's name.
nerves-key csr --device "$chip" --subject CN=localhost --san dns:localhost >request.pem
certify request.pem chain.pem
example server 127.0.0.1:0 chain.pem >server.out 2>server.err &
running="$running $!"
for _ in 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16 17 18 19 20; do
    url=$(sed -n 's,^https://127.0.0.1,https://localhost,p' server.out)
    [ -z "$url" ] || break
    sleep 0.2
done
for version in 1.2 1.3; do
    echo "server (rustls), curl, TLS $version"
    curl --silent --show-error --cacert ca.pem "--tlsv$version" --tls-max "$version" "$url" |
        grep -x CN=RUSTLS-1 || fail "curl"
done
echo "server (rustls), chromium"
mkdir -p home/.pki/nssdb
certutil -d sql:home/.pki/nssdb -N --empty-password
certutil -d sql:home/.pki/nssdb -A -t C,, -n local -i ca.pem
HOME=$scratch/home timeout 60 chromium --headless --no-sandbox --disable-gpu --dump-dom "$url" \
    >dom 2>chromium.err || fail "chromium: $(tail -3 chromium.err)"
grep -o CN=RUSTLS-1 dom || fail "chromium does not show the page"
