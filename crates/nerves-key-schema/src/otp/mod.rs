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

mod error;
mod name;
#[cfg(test)]
mod tests;

pub use error::{Offending, OtpError};
pub use name::{BoardName, ManufacturerSerial};

use core::ops::Range;

const MAGIC: [u8; 4] = *b"Nrvs";
/// Of the fields that are text.
const BOARD_NAME: Range<usize> = 6..16;
const SHORT_SERIAL: Range<usize> = 16..32;
const LONG_SERIAL: Range<usize> = 16..64;
const _: () = assert!(BOARD_NAME.end == SHORT_SERIAL.start && LONG_SERIAL.end == 64);

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
    pub const fn as_bytes(&self) -> &[u8; 64] {
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
        self.text(BOARD_NAME)
    }

    /// The manufacturer serial without the zeros after it: at most 48 bytes,
    /// UTF-8 unless somebody else wrote it.
    #[must_use]
    pub fn manufacturer_serial(&self) -> &[u8] {
        self.text(match self.flags() {
            OtpFlags::LongSerial => LONG_SERIAL,
            OtpFlags::ShortSerial | OtpFlags::Unknown(_) => SHORT_SERIAL,
        })
    }

    /// The bytes of a field without the zeros after them.
    fn text(&self, field: Range<usize>) -> &[u8] {
        let mut left = self.0.get(field);
        while let Some([text @ .., 0]) = left {
            left = Some(text);
        }
        // Within the zone: see the constants.
        left.unwrap_or_default()
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
