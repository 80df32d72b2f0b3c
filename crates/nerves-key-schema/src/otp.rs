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

use core::str;

const MAGIC: [u8; 4] = *b"Nrvs";

/// The name of the board, 1 to 10 bytes of UTF-8.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BoardName(Text<10>);

/// The serial number that the manufacturer gives a device, 1 to 48 bytes of
/// UTF-8.
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
    /// A long serial takes the user area's place.
    #[error("a serial of {serial} bytes leaves no room for user data; the limit is 16")]
    UserAreaTaken {
        /// Length of the serial in bytes.
        serial: usize,
    },
}

impl<const N: usize> Text<N> {
    fn new(field: &'static str, text: &str) -> Result<Self, OtpError> {
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
    /// # Errors
    /// [`OtpError`] when empty, longer than 10 bytes, or with a zero byte.
    pub fn new(name: &str) -> Result<Self, OtpError> {
        Text::new("board name", name).map(Self)
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
    /// # Errors
    /// [`OtpError`] when empty, longer than 48 bytes, or with a zero byte.
    pub fn new(serial: &str) -> Result<Self, OtpError> {
        Text::new("manufacturer serial number", serial).map(Self)
    }

    /// From bytes that should be UTF-8.
    ///
    /// # Errors
    /// [`OtpError::NotUtf8`], or as [`ManufacturerSerial::new`].
    pub fn from_bytes(serial: &[u8]) -> Result<Self, OtpError> {
        Self::new(text("manufacturer serial number", serial)?)
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
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Otp([u8; 64]);

/// An OTP zone that does not begin with the magic.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("the OTP zone begins with {0:02X?}, not with 4E 72 76 73 (\"Nrvs\"): no NervesKey")]
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

    proptest! {
        #[test]
        fn what_is_written_is_read(
            board in "[a-zA-Z0-9é]{1,5}",
            serial in "[ -~ü]{1,24}",
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
