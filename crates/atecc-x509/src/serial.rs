//! The certificate's serial number, made from what the chip knows.
//!
//! Source: compressed certificate application note (Atmel-8974), "Serial
//! Number Source"; cryptoauthlib `atcacert_def.h`, `atcacert_cert_sn_src_t`.

use core::fmt;

use sha2::{Digest, Sha256};

use crate::encode::write_hex;
use crate::{EncodedDates, PublicKey};

/// Where the serial number comes from: the high half of byte 70.
///
/// ```
/// use atecc_x509::SerialSource;
///
/// assert_eq!(SerialSource::from_code(0x0), Some(SerialSource::Stored));
/// assert_eq!(SerialSource::Stored.code(), 0x0);
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
pub enum SerialSource {
    /// Stored elsewhere on the chip.
    Stored = 0x0,
    /// Stored elsewhere on the chip, its length byte first.
    StoredDynamic = 0x7,
    /// 40, then the chip's 9-byte serial number.
    DeviceSn = 0x8,
    /// 40, then the signer ID.
    SignerId = 0x9,
    /// SHA-256 of public key and dates, top bits 01.
    PublicKeyPositive = 0xA,
    /// SHA-256 of the chip's serial number and dates, top bits 01.
    DeviceSnHashPositive = 0xB,
    /// As A, top bit 0.
    PublicKeyUnsigned = 0xC,
    /// As B, top bit 0.
    DeviceSnHashUnsigned = 0xD,
    /// As A, unchanged.
    PublicKeyRaw = 0xE,
    /// As B, unchanged.
    DeviceSnHashRaw = 0xF,
}

/// What serial numbers are made from.
#[derive(Clone, Copy, Debug)]
pub struct SerialInputs<'a> {
    /// The subject's key.
    pub public_key: Option<&'a PublicKey>,
    /// The chip's own serial number.
    pub device_sn: Option<&'a [u8; 9]>,
    /// Bytes 67 and 68 of the compressed certificate.
    pub signer_id: u16,
    /// The dates of the compressed certificate.
    pub dates: EncodedDates,
}

/// A serial number of 1 to 32 bytes, big-endian, as the INTEGER's content.
#[derive(Clone, Copy, Eq, Hash, PartialEq)]
pub struct SerialNumber {
    bytes: [u8; 32],
    length: usize,
}

/// Why there is no serial number.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SerialError {
    /// Sources 0 and 7.
    #[error("serial number source {:X}: the serial number is stored elsewhere on the chip", .0.code())]
    StoredElsewhere(SerialSource),
    /// The source hashes the chip's serial number, and none was given.
    #[error("serial number source {:X} needs the serial number of the chip", .0.code())]
    NoDeviceSn(SerialSource),
    /// The source hashes the public key, and none was given.
    #[error("serial number source {:X} needs the public key", .0.code())]
    NoPublicKey(SerialSource),
    /// A hash gives at most 32 bytes.
    #[error("a serial number of {0} bytes cannot be made: 1 to 32")]
    Length(usize),
}

/// What becomes of the first byte of a hash.
#[derive(Clone, Copy)]
enum TopBits {
    Positive,
    Unsigned,
    Raw,
}

impl SerialSource {
    /// The source of a 4-bit code; `None` for the unassigned 1 to 6.
    #[must_use]
    pub const fn from_code(code: u8) -> Option<Self> {
        Some(match code {
            0x0 => Self::Stored,
            0x7 => Self::StoredDynamic,
            0x8 => Self::DeviceSn,
            0x9 => Self::SignerId,
            0xA => Self::PublicKeyPositive,
            0xB => Self::DeviceSnHashPositive,
            0xC => Self::PublicKeyUnsigned,
            0xD => Self::DeviceSnHashUnsigned,
            0xE => Self::PublicKeyRaw,
            0xF => Self::DeviceSnHashRaw,
            _ => return None,
        })
    }

    /// The 4-bit code.
    #[must_use]
    pub const fn code(self) -> u8 {
        self as u8
    }

    /// Whether the number is a hash, which the dates are part of.
    #[must_use]
    pub const fn hashes_dates(self) -> bool {
        match self {
            Self::Stored | Self::StoredDynamic | Self::DeviceSn | Self::SignerId => false,
            Self::PublicKeyPositive
            | Self::DeviceSnHashPositive
            | Self::PublicKeyUnsigned
            | Self::DeviceSnHashUnsigned
            | Self::PublicKeyRaw
            | Self::DeviceSnHashRaw => true,
        }
    }

    /// The serial number; `length` is the template's, 16 in practice, and
    /// counts for hashed sources only: 8 always has 10 bytes, 9 has 3.
    ///
    /// # Errors
    /// [`SerialError`] when the number is elsewhere, an input is missing, or
    /// `length` is not 1 to 32.
    pub fn serial_number(
        self,
        inputs: &SerialInputs<'_>,
        length: usize,
    ) -> Result<SerialNumber, SerialError> {
        let public_key = || inputs.public_key.ok_or(SerialError::NoPublicKey(self));
        let device_sn = || inputs.device_sn.ok_or(SerialError::NoDeviceSn(self));
        let hashed = |subject: &[u8], top_bits| hashed(subject, inputs.dates, top_bits, length);
        match self {
            Self::Stored | Self::StoredDynamic => Err(SerialError::StoredElsewhere(self)),
            Self::DeviceSn => Ok(SerialNumber::marked(device_sn()?)),
            Self::SignerId => Ok(SerialNumber::marked(&inputs.signer_id.to_be_bytes())),
            Self::PublicKeyPositive => hashed(public_key()?.as_bytes(), TopBits::Positive),
            Self::DeviceSnHashPositive => hashed(device_sn()?, TopBits::Positive),
            Self::PublicKeyUnsigned => hashed(public_key()?.as_bytes(), TopBits::Unsigned),
            Self::DeviceSnHashUnsigned => hashed(device_sn()?, TopBits::Unsigned),
            Self::PublicKeyRaw => hashed(public_key()?.as_bytes(), TopBits::Raw),
            Self::DeviceSnHashRaw => hashed(device_sn()?, TopBits::Raw),
        }
    }
}

