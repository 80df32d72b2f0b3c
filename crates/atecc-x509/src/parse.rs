//! Any X.509 certificate taken apart, without judging it.
//!
//! Elements stay slices of the DER, with their places: a check can name what
//! is wrong, and a comparison can say where.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Header, Reader, SliceReader, Tag};

use crate::extension::Criticality;
use crate::tbs::EXTENSIONS;
use crate::{DateTime, Error};

/// A part of a certificate, in the order of its bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum Part {
    /// `version`.
    Version,
    /// `serialNumber`.
    SerialNumber,
    /// `signature` of the signed part: its algorithm.
    SignedAlgorithm,
    /// `issuer`.
    Issuer,
    /// `notBefore`.
    NotBefore,
    /// `notAfter`.
    NotAfter,
    /// `subject`.
    Subject,
    /// `subjectPublicKeyInfo`.
    PublicKey,
    /// One of the `extensions`, counted from 1.
    Extension(usize),
    /// `signatureAlgorithm` after the signed part.
    Algorithm,
    /// `signatureValue`.
    Signature,
    /// A header of the structure around the others.
    Structure,
}

impl fmt::Display for Part {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Version => "version",
            Self::SerialNumber => "serialNumber",
            Self::SignedAlgorithm => "signature algorithm of the signed part",
            Self::Issuer => "issuer",
            Self::NotBefore => "notBefore",
            Self::NotAfter => "notAfter",
            Self::Subject => "subject",
            Self::PublicKey => "public key",
            Self::Extension(index) => return write!(f, "extension {index}"),
            Self::Algorithm => "signature algorithm",
            Self::Signature => "signature",
            Self::Structure => "structure",
        })
    }
}

/// A certificate as slices of its DER, each with tag and length.
pub(crate) struct Parsed<'a> {
    pub(crate) tbs: &'a [u8],
    /// Missing in version 1.
    pub(crate) version: Option<&'a [u8]>,
    pub(crate) serial: AnyRef<'a>,
    pub(crate) signed_algorithm: &'a [u8],
    pub(crate) issuer: &'a [u8],
    not_before: AnyRef<'a>,
    not_after: AnyRef<'a>,
    pub(crate) subject: &'a [u8],
    pub(crate) public_key: &'a [u8],
    pub(crate) extensions: Vec<ParsedExtension<'a>>,
    pub(crate) algorithm: &'a [u8],
    /// The content of the BIT STRING.
    pub(crate) signature: &'a [u8],
    places: Vec<(Part, Range<usize>)>,
}

pub(crate) struct ParsedExtension<'a> {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) criticality: Criticality,
    /// The DER within the OCTET STRING.
    pub(crate) value: &'a [u8],
}

/// What the inner SEQUENCE yields.
struct Tbs<'a> {
    version: Option<&'a [u8]>,
    serial: &'a [u8],
    algorithm: &'a [u8],
    issuer: &'a [u8],
    not_before: &'a [u8],
    not_after: &'a [u8],
    subject: &'a [u8],
    public_key: &'a [u8],
    extensions: Vec<ParsedExtension<'a>>,
}

/// Places seen so far.
struct Places(Vec<(Part, Range<usize>)>);

impl<'a> Parsed<'a> {
    pub(crate) fn new(der: &'a [u8]) -> Result<Self, der::Error> {
        let mut places = Places(Vec::new());
        let mut reader = SliceReader::new(der)?;
        let parsed = reader.sequence(|reader| {
            let tbs_der = reader.clone().tlv_bytes()?;
            let tbs = reader.sequence(|reader| places.tbs(reader))?;
            let algorithm = places.element(reader, Part::Algorithm)?;
            let signature = places.element(reader, Part::Signature)?;
            let signature = BitStringRef::from_der(signature)?;
            Ok::<_, der::Error>(Self {
                tbs: tbs_der,
                version: tbs.version,
                serial: AnyRef::from_der(tbs.serial)?,
                signed_algorithm: tbs.algorithm,
                issuer: tbs.issuer,
                not_before: AnyRef::from_der(tbs.not_before)?,
                not_after: AnyRef::from_der(tbs.not_after)?,
                subject: tbs.subject,
                public_key: tbs.public_key,
                extensions: tbs.extensions,
                algorithm,
                signature: signature
                    .as_bytes()
                    .ok_or_else(|| Tag::BitString.value_error())?,
                places: Vec::new(),
            })
        })?;
        reader.finish()?;
        Ok(Self {
            places: places.0,
            ..parsed
        })
    }

