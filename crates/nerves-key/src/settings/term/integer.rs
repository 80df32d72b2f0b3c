//! Integers of any size, between decimal digits and bytes.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::TermError;

/// Decimal digits at a time: a power of ten that 32 bits hold.
const CHUNK: usize = 9;
const BILLION: u64 = 1_000_000_000;

/// Sign and magnitude.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) struct Integer {
    pub(super) negative: bool,
    /// The least byte first, none at the end that is 0.
    pub(super) magnitude: Vec<u8>,
}

impl Integer {
    /// # Errors
    /// [`TermError::Digits`].
    pub(super) fn from_decimal(text: &str) -> Result<Self, TermError> {
        let digits = text.strip_prefix(['-', '+']).unwrap_or(text).as_bytes();
        if digits.is_empty() || !digits.iter().all(u8::is_ascii_digit) {
            return Err(TermError::Digits);
        }
        let mut words: Vec<u32> = Vec::new();
        for chunk in digits.chunks(CHUNK) {
            let (mut factor, mut carry) = (1, 0);
            for digit in chunk {
                factor *= 10;
                carry = carry * 10 + u64::from(digit - b'0');
            }
            for word in &mut words {
                let (low, high) = halves(u64::from(*word) * factor + carry);
                (*word, carry) = (low, high.into());
            }
            words.push(halves(carry).0);
        }
        let magnitude = words.iter().flat_map(|word| word.to_le_bytes()).collect();
        Ok(Self::from_bytes(text.starts_with('-'), magnitude))
    }

    /// Of a sign and a magnitude, the least byte first.
    pub(super) fn from_bytes(negative: bool, mut magnitude: Vec<u8>) -> Self {
        while magnitude.last() == Some(&0) {
            magnitude.pop();
        }
        Self {
            negative: negative && !magnitude.is_empty(),
            magnitude,
        }
    }

    pub(super) fn to_decimal(&self) -> String {
        let mut words: Vec<u32> = self.magnitude.chunks(4).map(word).collect();
        let mut chunks = Vec::new();
        while !words.is_empty() {
            let mut rest = 0;
            for word in words.iter_mut().rev() {
                let number = rest << 32 | u64::from(*word);
                (*word, _) = halves(number / BILLION);
                rest = number % BILLION;
            }
            while words.last() == Some(&0) {
                words.pop();
            }
            chunks.push(rest);
        }
        // Zero has no digits but is written as one.
        let first = chunks.pop().unwrap_or(0);
        let sign = if self.negative { "-" } else { "" };
        let text = format!("{sign}{first}");
        let rest = chunks.iter().rev();
        rest.fold(text, |text, chunk| format!("{text}{chunk:0CHUNK$}"))
    }
}

impl From<i64> for Integer {
    fn from(number: i64) -> Self {
        Self::from_bytes(
            number.is_negative(),
            number.unsigned_abs().to_le_bytes().into(),
        )
    }
}

/// Up to four bytes, the least first.
fn word(bytes: &[u8]) -> u32 {
    let bytes = bytes.iter().rev();
    bytes.fold(0, |word, byte| word << 8 | u32::from(*byte))
}

/// The lower half and the upper one.
fn halves(number: u64) -> (u32, u32) {
    let bytes = number.to_le_bytes();
    let (low, high) = bytes.split_at(4);
    (word(low), word(high))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::string::ToString;
    use std::vec;

    #[test]
    fn digits_and_bytes_are_one_number() {
        // Computed by Python's int.from_bytes and str.
        let cases = [
            ("0", vec![]),
            ("255", vec![0xFF]),
            ("999999999", vec![0xFF, 0xC9, 0x9A, 0x3B]),
            ("1000000000", vec![0x00, 0xCA, 0x9A, 0x3B]),
            ("4294967296", vec![0, 0, 0, 0, 1]),
            ("18446744073709551617", vec![1, 0, 0, 0, 0, 0, 0, 0, 1]),
            (
                "1000000000000000000000000001",
                vec![
                    1, 0, 0, 0xE8, 0x3C, 0x80, 0xD0, 0x9F, 0x3C, 0x2E, 0x3B, 0x03,
                ],
            ),
        ];
        for (text, magnitude) in cases {
            let number = Integer::from_decimal(text).unwrap();
            assert_eq!(number.magnitude, magnitude, "{text}");
            assert_eq!(number.to_decimal(), text);
            let negative = Integer::from_bytes(true, magnitude);
            let minus = if text == "0" { "" } else { "-" };
            assert_eq!(negative.to_decimal(), format!("{minus}{text}"));
            assert_eq!(Integer::from_decimal(&format!("-{text}")), Ok(negative));
        }
        for number in [i64::MIN, -1, 0, 1, i64::MAX] {
            let text = number.to_string();
            assert_eq!(Integer::from_decimal(&text), Ok(number.into()));
        }
    }

    #[test]
    fn what_is_not_decimal_is_no_number() {
        assert_eq!(Integer::from_decimal("+007"), Ok(7.into()));
        for text in ["", "-", "+-1", "1_000", "1.0", "1e3", "0x1", " 1", "٣"] {
            assert_eq!(
                Integer::from_decimal(text),
                Err(TermError::Digits),
                "{text}"
            );
        }
    }
}
