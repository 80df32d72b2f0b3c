//! The 64 bytes of one-time-programmable memory.
//!
//! | bytes | content |
//! |---|---|
//! | 0..4 | magic `Nrvs` |
//! | 4..6 | flags, big-endian: 0 short serial, 1 long serial |
//! | 6..16 | board name, filled with zeros |
//! | 16..32 | manufacturer serial, filled with zeros |
//! | 32..64 | user area; of a long serial its bytes 16 to 47 |
//!
//! Source: `nerves_key` 1.3, `NervesKey.OTP`. The reference writes long serials
//! of up to 32 bytes and reads 48; 48 are written here.
//!
//! What is written here is for good and printed on labels, so a new name holds
//! only characters that show themselves: no byte-order mark, which spreadsheets
//! write before the first cell, no zero-width, control or bidirectional
//! character, no blank at either end. A chip that holds such characters is read
//! as it is.

use core::str;

use atecc_text::Shown;

const MAGIC: [u8; 4] = *b"Nrvs";
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
pub struct BoardName(Text<10>);

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
pub struct ManufacturerSerial(Text<48>);

/// Text in a field filled with zeros.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Text<const N: usize> {
    bytes: [u8; N],
    len: usize,
}

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
        /// Which.
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
        /// Which.
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
        /// Which.
        field: &'static str,
        /// What it would be.
        text: Offending,
        /// The first such character.
        character: char,
    },
    /// A blank at one end, which nobody sees.
    #[error("the {field} \"{}\" begins or ends with a blank", Shown(text.as_str()))]
    OuterBlank {
        /// Which.
        field: &'static str,
        /// What it would be.
        text: Offending,
    },
    /// A slash: see [`ManufacturerSerial::new`].
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
pub struct Offending(Text<48>);

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

    fn as_str(&self) -> &str {
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

/// How the bytes after the board name are shared.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum OtpFlags {
    /// 0: a serial of up to 16 bytes and 32 bytes for the user.
    ShortSerial,
    /// 1: a serial of up to 48 bytes.
    LongSerial,
    /// Anything else is read as a short serial.
    Unknown(u16),
}

impl OtpFlags {
    const fn from_bits(bits: u16) -> Self {
        match bits {
            0 => Self::ShortSerial,
            1 => Self::LongSerial,
            bits => Self::Unknown(bits),
        }
    }

    /// The two bytes, as a big-endian number.
    #[must_use]
    pub const fn bits(self) -> u16 {
        match self {
            Self::ShortSerial => 0,
            Self::LongSerial => 1,
            Self::Unknown(bits) => bits,
        }
    }
}

/// The OTP zone of a NervesKey.
///
/// ```
/// use nerves_key_schema::{BoardName, ManufacturerSerial, Otp};
///
/// let serial = ManufacturerSerial::new("N1234")?;
/// let otp = Otp::new(&BoardName::new("NervesKey")?, &serial, &[])?;
/// assert_eq!(otp.board_name(), b"NervesKey");
/// assert!(Otp::from_bytes([0xFF; 64]).is_err()); // No NervesKey.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Otp([u8; 64]);

/// An OTP zone that does not begin with the magic.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error(
    "the OTP zone begins with {:08X}, not with 4E727673 (\"Nrvs\"): no NervesKey",
    u32::from_be_bytes(*.0)
)]
pub struct NotNervesKey(pub [u8; 4]);

impl Otp {
    /// The zone for a new NervesKey; `user` goes to the user area.
    ///
    /// # Errors
    /// [`OtpError`] when `user` has more than 32 bytes, or any beside a serial
    /// of more than 16.
    pub fn new(
        board: &BoardName,
        serial: &ManufacturerSerial,
        user: &[u8],
    ) -> Result<Self, OtpError> {
        if user.len() > 32 {
            return Err(OtpError::TooLong {
                field: "user data",
                len: user.len(),
                limit: 32,
            });
        }
        let long = serial.0.len > 16;
        if long && !user.is_empty() {
            return Err(OtpError::UserAreaTaken {
                serial: serial.0.len,
            });
        }
        let flags = if long {
            OtpFlags::LongSerial
        } else {
            OtpFlags::ShortSerial
        };
        let mut bytes = [0; 64];
        let fields: [(usize, &[u8]); 5] = [
            (0, &MAGIC),
            (4, &flags.bits().to_be_bytes()),
            (6, &board.0.bytes),
            (16, &serial.0.bytes),
            (32, user),
        ];
        for (at, field) in fields {
            for (to, from) in bytes.iter_mut().skip(at).zip(field) {
                *to = *from;
            }
        }
        Ok(Self(bytes))
    }

    /// Read a chip's OTP zone.
    ///
    /// # Errors
    /// [`NotNervesKey`] when it does not begin with the magic.
    pub const fn from_bytes(bytes: [u8; 64]) -> Result<Self, NotNervesKey> {
        match bytes {
            [b'N', b'r', b'v', b's', ..] => Ok(Self(bytes)),
            [a, b, c, d, ..] => Err(NotNervesKey([a, b, c, d])),
        }
    }

