//! ECDSA signatures as chips hold them and as certificates hold them.
//!
//! A chip's R and S are always 32 bytes each; DER's INTEGER is as short as the
//! number allows, with a zero byte in front when the top bit is set. One
//! certificate in 128 has a leading zero byte in R or S: kept, it would make
//! the DER invalid and the rebuilt certificate another one.
//! Source: RFC 3279, section 2.2.3; X.690, section 8.3.2.

use alloc::vec::Vec;
use core::fmt;

use der::asn1::UintRef;
use der::{Decode, Reader, SliceReader, Tag};

use crate::Error;
use crate::encode::{tlv, unsigned};

/// The order n of P-256's group. Source: FIPS 186-5 by way of SP 800-186,
/// section 3.2.1.3.
const ORDER: [u8; 32] = [
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF,
    0xBC, 0xE6, 0xFA, 0xAD, 0xA7, 0x17, 0x9E, 0x84, 0xF3, 0xB9, 0xCA, 0xC2, 0xFC, 0x63, 0x25, 0x51,
];

/// R then S, 32 bytes each, big-endian.
///
/// ```
/// use atecc_x509::SignatureBytes;
///
/// let mut bytes = [0; 64];
/// bytes[31] = 0x80; // R = 128
/// bytes[63] = 0x01; // S = 1
/// let signature = SignatureBytes::from_bytes(bytes);
/// // X.690, section 8.3.2: no byte more than the number needs with its sign.
/// let der = [0x30, 0x07, 0x02, 0x02, 0x00, 0x80, 0x02, 0x01, 0x01];
/// assert_eq!(signature.to_der(), der);
/// assert_eq!(SignatureBytes::from_der(&der)?, signature);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct SignatureBytes([u8; 64]);

impl SignatureBytes {
    /// R then S, big-endian, padded on the left.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 64]) -> Self {
        Self(bytes)
    }

    /// R then S.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// Whether the Elixir library reads a certificate with this signature:
    /// R and S are both 2^247 or more. Of 256 signatures about one is not so.
    ///
    /// When it rebuilds a certificate it takes all 32 bytes of a number as an
    /// INTEGER's and puts a zero byte in front of a top bit, but takes none
    /// away: below 2^247 the first nine bits are zero, which no DER integer
    /// may begin with, and whoever verifies the certificate refuses it.
    /// Source: atecc508a 1.4, `lib/atecc508a/certificate.ex`,
    /// `decompress_signature`; X.690, section 8.3.2.
    #[must_use]
    pub const fn is_readable_by_reference(&self) -> bool {
        let bytes = &self.0;
        let [r0, r1, ..] = *bytes;
        let [s0, s1, ..] = *bytes.split_at(32).1 else {
            return false;
        };
        (r0 != 0 || r1 >= 0x80) && (s0 != 0 || s1 >= 0x80)
    }

    /// The same signature as the Elixir library reads it, where S is what it
    /// cannot: (R, n - S) verifies wherever (R, S) does, and of S and n - S one
    /// at least is long. A short R needs another signature.
    /// Source: SEC 1 v2.0, section 4.1.4: only x of the point is compared.
    #[must_use]
    pub fn with_long_s(self) -> Self {
        let (_, s) = self.0.split_at(32);
        let zero = s.iter().all(|byte| *byte == 0);
        if zero || matches!(s, [s0, s1, ..] if *s0 != 0 || *s1 >= 0x80) {
            return self;
        }
        let mut bytes = self.0;
        let (_, s) = bytes.split_at_mut(32);
        let mut borrow = false;
        for (digit, order) in s.iter_mut().zip(ORDER).rev() {
            let (difference, first) = order.overflowing_sub(*digit);
            let (difference, second) = difference.overflowing_sub(borrow.into());
            *digit = difference;
            borrow = first || second;
        }
        Self(bytes)
    }

    /// `SEQUENCE { INTEGER R, INTEGER S }` with minimal integers, at most 72
    /// bytes.
    #[must_use]
    pub fn to_der(&self) -> Vec<u8> {
        let (r, s) = self.0.split_at(32);
        tlv(Tag::Sequence, &[&unsigned(r), &unsigned(s)])
    }

    /// # Errors
    /// [`Error::Der`] when `der` is not exactly one sequence of two minimal
    /// positive integers, [`Error::SignatureNumber`] when one is longer than
    /// 32 bytes.
    pub fn from_der(der: &[u8]) -> Result<Self, Error> {
        let mut reader = SliceReader::new(der)?;
        let (r, s) = reader.sequence(|reader| {
            Ok::<_, der::Error>((UintRef::decode(reader)?, UintRef::decode(reader)?))
        })?;
        reader.finish()?;
        let mut bytes = [0; 64];
        let (left, right) = bytes.split_at_mut(32);
        for (number, field) in [(r, left), (s, right)] {
            let number = number.as_bytes();
            let padding = field
                .len()
                .checked_sub(number.len())
                .ok_or(Error::SignatureNumber(number.len()))?;
            for (to, from) in field.iter_mut().skip(padding).zip(number) {
                *to = *from;
            }
        }
        Ok(Self(bytes))
    }
}

