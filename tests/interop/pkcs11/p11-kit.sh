# p11-kit: one process has the module, others use it through a socket.
eval "$(XDG_RUNTIME_DIR=$PWD p11-kit server --provider "$MODULE" 'pkcs11:token=3')"
trap 'kill "$P11_KIT_SERVER_PID"' EXIT
client=$(find /usr/lib -name p11-kit-client.so | head -n 1)
echo 'a message' >message
openssl dgst -sha256 -binary message >digest
for turn in first second; do
    pkcs11-tool --module "$client" --sign --mechanism ECDSA --id 33 --token-label 3 \
        --signature-format openssl --input-file digest --output-file $turn
    openssl dgst -sha256 -verify "$PUBLIC" -signature $turn message >/dev/null
done
echo "ok: p11-kit server, two clients one after the other, verified"
