# Python: python-pkcs11 and PyKCS11.
here=$(dirname "$PAGE")
sh "$here/environment.sh" "$CACHE/python" --requirement "$here/pkcs11/requirements.txt"
echo 'a message' >message
openssl dgst -sha256 -binary message >digest
for library in python-pkcs11 PyKCS11; do
    case $library in python-pkcs11) block=1 ;; PyKCS11) block=2 ;; esac
    sh "$PAGE" python "$block" | sed "s/token_label=\"1\"/token_label=\"3\"/; s/label=\"1\"/label=\"3\"/; s/LABEL, \"1\"/LABEL, \"3\"/" >sign.py
    "$CACHE/python/bin/python" sign.py
    openssl dgst -sha256 -verify "$PUBLIC" -signature signature.der message >/dev/null
    rm signature.der
    echo "ok: $library: signature over a digest, verified by openssl dgst"
done
