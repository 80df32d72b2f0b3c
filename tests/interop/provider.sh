# For scripts whose program uses pkcs11-provider: sourced.
#   provider_configuration    makes openssl.cnf, as docs/pkcs11/openssl-provider.md
#                             has it. The provider is the machine's, or else that of
#                             Debian 12's backports, fetched and not installed
provider_configuration() {
    found=$(find /usr/lib -path '*/ossl-modules/pkcs11.so')
    if [ -z "$found" ] && ! [ -f "$CACHE/provider/found" ]; then
        mkdir -p "$CACHE/provider"
        pool=https://deb.debian.org/debian/pool/main/p/pkcs11-provider
        curl --silent --show-error --fail --location --output "$CACHE/provider/package.deb" \
            "$pool/pkcs11-provider_1.0-3~bpo12+1_$(dpkg --print-architecture).deb"
        dpkg -x "$CACHE/provider/package.deb" "$CACHE/provider"
        find "$CACHE/provider" -name pkcs11.so >"$CACHE/provider/found"
    fi
    [ -n "$found" ] || found=$(cat "$CACHE/provider/found")
    sh "$PAGE" openssl-provider 1 | sed "s,^module = .*,module = $found," >openssl.cnf
}
