//! Names for people: `CN=Signer, O=Example`.

use alloc::string::String;
use core::fmt;
use core::fmt::Write as _;

use atecc_text::Shown;
use der::asn1::{AnyRef, ObjectIdentifier};
use der::{Decode, Reader, SliceReader, Tag};

use crate::Name;
use crate::encode::write_hex;

/// The name of `der` as text; the bytes in hex where they are no name.
pub(crate) fn name_text(der: &[u8]) -> String {
    let mut text = String::new();
    if write_name(&mut text, der).is_err() {
        text.clear();
        for byte in der {
            // Writing to a string does not fail.
            let _ = write!(text, "{byte:02X}");
        }
    }
    text
}

fn write_name(text: &mut String, der: &[u8]) -> Result<(), der::Error> {
    SliceReader::new(der)?.sequence(|reader| {
        while !reader.is_finished() {
            let set = AnyRef::decode(reader)?;
            set.header().tag().assert_eq(Tag::Set)?;
            let mut attributes = SliceReader::new(set.value())?;
            while !attributes.is_finished() {
                let (oid, value) = attributes.sequence(|reader| {
                    Ok::<_, der::Error>((
                        ObjectIdentifier::decode(reader)?,
                        AnyRef::decode(reader)?,
                    ))
                })?;
                if !text.is_empty() {
                    text.push_str(", ");
                }
                write_attribute(text, oid, value);
            }
        }
        Ok(())
    })
}

fn write_attribute(text: &mut String, oid: ObjectIdentifier, value: AnyRef<'_>) {
    let label = match oid.as_bytes() {
        [0x55, 0x04, 0x03] => "CN",
        [0x55, 0x04, 0x05] => "serialNumber",
        [0x55, 0x04, 0x06] => "C",
        [0x55, 0x04, 0x07] => "L",
        [0x55, 0x04, 0x08] => "ST",
        [0x55, 0x04, 0x0A] => "O",
        [0x55, 0x04, 0x0B] => "OU",
        _ => "",
    };
    if label.is_empty() {
        let _ = write!(text, "{oid}=");
    } else {
        let _ = write!(text, "{label}=");
    }
    let string = matches!(
        value.header().tag(),
        Tag::Utf8String | Tag::PrintableString | Tag::Ia5String
    );
    match core::str::from_utf8(value.value()) {
        Ok(value) if string => {
            let _ = write!(text, "{}", Shown(value));
        }
        _ => {
            text.push('#');
            for byte in value.value() {
                let _ = write!(text, "{byte:02X}");
            }
        }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&name_text(self.as_der()))
    }
}

impl fmt::Debug for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Name({self}, ")?;
        write_hex(f, self.as_der())?;
        f.write_str(")")
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn names_are_readable() {
        assert_eq!(Name::signer().to_string(), "CN=Signer");
        let split = Name::as_the_reference_splits(b"ab/O=E\x01/DC=x");
        assert_eq!(
            split.unwrap().to_string(),
            "CN=ab, O=E\\u{1}, 0.9.2342.19200300.100.1.25=x"
        );
        let bytes = Name::from_stored_serial(b"a\xFF");
        assert_eq!(bytes.to_string(), "CN=#61FF");
        assert_eq!(name_text(&[0x30, 0x05]), "3005");
    }

    /// Labels: RFC 4514, section 3, and for serial numbers X.520.
    #[test]
    fn labels_of_attributes() {
        for (last, label) in [
            (3, "CN"),
            (5, "serialNumber"),
            (6, "C"),
            (7, "L"),
            (8, "ST"),
            (10, "O"),
            (11, "OU"),
            (12, "2.5.4.12"),
        ] {
            // SEQUENCE, SET, SEQUENCE, OBJECT IDENTIFIER, UTF8String.
            let name = b"\x30\x0C\x31\x0A\x30\x08\x06\x03\x55\x04\xFF\x0C\x01x"
                .map(|byte| if byte == 0xFF { last } else { byte });
            assert_eq!(name_text(&name), std::format!("{label}=x"));
        }
    }

    /// A `BMPString` has two bytes a character.
    #[test]
    fn other_strings_are_hex() {
        let name = b"\x30\x0D\x31\x0B\x30\x09\x06\x03\x55\x04\x03\x1E\x02ab";
        assert_eq!(name_text(name), "CN=#6162");
    }

    #[test]
    fn the_debug_form_has_the_bytes() {
        let name = Name::signer();
        let hex = "3011310F300D06035504030C065369676E6572";
        assert_eq!(
            std::format!("{name:?}"),
            std::format!("Name(CN=Signer, {hex})")
        );
    }
}
