//! Serial numbers with a slash, as the existing libraries read them.
//!
//! They hand `/CN=<serial>` to a parser of names, x509 0.9
//! `rdn_sequence.ex`, which splits at every slash and then at the first equals
//! sign. The certificate of a device with the serial `ab/O=Evil` names the
//! organization Evil. Such chips exist, so what verifies this way is read;
//! nothing is issued this way. Serials that their parser rejects were never
//! issued either.

use alloc::vec::Vec;

use der::Tag;

use crate::Name;
use crate::name::{COMMON_NAME, attribute};

/// How their parser writes a value.
#[derive(Clone, Copy)]
enum Text {
    Utf8,
    /// At most this many characters.
    Printable(usize),
    Ia5,
}

/// 0.9.2342.19200300.100.1.25, domainComponent.
const DOMAIN_COMPONENT: [u8; 10] = [0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 0x19];
/// 1.2.840.113549.1.9.1, emailAddress.
const EMAIL_ADDRESS: [u8; 9] = [0x2A, 0x86, 0x48, 0x86, 0xF7, 0x0D, 0x01, 0x09, 0x01];

impl Name {
    /// The subject that the existing libraries made of `serial`, when it is
    /// another one than [`Name::from_stored_serial`] makes and they made one
    /// at all. For reading, after a signature did not verify.
    #[must_use]
    pub fn as_the_reference_splits(serial: &[u8]) -> Option<Self> {
        let mut parts = serial.split(|byte| *byte == b'/');
        let common_name = parts.next()?;
        let mut attributes: Vec<_> = [attribute(&COMMON_NAME, Tag::Utf8String, common_name)].into();
        for part in parts {
            let equals = part.iter().position(|byte| *byte == b'=')?;
            let (label, value) = part.split_at(equals);
            let value = value.get(1..).unwrap_or_default();
            let (oid, text) = attribute_type(label)?;
            attributes.push(attribute(oid, text.tag(value)?, value));
        }
        if attributes.len() == 1 {
            return None;
        }
        Some(Self::of_attributes(&attributes))
    }
}

/// The labels of the parser. `SN` is missing: there it leads nowhere.
const fn attribute_type(label: &[u8]) -> Option<(&'static [u8], Text)> {
    Some(match label {
        b"CN" | b"commonName" => (&COMMON_NAME, Text::Utf8),
        b"surname" => (&[0x55, 0x04, 0x04], Text::Utf8),
        b"serialNumber" => (&[0x55, 0x04, 0x05], Text::Printable(64)),
        b"C" | b"countryName" => (&[0x55, 0x04, 0x06], Text::Printable(2)),
        b"L" | b"localityName" => (&[0x55, 0x04, 0x07], Text::Utf8),
        b"ST" | b"stateOrProvinceName" => (&[0x55, 0x04, 0x08], Text::Utf8),
        b"O" | b"organizationName" => (&[0x55, 0x04, 0x0A], Text::Utf8),
        b"OU" | b"organizationalUnitName" => (&[0x55, 0x04, 0x0B], Text::Utf8),
        b"title" => (&[0x55, 0x04, 0x0C], Text::Utf8),
        b"name" => (&[0x55, 0x04, 0x29], Text::Utf8),
        b"GN" | b"givenName" => (&[0x55, 0x04, 0x2A], Text::Utf8),
        b"initials" => (&[0x55, 0x04, 0x2B], Text::Utf8),
        b"generationQualifier" => (&[0x55, 0x04, 0x2C], Text::Utf8),
        b"dnQualifier" => (&[0x55, 0x04, 0x2E], Text::Printable(usize::MAX)),
        b"pseudonym" => (&[0x55, 0x04, 0x41], Text::Utf8),
        b"DC" | b"domainComponent" => (&DOMAIN_COMPONENT, Text::Ia5),
        b"E" | b"emailAddress" => (&EMAIL_ADDRESS, Text::Ia5),
        _ => return None,
    })
}

impl Text {
    /// The string type of `value`, or nothing when their parser raises.
    fn tag(self, value: &[u8]) -> Option<Tag> {
        let printable = |byte: &u8| byte.is_ascii_alphanumeric() || b" '()+,-./:=?".contains(byte);
        match self {
            Self::Utf8 => Some(Tag::Utf8String),
            Self::Printable(longest) => (value.len() <= longest && value.iter().all(printable))
                .then_some(Tag::PrintableString),
            Self::Ia5 => value
                .iter()
                .all(|byte| (32..=125).contains(byte))
                .then_some(Tag::Ia5String),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn split(serial: &str) -> Option<Vec<u8>> {
        Name::as_the_reference_splits(serial.as_bytes()).map(|name| name.as_der().to_vec())
    }

    /// From a certificate that `nerves_key` 1.3 made.
    #[test]
    fn a_second_attribute() {
        let expected = b"\x30\x1C\
            \x31\x0B\x30\x09\x06\x03\x55\x04\x03\x0C\x02ab\
            \x31\x0D\x30\x0B\x06\x03\x55\x04\x0A\x0C\x04Evil";
        assert_eq!(split("ab/O=Evil").as_deref(), Some(&expected[..]));
    }

    #[test]
    fn what_their_parser_rejects_is_nothing() {
        for serial in ["plain", "ab/cd", "ab/XX=1", "abc/", "a/SN=b", "a/C=DEU"] {
            assert_eq!(split(serial), None, "{serial}");
        }
    }

    #[test]
    fn string_types() {
        assert!(split("a/C=DE").unwrap().ends_with(b"\x13\x02DE"));
        assert!(split("a/E=b@c").unwrap().ends_with(b"\x16\x03b@c"));
    }

    /// Object identifiers: X.520 (2.5.4) and RFC 4519 for domainComponent.
    #[test]
    fn labels_of_their_parser() {
        for (labels, oid) in [
            (&["CN", "commonName"][..], &[0x55, 0x04, 3][..]),
            (&["surname"], &[0x55, 0x04, 4]),
            (&["serialNumber"], &[0x55, 0x04, 5]),
            (&["L", "localityName"], &[0x55, 0x04, 7]),
            (&["ST", "stateOrProvinceName"], &[0x55, 0x04, 8]),
            (&["O", "organizationName"], &[0x55, 0x04, 10]),
            (&["OU", "organizationalUnitName"], &[0x55, 0x04, 11]),
            (&["title"], &[0x55, 0x04, 12]),
            (&["name"], &[0x55, 0x04, 41]),
            (&["GN", "givenName"], &[0x55, 0x04, 42]),
            (&["initials"], &[0x55, 0x04, 43]),
            (&["generationQualifier"], &[0x55, 0x04, 44]),
            (&["dnQualifier"], &[0x55, 0x04, 46]),
            (&["pseudonym"], &[0x55, 0x04, 65]),
            (
                &["DC", "domainComponent"],
                &[0x09, 0x92, 0x26, 0x89, 0x93, 0xF2, 0x2C, 0x64, 0x01, 25],
            ),
        ] {
            for label in labels {
                let name = split(&std::format!("a/{label}=xy")).unwrap();
                let (_, value) = name.split_at(name.len() - 4);
                assert_eq!(value[1..], *b"\x02xy", "{label}");
                let (_, found) = name.split_at(name.len() - 4 - oid.len());
                assert_eq!(found[..oid.len()], *oid, "{label}");
            }
        }
        assert_eq!(split("a/countryName=DE"), split("a/C=DE"));
    }
}
