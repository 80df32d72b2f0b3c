#!/bin/sh
# connect.sh PROGRAMS WORK: `nerves-key connect` before servers that take the
# device, and before seven that refuse it for seven reasons.
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
PATH=$programs:$PATH
scratch=$(mktemp -d "$work/connect.XXXXXX")
cd "$scratch"
. "$here/tls.sh"
trap 'stop; rm -rf "$scratch"' EXIT
fail() {
    echo "connect.sh: $*" >&2
    exit 1
}
NERVES_KEY_DEVICE=emu:$scratch/chip.img
export NERVES_KEY_DEVICE

nerves-key signer create signer >created
nerves-key provision --signer-cert signer.cert --signer-key signer.key --serial CONNECT-1 --yes \
    >provisioned 2>&1
authority 9000

# serve ARGUMENTS...: a server on the next port; $prefix may change its clock.
prefix=
serve() {
    port=$((port + 1))
    $prefix openssl s_server -accept "$port" -cert server.pem -key server.key -www "$@" \
        >server.out 2>&1 &
    running="$running $!"
    listening "$port"
}
demand="-CAfile signer.cert -Verify 2 -partial_chain -verify_return_error"
connect() { $prefix nerves-key connect "$@" --ca ca.pem; }

echo "taken: TLS 1.2 and 1.3, openssl s_server"
for version in 1.2 1.3; do
    serve $demand
    connect "localhost:$port" --tls "$version" >said
    grep -q "^result *authenticated" said || fail "not authenticated"
    grep -q "^it asks *for a certificate of CN=Signer" said || fail "another request"
    connect "localhost:$port" --tls "$version" --json >document
    python3 - "$version" <<'END'
import json, sys
said = json.load(open("document"))
assert said["authenticated"] and said["signatures"] == 1, said
assert said["version"] == "TLS " + sys.argv[1], said
assert said["asked"]["authorities"] == ["CN=Signer"], said
assert said["server_chain"][0]["subject"] == "CN=localhost", said
END
done
cat said

# refused PART CAUSE: `connect` ended with 1, and said these words.
refused() {
    part=$1 cause=$2
    shift 2
    code=0
    connect "$@" >said 2>error || code=$?
    [ "$code" = 1 ] || fail "exit code $code: $(cat said error)"
    grep -q "^nerves-key: not authenticated: .*$part" error || fail "$(cat error)"
    grep "^cause: .*$cause" error || fail "$(cat error)"
    grep -q "^next: " error || fail "$(cat error)"
}

echo "refused, seven ways"
serve -CAfile ca.pem -Verify 2 -verify_return_error
refused "it asked for certificates of CN=Local CA\|alert unknown_ca (48)" "our signer, CN=Signer, is not" \
    "localhost:$port"
prefix="faketime -f +11y"
serve $demand
refused "alert certificate_expired (45)" "our certificate has expired, or the clocks differ: CN=Signer is" \
    "localhost:$port"
prefix=
serve $demand
refused "certificate" "is for localhost, not for 127.0.0.1" "127.0.0.1:$port"
serve $demand -tls1_1 -cipher DEFAULT@SECLEVEL=0
refused "alert protocol_version (70)" "older TLS\|none of the versions" "localhost:$port"
serve
refused "asked for no certificate" "the chip was not used" "localhost:$port"
serve $demand -alpn http/1.1
refused "alert no_application_protocol (120)" "none of the application protocols that were offered (x-amzn-mqtt-ca)" \
    "localhost:$port" --alpn x-amzn-mqtt-ca
serve $demand -client_sigalgs RSA-PSS+SHA256:RSA+SHA256
refused "" "RSA keys only" "localhost:$port"

echo "refused, other ways"
serve $demand
refused "no application protocol" "it does not know mqtt" "localhost:$port" --alpn mqtt
refused "" "nothing takes connections" "localhost:1"
code=0
nerves-key connect "localhost:$port" 2>error >said || code=$?
[ "$code" = 1 ] || fail "no --ca: $code"
grep "^cause: .*issued by CN=Local CA, which is not trusted" error

# A broker that takes the client, and one whose rules do not.
port=$((port + 1))
broker
echo "--mqtt-publish, mosquitto"
connect "localhost:$port" --mqtt-publish devices/1 --mqtt-message hello >said
grep "^mqtt *published" said
grep -q "u'CONNECT-1'" mosquitto.log || fail "another user"
code=0
connect "localhost:$port" --mqtt-publish 'devices/#' 2>error >said || code=$?
[ "$code" = 2 ] || fail "a pattern for a topic: $code: $(cat said error)"
grep "devices/#" error