    /// # Errors
    /// [`Error::Time`] when `notBefore` is no date.
    pub(crate) fn not_before(&self) -> Result<DateTime, Error> {
        date_time(Part::NotBefore, self.not_before)
    }

    /// # Errors
    /// [`Error::Time`] when `notAfter` is no date.
    pub(crate) fn not_after(&self) -> Result<DateTime, Error> {
        date_time(Part::NotAfter, self.not_after)
    }

    /// The parts with their bytes, in order.
    pub(crate) fn places(&self) -> &[(Part, Range<usize>)] {
        &self.places
    }

    /// What the byte at `offset` belongs to.
    #[cfg(test)]
    pub(crate) fn part_at(&self, offset: usize) -> Part {
        self.places
            .iter()
            .find(|(_, range)| range.contains(&offset))
            .map_or(Part::Structure, |(part, _)| *part)
    }
}

impl Places {
    /// The next element, noted as `part`.
    fn element<'a>(
        &mut self,
        reader: &mut SliceReader<'a>,
        part: Part,
    ) -> Result<&'a [u8], der::Error> {
        let start = usize::try_from(reader.position())?;
        let bytes = reader.tlv_bytes()?;
        self.0
            .push((part, start..usize::try_from(reader.position())?));
        Ok(bytes)
    }

    fn tbs<'a>(&mut self, reader: &mut SliceReader<'a>) -> Result<Tbs<'a>, der::Error> {
        let version = match Tag::peek(reader)? {
            Tag::ContextSpecific { .. } => Some(self.element(reader, Part::Version)?),
            _ => None,
        };
        let serial = self.element(reader, Part::SerialNumber)?;
        let algorithm = self.element(reader, Part::SignedAlgorithm)?;
        let issuer = self.element(reader, Part::Issuer)?;
        let (not_before, not_after) = reader.sequence(|reader| {
            Ok::<_, der::Error>((
                self.element(reader, Part::NotBefore)?,
                self.element(reader, Part::NotAfter)?,
            ))
        })?;
        let subject = self.element(reader, Part::Subject)?;
        let public_key = self.element(reader, Part::PublicKey)?;
        let extensions = if reader.is_finished() {
            Vec::new()
        } else {
            let header = Header::decode(reader)?;
            header.tag().assert_eq(EXTENSIONS)?;
            reader.read_nested(header.length(), |reader| {
                reader.sequence(|reader| self.extensions(reader))
            })?
        };
        Ok(Tbs {
            version,
            serial,
            algorithm,
            issuer,
            not_before,
            not_after,
            subject,
            public_key,
            extensions,
        })
    }

    fn extensions<'a>(
        &mut self,
        reader: &mut SliceReader<'a>,
    ) -> Result<Vec<ParsedExtension<'a>>, der::Error> {
        let mut extensions = Vec::new();
        while !reader.is_finished() {
            let part = Part::Extension(extensions.len() + 1);
            let der = self.element(reader, part)?;
            extensions.push(extension(der)?);
        }
        Ok(extensions)
    }
}

fn extension(der: &[u8]) -> Result<ParsedExtension<'_>, der::Error> {
    SliceReader::new(der)?.sequence(|reader| {
        let oid = ObjectIdentifier::decode(reader)?;
        let criticality = match Option::<bool>::decode(reader)? {
            Some(true) => Criticality::Critical,
            Some(false) | None => Criticality::NotCritical,
        };
        let value = <&OctetStringRef>::decode(reader)?.as_bytes();
        Ok(ParsedExtension {
            oid,
            criticality,
            value,
        })
    })
}

