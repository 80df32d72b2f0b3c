SUMMARY = "Provision and use NervesKeys"
DESCRIPTION = "The command nerves-key for ATECC508A, ATECC608A and ATECC608B \
secure elements that hold a device's private key and certificates."

require nerves-key.inc
require ${BPN}-crates.inc

CARGO_SRC_DIR = "crates/nerves-key-cli"
