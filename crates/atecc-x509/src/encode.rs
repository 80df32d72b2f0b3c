//! Writing DER and hex.

use alloc::vec::Vec;
use core::fmt;

use der::Tag;

/// One DER element of the concatenated `parts`, of any length. The number of a
/// `tag` here has one digit.
pub(crate) fn tlv(tag: Tag, parts: &[&[u8]]) -> Vec<u8> {
    let length = parts.iter().map(|part| part.len()).sum::<usize>();
    let mut element = Vec::with_capacity(length.saturating_add(LONGEST_HEADER));
    element.push(identifier(tag));
    push_length(&mut element, length);
    element.extend(parts.iter().copied().flatten());
    element
}

/// An INTEGER of these digits, which are not negative: as short as DER wants it.
pub(crate) fn unsigned(digits: &[u8]) -> Vec<u8> {
    let zeros = digits.iter().take_while(|digit| **digit == 0).count();
    let digits = digits.get(zeros..).unwrap_or_default();
    let sign: &[u8] = match digits {
        [0x00..=0x7F, ..] => &[],
        [] | [0x80..=0xFF, ..] => &[0x00],
    };
    tlv(Tag::Integer, &[sign, digits])
}

/// Tag, the length's length, the length.
const LONGEST_HEADER: usize = 2 + size_of::<usize>();

/// Source: X.690, section 8.1.2.
fn identifier(tag: Tag) -> u8 {
    let constructed = if tag.is_constructed() { 0x20 } else { 0x00 };
    let [number, ..] = tag.number().value().to_le_bytes();
    debug_assert!(number < 0x1F);
    tag.class() as u8 | constructed | number
}

/// Source: X.690, sections 8.1.3 and 10.1: the shortest form.
fn push_length(element: &mut Vec<u8>, length: usize) {
    if let Ok(short @ 0x00..=0x7F) = u8::try_from(length) {
        element.push(short);
    } else {
        let zeros = length.leading_zeros() / 8;
        let digits = length.to_be_bytes().into_iter().skip(zeros as usize);
        let [count, ..] = digits.len().to_le_bytes();
        element.push(0x80 | count);
        element.extend(digits);
    }
}

/// Upper-case, two digits a byte.
pub(crate) fn write_hex(f: &mut fmt::Formatter<'_>, bytes: &[u8]) -> fmt::Result {
    bytes.iter().try_for_each(|byte| write!(f, "{byte:02X}"))
}

/// The `parts` one after the other, in a size that the caller knows to be
/// theirs.
pub(crate) fn concat<const N: usize>(parts: &[&[u8]]) -> [u8; N] {
    debug_assert_eq!(parts.iter().map(|part| part.len()).sum::<usize>(), N);
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(parts.iter().copied().flatten()) {
        *to = *from;
    }
    bytes
}

#[cfg(test)]
mod tests {
    use der::asn1::{AnyRef, UintRef};
    use der::{Encode, TagNumber};

    use super::*;

    /// The crate `der` is the other encoder.
    #[test]
    fn elements_of_every_form_of_length() {
        for length in [
            0, 1, 0x7F, 0x80, 0xFF, 0x100, 0xFFFF, 0x1_0000, 0xFF_FFFF, 0x100_0000,
        ] {
            let content = alloc::vec![0x5A; length];
            let element = AnyRef::new(Tag::OctetString, &content).unwrap();
            let expected = element.to_der().unwrap();
            let (front, back) = content.split_at(length / 2);
            let found = tlv(Tag::OctetString, &[front, back]);
            assert!(found == expected, "{length}");
        }
    }

    #[test]
    fn every_tag_in_use() {
        let context = |constructed, number| Tag::ContextSpecific {
            constructed,
            number: TagNumber(number),
        };
        for tag in [
            Tag::Integer,
            Tag::BitString,
            Tag::OctetString,
            Tag::ObjectIdentifier,
            Tag::Utf8String,
            Tag::PrintableString,
            Tag::Ia5String,
            Tag::UtcTime,
            Tag::GeneralizedTime,
            Tag::Sequence,
            Tag::Set,
            context(true, 0),
            context(false, 1),
            context(false, 7),
            context(true, 4),
        ] {
            let expected = tag.to_der().unwrap();
            assert_eq!([identifier(tag)], expected.as_slice(), "{tag}");
        }
    }

    #[test]
    fn integers_are_as_short_as_they_can_be() {
        for digits in [
            &[0x00][..],
            &[0x01],
            &[0x00, 0x00],
            &[0x7F, 0xFF],
            &[0x80],
            &[0x00, 0x80],
            &[0x00, 0x00, 0x7F],
            &[0xFF; 32],
        ] {
            let expected = UintRef::new(digits).unwrap().to_der().unwrap();
            assert_eq!(unsigned(digits), expected);
        }
    }
}
