//! Data and OTP zone: written whole, then locked.
//!
//! Until the lock the chip reads neither back; the CRC that Lock carries is what
//! says that it holds what was written. As with the configuration, what cannot be
//! undone is a type of its own.

use zeroize::Zeroize;

use super::{LockAndConfirm, TooManyBytes};
use crate::command::DecodeError;
use crate::commands::{LockTarget, ReadWord, WriteBlock};
use crate::crc::Crc16;
use crate::error::Executed;
use crate::procedure::{Answer, Next};
use crate::{BlockAddress, Command, ConfigZone, Failure, Procedure, Region, Slot, WordAddress};

/// Write every slot without a private key, and the OTP zone. Nothing is locked.
///
/// Slots are filled with zeros: each byte that the lock's CRC counts has to be
/// known. Private keys are made or written apart, before or after this. It can
/// be run again after an interruption, up to the lock: on a chip whose data are
/// locked it writes nothing.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// # use atecc::procedures::{Configure, LockConfiguration};
/// # let configured = device.run(Configure::new(|part: &atecc::ConfigZone| *part))?;
/// # let config = device.run(LockConfiguration::new(configured))?;
/// use atecc::procedures::WriteData;
/// use atecc::{Region, Slot};
///
/// let write = WriteData::new(&config, &[0; 64])
///     .with_slot(Slot::S8, b"settings")?; // The rest of the slot is zeros.
/// let written = device.run(write.clone())?;
/// // Nothing is locked: it can be done again.
/// assert_eq!(device.run(write)?, written);
///
/// // Slot 9 has 72 bytes.
/// let write = WriteData::new(&config, &[0; 64]);
/// let error = write.with_slot(Slot::S9, &[0; 73]).unwrap_err();
/// assert_eq!((error.region, error.len), (Region::Slot(Slot::S9), 73));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct WriteData<'a> {
    contents: Contents<'a>,
    /// The lock has been looked at.
    is_open: bool,
    /// What is being written, and which block of it: 0 to 15 a slot, 16 OTP.
    region: usize,
    block: u8,
}

/// The bytes, and which of the slots count.
#[derive(Clone, Copy)]
struct Contents<'a> {
    config: ConfigZone,
    slots: [&'a [u8]; 16],
    otp: &'a [u8; 64],
}

/// What was written to data and OTP zone of a chip, as its lock wants it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WrittenData {
    crc: u16,
}

impl WrittenData {
    /// CRC-16 over the slots without a private key, in order and at their true
    /// sizes, then OTP.
    #[must_use]
    pub const fn crc(self) -> u16 {
        self.crc
    }
}

impl<'a> Contents<'a> {
    /// The region that comes at `index`, with its bytes; nothing for a slot
    /// that is not written.
    fn region(&self, index: usize) -> Option<(Region, &'a [u8])> {
        let Some(slot) = Slot::ALL.get(index) else {
            return Some((Region::Otp, self.otp));
        };
        let bytes = self.slots.get(index)?;
        (!self.config.key_config(*slot).private()).then_some((Region::Slot(*slot), bytes))
    }

    fn crc(&self) -> u16 {
        let mut crc = Crc16::new();
        for (region, bytes) in (0..REGIONS).filter_map(|index| self.region(index)) {
            crc.update(bytes);
            for _ in bytes.len()..region.size() {
                crc.update(&[0]);
            }
        }
        crc.finish()
    }
}

/// Why data were not written.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum WriteDataError {
    /// A command failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// Each slot's configuration decides from now on.
    #[error("data and OTP zone are locked already: nothing was written")]
    Locked,
}

/// The word of the configuration with the lock bytes.
const LOCKS: u8 = 21;

/// 16 slots and OTP.
const REGIONS: usize = 17;

impl<'a> WriteData<'a> {
    /// Write `otp`, and zeros to all slots, to a chip with the configuration
    /// `config`.
    #[must_use]
    pub const fn new(config: &ConfigZone, otp: &'a [u8; 64]) -> Self {
        Self {
            contents: Contents {
                config: *config,
                slots: [&[]; 16],
                otp,
            },
            is_open: false,
            region: 0,
            block: 0,
        }
    }

    /// Write `bytes` to `slot`, from its start. Those of a private key's slot are
    /// not looked at.
    ///
    /// # Errors
    /// [`TooManyBytes`] when the slot is smaller than what is to go into it.
    pub fn with_slot(mut self, slot: Slot, bytes: &'a [u8]) -> Result<Self, TooManyBytes> {
        let (region, len) = (Region::Slot(slot), bytes.len());
        let is_private = self.contents.config.key_config(slot).private();
        if !is_private && len > region.size() {
            return Err(TooManyBytes { region, len });
        }
        if let Some(contents) = self.contents.slots.get_mut(usize::from(slot.index())) {
            *contents = bytes;
        }
        Ok(self)
    }

