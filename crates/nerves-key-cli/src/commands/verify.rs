//! `nerves-key verify`.

use std::path::Path;

use atecc_x509::SignatureBytes;
use data_encoding::{HEXLOWER_PERMISSIVE, HEXUPPER};
use nerves_key::ReadSnapshot;
use serde_json::json;

use super::sign::digest;
use crate::causes;
use crate::cli::verify::Verify;
use crate::error::{CliError, Exit};
use crate::files;
use crate::missing_part::{self, Part};
use crate::output::Output;

pub(super) fn run(arguments: &Verify, output: Output) -> Result<(), CliError> {
    let digest = digest(arguments.digest.as_deref(), arguments.file.as_deref())?;
    let signature = signature(&arguments.signature)?;
    let key = if let Some(path) = &arguments.key {
        files::public_key(path)?
    } else {
        let snapshot = causes::run(&mut arguments.chip.open()?, ReadSnapshot::new())?;
        let key = snapshot.public_key.ok_or_else(|| {
            let error = CliError::new(Exit::Stage, "the chip has no key yet");
            missing_part::explain(&snapshot, Part::PublicKey, error)
        })?;
        key.into()
    };
    let verdict = key.verify(&digest, &signature);
    let document = json!({
        "verified": verdict.is_ok(),
        "digest": HEXUPPER.encode(&digest),
        "public_key": HEXUPPER.encode(key.as_bytes()),
    });
    match verdict {
        Ok(()) => output.result("the signature verifies", &document),
        Err(error) => {
            let error = CliError::failed(error);
            if output.is_json() {
                output.result("", &document)?;
                return Err(error.after_document());
            }
            Err(error)
        }
    }
}

/// In hex or a file, in either form.
fn signature(text: &str) -> Result<SignatureBytes, CliError> {
    let bytes = match HEXLOWER_PERMISSIVE.decode(text.as_bytes()) {
        Ok(bytes) if !bytes.is_empty() => bytes,
        _ => files::read(Path::new(text))?,
    };
    if let Ok(raw) = <[u8; 64]>::try_from(bytes.as_slice()) {
        return Ok(SignatureBytes::from_bytes(raw));
    }
    SignatureBytes::from_der(&bytes).map_err(|error| {
        let len = bytes.len();
        CliError::refused(error).about(format!(
            "--signature has {len} bytes, neither the 64 of R then S nor DER"
        ))
    })
}
