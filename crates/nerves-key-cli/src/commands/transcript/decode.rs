//! `nerves-key transcript decode`.

use std::path::Path;

use atecc_decode::{Explained, FrameKind, explain_frame};
use data_encoding::HEXLOWER_PERMISSIVE;

use super::NervesKeySlots;
use super::load::load;
use crate::error::CliError;
use crate::output::Output;

pub(super) fn run(file: Option<&Path>, hex: Option<&str>, output: Output) -> Result<(), CliError> {
    match (file, hex) {
        (_, Some(hex)) => frame(hex, output),
        (Some(file), None) => {
            let explained = Explained::new(&load(file)?, &NervesKeySlots);
            let document = serde_json::to_value(&explained).map_err(CliError::failed)?;
            output.result(&explained.to_string(), &document)
        }
        (None, None) => Err(CliError::refused("nothing to decode: give FILE or --hex")),
    }
}

/// One frame; a damaged one is a failure.
fn frame(hex: &str, output: Output) -> Result<(), CliError> {
    let bytes = bytes(hex)?;
    let explained = explain_frame(&bytes, &NervesKeySlots);
    let document = serde_json::to_value(&explained).map_err(CliError::failed)?;
    if explained.kind == FrameKind::Damaged {
        return Err(CliError::failed(explained.text));
    }
    output.result(&explained.text, &document)
}

/// Hex digits as programs print them: with blanks, commas, colons or `0x`.
fn bytes(hex: &str) -> Result<Vec<u8>, CliError> {
    let digits: String = hex
        .replace("0x", " ")
        .chars()
        .filter(|character| !matches!(character, ' ' | ',' | ':' | '-' | '[' | ']' | '\t' | '\n'))
        .collect();
    HEXLOWER_PERMISSIVE
        .decode(digits.as_bytes())
        .map_err(|error| CliError::refused(format_args!("--hex {hex:?}: {error}")))
}
