//! SHA-256 and HMAC-SHA256 in the chip, over bytes of any number.
//!
//! The session renews the watchdog by idle and wake, which keep the context.
//! A context is lost with a sleep, so that a failure begins again.

use crate::command::Retry;
use crate::commands::{DigestTarget, SHA_BLOCK, ShaEnd, ShaPiece, ShaStart, ShaUpdate};
use crate::procedure::{Answer, Next};
use crate::{Command, Failure, Family, Procedure};

/// How often the whole is started.
const TRIES: u8 = 4;

/// Hash `data` in the chip.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::Family;
/// use atecc::commands::ShaStart;
/// use atecc::procedures::HashInChip;
///
/// let hash = HashInChip::new(ShaStart::Sha256, Family::Atecc608, b"abc");
/// assert_eq!(device.run(hash)?[..4], [0xBA, 0x78, 0x16, 0xBF]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct HashInChip<'a> {
    start: ShaStart,
    end: DigestTarget,
    data: &'a [u8],
    /// What the chip has not taken in; `None` before the start.
    left: Option<&'a [u8]>,
    ending: bool,
    tries: u8,
    is_unlimited: bool,
}

impl<'a> HashInChip<'a> {
    /// SHA-256 or HMAC of `data`. The ATECC508A ends an HMAC by a mode of its
    /// own, so `family` has to be known.
    #[must_use]
    pub const fn new(start: ShaStart, family: Family, data: &'a [u8]) -> Self {
        let end = match (start, family) {
            (ShaStart::Sha256, Family::Atecc508) => DigestTarget::TempKey,
            (_, Family::Atecc508) => DigestTarget::Hmac508,
            (_, Family::Atecc608) => DigestTarget::OutputOnly,
        };
        Self {
            start,
            end,
            data,
            left: None,
            ending: false,
            tries: 0,
            is_unlimited: false,
        }
    }

    /// For an HMAC with a key whose slot has no `LimitedUse`: a context that was
    /// lost is begun anew, by another use of the key.
    #[must_use]
    pub const fn with_unlimited_key(mut self) -> Self {
        self.is_unlimited = true;
        self
    }

    fn begin(&mut self) -> Next<[u8; 32], Failure> {
        self.tries = self.tries.saturating_add(1);
        self.left = None;
        self.ending = false;
        Next::send(&self.start)
    }

    /// The next 64 bytes, or the end with what is left of them.
    fn next(&mut self, left: &'a [u8]) -> Next<[u8; 32], Failure> {
        let piece = ShaPiece::first_of(left);
        if let Some((_, rest)) = left.split_first_chunk::<SHA_BLOCK>() {
            self.left = Some(rest);
            Next::send(&ShaUpdate { piece })
        } else {
            self.left = Some(left);
            self.ending = true;
            let target = self.end;
            Next::send(&ShaEnd { piece, target })
        }
    }
}

impl Procedure for HashInChip<'_> {
    type Output = [u8; 32];
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<[u8; 32], Failure> {
        match answer {
            Answer::Start => self.begin(),
            Answer::Payload(payload) if self.ending => Next::Done(
                crate::command::DecodeError::exactly(<ShaEnd<'_> as Command>::OPCODE, payload)
                    .map_err(Failure::from),
            ),
            Answer::Payload(_) => self.next(self.left.unwrap_or(self.data)),
            Answer::Failed(failure)
                if self.tries < TRIES
                    && self.left.is_some()
                    && failure.may_have_lost_state()
                    && (self.is_unlimited || self.start.repeat() != Retry::CheckStateFirst) =>
            {
                self.begin()
            }
            Answer::Failed(failure) => Next::failed(failure),
        }
    }
}
