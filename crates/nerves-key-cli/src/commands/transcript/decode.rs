//! `nerves-key transcript decode`.

use std::path::Path;

use atecc_decode::{BytesKind, Explained, explain_bytes};

use super::load::load;
use super::slots::Slots;
use crate::cli::transcript::SlotNames;
use crate::error::CliError;
use crate::hex;
use crate::output::Output;

pub(super) fn run(
    file: Option<&Path>,
    hex: Option<&str>,
    slots: Option<SlotNames>,
    output: Output,
) -> Result<(), CliError> {
    match (file, hex) {
        (_, Some(hex)) => frame(hex, &Slots::from_option(slots), output),
        (Some(file), None) => {
            let transcript = load(file)?;
            let explained = Explained::new(&transcript, &Slots::of(&transcript, slots));
            let document = serde_json::to_value(&explained).map_err(CliError::failed)?;
            output.result(&explained.to_string(), &document)
        }
        (None, None) => Err(CliError::refused("nothing to decode: give FILE or --hex")),
    }
}

/// One frame; a damaged one is a failure.
fn frame(digits: &str, slots: &Slots, output: Output) -> Result<(), CliError> {
    let bytes = hex::bytes("--hex", digits)?;
    if bytes.is_empty() {
        return Err(CliError::refused("--hex: no bytes"));
    }
    let explained = explain_bytes(&bytes, slots);
    let document = serde_json::to_value(&explained).map_err(CliError::failed)?;
    if explained.kind == BytesKind::Damaged {
        return Err(CliError::failed(explained.text));
    }
    output.result(&explained.text, &document)
}