fn hashed(
    subject: &[u8],
    dates: EncodedDates,
    top_bits: TopBits,
    length: usize,
) -> Result<SerialNumber, SerialError> {
    if !(1..=32).contains(&length) {
        return Err(SerialError::Length(length));
    }
    let mut hash = Sha256::new_with_prefix(subject);
    dates.hash_into(&mut hash);
    let [first, rest @ ..]: [u8; 32] = hash.finalize().into();
    let first = match top_bits {
        TopBits::Positive => first & 0x7F | 0x40,
        TopBits::Unsigned => first & 0x7F,
        TopBits::Raw => first,
    };
    Ok(SerialNumber {
        bytes: crate::encode::concat(&[&[first], &rest]),
        length,
    })
}

impl SerialNumber {
    /// 40, then `bytes`.
    fn marked(bytes: &[u8]) -> Self {
        let mut number = [0; 32];
        let marked = [0x40].iter().chain(bytes);
        for (to, from) in number.iter_mut().zip(marked) {
            *to = *from;
        }
        Self {
            bytes: number,
            length: 1 + bytes.len(),
        }
    }

    /// A number that is stored or fixed.
    ///
    /// # Errors
    /// [`SerialError::Length`] unless it has 1 to 32 bytes.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, SerialError> {
        let length = bytes.len();
        if !(1..=32).contains(&length) {
            return Err(SerialError::Length(length));
        }
        let mut number = [0; 32];
        for (to, from) in number.iter_mut().zip(bytes) {
            *to = *from;
        }
        Ok(Self {
            bytes: number,
            length,
        })
    }

    /// 1 to 32 bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Display for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write_hex(f, self.as_bytes())
    }
}

impl fmt::Debug for SerialNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SerialNumber({self})")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;
    use crate::Format;

    const DEVICE_SN: [u8; 9] = [0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xEE];
    const BITS: [u8; 3] = [0x96, 0x3A, 0x9F];

    fn serial(source: SerialSource, dates: EncodedDates) -> std::string::String {
        let public_key = PublicKey::from_bytes(core::array::from_fn(|i| i.to_le_bytes()[0]));
        let inputs = SerialInputs {
            public_key: Some(&public_key),
            device_sn: Some(&DEVICE_SN),
            signer_id: 0x2C00,
            dates,
        };
        match source.serial_number(&inputs, 16) {
            Ok(number) => number.to_string(),
            Err(error) => error.to_string(),
        }
    }

    /// Codes 1 to 6 are unassigned.
    #[test]
    fn codes_of_sources() {
        for code in 0..=0xFF {
            let assigned = matches!(code, 0 | 7..=0xF);
            let found = SerialSource::from_code(code).map(SerialSource::code);
            assert_eq!(found, assigned.then_some(code));
        }
    }

    #[test]
    fn the_debug_form_has_the_number() {
        let number = SerialNumber::marked(&[0x2C, 0x00]);
        assert_eq!(std::format!("{number:?}"), "SerialNumber(402C00)");
    }

    /// The public key is 00 to 3F.
    #[test]
    fn every_source() {
        let short = EncodedDates::from_bytes(BITS, 0x00, Format::V0);
        let long = EncodedDates::from_bytes(BITS, 0x50, Format::V1);
        for (source, dates, expected) in [
            (0xA, short, "597B59EDC3BE36B3764CB6D64F3B1092"),
            (0xE, short, "D97B59EDC3BE36B3764CB6D64F3B1092"),
            (0xC, short, "597B59EDC3BE36B3764CB6D64F3B1092"),
            (0xA, long, "4E833160342610870CF19F3C3B680BEA"),
            (0xB, short, "477860C74704122DF42DB786C3DA5802"),
            (0x8, short, "400123456789ABCDEFEE"),
            (0x9, short, "402C00"),
            (
                0x0,
                short,
                "serial number source 0: the serial number is stored elsewhere on the chip",
            ),
            (
                0x7,
                short,
                "serial number source 7: the serial number is stored elsewhere on the chip",
            ),
        ] {
            let source = SerialSource::from_code(source).unwrap();
            assert_eq!(serial(source, dates), expected, "{source:?}");
        }
    }

    #[test]
    fn what_is_missing_is_named() {
        let dates = EncodedDates::from_bytes(BITS, 0x00, Format::V0);
        let inputs = SerialInputs {
            public_key: None,
            device_sn: None,
            signer_id: 0,
            dates,
        };
        let source = SerialSource::PublicKeyPositive;
        assert_eq!(
            source.serial_number(&inputs, 16),
            Err(SerialError::NoPublicKey(source))
        );
        let source = SerialSource::DeviceSnHashRaw;
        assert_eq!(
            source.serial_number(&inputs, 16),
            Err(SerialError::NoDeviceSn(source))
        );
        let inputs = SerialInputs {
            device_sn: Some(&DEVICE_SN),
            ..inputs
        };
        assert_eq!(
            source.serial_number(&inputs, 33),
            Err(SerialError::Length(33))
        );
    }
}
