//! What does not fit the OTP zone, and why.

use core::str;

use atecc_text::Shown;

use super::name::Text;

/// What does not fit the OTP zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum OtpError {
    /// Nothing there.
    #[error("the {0} is empty")]
    Empty(&'static str),
    /// Longer than its field. Nothing is ever cut.
    #[error("the {field} has {len} bytes; there is room for {limit}")]
    TooLong {
        /// Its name, such as `user data`.
        field: &'static str,
        /// Its length in bytes.
        len: usize,
        /// What the field holds.
        limit: usize,
    },
    /// A zero byte would be taken for the end when the chip is read.
    #[error("the {0} contains a zero byte")]
    ZeroByte(&'static str),
    /// The bytes are no text.
    #[error("the {field} is not UTF-8: {error}")]
    NotUtf8 {
        /// Its name, such as `user data`.
        field: &'static str,
        /// Where it goes wrong.
        error: str::Utf8Error,
    },
    /// A character that is not seen where the text is printed.
    #[error(
        "the {field} \"{}\" holds the character U+{:04X}, which is not seen as it is: {}",
        Shown(text.as_str()), u32::from(*character), reason(*character)
    )]
    Hidden {
        /// Its name, such as `user data`.
        field: &'static str,
        /// What it would be.
        text: Offending,
        /// The first such character.
        character: char,
    },
    /// A blank at one end, which nobody sees.
    #[error("the {field} \"{}\" begins or ends with a blank", Shown(text.as_str()))]
    OuterBlank {
        /// Its name, such as `user data`.
        field: &'static str,
        /// What it would be.
        text: Offending,
    },
    /// A slash: see [`crate::ManufacturerSerial::new`].
    #[error(
        "the manufacturer serial number \"{}\" holds a slash: the Elixir library nerves_key \
         (1.3 and before) takes what follows for another part of the subject and cannot read \
         the certificate", Shown(text.as_str())
    )]
    Slash {
        /// What it would be.
        text: Offending,
    },
    /// A long serial takes the user area's place.
    #[error("a serial of {serial} bytes leaves no room for user data; the limit is 16")]
    UserAreaTaken {
        /// Length of the serial in bytes.
        serial: usize,
    },
}

/// A text that was refused; it fits the longest field.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Offending(pub(super) Text<48>);

impl Offending {
    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

/// Why a character is refused, in the words of who has to find it.
fn reason(character: char) -> &'static str {
    match character {
        '\u{FEFF}' => "a byte-order mark, as spreadsheets write it before the first cell",
        '\u{200B}'..='\u{200D}' | '\u{2060}' => "it has no width",
        '\u{061C}'
        | '\u{200E}'
        | '\u{200F}'
        | '\u{202A}'..='\u{202E}'
        | '\u{2066}'..='\u{2069}' => "it changes the direction of the text",
        '\u{00A0}'
        | '\u{1680}'
        | '\u{2000}'..='\u{200A}'
        | '\u{202F}'
        | '\u{205F}'
        | '\u{3000}' => "it looks like a blank and is none",
        character if character.is_control() => "a control character",
        _ => "invisible, or part of the character before it",
    }
}
