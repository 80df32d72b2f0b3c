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
        assert_eq!(Name::signer().unwrap().to_string(), "CN=Signer");
        let split = Name::as_the_reference_splits(b"ab/O=E\x01/DC=x").unwrap();
        assert_eq!(
            split.unwrap().to_string(),
            "CN=ab, O=E\\u{1}, 0.9.2342.19200300.100.1.25=x"
        );
        let bytes = Name::from_stored_serial(b"a\xFF").unwrap();
        assert_eq!(bytes.to_string(), "CN=#61FF");
        assert_eq!(name_text(&[0x30, 0x05]), "3005");
    }
}
