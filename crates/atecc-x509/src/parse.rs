//! Any X.509 certificate taken apart, without judging it.
//!
//! Elements keep their places in the DER: a check can name what is wrong, and a
//! comparison can say where.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::ops::Range;

use der::asn1::{AnyRef, BitStringRef, ObjectIdentifier, OctetStringRef};
use der::{Decode, Header, Reader, SliceReader, Tag};

use crate::extension::Criticality;
use crate::tbs::EXTENSIONS;
use crate::{DateTime, Error, PublicKey, SignatureBytes};

/// A part of a certificate, in the order of its bytes.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[non_exhaustive]
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

/// What a certificate says, and where in its DER.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct Parsed {
    pub(crate) tbs: Range<usize>,
    /// The content of the INTEGER.
    pub(crate) serial: Range<usize>,
    pub(crate) not_before: Result<DateTime, Error>,
    pub(crate) not_after: Result<DateTime, Error>,
    pub(crate) public_key: Option<PublicKey>,
    pub(crate) extensions: Vec<ParsedExtension>,
    pub(crate) signature: Result<SignatureBytes, Error>,
    /// The parts with their bytes, in order.
    pub(crate) places: Vec<(Part, Range<usize>)>,
}

#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ParsedExtension {
    pub(crate) oid: ObjectIdentifier,
    pub(crate) criticality: Criticality,
    /// The DER within the OCTET STRING.
    pub(crate) value: Range<usize>,
}

/// What a signed part says, and where in its own DER.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct ParsedTbs {
    tbs: Tbs,
    places: Vec<(Part, Range<usize>)>,
}

/// What the inner SEQUENCE yields.
#[derive(Clone, Debug, Eq, PartialEq)]
struct Tbs {
    serial: Range<usize>,
    not_before: Result<DateTime, Error>,
    not_after: Result<DateTime, Error>,
    public_key: Option<PublicKey>,
    extensions: Vec<ParsedExtension>,
}

/// Places seen so far.
struct Places(Vec<(Part, Range<usize>)>);

impl Parsed {
    pub(crate) fn new(der: &[u8]) -> Result<Self, der::Error> {
        let mut places = Places(Vec::new());
        let mut reader = SliceReader::new(der)?;
        let (tbs_range, tbs, signature) = reader.sequence(|reader| {
            let start = position(reader)?;
            let tbs = reader.sequence(|reader| places.tbs(reader))?;
            let tbs_range = start..position(reader)?;
            places.element(reader, Part::Algorithm)?;
            let (signature, _) = places.element(reader, Part::Signature)?;
            let signature = BitStringRef::from_der(signature)?;
            let signature = signature
                .as_bytes()
                .ok_or_else(|| Tag::BitString.value_error())?;
            Ok::<_, der::Error>((tbs_range, tbs, SignatureBytes::from_der(signature)))
        })?;
        reader.finish()?;
        Ok(Self {
            tbs: tbs_range,
            serial: tbs.serial,
            not_before: tbs.not_before,
            not_after: tbs.not_after,
            public_key: tbs.public_key,
            extensions: tbs.extensions,
            signature,
            places: places.0,
        })
    }