/// `UTCTime` counts from 1950 to 2049. Source: RFC 5280, section 4.1.2.5.1.
fn date_time(part: Part, time: AnyRef<'_>) -> Result<DateTime, Error> {
    let no_date = || Error::Time {
        part,
        text: String::from_utf8_lossy(time.value()).into_owned(),
    };
    let (year, rest) = match (time.header().tag(), time.value()) {
        (Tag::UtcTime, [y, z, rest @ ..]) => match two_digits(*y, *z).ok_or_else(no_date)? {
            year @ 50.. => (1900 + u16::from(year), rest),
            year => (2000 + u16::from(year), rest),
        },
        (Tag::GeneralizedTime, [w, x, y, z, rest @ ..]) => {
            let century = two_digits(*w, *x).ok_or_else(no_date)?;
            let year = two_digits(*y, *z).ok_or_else(no_date)?;
            (u16::from(century) * 100 + u16::from(year), rest)
        }
        _ => return Err(no_date()),
    };
    let [mo, nth, d, ay, h, our, mi, nute, s, ec, b'Z'] = rest else {
        return Err(no_date());
    };
    let pair = |tens: &u8, ones: &u8| two_digits(*tens, *ones).ok_or_else(no_date);
    let Ok(date) = DateTime::new(
        year,
        pair(mo, nth)?,
        pair(d, ay)?,
        pair(h, our)?,
        pair(mi, nute)?,
        pair(s, ec)?,
    ) else {
        return Err(no_date());
    };
    Ok(date)
}

fn two_digits(tens: u8, ones: u8) -> Option<u8> {
    let digit = |character: u8| character.is_ascii_digit().then(|| character - b'0');
    Some(digit(tens)? * 10 + digit(ones)?)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::testing::signer_der;

    #[test]
    fn parts_have_places() {
        let der = signer_der();
        let parsed = Parsed::new(&der).unwrap();
        for (offset, part) in [
            (0, Part::Structure),
            (8, Part::Version),
            (13, Part::SerialNumber),
            (31, Part::SignedAlgorithm),
            (43, Part::Issuer),
            (62, Part::Structure), // The SEQUENCE of the validity.
            (64, Part::NotBefore),
            (79, Part::NotAfter),
            (der.len() - 1, Part::Signature),
        ] {
            assert_eq!(parsed.part_at(offset), part, "{offset}");
        }
    }

    #[test]
    fn impossible_times_are_named() {
        let time = AnyRef::new(Tag::UtcTime, b"290229130000Z").unwrap();
        assert_eq!(
            date_time(Part::NotAfter, time).unwrap_err(),
            Error::Time {
                part: Part::NotAfter,
                text: String::from("290229130000Z")
            }
        );
    }

    /// RFC 5280, section 4.1.2.5.1: 50 and more are of the 20th century.
    #[test]
    fn two_digits_of_a_year() {
        for (text, year) in [
            (b"700101000000Z", 1970),
            (b"991231235959Z", 1999),
            (b"000101000000Z", 2000),
            (b"491231235959Z", 2049),
        ] {
            let time = AnyRef::new(Tag::UtcTime, text).unwrap();
            assert_eq!(
                date_time(Part::NotBefore, time).unwrap().fields().year,
                year
            );
        }
    }

    proptest! {
        /// A certificate with any byte changed, or cut short, is taken apart
        /// or refused.
        #[test]
        fn damage_does_not_panic(at in 0_usize..427, value: u8, length in 0_usize..=427) {
            let mut der = signer_der();
            der[at] = value;
            if let Ok(parsed) = Parsed::new(der.get(..length).unwrap()) {
                let _ = (parsed.not_before(), parsed.not_after());
            }
            let _ = Parsed::new(&der);
        }
    }
}
