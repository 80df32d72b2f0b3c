//! Programs and libraries that we did not write, against a served emulator,
//! signers that we did not write, and a browser: the scripts of `tests/interop`.

use xtask_support::error::Error;
use xtask_support::{run, script};

/// `tests/interop/served.sh`, with what is served and preloaded.
pub(crate) fn served() -> Result<(), Error> {
    script::run("tests/interop/served.sh", &[])
}

/// `tests/interop/libraries.sh`, with a few signatures.
pub(crate) fn libraries_short() -> Result<(), Error> {
    script::libraries(5)
}

/// `tests/interop/signers.sh`.
pub(crate) fn signers() -> Result<(), Error> {
    script::run("tests/interop/signers.sh", &[])
}

/// `tests/interop/hardware.sh`: recorded as from hardware, and judged.
pub(crate) fn hardware() -> Result<(), Error> {
    script::run("tests/interop/hardware.sh", &[])
}

/// `tests/interop/timeline.sh`: the timeline of a provisioning, rendered.
pub(crate) fn timeline() -> Result<(), Error> {
    script::run("tests/interop/timeline.sh", &[])
}

/// `tests/interop/use.sh`: what the key makes, before others.
pub(crate) fn key_use() -> Result<(), Error> {
    script::run("tests/interop/use.sh", &[])
}

/// `tests/interop/connect.sh`: servers that take the device, and that refuse it.
pub(crate) fn connect() -> Result<(), Error> {
    let features = ["nerves-key-cli/connect"];
    script::run_with(
        "tests/interop/connect.sh",
        &["nerves-key-cli"],
        &features,
        &[],
    )
}

/// `tests/interop/together.sh`: four programs on one chip, a few signatures each.
pub(crate) fn together() -> Result<(), Error> {
    build_examples("nerves-key-rustls")?;
    let packages = ["nerves-key-cli", "nerves-key-pkcs11"];
    let features = ["nerves-key-pkcs11/emulator"];
    let count = ["25".to_owned()];
    script::run_with("tests/interop/together.sh", &packages, &features, &count)
}

/// `tests/interop/rustls.sh`: TLS with the chip's key, before peers.
pub(crate) fn rustls() -> Result<(), Error> {
    build_examples("nerves-key-rustls")?;
    script::run("tests/interop/rustls.sh", &[])
}

/// `tests/interop/embedded_tls.sh`: a firmware's TLS with the chip's key, before
/// OpenSSL.
pub(crate) fn embedded_tls() -> Result<(), Error> {
    build_examples("nerves-key-embedded-tls")?;
    script::run("tests/interop/embedded_tls.sh", &[])
}

fn build_examples(package: &str) -> Result<(), Error> {
    let examples = ["build", "--quiet", "--package", package, "--examples"];
    run::shown(&mut run::cargo(examples))
}

/// `tests/interop/line.sh`: what a manufacturing line hands out, before others.
pub(crate) fn line() -> Result<(), Error> {
    let features = ["nerves-key-cli/line"];
    script::run_with("tests/interop/line.sh", &["nerves-key-cli"], &features, &[])
}
