//! Bytes in hex, as arguments have them.

use data_encoding::HEXLOWER_PERMISSIVE;

use crate::counted::counted;
use crate::error::CliError;

/// `text` as `N` bytes of hex; `what` is what to call it.
///
/// # Errors
/// Exit code 5, with what is wrong or how many bytes there are.
pub(crate) fn array<const N: usize>(what: &str, text: &str) -> Result<[u8; N], CliError> {
    bytes(what, text)?.try_into().map_err(|bytes: Vec<u8>| {
        let found = counted(bytes.len(), "byte");
        CliError::refused(format!("{what} has {found} instead of {N}"))
    })
}

/// Bytes as programs print them: pairs of digits, or one byte between blanks and
/// other separators, with or without `0x`, `\x`, `$` or an `h` at the end, also
/// as a string of C, Python or Rust.
///
/// # Errors
/// Exit code 5, with the word that is none.
pub(crate) fn bytes(what: &str, text: &str) -> Result<Vec<u8>, CliError> {
    let is_separator = |letter: char| {
        letter.is_whitespace() || (letter.is_ascii_punctuation() && !r"\$".contains(letter))
    };
    let text = text.trim();
    // Of a string of bytes.
    let text = ["b'", "b\""]
        .into_iter()
        .find_map(|prefix| text.strip_prefix(prefix))
        .unwrap_or(text);
    let mut bytes = Vec::new();
    for word in text.split(is_separator).filter(|word| !word.is_empty()) {
        let wrong = || {
            CliError::refused(format!(
                "{what}: {word:?} is no hex: two digits for a byte, or one alone between separators"
            ))
        };
        let digits = ["0x", "0X", r"\x", "$"]
            .into_iter()
            .find_map(|prefix| word.strip_prefix(prefix))
            .unwrap_or(word);
        let digits = digits.strip_suffix(['h', 'H']).unwrap_or(digits);
        // What has a prefix goes on with the next one: `\x04\x11`.
        for digits in digits.split(r"\x") {
            // Digits of two bytes are never joined: `4,F` is 04 0F.
            let padded = match digits.len() {
                0 => return Err(wrong()),
                1 => format!("0{digits}"),
                _ => digits.to_owned(),
            };
            match HEXLOWER_PERMISSIVE.decode(padded.as_bytes()) {
                Ok(pairs) => bytes.extend(pairs),
                Err(_position) => return Err(wrong()),
            }
        }
    }
    Ok(bytes)
}

/// Pairs of digits with spaces between, as a chip's answers are written.
pub(crate) fn with_spaces(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
    pairs.join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_bytes() {
        for text in [
            "04113343",
            "04 11 33 43",
            "4,11,33,43",
            "0x04, 0x11, 0x33, 0x43",
            "0x04113343",
            "{ 0x04, 0x11, 0x33, 0x43 }",
            "[0x4 0x11 0x33 0x43]",
            r"\x04\x11\x33\x43",
            r#""\x04\x11\x33\x43""#,
            r"b'\x04\x11\x33\x43'",
            "04h 11h 33h 43H",
            "$04 $11 $33 $43",
            "04:11:33:43",
            "04-11-33-43",
            "04.11.33.43",
            "04_11_33_43",
            "04|11|33|43",
            "04/11/33/43",
            "<04 113343>",
            "04\n11\r\n33\t43",
        ] {
            let found = bytes("--hex", text).unwrap();
            assert_eq!(found, [0x04, 0x11, 0x33, 0x43], "{text}");
        }
        for (text, word) in [("012", "012"), ("0x", "0x"), ("04 xyz", "xyz")] {
            let message = bytes("--hex", text).unwrap_err().to_string();
            let wanted = format!("--hex: {word:?} is no hex");
            assert!(message.starts_with(&wanted), "{text}: {message}");
        }
        assert_eq!(array::<2>("it", "0x01, 0x02").unwrap(), [1, 2]);
        let error = array::<2>("it", "01").unwrap_err().to_string();
        assert_eq!(error, "it has 1 byte instead of 2");
    }
}