impl fmt::Debug for SignatureBytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SignatureBytes(")?;
        crate::encode::write_hex(f, &self.0)?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// R = 1, S = 2^255: the shortest integer and the one with a sign byte.
    #[test]
    fn integers_are_minimal() {
        let mut bytes = [0; 64];
        bytes[31] = 0x01;
        bytes[32] = 0x80;
        let signature = SignatureBytes::from_bytes(bytes);
        let der = signature.to_der();
        // SEQUENCE, INTEGER 01, INTEGER of 33 bytes.
        assert_eq!(der[..8], [0x30, 0x26, 0x02, 0x01, 0x01, 0x02, 0x21, 0x00]);
        assert_eq!(der[8..], bytes[32..]);
        assert_eq!(SignatureBytes::from_der(&der).unwrap(), signature);
        let debug = std::format!("{signature:?}");
        let zeros = "0".repeat(62);
        assert_eq!(debug, std::format!("SignatureBytes({zeros}0180{zeros})"));
    }

    #[test]
    fn bad_der_is_refused() {
        for der in [
            &[][..],
            &[0x30, 0x00],
            // R with a needless zero byte, as the existing libraries emit it.
            &[0x30, 0x07, 0x02, 0x02, 0x00, 0x01, 0x02, 0x01, 0x01],
            // A negative S.
            &[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x81],
            // A byte after the sequence.
            &[0x30, 0x06, 0x02, 0x01, 0x01, 0x02, 0x01, 0x01, 0x00],
        ] {
            assert!(
                matches!(SignatureBytes::from_der(der), Err(Error::Der(_))),
                "{der:02X?}"
            );
        }
        let mut long = std::vec![0x30, 0x26, 0x02, 0x21, 0x01];
        long.extend([0; 32]);
        long.extend([0x02, 0x01, 0x01]);
        assert!(matches!(
            SignatureBytes::from_der(&long),
            Err(Error::SignatureNumber(33))
        ));
    }

    /// What the Elixir library makes of 64 bytes.
    fn by_the_reference(bytes: &[u8; 64]) -> Vec<u8> {
        let integer = |number: &[u8]| {
            let mut content = number.to_vec();
            if content[0] >= 0x80 {
                content.insert(0, 0);
            }
            let mut tlv = std::vec![0x02, u8::try_from(content.len()).unwrap()];
            tlv.extend(content);
            tlv
        };
        let (r, s) = bytes.split_at(32);
        let both = [integer(r), integer(s)].concat();
        let mut der = std::vec![0x30, u8::try_from(both.len()).unwrap()];
        der.extend(both);
        der
    }

    /// 2^246, 2^247 - 1, 2^247 and 2^248 in the place of R and of S.
    #[test]
    fn the_reference_reads_numbers_from_2_to_the_247th() {
        let number = |first: [u8; 2], rest: u8| {
            let mut number = [rest; 32];
            number[..2].copy_from_slice(&first);
            number
        };
        let long = number([0x80, 0x00], 0x55);
        for (one, readable) in [
            (number([0x00, 0x40], 0x00), false),
            (number([0x00, 0x7F], 0xFF), false),
            (number([0x00, 0x80], 0x00), true),
            (number([0x01, 0x00], 0x00), true),
        ] {
            for (r, s) in [(one, long), (long, one)] {
                let mut bytes = [0; 64];
                bytes[..32].copy_from_slice(&r);
                bytes[32..].copy_from_slice(&s);
                let signature = SignatureBytes::from_bytes(bytes);
                assert_eq!(
                    signature.is_readable_by_reference(),
                    readable,
                    "{bytes:02X?}"
                );
                let theirs = SignatureBytes::from_der(&by_the_reference(&bytes));
                assert_eq!(theirs.is_ok(), readable, "{bytes:02X?}");
                let mended = signature.with_long_s();
                assert_eq!(mended.is_readable_by_reference(), readable || r == long);
                assert_eq!(mended == signature, readable || s == long);
            }
        }
        // n - 1, whose low digits borrow all the way up.
        let mut bytes = [0; 64];
        bytes[0] = 0x01;
        bytes[63] = 0x01;
        let mended = SignatureBytes::from_bytes(bytes).with_long_s();
        assert_eq!(mended.0[32..63], ORDER[..31]);
        assert_eq!(mended.0[63], 0x50);
        bytes[63] = 0x52;
        let mended = SignatureBytes::from_bytes(bytes).with_long_s();
        assert_eq!(mended.0[62..], [0x24, 0xFF]);
        // 0 is no S, and n is none either.
        bytes[63] = 0;
        let none = SignatureBytes::from_bytes(bytes);
        assert_eq!(none.with_long_s(), none);
    }

    proptest! {
        #[test]
        fn readable_is_what_the_reference_makes_der_of(mut bytes in proptest::array::uniform::<_, 64>(any::<u8>()), zeros in 0_usize..4, at in 0_usize..2) {
            bytes[32 * at..32 * at + zeros].fill(0);
            let signature = SignatureBytes::from_bytes(bytes);
            let theirs = SignatureBytes::from_der(&by_the_reference(&bytes));
            prop_assert_eq!(theirs.is_ok_and(|theirs| theirs == signature), signature.is_readable_by_reference());
        }

        #[test]
        fn der_round_trip(mut bytes in proptest::array::uniform::<_, 64>(any::<u8>()), zeros in 0_usize..34) {
            bytes[..zeros].fill(0);
            let signature = SignatureBytes::from_bytes(bytes);
            let der = signature.to_der();
            prop_assert_eq!(SignatureBytes::from_der(&der).unwrap(), signature);
        }
    }
}
