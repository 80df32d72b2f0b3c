SUMMARY = "PKCS#11 module for NervesKeys"
DESCRIPTION = "The key in the chip for every program that loads a PKCS#11 module."

require nerves-key.inc
require ${BPN}-crates.inc

CARGO_SRC_DIR = "crates/nerves-key-pkcs11"

# It is a library: there is no program to install.
do_install() {
    install -D -m 0644 ${B}/target/${CARGO_TARGET_SUBDIR}/libnerves_key_pkcs11.so \
        ${D}${libdir}/pkcs11/nerves_key_pkcs11.so
    install -D -m 0644 ${S}/crates/nerves-key-pkcs11/nerves-key.module \
        ${D}${datadir}/p11-kit/modules/nerves-key.module
}

FILES:${PN} += "${libdir}/pkcs11/nerves_key_pkcs11.so ${datadir}/p11-kit/modules/nerves-key.module"
