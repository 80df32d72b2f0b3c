//! Hexadecimal text, for serial numbers and image files.

/// The bytes of an even number of digits; `None` for anything else.
pub(crate) fn decode(text: &str) -> Option<Vec<u8>> {
    let nibbles = text
        .chars()
        .map(|c| c.to_digit(16).and_then(|digit| u8::try_from(digit).ok()))
        .collect::<Option<Vec<u8>>>()?;
    let pairs = nibbles.chunks_exact(2);
    let whole = pairs.remainder().is_empty();
    whole.then(|| pairs.map(|pair| pair[0] << 4 | pair[1]).collect())
}

#[cfg(test)]
mod tests {
    use super::decode;

    #[test]
    fn whole_bytes_only() {
        assert_eq!(decode("00fFa5"), Some(vec![0x00, 0xFF, 0xA5]));
        assert_eq!(decode(""), Some(vec![]));
        assert_eq!(decode("0"), None);
        assert_eq!(decode("0x"), None);
        assert_eq!(decode("+1"), None);
    }
}
