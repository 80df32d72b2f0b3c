//! `nerves-key demo`: the main job, on an emulated chip.

use std::fs;
use std::path::Path;
use std::sync::atomic::AtomicBool;

use atecc_emulator::Chip;
use atecc_x509::{Certificate, Format, NervesKeySigner, SignatureBytes};
use nerves_key::ReadSnapshot;
use nerves_key_provision::{Plan, Request, create_signer};
use nerves_key_schema::ManufacturerSerial;
use serde_json::json;

use super::provision::execute;
use crate::causes;
use crate::certificate::Summary;
use crate::cli::demo::Demo;
use crate::error::CliError;
use crate::output::{Output, escape};
use crate::system;

const SERIAL: &str = "DEMO-0001";

pub(super) fn run(arguments: &Demo, output: Output) -> Result<(), CliError> {
    let say = |text: &str| output.progress(text);
    let now = system::now()?;

    say("1. A signer: the certificate authority of a factory, which vouches for its devices.");
    let mut key = system::new_key()?;
    let certificate = create_signer(&key, now, 1, Format::V0).map_err(CliError::refused)?;
    let signer = NervesKeySigner::check(&certificate).map_err(CliError::failed)?;

    say(&format!(
        "2. A blank {}, emulated. It makes its own private key, which never leaves it;\n   \
         the signer certifies the public half; then everything is locked.",
        arguments.chip
    ));
    let chip = Chip::throw_away(arguments.chip).map_err(CliError::failed)?;
    let mut device = nerves_key_device::emulated(chip)?;
    let mut request = Request::new(signer, now, system::release_day()?);
    request.serial = Some(ManufacturerSerial::new(SERIAL).map_err(CliError::refused)?);
    request.signer_key = Some(key.public_key());
    let plan = Plan::new(&causes::run(&mut device, ReadSnapshot::new())?, &request)?;
    // A chip that is thrown away may be left half done.
    let never = AtomicBool::new(false);
    let _: (_, Vec<_>) = execute(&mut device, &plan, &mut key, (&never, output))?;

    say("3. The chip as its user finds it: both certificates rebuilt from 72 bytes each.");
    let identity = causes::run(&mut device, ReadSnapshot::new())?.identity()?;
    let summary = Summary::of(&identity.device_certificate).map_err(CliError::failed)?;
    say(&format!(
        "  device: {}, valid {}\n  chain verified: device certificate <- signer certificate",
        summary.subject(),
        summary.validity()
    ));

    say("4. A server's challenge, signed inside the chip as in a TLS handshake.");
    let challenge = system::random()?;
    let signature = causes::run(&mut device, nerves_key::sign(challenge))?;
    identity
        .public_key
        .verify(&challenge, &SignatureBytes::from_bytes(signature))
        .map_err(CliError::failed)?;
    say("  signature verified: it was made by the key of the certificate");

    let directory = &arguments.out;
    fs::create_dir_all(directory).map_err(|error| CliError::output(directory, error))?;
    let device_file = write(directory, "demo-device.pem", &identity.device_certificate)?;
    let signer_file = write(directory, "demo-signer.pem", &identity.signer_certificate)?;
    let (device, signer) = (escape(&device_file), escape(&signer_file));
    let text = format!(
        "chain verified, signature verified\n\
         Look at the certificates:\n  \
           openssl verify -CAfile {signer} {device}\n  \
           openssl x509 -in {device} -noout -text\n\
         With a real chip: nerves-key signer create NAME, then nerves-key provision --help."
    );
    let document = json!({
        "chip": arguments.chip.to_string(),
        "manufacturer_serial": SERIAL,
        "chain_verified": true,
        "signature_verified": true,
        "device_certificate_file": device_file,
        "signer_certificate_file": signer_file,
        "device_certificate": summary.json(),
    });
    output.result(&text, &document)
}

/// The demonstration's own files are replaced each time.
fn write(directory: &Path, name: &str, certificate: &Certificate) -> Result<String, CliError> {
    let path = directory.join(name);
    let pem = certificate.to_pem();
    fs::write(&path, pem).map_err(|error| CliError::output(&path, error))?;
    Ok(path.to_string_lossy().into_owned())
}
