#!/bin/sh
# What a chip's key makes, before programs that are not ours: tokens before
# PyJWT, requests, signatures, shared secrets and certificates before OpenSSL,
# completions before bash, manual pages before man.
#
#   use.sh PROGRAMS WORK
set -eu

programs=$(realpath "$1")
mkdir -p "$2"
work=$(realpath "$2")
here=$(realpath "$(dirname "$0")")
PATH=$programs:$PATH
scratch=$(mktemp -d "$work/use.XXXXXX")
trap 'rm -rf "$scratch"' EXIT
cd "$scratch"
NERVES_KEY_DEVICE=emu:$scratch/chip.img
export NERVES_KEY_DEVICE

nerves-key signer create signer >created
nerves-key provision --signer-cert signer.cert --signer-key signer.key --serial USE-1 --yes \
    >provisioned 2>&1
nerves-key cert export device --out device.pem >exported
openssl x509 -in device.pem -noout -pubkey >public.pem

sh "$here/environment.sh" "$work/cache/jwt" --requirement "$here/use_requirements.txt"
nerves-key jwt --claims '{"aud":"a-project","name":"ä/b"}' --header '{"kid":"1"}' \
    --expires-in 3600 >token
"$work/cache/jwt/bin/python" - <<'EOF'
import jwt
token, key = open("token").read().strip(), open("public.pem").read()
claims = jwt.decode(token, key, algorithms=["ES256"], audience="a-project")
assert claims["exp"] - claims["iat"] == 3600 and claims["name"] == "ä/b", claims
assert jwt.get_unverified_header(token) == {"alg": "ES256", "kid": "1", "typ": "JWT"}
head, body, signature = token.split(".")
forged = ".".join([head, body, signature[:-4] + ("AAAA" if signature[-4:] != "AAAA" else "BBBB")])
try:
    jwt.decode(forged, key, algorithms=["ES256"], audience="a-project")
except jwt.InvalidSignatureError:
    pass
else:
    raise SystemExit("a forged token was taken")
EOF
echo "ok: jwt, verified by PyJWT"

nerves-key csr --subject 'CN=use-1,O=Example' --san dns:use-1.example --san ip:192.0.2.1 \
    --san email:a@b.example --san uri:urn:x:1 --out request.pem >written
openssl req -in request.pem -verify -noout 2>verified
openssl req -in request.pem -noout -text >text
grep -q 'Subject: O = Example, CN = use-1' text || grep -q 'Subject: CN = use-1, O = Example' text
grep -q 'DNS:use-1.example, IP Address:192.0.2.1, email:a@b.example, URI:urn:x:1' text
openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout ca.key -out ca.pem \
    -subj /CN=authority -days 2 2>/dev/null
openssl x509 -req -in request.pem -CA ca.pem -CAkey ca.key -CAcreateserial -days 1 \
    -copy_extensions copy -out issued.pem 2>/dev/null
openssl verify -CAfile ca.pem issued.pem >issued
openssl x509 -in issued.pem -noout -pubkey | cmp - public.pem
nerves-key csr | openssl req -noout -subject -verify 2>/dev/null | grep -q 'CN = USE-1'
echo "ok: csr, verified by openssl req, a certificate issued by openssl x509"

echo 'a message' >message
nerves-key sign message --out signature.der >written
openssl dgst -sha256 -verify public.pem -signature signature.der message >verified
openssl dgst -sha256 -sign ca.key -out theirs.der message
nerves-key verify message --signature theirs.der --key ca.pem >verified
! nerves-key verify message --signature theirs.der >verified 2>&1
echo "ok: sign and verify, as openssl dgst does"

openssl genpkey -algorithm EC -pkeyopt ec_paramgen_curve:P-256 -out other.key
openssl pkey -in other.key -pubout -out other.pem
nerves-key ecdh other.pem --out secret >written
openssl pkeyutl -derive -inkey other.key -peerkey public.pem -out expected
cmp secret expected
[ "$(stat -c %a secret)" = 600 ]
echo "ok: ecdh, as openssl pkeyutl derives it"

# R or S of a random signature begins with a zero byte once in 128 times.
short() {
    offset=$(openssl asn1parse -in "$1" | sed -n 's/^ *\([0-9]*\):.*BIT STRING.*/\1/p' | tail -n 1)
    openssl asn1parse -in "$1" -strparse "$offset" |
        awk -F: '/INTEGER/ { if (length($NF) < 63) found = 1 } END { exit !found }'
}
count=0
until short short.pem 2>/dev/null; do
    count=$((count + 1))
    [ $count -lt 3000 ]
    rm -f short.img short.pem
    nerves-key provision --device emu:short.img --signer-cert signer.cert --signer-key signer.key \
        --serial "SHORT-$count" --yes >provisioned 2>&1
    nerves-key cert export device --device emu:short.img --out short.pem >exported
done
openssl verify -partial_chain -CAfile signer.cert short.pem >verified
nerves-key info --device emu:short.img | grep -q 'verified'
echo "ok: a certificate with a leading zero byte in r or s, the ${count}th, verified by openssl"

bash -c 'eval "$(nerves-key completions bash)"
    COMP_WORDS=(nerves-key settin); COMP_CWORD=1; COMPREPLY=()
    complete -p nerves-key >completed
    _nerves-key nerves-key settin nerves-key 2>/dev/null || _nerves__key nerves-key settin nerves-key
    [ "${COMPREPLY[*]}" = settings ]'
mkdir man
nerves-key man man >written
for page in man/*.1; do
    groff -man -Tutf8 -ww "$page" >page.txt 2>page.err
    [ ! -s page.err ] || { cat page.err; exit 1; }
done
echo "ok: completions in bash, $(ls man | wc -l) manual pages in groff"
