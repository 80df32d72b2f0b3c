#!/bin/sh
# embedded_tls.sh PROGRAMS WORK: the example of nerves-key-embedded-tls before
# openssl s_server.
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
PATH=$programs:$PATH
scratch=$(mktemp -d "$work/embedded_tls.XXXXXX")
cd "$scratch"
. "$here/tls.sh"
trap 'stop; rm -rf "$scratch"' EXIT
fail() {
    echo "embedded_tls.sh: $*" >&2
    exit 1
}
get() {
    "$programs/examples/mutual_tls" "emu:$scratch/chip.img" localhost "$port" "$1"
}
# refused WORDS ROOT: no page, and these words.
refused() {
    ! get "$2" >page 2>error || fail "a page in spite of: $1"
    ! grep -q "Ciphers supported" page || fail "a page in spite of: $1"
    grep -q "$1" error || fail "not refused by \"$1\": $(cat error)"
}

nerves-key signer create signer >created
nerves-key signer create stranger >created
nerves-key provision --device "emu:$scratch/chip.img" --signer-cert signer.cert \
    --signer-key signer.key --serial EMBEDDED-1 --yes >provisioned 2>&1

SIGNER=signer.cert
port=$((port + 1))
demand_certificate -tls1_3
openssl x509 -in server.pem -outform DER -out root.der
echo "mutual_tls (embedded-tls), openssl s_server, TLS 1.3"
get root.der >page
grep -q "^HTTP/1.0 200 ok" page || fail "no page"
# The chip's name, and that the server has verified it.
grep "Subject: .*CN *= *EMBEDDED-1" page || fail "another certificate"
grep -q "Protocol *: TLSv1.3" page || fail "another version"
grep "Verify return code: 0 (ok)" page || fail "not verified"

# This server's certificate is trusted by nobody.
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout other.key \
    -subj /CN=localhost -days 2 -outform DER -out other.der 2>/dev/null
refused ServerCertificate other.der

# The chip's certificate is, by a server that knows another signer.
SIGNER=stranger.cert
port=$((port + 1))
demand_certificate -tls1_3
openssl x509 -in server.pem -outform DER -out root.der
refused 'InternalError\|Io(' root.der
grep "verify error" server.out || fail "refused for another reason"

# TLS 1.2 is not there.
SIGNER=signer.cert
port=$((port + 1))
demand_certificate -tls1_2
openssl x509 -in server.pem -outform DER -out root.der
refused Tls root.der