    /// The zone.
    #[must_use]
    pub const fn bytes(&self) -> &[u8; 64] {
        &self.0
    }

    /// Which layout.
    #[must_use]
    pub fn flags(&self) -> OtpFlags {
        let [_, _, _, _, high, low, ..] = self.0;
        OtpFlags::from_bits(u16::from_be_bytes([high, low]))
    }

    /// The board name without the zeros after it: at most 10 bytes, UTF-8
    /// unless somebody else wrote it.
    #[must_use]
    pub fn board_name(&self) -> &[u8] {
        trimmed(self.0.get(6..16).unwrap_or_default())
    }

    /// The manufacturer serial without the zeros after it: at most 48 bytes,
    /// UTF-8 unless somebody else wrote it.
    #[must_use]
    pub fn manufacturer_serial(&self) -> &[u8] {
        trimmed(match self.flags() {
            OtpFlags::LongSerial => self.0.get(16..).unwrap_or_default(),
            OtpFlags::ShortSerial | OtpFlags::Unknown(_) => self.0.get(16..32).unwrap_or_default(),
        })
    }

    /// The user area, when no long serial takes its place.
    #[must_use]
    pub fn user(&self) -> Option<&[u8; 32]> {
        match self.flags() {
            OtpFlags::LongSerial => None,
            OtpFlags::ShortSerial | OtpFlags::Unknown(_) => self.0.last_chunk(),
        }
    }
}

