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
use der::{Decode, Encode, Reader, SliceReader, Tag};

use crate::Error;
use crate::encode::tlv;

/// R then S, 32 bytes each, big-endian.
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

    /// `SEQUENCE { INTEGER R, INTEGER S }` with minimal integers, at most 72
    /// bytes.
    ///
    /// # Errors
    /// [`Error::Der`] never occurs for 32-byte numbers; it is the encoder's.
    pub fn to_der(&self) -> Result<Vec<u8>, Error> {
        let (r, s) = self.0.split_at(32);
        Ok(tlv(
            Tag::Sequence,
            &[&UintRef::new(r)?.to_der()?, &UintRef::new(s)?.to_der()?],
        )?)
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
        let der = signature.to_der().unwrap();
        // SEQUENCE, INTEGER 01, INTEGER of 33 bytes.
        assert_eq!(der[..8], [0x30, 0x26, 0x02, 0x01, 0x01, 0x02, 0x21, 0x00]);
        assert_eq!(der[8..], bytes[32..]);
        assert_eq!(SignatureBytes::from_der(&der).unwrap(), signature);
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

    proptest! {
        #[test]
        fn der_round_trip(mut bytes in proptest::array::uniform::<_, 64>(any::<u8>()), zeros in 0_usize..34) {
            bytes[..zeros].fill(0);
            let signature = SignatureBytes::from_bytes(bytes);
            let der = signature.to_der().unwrap();
            prop_assert_eq!(SignatureBytes::from_der(&der).unwrap(), signature);
        }
    }
}
