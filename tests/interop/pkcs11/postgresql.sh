# psql: a login by the chip's certificate at a PostgreSQL server.
. "$(dirname "$PAGE")/tls.sh"
. "$(dirname "$PAGE")/postgres.sh"
server_certificate
database
cp "$DEVICE" device.pem
sh "$PAGE" openssl-engine 1 >engine.cnf
sh "$PAGE" postgresql 1 >command
OPENSSL_CONF=engine.cnf who command >said
grep -qx 'device|/CN=PKCS11-INTEROP' said || { cat said; exit 1; }
echo "ok: psql, sslkey by the engine: who the server says that it is"