fn trimmed(field: &[u8]) -> &[u8] {
    let end = field.iter().rposition(|byte| *byte != 0);
    end.and_then(|last| field.get(..=last)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn otp(board: &str, serial: &str, user: &[u8]) -> Result<Otp, OtpError> {
        Otp::new(
            &BoardName::new(board)?,
            &ManufacturerSerial::new(serial)?,
            user,
        )
    }

    #[test]
    fn bytes() {
        let otp = otp("NervesKey", "N1234", &[]).unwrap();
        assert_eq!(otp.bytes()[..6], [0x4E, 0x72, 0x76, 0x73, 0x00, 0x00]);
        assert_eq!(otp.bytes()[6..16], *b"NervesKey\0");
        assert_eq!(otp.bytes()[16..24], *b"N1234\0\0\0");
        assert_eq!(otp.user(), Some(&[0; 32]));
    }

    #[test]
    fn limits() {
        let long = "S".repeat(48);
        assert_eq!(
            otp("NervesKey", &long, &[]).unwrap().manufacturer_serial(),
            long.as_bytes()
        );
        let message = |result: Result<Otp, OtpError>| result.unwrap_err().to_string();
        assert_eq!(
            message(otp("NervesKey", &"S".repeat(49), &[])),
            "the manufacturer serial number has 49 bytes; there is room for 48"
        );
        assert_eq!(
            message(otp("NervesKeyXL", "S", &[])),
            "the board name has 11 bytes; there is room for 10"
        );
        assert_eq!(
            message(otp("NervesKey", &"S".repeat(17), &[1])),
            "a serial of 17 bytes leaves no room for user data; the limit is 16"
        );
        assert_eq!(message(otp("", "S", &[])), "the board name is empty");
        assert_eq!(
            message(otp("B", "S\0", &[])),
            "the manufacturer serial number contains a zero byte"
        );
        assert_eq!(
            message(otp("B", "S", &[0; 33])),
            "the user data has 33 bytes; there is room for 32"
        );
    }

    #[test]
    fn a_blank_zone_is_none() {
        let error = Otp::from_bytes([0xFF; 64]).unwrap_err();
        assert_eq!(error, NotNervesKey([0xFF; 4]));
    }

    /// Excel writes the mark, a form leaves the blank, a barcode reader the
    /// line end: none of it is seen on a label.
    #[test]
    fn what_is_not_seen_is_refused() {
        for hidden in [
            "\u{FEFF}NK-1",
            "NK-1\u{200B}",
            "N\u{200D}K-1",
            "NK-1\u{2060}",
            "NK\u{AD}-1",
            "NK-1\u{202E}",
            "\u{2066}NK-1",
            "NK-1\u{200F}",
            "NK\u{61C}-1",
            "NK-1\r",
            "NK-1\n",
            "\tNK-1",
            "\u{1B}[2JNK",
            "NK\u{9B}1",
            "NK\u{7F}1",
            "NK\u{2028}1",
            "NK\u{85}1",
            "NK\u{A0}1",
            "NK-1\u{3000}",
            "NK\u{3164}1",
            "NK\u{FE0F}1",
            "NK\u{E0041}1",
            "NK\u{301}1",
            "\u{E000}1",
        ] {
            let error = ManufacturerSerial::new(hidden).unwrap_err();
            assert!(
                matches!(error, OtpError::Hidden { .. }),
                "{hidden:?}: {error:?}"
            );
            let said = error.to_string();
            assert_eq!(atecc_text::hidden(&said), None, "{said:?}");
            assert!(said.contains("U+"), "{said}");
            for result in [
                ManufacturerSerial::incompatible(hidden).map(drop),
                BoardName::new(hidden).map(drop),
                ManufacturerSerial::from_bytes(hidden.as_bytes()).map(drop),
                BoardName::from_bytes(hidden.as_bytes()).map(drop),
            ] {
                assert!(matches!(result, Err(OtpError::Hidden { .. })), "{hidden:?}");
            }
            // A chip that has it is still read.
            let stored = ManufacturerSerial::stored(hidden).unwrap();
            assert_eq!(stored.as_str(), hidden);
            assert_eq!(BoardName::stored(hidden).unwrap().as_str(), hidden);
        }
        for blank in [" NK-1", "NK-1 ", " ", "  "] {
            let error = ManufacturerSerial::new(blank).unwrap_err();
            assert!(
                matches!(error, OtpError::OuterBlank { .. }),
                "{blank:?}: {error}"
            );
            assert!(matches!(
                BoardName::new(blank),
                Err(OtpError::OuterBlank { .. })
            ));
        }
        let said = ManufacturerSerial::new("\u{FEFF}NK-1")
            .unwrap_err()
            .to_string();
        assert_eq!(
            said,
            "the manufacturer serial number \"\\u{feff}NK-1\" holds the character U+FEFF, which is \
             not seen as it is: a byte-order mark, as spreadsheets write it before the first cell"
        );
        assert!(ManufacturerSerial::new("Prüfstück 1 №7").is_ok());
    }

    /// Unicode: general categories Cf and Zs, bidirectional controls, C0 and C1.
    #[test]
    fn the_reason_fits_the_character() {
        for (character, reason) in [
            ('\u{FEFF}', "a byte-order mark"),
            ('\u{200B}', "it has no width"),
            ('\u{200D}', "it has no width"),
            ('\u{2060}', "it has no width"),
            ('\u{061C}', "it changes the direction"),
            ('\u{200E}', "it changes the direction"),
            ('\u{202E}', "it changes the direction"),
            ('\u{2069}', "it changes the direction"),
            ('\u{00A0}', "it looks like a blank"),
            ('\u{2003}', "it looks like a blank"),
            ('\u{3000}', "it looks like a blank"),
            ('\u{0007}', "a control character"),
            ('\u{009B}', "a control character"),
            ('\u{00AD}', "invisible"),
            ('\u{0301}', "invisible"),
        ] {
            let text = std::format!("N{character}K");
            let said = ManufacturerSerial::new(&text).unwrap_err().to_string();
            let (_, found) = said.rsplit_once("not seen as it is: ").unwrap();
            assert!(found.starts_with(reason), "{said}");
        }
    }

    #[test]
    fn a_slash_needs_to_be_wanted() {
        for slash in ["A/1", "A1/O=x", "/CN=x", "/", "A/"] {
            let error = ManufacturerSerial::new(slash).unwrap_err();
            assert!(matches!(error, OtpError::Slash { .. }), "{slash}: {error}");
            let wanted = ManufacturerSerial::incompatible(slash).unwrap();
            assert!(!wanted.is_readable_by_elixir());
        }
        for good in ["A=1", "CN=x", "A-1", "A\\1", "A\u{2044}1"] {
            assert!(
                ManufacturerSerial::new(good)
                    .unwrap()
                    .is_readable_by_elixir()
            );
        }
        // The board's name is in no certificate.
        assert!(BoardName::new("A/1").is_ok());
    }

    proptest! {
        #[test]
        fn what_is_written_is_read(
            board in "[a-zA-Z0-9é]{1,5}",
            serial in "[!-.0-~ü]([ -.0-~ü]{0,22}[!-.0-~ü])?",
            user in proptest::collection::vec(any::<u8>(), 0..=32),
        ) {
            let user = if serial.len() > 16 { Vec::new() } else { user };
            let otp = otp(&board, &serial, &user).unwrap();
            let read = Otp::from_bytes(*otp.bytes()).unwrap();
            prop_assert_eq!(read.board_name(), board.as_bytes());
            prop_assert_eq!(read.manufacturer_serial(), serial.as_bytes());
            if let Some(area) = read.user() {
                prop_assert_eq!(&area[..user.len()], &user[..]);
            }
        }

        #[test]
        fn any_bytes_are_read_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 60)) {
            let mut zone = [0; 64];
            zone[..4].copy_from_slice(&MAGIC);
            zone[4..].copy_from_slice(&bytes);
            let otp = Otp::from_bytes(zone).unwrap();
            prop_assert!(otp.manufacturer_serial().len() <= 48);
            prop_assert!(otp.board_name().len() <= 10);
            prop_assert_eq!(otp.user().is_none(), otp.flags() == OtpFlags::LongSerial);
        }
    }
}
