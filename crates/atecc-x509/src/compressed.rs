//! The 72 bytes.
//!
//! Source: compressed certificate application note (Atmel-8974, now
//! 20006367A); `NervesKey`'s use of it: atecc508a 1.4 `certificate.ex`.
//!
//! | byte | content |
//! |---|---|
//! | 0..=63 | signature, R then S |
//! | 64..=66 | dates |
//! | 67..=68 | signer ID, big-endian |
//! | 69 | template ID, chain ID |
//! | 70 | serial number source, format version |
//! | 71 | more bits of the dates; reserved bits |
//!
//! Reserved bits are kept as they are and change nothing, as cryptoauthlib
//! treats them. Unassigned format versions and serial sources are refused:
//! what they mean is unknown.

use crate::{
    DateError, EncodedDates, Error, Format, SerialSource, SignatureBytes, Template, Validity,
};

/// A parsed compressed certificate. Its dates may still be none of the
/// calendar, see [`CompressedCertificate::validity`].
///
/// ```
/// use atecc_x509::CompressedCertificate;
///
/// let mut slot = [0; 72];
/// slot[..64].fill(0x11); // The signature; then dates and numbers.
/// slot[64..67].copy_from_slice(&[0xCD, 0xF4, 0xAA]);
/// let certificate = CompressedCertificate::from_bytes(&slot)?;
/// assert_eq!(certificate.to_bytes(), slot);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct CompressedCertificate {
    /// Bytes 0 to 63.
    pub signature: SignatureBytes,
    /// Bytes 64 to 66 and 71, and the format version of byte 70.
    pub dates: EncodedDates,
    /// Bytes 67 and 68: the signer's ID, in its own certificate and in those
    /// that it signed. 0 in a `NervesKey`.
    pub signer_id: u16,
    /// Byte 69 and the high half of byte 70.
    pub template: Template,
}

/// Byte 70 has no meaning that we know.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ParseError {
    /// Low half of byte 70.
    #[error("compressed certificate of format version {0}: only 0, 1 and 2 are known")]
    Format(u8),
    /// High half of byte 70.
    #[error("compressed certificate with serial number source {0:X}: 1 to 6 are unassigned")]
    SerialSource(u8),
}

impl CompressedCertificate {
    /// # Errors
    /// [`ParseError`] when byte 70 holds an unknown format version or serial
    /// number source.
    pub const fn from_bytes(bytes: &[u8; 72]) -> Result<Self, ParseError> {
        let [
            signature @ ..,
            date_0,
            date_1,
            date_2,
            id_high,
            id_low,
            byte_69,
            byte_70,
            byte_71,
        ] = *bytes;
        let format = match byte_70 & 0x0F {
            0 => Format::V0,
            1 => Format::V1,
            2 => Format::V2,
            version => return Err(ParseError::Format(version)),
        };
        let Some(source) = SerialSource::from_code(byte_70 >> 4) else {
            return Err(ParseError::SerialSource(byte_70 >> 4));
        };
        Ok(Self {
            signature: SignatureBytes::from_bytes(signature),
            dates: EncodedDates::from_bytes([date_0, date_1, date_2], byte_71, format),
            signer_id: u16::from_be_bytes([id_high, id_low]),
            template: Template::from_byte_69(byte_69, source),
        })
    }

    /// The bytes for a chip; the reverse of [`CompressedCertificate::from_bytes`].
    #[must_use]
    pub fn to_bytes(&self) -> [u8; 72] {
        let [byte_69, source] = self.template.to_bytes();
        crate::encode::concat(&[
            self.signature.as_bytes(),
            &self.dates.bits(),
            &self.signer_id.to_be_bytes(),
            &[
                byte_69,
                source | self.dates.format() as u8,
                self.dates.byte_71(),
            ],
        ])
    }

    /// From when to when the certificate is valid.
    ///
    /// # Errors
    /// [`DateError`] when one of its dates does not exist.
    pub fn validity(&self) -> Result<Validity, DateError> {
        self.dates.decode()
    }

    /// # Errors
    /// [`Error::Template`] unless this is a certificate of `template`.
    pub fn expect_template(&self, template: Template) -> Result<(), Error> {
        if self.template == template {
            Ok(())
        } else {
            Err(Error::Template {
                expected: template,
                found: self.template,
            })
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn every_field() {
        let mut bytes = [0; 72];
        bytes[0] = 0x11;
        bytes[63] = 0x22;
        // 2018-12-14 20h and 31 years; signer 2C00; template 3, chain 5;
        // source A, format 0.
        bytes[64..].copy_from_slice(&[0x96, 0x3A, 0x9F, 0x2C, 0x00, 0x35, 0xA0, 0x00]);
        let parsed = CompressedCertificate::from_bytes(&bytes).unwrap();
        assert_eq!(parsed.signature.as_bytes()[..], bytes[..64]);
        assert_eq!(parsed.validity().unwrap().issue().hour(), 20);
        assert_eq!(parsed.signer_id, 0x2C00);
        assert_eq!(parsed.template.template_id(), 3);
        assert_eq!(parsed.template.chain_id(), 5);
        assert_eq!(
            parsed.template.serial_source(),
            SerialSource::PublicKeyPositive
        );
        assert_eq!(parsed.dates.format(), Format::V0);
    }

    #[test]
    fn unknown_codes_are_refused() {
        let mut bytes = [0; 72];
        bytes[70] = 0xA3;
        assert_eq!(
            CompressedCertificate::from_bytes(&bytes),
            Err(ParseError::Format(3))
        );
        bytes[70] = 0x60;
        assert_eq!(
            CompressedCertificate::from_bytes(&bytes),
            Err(ParseError::SerialSource(6))
        );
    }

    proptest! {
        /// Any 72 bytes are refused or come back as they were, and their dates
        /// are read without panic.
        #[test]
        fn bytes_round_trip(bytes in proptest::array::uniform::<_, 72>(any::<u8>())) {
            if let Ok(parsed) = CompressedCertificate::from_bytes(&bytes) {
                prop_assert_eq!(parsed.to_bytes(), bytes);
                let _ = parsed.validity();
            }
        }
    }
}
