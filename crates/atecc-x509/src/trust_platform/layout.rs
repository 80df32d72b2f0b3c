//! The published layouts of device certificates.

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use der::Tag;

use crate::Name;
use crate::Template;
use crate::encode::tlv;
use crate::extension::{self, Extension};
use crate::name::attribute;

/// What the device certificate of a trust part says of its chip. The chip's
/// serial number is 9 bytes, as 18 hex digits.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub enum TrustLayout {
    /// Template 2, the first Trust&GO parts: CN = serial number and " ATECC".
    SerialAtecc,
    /// Template 3 without an EUI: CN = "sn" and serial number.
    SnSerial,
    /// Template 3, TNGTLS: as [`TrustLayout::SnSerial`], and the 12 characters
    /// of slot 5 as a subject's alternative name "eui48_".
    Eui48([u8; 12]),
    /// Template 4, `TNGLoRaWAN`: as [`TrustLayout::SnSerial`], and the 16
    /// characters of slot 10 as a subject's alternative name "eui64_".
    Eui64([u8; 16]),
}

impl TrustLayout {
    /// The template of the compressed certificate.
    #[must_use]
    pub const fn template(&self) -> Template {
        match self {
            Self::SerialAtecc => Template::TRUST_DEVICE_2,
            Self::SnSerial | Self::Eui48(_) => Template::TRUST_DEVICE_3,
            Self::Eui64(_) => Template::TRUST_DEVICE_4,
        }
    }

    /// The subject's CN.
    pub(super) fn common_name(&self, device_sn: [u8; 9]) -> String {
        use fmt::Write;
        let mut text = String::new();
        if *self != Self::SerialAtecc {
            text.push_str("sn");
        }
        for byte in device_sn {
            // Writing to a String does not fail.
            let _ = write!(text, "{byte:02X}");
        }
        if *self == Self::SerialAtecc {
            text.push_str(" ATECC");
        }
        text
    }

    /// The extension that has the EUI.
    pub(super) fn alternative_name(&self) -> Option<Extension> {
        let text: Vec<u8> = match self {
            Self::SerialAtecc | Self::SnSerial => return None,
            Self::Eui48(eui) => [b"eui48_", eui.as_slice()].concat(),
            Self::Eui64(eui) => [b"eui64_", eui.as_slice()].concat(),
        };
        // The underscore is none of a PrintableString's characters; it is
        // what these certificates have.
        let name = attribute(&SERIAL_NUMBER, Tag::PrintableString, &text);
        let name = Name::of_attributes(&[name]);
        let names = tlv(Tag::Sequence, &[&tlv(DIRECTORY_NAME, &[name.as_der()])]);
        Some(extension::alternative_name(names))
    }
}

/// 2.5.4.5, serialNumber.
const SERIAL_NUMBER: [u8; 3] = [0x55, 0x04, 0x05];

/// `[4]` of a `GeneralName`. Source: RFC 5280, section 4.2.1.6.
const DIRECTORY_NAME: Tag = Tag::ContextSpecific {
    constructed: true,
    number: der::TagNumber(4),
};

impl fmt::Display for TrustLayout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SerialAtecc => "template 2, subject \"serial ATECC\"",
            Self::SnSerial => "template 3, subject \"snSERIAL\"",
            Self::Eui48(_) => "template 3, subject \"snSERIAL\" with EUI-48",
            Self::Eui64(_) => "template 4, subject \"snSERIAL\" with EUI-64",
        })
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    /// Messages name the template as byte 69 has it.
    #[test]
    fn layouts_are_shown_with_their_template() {
        for layout in [TrustLayout::SerialAtecc, TrustLayout::SnSerial] {
            let [byte_69, _] = layout.template().to_bytes();
            let text = layout.to_string();
            let expected = std::format!("template {}, ", byte_69 >> 4);
            assert!(text.starts_with(&expected), "{text}");
        }
    }
}