    /// Word 21 has the lock of data and OTP.
    fn judge_lock(&mut self, payload: &[u8]) -> Next<WrittenData, WriteDataError> {
        let word = DecodeError::exactly::<4>(<ReadWord as Command>::OPCODE, payload);
        let at = 4 * usize::from(LOCKS);
        match word {
            Ok(word) if self.contents.config.with(at, &word).data_lock().is_locked() => {
                Next::Done(Err(WriteDataError::Locked))
            }
            Ok(_) => {
                self.is_open = true;
                self.write()
            }
            Err(error) => Next::failed(error.into()),
        }
    }

    fn write(&mut self) -> Next<WrittenData, WriteDataError> {
        while self.region < REGIONS {
            if let Some((region, bytes)) = self.contents.region(self.region)
                && let Ok(address) = BlockAddress::new(region, self.block)
            {
                let mut data = [0; 32];
                let from = bytes.iter().skip(32 * usize::from(self.block));
                for (to, from) in data.iter_mut().zip(from) {
                    *to = *from;
                }
                let next = Next::send(&WriteBlock { address, data });
                data.zeroize();
                return next;
            }
            self.region = self.region.saturating_add(1);
            self.block = 0;
        }
        let crc = self.contents.crc();
        Next::Done(Ok(WrittenData { crc }))
    }
}

impl Procedure for WriteData<'_> {
    type Output = WrittenData;
    type Error = WriteDataError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<WrittenData, WriteDataError> {
        match answer {
            Answer::Start => {
                return match WordAddress::new(Region::Config, LOCKS) {
                    Ok(address) => Next::send(&ReadWord { address }),
                    Err(_) => Next::Done(Err(WriteDataError::Locked)),
                };
            }
            Answer::Payload(word) if !self.is_open => return self.judge_lock(word),
            Answer::Payload(_) => self.block = self.block.saturating_add(1),
            Answer::Failed(failure) => return Next::failed(failure),
        }
        self.write()
    }
}

/// The bytes may be keys, so they are not shown.
impl core::fmt::Debug for WriteData<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("WriteData")
            .field("region", &self.region)
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}

/// Lock data and OTP zone **for ever**: from then on each slot's configuration
/// decides.
///
/// The chip refuses unless it holds what was written. After a lost answer the
/// lock byte is read and decides. Where each of its answers is a refusal and the
/// zone is found locked all the same, somebody else has locked it, with whatever:
/// that is an error.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// # use atecc::procedures::{Configure, LockConfiguration};
/// # let configured = device.run(Configure::new(|part: &atecc::ConfigZone| *part))?;
/// # let config = device.run(LockConfiguration::new(configured))?;
/// use atecc::commands::ReadBlock;
/// use atecc::procedures::{LockData, WriteData};
/// use atecc::{BlockAddress, Region, Slot};
///
/// let write = WriteData::new(&config, &[0; 64]).with_slot(Slot::S8, &[0x5A; 40])?;
/// let written = device.run(write)?;
/// let address = BlockAddress::new(Region::Slot(Slot::S8), 0)?;
/// assert!(device.execute(ReadBlock { address }).is_err()); // Not before the lock.
/// device.run(LockData::new(written))?;
/// assert_eq!(device.execute(ReadBlock { address })?, [0x5A; 32]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LockData {
    lock: LockAndConfirm,
    /// What all answers to the lock were so far.
    refused: Option<Failure>,
    /// One of them was lost.
    is_lost: bool,
}

impl LockData {
    /// There is no way back from this.
    #[must_use]
    pub const fn new(written: WrittenData) -> Self {
        let target = LockTarget::Data { crc: written.crc };
        Self {
            lock: LockAndConfirm::new(target),
            refused: None,
            is_lost: false,
        }
    }
}

impl Procedure for LockData {
    type Output = ();
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<(), Failure> {
        match answer {
            Answer::Failed(failure) if failure.refusal().is_some() => self.refused = Some(failure),
            Answer::Failed(_) => self.is_lost = true,
            Answer::Start | Answer::Payload(_) => {}
        }
        let next = self.lock.resume(answer);
        next.and_then(|()| match self.refused {
            Some(failure) if !self.is_lost => Next::failed(Failure {
                executed: Executed::Unknown,
                ..failure
            }),
            _ => Next::Done(Ok(())),
        })
    }
}
