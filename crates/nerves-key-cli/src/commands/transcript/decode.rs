//! `nerves-key transcript decode`.

use std::path::Path;

use atecc_decode::{Explained, FrameKind, explain_frame};
use data_encoding::HEXLOWER_PERMISSIVE;

use super::load::load;
use super::slots::Slots;
use crate::cli::SlotNames;
use crate::error::CliError;
use crate::output::Output;

pub(super) fn run(
    file: Option<&Path>,
    hex: Option<&str>,
    slots: Option<SlotNames>,
    output: Output,
) -> Result<(), CliError> {
    match (file, hex) {
        (_, Some(hex)) => frame(hex, &Slots::named(slots), output),
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
fn frame(hex: &str, slots: &Slots, output: Output) -> Result<(), CliError> {
    let bytes = bytes(hex)?;
    if bytes.is_empty() {
        return Err(CliError::refused("--hex: no bytes"));
    }
    let explained = explain_frame(&bytes, slots);
    let document = serde_json::to_value(&explained).map_err(CliError::failed)?;
    if explained.kind == FrameKind::Damaged {
        return Err(CliError::failed(explained.text));
    }
    output.result(&explained.text, &document)
}

/// Bytes as programs print them: pairs of digits, or one byte between blanks,
/// commas, colons or brackets, with or without `0x`.
fn bytes(hex: &str) -> Result<Vec<u8>, CliError> {
    let separators = [
        ' ', ',', ':', ';', '-', '[', ']', '(', ')', '{', '}', '<', '>', '\t', '\r', '\n',
    ];
    let mut bytes = Vec::new();
    for word in hex.split(separators).filter(|word| !word.is_empty()) {
        let digits = ["0x", "0X", "\\x", "$"]
            .into_iter()
            .find_map(|prefix| word.strip_prefix(prefix));
        // What has a prefix goes on with the next one: `\x04\x11`.
        for digits in digits.unwrap_or(word).split("\\x") {
            // Digits of two bytes are never joined: `4,F` is 04 0F.
            let padded = match digits.len() {
                1 => format!("0{digits}"),
                _ => digits.to_owned(),
            };
            let pairs = HEXLOWER_PERMISSIVE.decode(padded.as_bytes());
            bytes.extend(pairs.map_err(|error| {
                CliError::refused(format_args!("--hex: {word:?} is no byte: {error}"))
            })?);
        }
    }
    Ok(bytes)
}
