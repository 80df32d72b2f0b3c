# nginx: a proxy that shows the chip's certificate to the server behind it.
. "$(dirname "$PAGE")/tls.sh"
demand_certificate
own=$((port + 1))
sh "$PAGE" nginx 1 >openssl.cnf
sh "$PAGE" nginx 2 | sed -e "s/:443/:$port/; s/listen 80;/listen 127.0.0.1:$own;/" >nginx.conf
cp "$DEVICE" device.pem
# Only for this module's own configuration, which is in a file named by the environment.
OPENSSL_CONF=openssl.cnf nginx -p "$PWD" -c "$PWD/nginx.conf" \
    -g 'env NERVES_KEY_PKCS11_CONF; daemon off; error_log stderr; pid nginx.pid; user root;' \
    >nginx.out 2>&1 &
running="$running $!"
listening "$own" || { cat nginx.out; exit 1; }
for _ in 1 2 3; do
    curl --silent --show-error "http://127.0.0.1:$own/" >page || { cat nginx.out; exit 1; }
    grep -q "$subject" page || { cat page nginx.out; exit 1; }
done
echo "ok: proxy_ssl_certificate_key: three requests, mutual TLS with openssl s_server"
