//! How the numbers of a dump are written.

use super::DumpError;

/// How numbers are written.
#[derive(Clone, Copy, Eq, PartialEq)]
pub(super) enum Notation {
    /// Groups of hex digits, of one digit or an even number.
    Hex,
    /// Each with 0x.
    Prefixed,
    /// 0 to 255.
    Decimal,
}

impl Notation {
    pub(super) fn new(words: &[&str]) -> Self {
        if words.iter().any(|word| prefix(word).is_some()) {
            Self::Prefixed
        } else if words
            .iter()
            .all(|word| is_decimal(word) && (word.len() == 1 || !word.starts_with('0')))
            && words.iter().any(|word| word.len() == 3)
        {
            // No hex of a byte has three digits.
            Self::Decimal
        } else {
            Self::Hex
        }
    }

    /// The bytes that the words stand for.
    pub(super) fn read(self, words: &[&str]) -> Result<Vec<u8>, DumpError> {
        let mut bytes = Vec::new();
        for word in words {
            match self {
                Self::Hex => push_hex(&mut bytes, word)?,
                Self::Decimal => bytes.push(decimal(word)?),
                Self::Prefixed => match prefix(word) {
                    Some(digits) => push_hex(&mut bytes, digits)?,
                    // The same in both notations.
                    None if word.len() == 1 && is_decimal(word) => bytes.push(decimal(word)?),
                    None => return Err(DumpError::Mixed(shorten(word))),
                },
            }
        }
        Ok(bytes)
    }
}

/// Digits after 0x, or after the x of a C string.
fn prefix(word: &str) -> Option<&str> {
    ["0x", "0X", "x"]
        .into_iter()
        .find_map(|prefix| word.strip_prefix(prefix))
}

pub(super) fn is_decimal(word: &str) -> bool {
    word.bytes().all(|digit| digit.is_ascii_digit())
}

fn decimal(word: &str) -> Result<u8, DumpError> {
    let number = word.parse().ok();
    number.ok_or_else(|| DumpError::TooLarge(shorten(word)))
}

fn push_hex(bytes: &mut Vec<u8>, word: &str) -> Result<(), DumpError> {
    let digits: Option<Vec<u8>> = word
        .chars()
        .map(|digit| {
            digit
                .to_digit(16)
                .and_then(|value| u8::try_from(value).ok())
        })
        .collect();
    let digits = digits.ok_or_else(|| DumpError::Word(shorten(word)))?;
    match digits[..] {
        [] => return Err(DumpError::Word(shorten(word))),
        [one] => bytes.push(one),
        _ if digits.len() % 2 == 1 => return Err(DumpError::OddGroup(shorten(word))),
        _ => bytes.extend(digits.chunks(2).map(|pair| pair[0] << 4 | pair[1])),
    }
    Ok(())
}

/// So much of a word that it is found again.
pub(super) fn shorten(word: &str) -> String {
    match word.char_indices().nth(24) {
        Some((end, _)) => format!("{}..", &word[..end]),
        None => word.to_owned(),
    }
}
