//! A configuration zone as text: hex in whatever separation, C arrays, YAML
//! lists.
//!
//! Digits are never joined across a separator: `4,F,23,42` is four bytes. Where
//! two readings are possible none is chosen.

mod layout;
mod notation;
#[cfg(test)]
mod tests;

use atecc::ConfigZone;
use atecc_config::{Shift, is_without_identity, shift};
use serde_json::Value;

use self::layout::{
    numbers_of, without_characters, without_comments, without_label, without_offsets, words,
};
use self::notation::{Notation, is_decimal, shorten};

/// The part's own bytes, which source code leaves out.
const IDENTITY: usize = 16;

/// Why a text is no zone.
#[derive(Debug, Eq, PartialEq, thiserror::Error)]
pub(super) enum DumpError {
    #[error(
        "{0:?} is no hex; a configuration zone is given as 256 hex digits, with whatever between \
         the bytes, as a C array, or as a YAML list"
    )]
    Word(String),
    #[error("{0:?} has an odd number of digits: which byte is short cannot be told")]
    OddGroup(String),
    #[error("{0} is no byte: 0 to 255")]
    TooLarge(String),
    #[error("{0:?} stands among numbers with 0x: write 0x{0} when it is hex")]
    Mixed(String),
    #[error("{0} bytes; a configuration zone has 128, or 112 without its first 16")]
    Length(usize),
    #[error(
        "{count} bytes that begin as a configuration zone does: its last {missing} are missing",
        missing = 128_usize.saturating_sub(*count)
    )]
    CutOff { count: usize },
    #[error(
        "it begins as a zone of swapped bytes does ({0:02X} {1:02X} {2:02X} {3:02X}, where 01 23 \
         would stand): hexdump without -C and arrays of 16 or 32 bits print them so; give the \
         bytes one by one (xxd, hexdump -C)"
    )]
    Swapped(u8, u8, u8, u8),
    #[error("{count} bytes instead of 128: the dump {shift}")]
    Shifted { count: usize, shift: Shift },
}

/// The zone in `text`; without its first 16 bytes these are 0: not told.
pub(super) fn parse(text: &str) -> Result<ConfigZone, DumpError> {
    // As `config show --json` and `config explain --json` have it.
    let document: Option<Value> = serde_json::from_str(text).ok();
    let own = document
        .as_ref()
        .and_then(|document| document["configuration"].as_str());
    zone(&bytes(own.unwrap_or(text))?)
}

/// The zone of these bytes, when there are 128 or 112.
pub(super) fn zone(bytes: &[u8]) -> Result<ConfigZone, DumpError> {
    // Every serial number begins with 01 23.
    if let [a, b, c, d, ..] = *bytes
        && ([a, b] == [0x23, 0x01] || [c, d] == [0x23, 0x01])
    {
        return Err(DumpError::Swapped(a, b, c, d));
    }
    if let Ok(zone) = bytes.try_into() {
        return Ok(ConfigZone(zone));
    }
    if let Ok(rest) = <[u8; 112]>::try_from(bytes)
        && is_without_identity(&rest)
    {
        let mut zone = [0; 128];
        zone[IDENTITY..].copy_from_slice(&rest);
        return Ok(ConfigZone(zone));
    }
    let count = bytes.len();
    Err(match (bytes, shift(bytes)) {
        ([0x01, 0x23, ..], None) if (IDENTITY..128).contains(&count) => DumpError::CutOff { count },
        (_, Some(shift)) => DumpError::Shifted {
            count: bytes.len(),
            shift,
        },
        (_, None) => DumpError::Length(bytes.len()),
    })
}

fn bytes(text: &str) -> Result<Vec<u8>, DumpError> {
    let text = without_comments(&without_characters(text));
    if let Some(word) = text.split([' ', ',', '[', '{', '\n']).find(|word| {
        let digits = word.strip_prefix('-').map(str::trim_end);
        digits.is_some_and(|digits| !digits.is_empty() && is_decimal(digits))
    }) {
        return Err(DumpError::TooLarge(shorten(word.trim_end())));
    }
    let lines: Vec<_> = numbers_of(&text).lines().collect();
    let lines = without_offsets(&lines).unwrap_or(lines);
    let words: Vec<_> = lines
        .into_iter()
        .flat_map(|line| words(without_label(line)))
        .collect();
    Notation::new(&words).read(&words)
}
