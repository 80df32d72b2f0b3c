//! `Info` (opcode 0x30). Source: ATECC508A datasheet, "Info Command".

use crate::command::{Chips, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode, Revision, Slot};

/// Mode 0x00: ask for the chip's revision.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::Revision;
/// use atecc::commands::InfoRevision;
///
/// assert_eq!(device.execute(InfoRevision)?, Revision::Atecc608B);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InfoRevision;

impl Command for InfoRevision {
    const OPCODE: Opcode = Opcode::Info;
    type Response = Revision;

    fn param1(&self) -> u8 {
        0x00
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(4)
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<Revision, DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload).map(Revision::from_bytes)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for InfoRevision {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        match group.param1 {
            0x00 => Ok(Self),
            _ => Err(group.wrong_mode()),
        }
    }
}

/// Mode 0x01: whether a private key slot holds a valid key.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::InfoKeyValid;
/// use atecc::procedures::CreateKey;
///
/// let slot = Slot::S0;
/// assert!(!device.execute(InfoKeyValid { slot })?);
/// device.run(CreateKey::new(slot))?;
/// assert!(device.execute(InfoKeyValid { slot })?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InfoKeyValid {
    /// The slot; for others than ECC key slots the answer means nothing.
    pub slot: Slot,
}

impl Command for InfoKeyValid {
    const OPCODE: Opcode = Opcode::Info;
    type Response = bool;

    fn param1(&self) -> u8 {
        0x01
    }
    fn param2(&self) -> u16 {
        self.slot.index().into()
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(4)
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<bool, DecodeError> {
        let [valid, ..]: [u8; 4] = DecodeError::exactly(Self::OPCODE, payload)?;
        Ok(valid != 0)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for InfoKeyValid {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        match group.param1 {
            0x01 => Ok(Self { slot: group.slot() }),
            _ => Err(group.wrong_mode()),
        }
    }
}

/// Mode 0x02: the chip's volatile state.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::procedure::Once;
/// use atecc::commands::{InfoState, LoadNonce, NonceTarget};
/// use atecc::procedures::Prepared;
///
/// assert!(!device.execute(InfoState)?.temp_key_valid());
/// let nonce = LoadNonce { target: NonceTarget::TempKey, value: [0x40; 32] };
/// let ((), state) = device.run(Prepared::new(Once(nonce), InfoState))?;
/// assert!(state.temp_key_valid());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InfoState;

/// What [`InfoState`] answers. Without a valid TempKey its flags mean nothing.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct VolatileState {
    /// First byte: bit 7 `NoMacFlag`, 6 `GenKeyData`, 5 `GenDigData`, 4
    /// `SourceFlag` (1 is input), 3 to 0 KeyID.
    pub temp_key_flags: u8,
    /// Second byte: bit 7 TempKey valid, 6 to 3 `AuthKeyID`, 2 `AuthValid`, 1 and 0
    /// seeds of the random generator.
    pub flags: u8,
}

impl VolatileState {
    /// Whether TempKey holds something.
    #[must_use]
    pub const fn temp_key_valid(self) -> bool {
        self.flags & 0x80 != 0
    }

    /// The slot of the key that is authorized, if any.
    #[must_use]
    pub const fn authorized_key(self) -> Option<u8> {
        if self.flags & 0x04 != 0 {
            Some(self.flags >> 3 & 0x0F)
        } else {
            None
        }
    }
}

impl Command for InfoState {
    const OPCODE: Opcode = Opcode::Info;
    type Response = VolatileState;

    fn param1(&self) -> u8 {
        0x02
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(4)
    }
    fn repeat(&self) -> Retry {
        Retry::RestartSequence
    }
    fn decode(&self, payload: &[u8]) -> Result<VolatileState, DecodeError> {
        let [temp_key_flags, flags, ..]: [u8; 4] = DecodeError::exactly(Self::OPCODE, payload)?;
        Ok(VolatileState {
            temp_key_flags,
            flags,
        })
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for InfoState {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        match group.param1 {
            0x02 => Ok(Self),
            _ => Err(group.wrong_mode()),
        }
    }
}

/// Mode 0x03: the GPIO pin of single-wire parts. I2C parts refuse it.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::InfoGpio;
///
/// let refusal = device.execute(InfoGpio { driver: 0 }).unwrap_err();
/// assert!(refusal.to_string().contains("0x0F"), "{refusal}");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InfoGpio {
    /// Param2: driver bits.
    pub driver: u8,
}

impl Command for InfoGpio {
    const OPCODE: Opcode = Opcode::Info;
    type Response = [u8; 4];

