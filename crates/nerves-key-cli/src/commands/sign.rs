//! `nerves-key sign`.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use atecc_x509::SignatureBytes;
use data_encoding::HEXUPPER;
use nerves_key::SignVerified;
use serde_json::json;
use sha2::{Digest, Sha256};

use crate::causes;
use crate::cli::sign::{Format, Sign};
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::hex;
use crate::output::{Output, escape_path};

pub(super) fn run(arguments: &Sign, output: Output) -> Result<(), CliError> {
    files::check_out(arguments.out.as_deref())?;
    let digest = digest(arguments.digest.as_deref(), arguments.file.as_deref())?;
    let mut device = arguments.chip.open()?;
    let signature = causes::run(&mut device, SignVerified::new(digest))?;
    let der = SignatureBytes::from_bytes(signature).to_der();
    let bytes = match arguments.format {
        Format::Der => der.as_slice(),
        Format::Raw => &signature,
    };
    let text = match &arguments.out {
        Some(path) => {
            files::create(path, bytes, Readers::Everyone)?;
            escape_path(path)
        }
        None => HEXUPPER.encode(bytes),
    };
    let document = json!({
        "digest": HEXUPPER.encode(&digest),
        "signature": HEXUPPER.encode(&signature),
        "signature_raw": HEXUPPER.encode(&signature),
        "signature_der": HEXUPPER.encode(&der),
    });
    output.result(&text, &document)
}

/// The digest that is named, or that of a file.
pub(super) fn digest(named: Option<&str>, file: Option<&Path>) -> Result<[u8; 32], CliError> {
    match (named, file) {
        (Some(text), _) => hex::array("--digest", text),
        (None, Some(path)) => digest_of(path),
        (None, None) => Err(CliError::refused("no message: give FILE or --digest")),
    }
}

/// 16 GiB: a message is hashed as it comes, but what never ends is none.
const LIMIT: u64 = 16 << 30;

fn digest_of(path: &Path) -> Result<[u8; 32], CliError> {
    let mut source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin().lock())
    } else {
        Box::new(File::open(path).map_err(|error| CliError::input(path, error))?)
    };
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 64 * 1024];
    let mut left = LIMIT;
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(hasher.finalize().into()),
            Ok(len) => {
                let Some(rest) = left.checked_sub(len as u64) else {
                    let error = format!("larger than {LIMIT} bytes: give its SHA-256 by --digest");
                    return Err(CliError::input(path, error));
                };
                left = rest;
                hasher.update(&buffer[..len]);
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(CliError::input(path, error)),
        }
    }
}
