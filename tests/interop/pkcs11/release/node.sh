# Node.js: pkcs11js, and TLS by OpenSSL's engine.
# Debian: g++ libengine-pkcs11-openssl nodejs
. "$(dirname "$PAGE")/tls.sh"
command -v npm >/dev/null || { echo "left out: there is no npm"; exit 0; }
if ! [ -d "$CACHE/node/node_modules/pkcs11js/build/Release" ]; then
    mkdir -p "$CACHE/node"
    npm install --prefix "$CACHE/node" --no-save pkcs11js >npm.out 2>&1 ||
        { tail -n 3 npm.out >&2; echo "left out: pkcs11js cannot be had from npm"; exit 0; }
fi
echo 'a message' >message
sh "$PAGE" node 1 | sed 's/value: "1"/value: "3"/' >sign.js
NODE_PATH=$CACHE/node/node_modules node sign.js
cat >verify.js <<'END'
const [message, signature, key] = [process.argv[2], "signature", process.env.PUBLIC].map((file) =>
  require("fs").readFileSync(file),
);
const dsaEncoding = "ieee-p1363";
const valid = require("crypto").verify("sha256", message, { key, dsaEncoding }, signature);
process.exit(valid ? 0 : 1);
END
node verify.js message
echo another >other
if node verify.js other; then exit 1; fi
echo "ok: pkcs11js: a signature, verified by Node's crypto without it"
demand_certificate
cp "$DEVICE" device.pem
sh "$PAGE" node 2 >engine.cnf
sh "$PAGE" node 3 | sed "s,https://localhost/,https://localhost:$port/," >client.js
timeout 30 node --openssl-config=engine.cnf client.js >page 2>node.err ||
    { cat node.err server.out; exit 1; }
grep -q "$subject" page || { cat page node.err server.out; exit 1; }
echo "ok: https with privateKeyEngine, mutual TLS with openssl s_server"