    /// As [`Parsed::new`] of `der`, whose parts have these lengths: `parsed`, the
    /// signature's algorithm, `signature`.
    pub(crate) fn assembled(
        parsed: &ParsedTbs,
        signature: SignatureBytes,
        der: &[u8],
        [tbs, algorithm, bits]: [usize; 3],
    ) -> Self {
        let bits = der.len().saturating_sub(bits)..der.len();
        let algorithm = bits.start.saturating_sub(algorithm)..bits.start;
        let tbs = algorithm.start.saturating_sub(tbs)..algorithm.start;
        let moved = |place: &Range<usize>| tbs.start + place.start..tbs.start + place.end;
        let parts = parsed.places.iter();
        let mut places: Vec<_> = parts.map(|(part, place)| (*part, moved(place))).collect();
        places.extend([(Part::Algorithm, algorithm), (Part::Signature, bits)]);
        let extensions = parsed.tbs.extensions.iter().map(|one| ParsedExtension {
            value: moved(&one.value),
            ..one.clone()
        });
        Self {
            serial: moved(&parsed.tbs.serial),
            not_before: parsed.tbs.not_before.clone(),
            not_after: parsed.tbs.not_after.clone(),
            public_key: parsed.tbs.public_key,
            extensions: extensions.collect(),
            signature: Ok(signature),
            places,
            tbs,
        }
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

impl ParsedTbs {
    pub(crate) fn new(der: &[u8]) -> Result<Self, der::Error> {
        let mut places = Places(Vec::new());
        let mut reader = SliceReader::new(der)?;
        let tbs = reader.sequence(|reader| places.tbs(reader))?;
        reader.finish()?;
        Ok(Self {
            tbs,
            places: places.0,
        })
    }
}

fn position(reader: &SliceReader<'_>) -> Result<usize, der::Error> {
    usize::try_from(reader.position())
}

/// The place of `content`, which ends where `element` does.
fn content_of(element: &Range<usize>, content: &[u8]) -> Range<usize> {
    element.end.saturating_sub(content.len())..element.end
}

impl Places {
    /// The next element with its place, noted as `part`.
    fn element<'a>(
        &mut self,
        reader: &mut SliceReader<'a>,
        part: Part,
    ) -> Result<(&'a [u8], Range<usize>), der::Error> {
        let start = position(reader)?;
        let bytes = reader.tlv_bytes()?;
        let range = start..position(reader)?;
        self.0.push((part, range.clone()));
        Ok((bytes, range))
    }

    fn date(
        &mut self,
        reader: &mut SliceReader<'_>,
        part: Part,
    ) -> Result<Result<DateTime, Error>, der::Error> {
        let (time, _) = self.element(reader, part)?;
        Ok(date_time(part, AnyRef::from_der(time)?))
    }

    fn tbs(&mut self, reader: &mut SliceReader<'_>) -> Result<Tbs, der::Error> {
        if matches!(Tag::peek(reader)?, Tag::ContextSpecific { .. }) {
            self.element(reader, Part::Version)?;
        }
        let (serial, range) = self.element(reader, Part::SerialNumber)?;
        let serial = content_of(&range, AnyRef::from_der(serial)?.value());
        self.element(reader, Part::SignedAlgorithm)?;
        self.element(reader, Part::Issuer)?;
        let (not_before, not_after) = reader.sequence(|reader| {
            Ok::<_, der::Error>((
                self.date(reader, Part::NotBefore)?,
                self.date(reader, Part::NotAfter)?,
            ))
        })?;
        self.element(reader, Part::Subject)?;
        let (public_key, _) = self.element(reader, Part::PublicKey)?;
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
            serial,
            not_before,
            not_after,
            public_key: PublicKey::from_spki_der(public_key),
            extensions,
        })
    }

    fn extensions(
        &mut self,
        reader: &mut SliceReader<'_>,
    ) -> Result<Vec<ParsedExtension>, der::Error> {
        let mut extensions = Vec::new();
        while !reader.is_finished() {
            let part = Part::Extension(extensions.len() + 1);
            let (der, range) = self.element(reader, part)?;
            extensions.push(extension(der, &range)?);
        }
        Ok(extensions)
    }
}

fn extension(der: &[u8], range: &Range<usize>) -> Result<ParsedExtension, der::Error> {
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
            value: content_of(range, value),
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
            for der in [&der, der.get(..length).unwrap()] {
                if let Ok(parsed) = Parsed::new(der) {
                    let places = parsed.places.iter().map(|(_, range)| range);
                    let contents = parsed.extensions.iter().map(|one| &one.value);
                    for range in places.chain(contents).chain([&parsed.tbs, &parsed.serial]) {
                        prop_assert!(der.get(range.clone()).is_some());
                    }
                }
            }
        }
    }
}
