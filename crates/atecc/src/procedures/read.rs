//! Reading a zone or slot whole.

use crate::commands::{ReadBlock, ReadWord};
use crate::error::Cause;
use crate::procedure::{Answer, Next, Once};
use crate::{BlockAddress, ConfigZone, Failure, Procedure, Region, WordAddress};

/// Read the first `N` bytes of a region: whole blocks, and the words that are
/// left (the two words at the end of a certificate slot take less bus time
/// than a third block). They take turns: an answer like the one before it, such as
/// two words of zeros, has to be asked for again where the chip is too fast to be
/// seen busy.
///
/// ```
/// use atecc::{Region, Slot, procedures::ReadRegion};
/// let certificate = ReadRegion::<72>::new(Region::Slot(Slot::S10));
/// ```
#[derive(Clone, Debug)]
pub struct ReadRegion<const N: usize> {
    region: Region,
    bytes: [u8; N],
    reads: usize,
}

/// What one command reads.
#[derive(Clone, Copy, Debug)]
enum Unit {
    Block,
    Word,
}

/// Where the read after so many begins, while there is one, and what it is of.
// Once in a firmware, and not for each length.
#[inline(never)]
fn next(len: usize, reads: usize) -> Option<(usize, Unit)> {
    let (blocks, words) = (len / 32, len % 32 / 4);
    let turns = 2 * blocks.min(words);
    let (unit, index) = match reads {
        at if at >= blocks + words => return None,
        at if at < turns && at % 2 == 0 => (Unit::Block, at / 2),
        at if at < turns => (Unit::Word, at / 2),
        at if blocks > words => (Unit::Block, at - turns / 2),
        at => (Unit::Word, at - turns / 2),
    };
    Some(match unit {
        Unit::Block => (index * 32, unit),
        Unit::Word => (blocks * 32 + index * 4, unit),
    })
}

impl<const N: usize> ReadRegion<N> {
    /// `N` is a multiple of 4 (checked when compiling). Past the end of the
    /// region there is nothing to read and the result is 0.
    #[must_use]
    pub const fn new(region: Region) -> Self {
        const { assert!(N.is_multiple_of(4), "the chip reads whole words") }
        Self {
            region,
            bytes: [0; N],
            reads: 0,
        }
    }

    fn next(&self) -> Option<(usize, Unit)> {
        next(N.min(self.region.size()), self.reads)
    }

    #[expect(
        clippy::cast_possible_truncation,
        reason = "a slot has at most 104 words"
    )]
    fn send(&self) -> Option<Next<[u8; N], Failure>> {
        let (start, unit) = self.next()?;
        match unit {
            Unit::Word => WordAddress::new(self.region, (start / 4) as u8)
                .ok()
                .map(|address| Next::send(&ReadWord { address })),
            Unit::Block => BlockAddress::new(self.region, (start / 32) as u8)
                .ok()
                .map(|address| Next::send(&ReadBlock { address })),
        }
    }

    fn take(&mut self, payload: &[u8]) {
        let rest = self
            .next()
            .and_then(|(start, _)| self.bytes.get_mut(start..));
        for (to, from) in rest.into_iter().flatten().zip(payload) {
            *to = *from;
        }
        self.reads += 1;
    }
}

impl<const N: usize> Procedure for ReadRegion<N> {
    type Output = [u8; N];
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<[u8; N], Failure> {
        match answer {
            Answer::Start => {}
            Answer::Payload(payload) => self.take(payload),
            Answer::Failed(failure) => return Next::failed(failure),
        }
        self.send().unwrap_or(Next::Done(Ok(self.bytes)))
    }
}

/// Read the configuration zone; it is readable whatever is locked.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::Revision;
/// use atecc::procedures::ReadConfig;
///
/// let zone = device.run(ReadConfig::new())?;
/// assert_eq!(zone.revision(), Revision::Atecc608B);
/// assert!(!zone.config_lock().is_locked());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReadConfig(ReadRegion<128>);

impl ReadConfig {
    /// Four blocks.
    #[must_use]
    pub const fn new() -> Self {
        Self(ReadRegion::new(Region::Config))
    }
}

impl Default for ReadConfig {
    fn default() -> Self {
        Self::new()
    }
}

impl Procedure for ReadConfig {
    type Output = ConfigZone;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<ConfigZone, Failure> {
        self.0.resume(answer).map(ConfigZone)
    }
}

/// Bring a part of a configuration zone that is known up to date: which chip it is
/// of, its locks, or both.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::LockTarget;
/// use atecc::procedures::{LockAndConfirm, ReadConfig, RefreshConfig};
///
/// let zone = device.run(ReadConfig::new())?;
/// let again = device.run(RefreshConfig::chip(zone))?;
/// assert_eq!(again, zone);
/// device.run(LockAndConfirm::new(LockTarget::Slot(Slot::S8)))?;
/// let locked = device.run(RefreshConfig::locks(zone))?;
/// assert_eq!(locked, device.run(ReadConfig::new())?);
/// assert!(locked.slot_lock(Slot::S8).is_locked());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RefreshConfig {
    zone: ConfigZone,
    /// Those that are not read yet, with their numbers.
    parts: &'static [(Unit, u8)],
}

impl RefreshConfig {
    /// Block 0, bytes 0 to 31: serial number and revision. Nobody changes the first
    /// 16 of them.
    #[must_use]
    pub const fn chip(zone: ConfigZone) -> Self {
        Self {
            zone,
            parts: &[(Unit::Block, 0)],
        }
    }

    /// Block 2, bytes 64 to 95: all locks.
    #[must_use]
    pub const fn locks(zone: ConfigZone) -> Self {
        Self {
            zone,
            parts: &[(Unit::Block, 2)],
        }
    }

    /// Block 0, and word 21, bytes 84 to 87: `LockValue` and `LockConfig`.
    #[must_use]
    pub const fn chip_and_zone_locks(zone: ConfigZone) -> Self {
        Self {
            zone,
            parts: &[(Unit::Block, 0), (Unit::Word, 21)],
        }
    }

    /// One part, until it is in its place.
    fn read(&mut self, unit: Unit, number: u8, answer: Answer<'_>) -> Next<(), Failure> {
        let (zone, at) = (self.zone, usize::from(number));
        let read = match unit {
            Unit::Block => BlockAddress::new(Region::Config, number).map(|address| {
                let read = Once(ReadBlock { address }).resume(answer);
                read.map(|block| zone.with(32 * at, &block))
            }),
            Unit::Word => WordAddress::new(Region::Config, number).map(|address| {
                let read = Once(ReadWord { address }).resume(answer);
                read.map(|word| zone.with(4 * at, &word))
            }),
        };
        let read = read.unwrap_or_else(|_| Next::failed(Cause::NoCommand.before_execution()));
        read.map(|zone| self.zone = zone)
    }
}

impl Procedure for RefreshConfig {
    type Output = ConfigZone;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<ConfigZone, Failure> {
        let mut answer = answer;
        while let Some((&(unit, number), rest)) = self.parts.split_first() {
            match self.read(unit, number, answer) {
                Next::Send(request) => return Next::Send(request),
                Next::Done(Err(failure)) => return Next::failed(failure),
                Next::Done(Ok(())) => self.parts = rest,
            }
            answer = Answer::Start;
        }
        Next::Done(Ok(self.zone))
    }
}
