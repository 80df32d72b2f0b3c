# Java: keytool with SunPKCS11, and a program that speaks TLS.
. "$(dirname "$PAGE")/tls.sh"
sh "$PAGE" java 1 | sed 's/^slot = 1/slot = 3/' >pkcs11.cfg
store="-keystore NONE -storetype PKCS11 -storepass any -addprovider SunPKCS11 -providerarg pkcs11.cfg"
# shellcheck disable=SC2086
keytool -list -v $store >list 2>&1 || { cat list; exit 1; }
grep -q 'Entry type: PrivateKeyEntry' list || { cat list; exit 1; }
grep -q 'Owner: CN=PKCS11-INTEROP' list || { cat list; exit 1; }
echo "ok: keytool -list: a private key entry with the device certificate"
alias=$(sed -n 's/^Alias name: //p' list | head -n 1)
# shellcheck disable=SC2086
keytool -certreq -alias "$alias" -sigalg SHA256withECDSA -file request.pem $store >req 2>&1 ||
    { cat req; exit 1; }
openssl req -in request.pem -verify -noout 2>/dev/null
openssl req -in request.pem -pubkey -noout | cmp - "$PUBLIC"
echo "ok: keytool -certreq, verified by openssl req"
demand_certificate
sh "$PAGE" java 2 | sed "s,https://localhost/,https://localhost:$port/," >Client.java
timeout 60 java Client.java >page 2>java.err || { cat java.err server.out; exit 1; }
grep -q "$subject" page || { cat page java.err; exit 1; }
echo "ok: java Client.java, mutual TLS with openssl s_server"
