//! A configuration of one's own: written, read back, compared; and then locked.
//!
//! Two procedures, so that the one that cannot be undone is a type of its own,
//! and takes what only the other one gives.

use super::{LockAndConfirm, ReadConfig};
use crate::commands::{LockTarget, WriteWord};
use crate::config::{ConfigZone, offset};
use crate::error::{Cause, Executed};
use crate::procedure::{Answer, Next};
use crate::{BusAddress, Failure, Procedure, Region, WordAddress};

/// Write the configuration zone, read it back and compare it. Nothing is locked.
///
/// What is wanted is made from the part's own bytes by a function of the caller,
/// so that what it does not name stays as the factory made it. Only the bytes
/// that Write changes count ([`offset::is_writable`]). Words that are right are
/// not written, so it can be run again after an interruption; on a chip that is
/// locked with just this configuration it succeeds as well.
///
/// The I2C address is written last; the chip takes it when it has slept.
///
/// ```
/// use atecc::config::{ConfigZone, KeyConfig};
/// use atecc::{Slot, procedures::Configure};
///
/// let configure = Configure::new(|part: &ConfigZone| {
///     part.with_key_config(Slot::S2, KeyConfig::private_key().pub_info().build())
/// });
/// ```
#[derive(Clone)]
pub struct Configure<F> {
    layout: F,
    phase: Phase,
}

#[derive(Clone, Debug)]
enum Phase {
    Reading(ReadConfig),
    /// What is wanted, what the chip held, and the writes that are behind.
    Writing {
        wanted: ConfigZone,
        held: ConfigZone,
        done: u8,
    },
    Checking {
        wanted: ConfigZone,
        read: ReadConfig,
    },
}

/// A configuration zone that was read back from its chip and is as it should be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Configured(ConfigZone);

impl Configured {
    /// The zone as it was read.
    #[must_use]
    pub const fn zone(&self) -> &ConfigZone {
        &self.0
    }
}

/// Why a chip is not configured as wanted.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigureError {
    /// A command failed.
    #[error(transparent)]
    Failed(#[from] Failure),
    /// The zone is locked already, with something else.
    #[error(
        "configuration byte {offset} is 0x{held:02X}, not 0x{wanted:02X}, and the zone is locked: \
         this chip keeps the configuration that it has"
    )]
    Locked {
        /// The first byte that differs, 0 to 127.
        offset: usize,
        /// What was wanted.
        wanted: u8,
        /// What the chip holds for ever.
        held: u8,
    },
    /// What was written does not read back.
    #[error(
        "configuration byte {offset} reads back as 0x{held:02X} instead of 0x{wanted:02X}: nothing \
         was locked"
    )]
    ReadBack {
        /// The first byte that differs, 0 to 127.
        offset: usize,
        /// What was written.
        wanted: u8,
        /// What was read.
        held: u8,
    },
    /// The chip could never be reached again; nothing was written.
    #[error(
        "configuration byte 16 (I2C_Address) is to be 0x{0:02X}, which is no 8-bit form of an \
         address that a bus can use: 0x10 to 0xEE, even"
    )]
    Address(u8),
}

/// Words of the zone, in the order in which they are written: the one with the
/// address at the end.
const WORDS: u8 = 32;
#[expect(clippy::cast_possible_truncation, reason = "4")]
const FIRST: u8 = (offset::I2C_ADDRESS / 4) as u8;

impl<F: Fn(&ConfigZone) -> ConfigZone> Configure<F> {
    /// Write what `layout` makes of the part's configuration.
    #[must_use]
    pub const fn new(layout: F) -> Self {
        Self {
            layout,
            phase: Phase::Reading(ReadConfig::new()),
        }
    }

    /// The chip holds `held`.
    fn begin(&mut self, held: ConfigZone) -> Next<Configured, ConfigureError> {
        let wanted = writable_of(&(self.layout)(&held), held);
        let address = wanted.byte(offset::I2C_ADDRESS);
        if address != held.byte(offset::I2C_ADDRESS)
            && (address & 1 == 1 || BusAddress::new(address >> 1).is_err())
        {
            return Next::Done(Err(ConfigureError::Address(address)));
        }
        match (held.config_lock().is_locked(), mismatch(&wanted, &held)) {
            (true, Some((offset, wanted, held))) => Next::Done(Err(ConfigureError::Locked {
                offset,
                wanted,
                held,
            })),
            (true, None) => Next::Done(Ok(Configured(held))),
            (false, _) => self.write(wanted, held, 0),
        }
    }

    /// The next word that is not as wanted; after the last one all is read.
    fn write(
        &mut self,
        wanted: ConfigZone,
        held: ConfigZone,
        done: u8,
    ) -> Next<Configured, ConfigureError> {
        for position in done..WORDS - FIRST {
            let next = FIRST.saturating_add(1).saturating_add(position);
            let word = if next < WORDS { next } else { FIRST };
            let data = wanted.word(word);
            if let Ok(address) = WordAddress::new(Region::Config, word)
                && data != held.word(word)
            {
                let done = position.saturating_add(1);
                self.phase = Phase::Writing { wanted, held, done };
                return Next::send(&WriteWord { address, data });
            }
        }
        let mut read = ReadConfig::new();
        let next = check(&wanted, &mut read, Answer::Start);
        self.phase = Phase::Checking { wanted, read };
        next
    }
}

