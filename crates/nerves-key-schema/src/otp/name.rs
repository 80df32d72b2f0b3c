//! Board name and manufacturer serial number.
//!
//! What is written here is for good and printed on labels, so a new name holds
//! only characters that show themselves: no byte-order mark, which spreadsheets
//! write before the first cell, no zero-width, control or bidirectional
//! character, no blank at either end. A chip that holds such characters is read
//! as it is.

use core::str;

use super::error::{Offending, OtpError};

/// What errors call it.
const SERIAL: &str = "manufacturer serial number";

/// The name of the board, 1 to 10 bytes of UTF-8. [`BoardName::new`] makes
/// those that a chip may be given.
///
/// ```
/// use nerves_key_schema::BoardName;
///
/// assert!(BoardName::new("NervesKey").is_ok());
/// assert!(BoardName::new("a name of eighteen").is_err());
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BoardName(pub(super) Text<10>);

/// The serial number that the manufacturer gives a device, 1 to 48 bytes of
/// UTF-8. [`ManufacturerSerial::new`] makes those that a chip may be given.
///
/// ```
/// use nerves_key_schema::ManufacturerSerial;
///
/// assert_eq!(ManufacturerSerial::new("N1234")?.as_str(), "N1234");
/// assert!(ManufacturerSerial::new("N\u{202e}1").is_err()); // Nobody sees that.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ManufacturerSerial(pub(super) Text<48>);

/// Text in a field filled with zeros.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Text<const N: usize> {
    pub(super) bytes: [u8; N],
    pub(super) len: usize,
}

impl<const N: usize> Text<N> {
    /// A text for a chip that is yet to be written.
    fn new(field: &'static str, text: &str) -> Result<Self, OtpError> {
        let fits = Self::stored(field, text)?;
        let offending = || Text::stored(field, text).map(Offending);
        if let Some(character) = atecc_text::hidden(text) {
            return Err(OtpError::Hidden {
                field,
                text: offending()?,
                character,
            });
        }
        if text.starts_with(' ') || text.ends_with(' ') {
            return Err(OtpError::OuterBlank {
                field,
                text: offending()?,
            });
        }
        Ok(fits)
    }

    /// Any text that a chip can hold.
    fn stored(field: &'static str, text: &str) -> Result<Self, OtpError> {
        let len = text.len();
        if len == 0 {
            return Err(OtpError::Empty(field));
        }
        if text.contains('\0') {
            return Err(OtpError::ZeroByte(field));
        }
        let mut bytes = [0; N];
        let limit = N;
        bytes
            .get_mut(..len)
            .ok_or(OtpError::TooLong { field, len, limit })?
            .copy_from_slice(text.as_bytes());
        Ok(Self { bytes, len })
    }

    pub(super) fn as_str(&self) -> &str {
        // `stored` has copied `len` bytes of a str, and at least one.
        let bytes = self.bytes.get(..self.len).unwrap_or_default();
        str::from_utf8(bytes).unwrap_or_default()
    }
}

impl BoardName {
    /// A name to be given.
    ///
    /// # Errors
    /// [`OtpError`] when empty, longer than 10 bytes, with a character that is
    /// not visible, or a blank at one end.
    pub fn new(name: &str) -> Result<Self, OtpError> {
        Text::new("board name", name).map(Self)
    }

    /// A name that some chip holds already, whatever it is.
    ///
    /// # Errors
    /// [`OtpError`] when empty, longer than 10 bytes, or with a zero byte.
    pub fn stored(name: &str) -> Result<Self, OtpError> {
        Text::stored("board name", name).map(Self)
    }

    /// From bytes that should be UTF-8.
    ///
    /// # Errors
    /// [`OtpError::NotUtf8`], or as [`BoardName::new`].
    pub fn from_bytes(name: &[u8]) -> Result<Self, OtpError> {
        Self::new(text("board name", name)?)
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

impl ManufacturerSerial {
    /// A serial to be given. A slash is refused: the existing library splits
    /// the subject of a certificate at each one, so that it reads another
    /// subject than was signed, or none. Source: x509 0.9, `rdn_sequence.ex`.
    ///
    /// # Errors
    /// [`OtpError`] when empty, longer than 48 bytes, with a character that is
    /// not visible, a blank at one end, or a slash.
    pub fn new(serial: &str) -> Result<Self, OtpError> {
        let checked = Self::incompatible(serial)?;
        if checked.is_readable_by_elixir() {
            return Ok(checked);
        }
        let text = Text::stored(SERIAL, serial).map(Offending)?;
        Err(OtpError::Slash { text })
    }

    /// A serial to be given, which the existing library need not read: with
    /// slashes too.
    ///
    /// # Errors
    /// Otherwise as [`ManufacturerSerial::new`].
    pub fn incompatible(serial: &str) -> Result<Self, OtpError> {
        Text::new(SERIAL, serial).map(Self)
    }

    /// A serial that some chip has already, whatever it is.
    ///
    /// # Errors
    /// [`OtpError`] when empty, longer than 48 bytes, or with a zero byte.
    pub fn stored(serial: &str) -> Result<Self, OtpError> {
        Text::stored(SERIAL, serial).map(Self)
    }

    /// From bytes that should be UTF-8.
    ///
    /// # Errors
    /// [`OtpError::NotUtf8`], or as [`ManufacturerSerial::new`].
    pub fn from_bytes(serial: &[u8]) -> Result<Self, OtpError> {
        Self::new(text(SERIAL, serial)?)
    }

    /// [`ManufacturerSerial::incompatible`] from bytes that should be UTF-8.
    ///
    /// # Errors
    /// [`OtpError::NotUtf8`], or as there.
    pub fn incompatible_from_bytes(serial: &[u8]) -> Result<Self, OtpError> {
        Self::incompatible(text(SERIAL, serial)?)
    }

    /// Whether the existing library reads the certificate of a device with this
    /// serial: `nerves_key` 1.3 and before cannot where there is a slash.
    #[must_use]
    pub fn is_readable_by_elixir(&self) -> bool {
        !self.as_str().contains('/')
    }

    /// The serial number.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }
}

fn text<'a>(field: &'static str, bytes: &'a [u8]) -> Result<&'a str, OtpError> {
    str::from_utf8(bytes).map_err(|error| OtpError::NotUtf8 { field, error })
}
