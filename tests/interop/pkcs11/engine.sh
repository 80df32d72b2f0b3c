# libp11's OpenSSL engine: openssl and curl.
sh "$PAGE" openssl-engine 1 >engine.cnf
key='pkcs11:token=3;object=3;type=private'
echo 'a message' >message
OPENSSL_CONF=engine.cnf openssl dgst -sha256 -engine pkcs11 -keyform engine -sign "$key" \
    -out signature message 2>engine.err
openssl dgst -sha256 -verify "$PUBLIC" -signature signature message >/dev/null
echo "ok: openssl dgst -sign, verified by openssl without it"
# As the Elixir library NervesKey.PKCS11 names it.
OPENSSL_CONF=engine.cnf openssl req -new -subj /CN=engine -engine pkcs11 -keyform engine \
    -key pkcs11:token=3 -out request.pem 2>req.err
openssl req -in request.pem -verify -noout 2>/dev/null
echo "ok: openssl req -key pkcs11:token=3, verified by openssl"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key \
    -out server.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 2>/dev/null
port=$((31000 + $$ % 10000))
openssl s_server -accept "$port" -cert server.pem -key server.key -CAfile "$SIGNER" \
    -Verify 2 -partial_chain -verify_return_error -www >server.out 2>&1 &
server=$!
trap 'kill $server' EXIT
sleep 1
OPENSSL_CONF=engine.cnf curl --silent --show-error --cacert server.pem --cert "$DEVICE" \
    --engine pkcs11 --key-type ENG --key "$key" "https://localhost:$port/" >page
grep -q 'CN *= *PKCS11-INTEROP' page
echo "ok: curl --engine pkcs11, mutual TLS with openssl s_server"
OPENSSL_CONF=engine.cnf curl --silent --show-error --cacert server.pem \
    --cert 'pkcs11:token=3;object=3;type=cert' --cert-type ENG \
    --engine pkcs11 --key-type ENG --key "$key" "https://localhost:$port/" >page
grep -q 'CN *= *PKCS11-INTEROP' page
echo "ok: curl, the certificate from the chip as well"