    fn param1(&self) -> u8 {
        0x03
    }
    fn param2(&self) -> u16 {
        self.driver.into()
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(4)
    }
    fn repeat(&self) -> Retry {
        Retry::Idempotent
    }
    fn decode(&self, payload: &[u8]) -> Result<[u8; 4], DecodeError> {
        DecodeError::exactly(Self::OPCODE, payload)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for InfoGpio {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        let [driver, _] = group.param2.to_le_bytes();
        match group.param1 {
            0x03 => Ok(Self { driver }),
            _ => Err(group.wrong_mode()),
        }
    }
}

/// Mode 0x04: the persistent latch that keys with `PersistentDisable` need.
/// ATECC608 only. Setting it needs an authorized key, and so does clearing it
/// *(unconfirmed)*.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::InfoLatch;
///
/// assert!(!device.execute(InfoLatch::Read)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum InfoLatch {
    /// Read only.
    Read = 0x00,
    /// Clear, then read.
    Clear = 0x02,
    /// Set, then read.
    Set = 0x03,
}

impl Command for InfoLatch {
    const OPCODE: Opcode = Opcode::Info;
    /// Whether the latch is set now.
    type Response = bool;

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc608)
    }
    fn param1(&self) -> u8 {
        0x04
    }
    fn param2(&self) -> u16 {
        (*self as u8).into()
    }
    fn expect(&self) -> ResponseKind {
        ResponseKind::Bytes(4)
    }
    fn repeat(&self) -> Retry {
        match self {
            Self::Read => Retry::Idempotent,
            Self::Clear | Self::Set => Retry::RestartSequence,
        }
    }
    fn decode(&self, payload: &[u8]) -> Result<bool, DecodeError> {
        let [latch, ..]: [u8; 4] = DecodeError::exactly(Self::OPCODE, payload)?;
        Ok(latch & 1 == 1)
    }
}

#[cfg(feature = "parse")]
impl Parse<'_> for InfoLatch {
    fn from_group(group: &CommandGroup<'_>) -> Result<Self, CommandError> {
        if group.param1 != 0x04 {
            return Err(group.wrong_mode());
        }
        // Param2 bit 1: write; bit 0: what.
        Ok(match group.param2 & 0x03 {
            0x02 => Self::Clear,
            0x03 => Self::Set,
            _ => Self::Read,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::group;

    #[test]
    fn bytes() {
        assert_eq!(
            group(&InfoRevision),
            [0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D]
        );
        assert_eq!(
            InfoRevision.decode(&[0x00, 0x00, 0x60, 0x02]),
            Ok(Revision::Atecc608A(2))
        );
        let valid = InfoKeyValid { slot: Slot::S2 };
        assert_eq!(group(&valid)[..5], [0x07, 0x30, 0x01, 0x02, 0x00]);
        assert_eq!(valid.decode(&[0x01, 0x00, 0x00, 0x00]), Ok(true));
        assert_eq!(valid.decode(&[0x00; 4]), Ok(false));
        assert!(valid.decode(&[0x01]).is_err());
    }

    #[test]
    fn volatile_state() {
        assert_eq!(
            group(&InfoState),
            [0x07, 0x30, 0x02, 0x00, 0x00, 0x00, 0xD8]
        );
        // TempKey from input, digest of slot 4; key 4 authorized.
        let state = InfoState.decode(&[0x34, 0xA4, 0x00, 0x00]).unwrap();
        assert!(state.temp_key_valid());
        assert_eq!(state.authorized_key(), Some(4));
        let nothing = InfoState.decode(&[0x10, 0x00, 0x00, 0x00]).unwrap();
        assert!(!nothing.temp_key_valid());
        assert_eq!(nothing.authorized_key(), None);
    }

    #[test]
    fn latch_and_gpio() {
        let set = &[0x07, 0x30, 0x04, 0x03, 0x00][..];
        assert_eq!(&group(&InfoLatch::Set)[..5], set);
        assert_eq!(
            group(&InfoLatch::Read),
            [0x07, 0x30, 0x04, 0x00, 0x00, 0x80, 0xDF]
        );
        assert_eq!(InfoLatch::Set.decode(&[0x01, 0, 0, 0]), Ok(true));
        let gpio = InfoGpio { driver: 2 };
        assert_eq!(group(&gpio)[..5], [0x07, 0x30, 0x03, 0x02, 0x00]);
    }
}