/// Read all, and compare it.
fn check(
    wanted: &ConfigZone,
    read: &mut ReadConfig,
    answer: Answer<'_>,
) -> Next<Configured, ConfigureError> {
    match read.resume(answer) {
        Next::Send(request) => Next::Send(request),
        Next::Done(Err(failure)) => Next::failed(failure),
        Next::Done(Ok(held)) => Next::Done(match mismatch(wanted, &held) {
            None => Ok(Configured(held)),
            Some((offset, wanted, held)) => Err(ConfigureError::ReadBack {
                offset,
                wanted,
                held,
            }),
        }),
    }
}

/// The bytes of `zone` that Write changes, and the others of `part`.
fn writable_of(zone: &ConfigZone, part: ConfigZone) -> ConfigZone {
    let mut merged = part;
    for (at, (to, from)) in merged.0.iter_mut().zip(zone.as_bytes()).enumerate() {
        if offset::is_writable(at) {
            *to = *from;
        }
    }
    merged
}

/// The first byte that differs.
fn mismatch(wanted: &ConfigZone, held: &ConfigZone) -> Option<(usize, u8, u8)> {
    let pairs = wanted.as_bytes().iter().zip(held.as_bytes()).enumerate();
    let mut pairs = pairs.map(|(at, (wanted, held))| (at, *wanted, *held));
    pairs.find(|(_, wanted, held)| wanted != held)
}

impl<F: Fn(&ConfigZone) -> ConfigZone> Procedure for Configure<F> {
    type Output = Configured;
    type Error = ConfigureError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Configured, ConfigureError> {
        match &mut self.phase {
            Phase::Reading(read) => match read.resume(answer) {
                Next::Send(request) => Next::Send(request),
                Next::Done(Ok(held)) => self.begin(held),
                Next::Done(Err(failure)) => Next::failed(failure),
            },
            Phase::Writing { wanted, held, done } => {
                let (wanted, held, done) = (*wanted, *held, *done);
                match answer {
                    Answer::Failed(failure) => Next::failed(failure),
                    Answer::Start | Answer::Payload(_) => self.write(wanted, held, done),
                }
            }
            Phase::Checking { wanted, read } => check(wanted, read, answer),
        }
    }
}

/// The function is not shown.
impl<F> core::fmt::Debug for Configure<F> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Configure")
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

/// Lock a configuration **for ever**; it gives the zone as it is then.
///
/// The chip compares the CRC of the zone that was read back, and refuses if it
/// holds anything else by now. After a lost answer the lock byte is read and
/// decides. The zone is read once more at the end: another host may have locked
/// it with something else. One that was locked already stays as it is, and
/// nothing is sent.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::Slot;
/// use atecc::config::{ConfigZone, KeyConfig};
/// use atecc::procedures::{Configure, LockConfiguration};
///
/// let key = KeyConfig::private_key().pub_info().build();
/// let configure = Configure::new(|part: &ConfigZone| part.with_key_config(Slot::S2, key));
/// let configured = device.run(configure)?;
/// assert!(!configured.zone().config_lock().is_locked());
/// let zone = device.run(LockConfiguration::new(configured))?;
/// assert!(zone.config_lock().is_locked());
/// assert_eq!(zone.key_config(Slot::S2), key);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct LockConfiguration {
    zone: ConfigZone,
    phase: Locking,
}

#[derive(Clone, Debug)]
enum Locking {
    Lock(LockAndConfirm),
    Read(ReadConfig),
}

impl LockConfiguration {
    /// There is no way back from this.
    #[must_use]
    pub const fn new(configured: Configured) -> Self {
        let zone = configured.0;
        let target = LockTarget::Config { crc: zone.crc() };
        Self {
            zone,
            phase: Locking::Lock(LockAndConfirm::new(target)),
        }
    }
}

impl Procedure for LockConfiguration {
    type Output = ConfigZone;
    /// [`ConfigureError::Locked`]: it is locked, with something else.
    type Error = ConfigureError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<ConfigZone, ConfigureError> {
        if self.zone.config_lock().is_locked() {
            return Next::Done(Ok(self.zone));
        }
        let mut answer = answer;
        if let Locking::Lock(lock) = &mut self.phase {
            match lock.resume(answer) {
                Next::Send(request) => return Next::Send(request),
                Next::Done(Err(failure)) => return Next::failed(failure),
                Next::Done(Ok(())) => self.phase = Locking::Read(ReadConfig::new()),
            }
            answer = Answer::Start;
        }
        let Locking::Read(read) = &mut self.phase else {
            return Next::failed(Cause::NoCommand.of_unknown_fate());
        };
        let wanted = self.zone.with_config_locked();
        // The lock may have been set, whatever became of this read.
        let held = read.resume(answer).or_else(|failure| {
            Next::failed(Failure {
                executed: Executed::Unknown,
                ..failure
            })
        });
        held.and_then(|held| {
            Next::Done(match mismatch(&wanted, &held) {
                None => Ok(held),
                Some((offset, wanted, held)) => Err(ConfigureError::Locked {
                    offset,
                    wanted,
                    held,
                }),
            })
        })
    }
}
