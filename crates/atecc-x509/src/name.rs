//! Subjects and issuers. A `NervesKey`'s are one common name, as a single
//! `UTF8String`.
//!
//! A manufacturer's serial number is a value and never parsed. The existing
//! libraries do parse it; see [`Name::as_the_reference_splits`].

use alloc::vec::Vec;

use der::Tag;
use der::asn1::ObjectIdentifier;

use crate::Error;
use crate::encode::tlv;

/// A distinguished name as DER.
///
/// ```
/// use atecc_x509::Name;
///
/// // RFC 5280, section 4.1.2.4: SEQUENCE { SET { SEQUENCE { OID, UTF8String } } }.
/// let name = Name::from_serial("N1")?;
/// assert_eq!(
///     name.as_der(),
///     b"\x30\x0D\x31\x0B\x30\x09\x06\x03\x55\x04\x03\x0C\x02N1",
/// );
/// assert_eq!(Name::signer(), Name::from_serial("Signer")?);
/// assert!(Name::from_serial("").is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, Hash, PartialEq)]
pub struct Name {
    der: Vec<u8>,
}

/// Why a manufacturer's serial number cannot be issued. Its place in the OTP
/// zone has 48 bytes and is padded with zero bytes.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SerialTextError {
    /// No bytes.
    #[error("the manufacturer serial number is empty")]
    Empty,
    /// More bytes than the OTP zone has.
    #[error("the manufacturer serial number has {0} bytes: at most 48 fit")]
    TooLong(usize),
    /// The zero bytes would be lost as padding.
    #[error("the manufacturer serial number ends with a zero byte, which would be lost")]
    EndsWithZero,
}

/// The most bytes of a manufacturer's serial number.
/// Source: `nerves_key` 1.3 `otp.ex`, the long form.
const LONGEST_SERIAL: usize = 48;

/// 2.5.4.3, commonName.
pub(crate) const COMMON_NAME: [u8; 3] = [0x55, 0x04, 0x03];

impl Name {
    /// CN=Signer: issuer and subject of every `NervesKey` signer.
    #[must_use]
    pub fn signer() -> Self {
        Self::common_name(b"Signer")
    }

    /// The subject of a device certificate to be issued: `serial` as it is, 1
    /// to 48 bytes.
    ///
    /// # Errors
    /// [`Error::SerialText`] when the chip could not give `serial` back.
    pub fn from_serial(serial: &str) -> Result<Self, Error> {
        match serial.as_bytes() {
            [] => Err(SerialTextError::Empty.into()),
            bytes if bytes.len() > LONGEST_SERIAL => {
                Err(SerialTextError::TooLong(bytes.len()).into())
            }
            [.., 0] => Err(SerialTextError::EndsWithZero.into()),
            bytes => Ok(Self::common_name(bytes)),
        }
    }

    /// The subject of a device certificate to be rebuilt: `serial` as the OTP
    /// zone has it. The existing libraries have issued empty serials and
    /// serials that are not UTF-8.
    #[must_use]
    pub fn from_stored_serial(serial: &[u8]) -> Self {
        Self::common_name(serial)
    }

    /// The name in DER.
    #[must_use]
    pub fn as_der(&self) -> &[u8] {
        &self.der
    }

    fn common_name(value: &[u8]) -> Self {
        Self::of_attributes(&[attribute(&COMMON_NAME, Tag::Utf8String, value)])
    }

    /// A name of one attribute in each of its parts.
    pub(crate) fn of_attributes(attributes: &[Vec<u8>]) -> Self {
        Self::of_sets(
            attributes
                .iter()
                .map(|attribute| tlv(Tag::Set, &[attribute])),
        )
    }

    fn of_sets(sets: impl Iterator<Item = Vec<u8>>) -> Self {
        let sets: Vec<_> = sets.collect();
        let der = tlv(Tag::Sequence, &[&sets.concat()]);
        Self { der }
    }

    /// A name of these parts, which have one attribute each or several. They
    /// and the attributes of each stand in this order; DER wants those of one
    /// part sorted by their bytes, the shorter first.
    #[must_use]
    pub fn from_attributes(parts: &[&[Attribute]]) -> Self {
        Self::of_sets(parts.iter().map(|part| {
            let attributes: Vec<_> = part
                .iter()
                .map(|one| attribute(one.oid.as_bytes(), one.string.tag(), &one.value))
                .collect();
            tlv(Tag::Set, &[&attributes.concat()])
        }))
    }
}

/// `AttributeTypeAndValue`: one piece of a name.
#[derive(Clone, Debug, Eq, Hash, PartialEq)]
pub struct Attribute {
    /// 2.5.4.3 for a common name.
    pub oid: ObjectIdentifier,
    /// How the value is written.
    pub string: StringType,
    /// The characters, which are not looked at.
    pub value: Vec<u8>,
}

/// An ASN.1 type of strings.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum StringType {
    /// Any characters.
    Utf8,
    /// Letters, digits, and `'()+,-./:=?` and space.
    Printable,
    /// ASCII.
    Ia5,
}

impl StringType {
    const fn tag(self) -> Tag {
        match self {
            Self::Utf8 => Tag::Utf8String,
            Self::Printable => Tag::PrintableString,
            Self::Ia5 => Tag::Ia5String,
        }
    }
}

/// `AttributeTypeAndValue`; `oid` without its tag and length.
pub(crate) fn attribute(oid: &[u8], tag: Tag, value: &[u8]) -> Vec<u8> {
    let oid = tlv(Tag::ObjectIdentifier, &[oid]);
    tlv(Tag::Sequence, &[&oid, &tlv(tag, &[value])])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slash_is_a_character() {
        let name = Name::from_serial("ab/O=Evil").unwrap();
        // One SET with one attribute.
        assert_eq!(name.as_der()[..4], [0x30, 0x14, 0x31, 0x12]);
        assert!(name.as_der().ends_with(b"\x0C\x09ab/O=Evil"));
    }

    #[test]
    fn what_the_chip_cannot_keep_is_refused() {
        let exact = "ä".repeat(24);
        assert!(Name::from_serial(&exact).is_ok());
        for (serial, error) in [
            ("", SerialTextError::Empty),
            (&std::format!("{exact}."), SerialTextError::TooLong(49)),
            ("ab\0", SerialTextError::EndsWithZero),
        ] {
            assert_eq!(Name::from_serial(serial), Err(error.into()));
        }
    }
}
