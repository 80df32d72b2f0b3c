# Auxiliary certificates: written, found and used by curl, then cleared.
. "$(dirname "$PAGE")/tls.sh"
DEVICE_URI=unix:$ATECC_EMULATOR_SOCKET
nerves_key=$(dirname "$MODULE")/nerves-key
"$nerves_key" signer create other >/dev/null
"$nerves_key" aux provision --device "$DEVICE_URI" --signer-cert other.cert --signer-key other.key \
    >/dev/null
"$nerves_key" aux export device --device "$DEVICE_URI" >aux.pem
openssl x509 -in aux.pem -noout -pubkey | cmp - "$PUBLIC"
pkcs11-tool --module "$MODULE" --list-objects --token-label 3 >objects
[ "$(grep -c 'Certificate Object; type = X.509' objects)" = 4 ]
grep -q 'label: *3 aux$' objects
SIGNER=$PWD/other.cert
demand_certificate
sh "$PAGE" openssl-engine 1 >engine.cnf
OPENSSL_CONF=engine.cnf curl --silent --show-error --cacert server.pem \
    --cert 'pkcs11:token=3;object=3%20aux;type=cert' --cert-type ENG --engine pkcs11 \
    --key-type ENG --key 'pkcs11:token=3;object=3;type=private' "https://localhost:$port/" >page
grep -q "$subject" page
echo "ok: curl with the auxiliary certificate, mutual TLS with openssl s_server"
"$nerves_key" aux clear --device "$DEVICE_URI" >/dev/null
[ "$(pkcs11-tool --module "$MODULE" --list-objects --token-label 3 | grep -c 'Certificate Object')" = 2 ]
echo "ok: pkcs11-tool: four certificates, and two after aux clear"
