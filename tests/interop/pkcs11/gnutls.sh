# GnuTLS: p11tool, certtool, gnutls-cli.
url='pkcs11:token=3'
p11tool --provider "$MODULE" --list-all "$url" >objects
[ "$(grep -c 'Type: X.509 Certificate' objects)" = 2 ]
grep -q 'Type: Private key (EC/ECDSA-SECP256R1)' objects
echo "ok: p11tool --list-all"
p11tool --provider "$MODULE" --test-sign "$url;object=3;type=private" >test 2>&1
grep -q '^Verifying against public key in the token... ok$' test
echo "ok: p11tool --test-sign, verified by itself"
printf 'cn = "gnutls"\n' >template
certtool --provider "$MODULE" --generate-request --template template --hash SHA256 \
    --load-privkey "$url;object=3;type=private" --load-pubkey "$url;object=3;type=public" \
    --outfile request.pem 2>certtool.err
openssl req -in request.pem -verify -noout 2>/dev/null
echo "ok: certtool --generate-request, verified by openssl req"

openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout server.key \
    -out server.pem -subj /CN=localhost -addext subjectAltName=DNS:localhost -days 2 2>/dev/null
port=$((20000 + $$ % 10000))
openssl s_server -accept "$port" -cert server.pem -key server.key -CAfile "$SIGNER" \
    -Verify 2 -partial_chain -verify_return_error -www >server.out 2>&1 &
server=$!
trap 'kill $server' EXIT
sleep 1
printf 'GET / HTTP/1.0\r\n\r\n' | gnutls-cli --provider "$MODULE" --x509cafile server.pem \
    --x509certfile "$url;object=3;type=cert" --x509keyfile "$url;object=3;type=private" \
    --port "$port" localhost >page 2>gnutls.err
grep -q 'CN=PKCS11-INTEROP\|CN = PKCS11-INTEROP' page
echo "ok: gnutls-cli, mutual TLS with openssl s_server"
