# OpenSSL 3 with pkcs11-provider: Debian's own, or that of Debian 12's backports.
. "$(dirname "$PAGE")/tls.sh"
. "$(dirname "$PAGE")/provider.sh"
provider_configuration
key='pkcs11:token=3;object=3;type=private'
echo 'a message' >message
OPENSSL_CONF=openssl.cnf openssl pkeyutl -sign -rawin -digest sha256 -inkey "$key" \
    -in message -out signature 2>sign.err || { cat sign.err; exit 1; }
openssl dgst -sha256 -verify "$PUBLIC" -signature signature message >/dev/null
echo "ok: openssl pkeyutl -sign, verified by openssl without it"
OPENSSL_CONF=openssl.cnf openssl req -new -subj /CN=provider -key "$key" -out request.pem \
    2>req.err || { cat req.err; exit 1; }
openssl req -in request.pem -verify -noout 2>/dev/null
echo "ok: openssl req -new, verified by openssl without it"
OPENSSL_CONF=openssl.cnf openssl storeutl -certs -noout 'pkcs11:token=3' >certs 2>&1 || { cat certs; exit 1; }
grep -q 'Total found: 2' certs || { cat certs; exit 1; }
echo "ok: openssl storeutl -certs: two"
demand_certificate
(printf 'GET / HTTP/1.0\r\n\r\n'; sleep 2) | OPENSSL_CONF=openssl.cnf openssl s_client \
    -connect "localhost:$port" -CAfile server.pem -verify_return_error -quiet \
    -cert 'pkcs11:token=3;object=3;type=cert' -key "$key" >page 2>client.err || { cat client.err; exit 1; }
grep -q "$subject" page || { cat page client.err; exit 1; }
echo "ok: openssl s_client, key and certificate from the chip, mutual TLS"
