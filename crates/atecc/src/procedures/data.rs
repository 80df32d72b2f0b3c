//! Data and OTP zone: written whole, then locked.
//!
//! Until the lock the chip reads neither back; the CRC that Lock carries is what
//! says that it holds what was written. As with the configuration, what cannot be
//! undone is a type of its own.

use zeroize::Zeroize;

use super::{LockAndConfirm, TooManyBytes};
use crate::commands::{LockTarget, WriteBlock};
use crate::{Answer, BlockAddress, ConfigZone, Crc16, Failure, Next, Place, Procedure, Slot};

/// Write every slot without a private key, and the OTP zone. Nothing is locked.
///
/// Slots are filled with zeros: each byte that the lock's CRC counts has to be
/// known. Private keys are made or written apart, before or after this. It can
/// be run again after an interruption.
#[derive(Clone)]
pub struct WriteData<'a> {
    contents: Contents<'a>,
    /// What is being written, and which block of it: 0 to 15 a slot, 16 OTP.
    place: usize,
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
    /// The place that comes at `index`, with its bytes; nothing for a slot
    /// that is not written.
    fn place(&self, index: usize) -> Option<(Place, &'a [u8])> {
        let Some(slot) = Slot::ALL.get(index) else {
            return Some((Place::Otp, self.otp));
        };
        let bytes = self.slots.get(index)?;
        (!self.config.key_config(*slot).private()).then_some((Place::Slot(*slot), bytes))
    }

    fn crc(&self) -> u16 {
        let mut crc = Crc16::new();
        for (place, bytes) in (0..PLACES).filter_map(|index| self.place(index)) {
            crc.update(bytes);
            for _ in bytes.len()..place.size() {
                crc.update(&[0]);
            }
        }
        crc.finish()
    }
}

/// 16 slots and OTP.
const PLACES: usize = 17;

impl<'a> WriteData<'a> {
    /// Write `slots`, each from its start, and `otp` to a chip with the
    /// configuration `config`. The bytes of a private key's slot are not looked
    /// at.
    ///
    /// # Errors
    /// [`TooManyBytes`] when a slot is smaller than what is to go into it.
    pub fn new(
        config: &ConfigZone,
        slots: [&'a [u8]; 16],
        otp: &'a [u8; 64],
    ) -> Result<Self, TooManyBytes> {
        let contents = Contents {
            config: *config,
            slots,
            otp,
        };
        for (place, bytes) in (0..PLACES).filter_map(|index| contents.place(index)) {
            let len = bytes.len();
            if len > place.size() {
                return Err(TooManyBytes { place, len });
            }
        }
        Ok(Self {
            contents,
            place: 0,
            block: 0,
        })
    }

    fn write(&mut self) -> Next<WrittenData, Failure> {
        while self.place < PLACES {
            if let Some((place, bytes)) = self.contents.place(self.place)
                && let Ok(address) = BlockAddress::new(place, self.block)
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
            self.place = self.place.saturating_add(1);
            self.block = 0;
        }
        let crc = self.contents.crc();
        Next::Done(Ok(WrittenData { crc }))
    }
}

impl Procedure for WriteData<'_> {
    type Output = WrittenData;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<WrittenData, Failure> {
        match answer {
            Answer::Start => {}
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
            .field("place", &self.place)
            .field("block", &self.block)
            .finish_non_exhaustive()
    }
}

/// Lock data and OTP zone **for ever**: from then on each slot's configuration
/// decides.
///
/// The chip refuses unless it holds what was written. After a lost answer the
/// lock byte is read and decides.
#[derive(Clone, Copy, Debug)]
pub struct LockData(LockAndConfirm);

impl LockData {
    /// There is no way back from this.
    #[must_use]
    pub const fn new(written: WrittenData) -> Self {
        let target = LockTarget::Data { crc: written.crc };
        Self(LockAndConfirm::new(target))
    }
}

impl Procedure for LockData {
    type Output = ();
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<(), Failure> {
        self.0.resume(answer)
    }
}
