# For scripts whose program gets its modules from p11-kit: sourced after tls.sh.
#   register    the module in p11-kit's list, as docs/pkcs11/p11-kit.md has it,
#               until the script ends
# Root's own list is not read, so that there the machine's is used.
register() {
    XDG_CONFIG_HOME=$PWD/.config
    HOME=$PWD
    export XDG_CONFIG_HOME HOME
    mkdir -p .config/pkcs11/modules
    sh "$PAGE" p11-kit 1 >.config/pkcs11/modules/nerves-key.module
    registered=/etc/pkcs11/modules/nerves-key-interop.$$.module
    trap 'stop; rm -f "$registered"' EXIT
    if ! p11-kit list-modules 2>/dev/null | grep -q 'manufacturer: NervesKey'; then
        mkdir -p "$(dirname "$registered")"
        cp .config/pkcs11/modules/nerves-key.module "$registered"
    fi
}
