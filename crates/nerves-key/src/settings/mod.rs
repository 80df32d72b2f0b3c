//! Settings: 524 bytes that stay writable, in slots 8, 7, 6 and 5; slot 8
//! alone, 416 bytes, on Trust&GO parts. Source: `nerves_key` 1.3, its README.
//!
//! Two formats are read, and told apart by their first bytes:
//!
//! - The existing library's: a [term] in Erlang's external term format,
//!   then zeros. It has no check; a write first makes the beginning invalid and
//!   writes the beginning last, so that a write that was interrupted is seen.
//! - The typed format: a [record](typed) of whatever `serde` takes, with its
//!   length, a generation and a CRC. Records of up to 208 bytes have two
//!   places and take turns, so that an interrupted write leaves the last value.
//!
//! [`UpdateSettings`] reads, asks for the new value, writes and reads back in
//! one session. A [`WriteSettings`] that was made of an earlier reading does
//! the same, and is refused when the chip holds something else by now: the
//! values of two writers never mix, and none is lost unsaid.
//!
//! ```
//! # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
//! use nerves_key::settings::{Area, UpdateSettings};
//!
//! device.run(UpdateSettings::new(Area::NervesKey, |settings| {
//!     let boots: u32 = settings.get()?.unwrap_or(0);
//!     settings.set(&(boots + 1))
//! }))?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
pub mod term;
pub mod typed;
mod update;
mod value;
mod write;

use alloc::vec::Vec;

use atecc::procedure::{Answer, Next};
use atecc::{Failure, Procedure, Slot};
use nerves_key_schema::slot;
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

use crate::chunks::ReadChunks;
pub use error::SettingsError;
pub use update::{UpdateError, UpdateSettings, Updated};
pub use value::Value;
pub use write::WriteSettings;

/// First byte of Erlang's external term format.
/// Source: Erlang documentation, "External Term Format".
const TERM: u8 = 131;

/// Which slots hold settings.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Area {
    /// Slots 8, 7, 6, 5: 524 bytes.
    NervesKey,
    /// Slot 8: 416 bytes.
    TrustPart,
}

impl Area {
    pub(crate) const fn slots(self) -> &'static [Slot] {
        match self {
            Self::NervesKey => &slot::SETTINGS,
            Self::TrustPart => &[slot::SETTINGS[0]],
        }
    }

    /// Bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::NervesKey => 524,
            Self::TrustPart => 416,
        }
    }
}

/// The bytes of an [`Area`], as a chip has them. They may be passwords: not
/// shown, and zeroized when dropped.
///
/// ```
/// use nerves_key::settings::{Area, Settings, Stored};
///
/// let settings = Settings::from_bytes(Area::NervesKey, &[])?;
/// assert_eq!(settings.stored()?, Stored::Empty);
/// let write = settings.set(&42_u32)?;
/// assert_eq!(write.after().get::<u32>()?, Some(42));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Eq, PartialEq)]
pub struct Settings {
    area: Area,
    bytes: Zeroizing<Vec<u8>>,
}

impl core::fmt::Debug for Settings {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Settings")
            .field("area", &self.area)
            .finish_non_exhaustive()
    }
}

/// What [`Settings::stored`] finds.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Stored<'a> {
    /// Nothing was ever written, or it was cleared.
    Empty,
    /// A term, zeros behind it.
    Term(&'a [u8]),
    /// The payload of the newest typed record.
    Typed(&'a [u8]),
}

impl Settings {
    /// `bytes` as the contents of `area`, zeros behind them.
    ///
    /// # Errors
    /// [`SettingsError::TooLarge`].
    pub fn from_bytes(area: Area, bytes: &[u8]) -> Result<Self, SettingsError> {
        let given = SettingsError::fitting(bytes, area.size())?;
        let mut bytes = Zeroizing::new(Vec::with_capacity(area.size()));
        bytes.extend_from_slice(given);
        bytes.resize(area.size(), 0);
        Ok(Self { area, bytes })
    }

    /// All of them: 524 or 416.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Which slots they are in.
    #[must_use]
    pub const fn area(&self) -> Area {
        self.area
    }

    /// What is there, by the format's own marks.
    ///
    /// # Errors
    /// [`SettingsError::Torn`] after a write that did not end;
    /// [`SettingsError::Unknown`] for what neither format begins with.
    pub fn stored(&self) -> Result<Stored<'_>, SettingsError> {
        if let Some(record) = typed::newest(&self.bytes) {
            return Ok(Stored::Typed(record.payload));
        }
        let blank = |bytes: &[u8], byte| bytes.iter().all(|one| *one == byte);
        if [0x00, 0xFF].iter().any(|byte| blank(&self.bytes, *byte)) {
            return Ok(Stored::Empty);
        }
        let first = self.bytes.get(..32).unwrap_or_default();
        match first.first() {
            Some(&TERM) => Ok(Stored::Term(&self.bytes)),
            _ if typed::begins(&self.bytes) => Err(SettingsError::Torn),
            _ if blank(first, 0x00) || blank(first, 0xFF) => Err(SettingsError::Torn),
            _ => Err(SettingsError::Unknown),
        }
    }

    /// The typed value; `None` when there are no settings.
    ///
    /// # Errors
    /// As [`Settings::stored`]; [`SettingsError::OtherFormat`] for a term;
    /// [`SettingsError::Payload`] for a record of another type.
    pub fn get<T: DeserializeOwned>(&self) -> Result<Option<T>, SettingsError> {
        match self.stored()? {
            Stored::Empty => Ok(None),
            Stored::Typed(payload) => Ok(Some(postcard::from_bytes(payload)?)),
            Stored::Term(_) => Err(SettingsError::OtherFormat),
        }
    }

    /// The write that makes `value` the settings, in the typed format.
    ///
    /// # Errors
    /// [`SettingsError::TooLarge`], [`SettingsError::Payload`].
    pub fn set<T: Serialize>(&self, value: &T) -> Result<WriteSettings, SettingsError> {
        self.write_typed(&Zeroizing::new(postcard::to_allocvec(value)?))
    }
}

/// Read an [`Area`] whole.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::settings::{Area, ReadSettings};
///
/// let settings = device.run(ReadSettings::new(Area::NervesKey))?;
/// assert_eq!(settings.get::<u32>()?, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReadSettings {
    area: Area,
    read: ReadChunks,
}

impl ReadSettings {
    /// Of these slots.
    #[must_use]
    pub fn new(area: Area) -> Self {
        Self {
            area,
            read: ReadChunks::new(area.slots()),
        }
    }
}

impl Procedure for ReadSettings {
    type Output = Settings;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Settings, Failure> {
        let next = self.read.resume(answer);
        next.map(|bytes| Settings {
            area: self.area,
            bytes,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::format;

    use super::*;

    /// They may be passwords.
    #[test]
    fn bytes_are_not_shown() {
        let settings = Settings::from_bytes(Area::TrustPart, b"secret").unwrap();
        assert_eq!(format!("{settings:?}"), "Settings { area: TrustPart, .. }");
    }

    /// Not a format that nobody knows: what a record begins with is there.
    #[test]
    fn a_damaged_record_is_torn() {
        let empty = Settings::from_bytes(Area::NervesKey, &[]).unwrap();
        let mut settings = empty.write_typed(&[1; 40]).unwrap().after().clone();
        settings.bytes[20] ^= 1;
        assert!(matches!(settings.stored(), Err(SettingsError::Torn)));
    }
}
