//! Locking, with an answer to "was it locked?" even when the reply is lost.

use crate::commands::{Lock, LockTarget, ReadWord};
use crate::config::{ConfigZone, LockState};
use crate::error::{Cause, Executed};
use crate::procedure::{Answer, Next};
use crate::{Command, Failure, Procedure, Region, WordAddress};

/// How often the lock is sent when each reply is lost and the chip is found
/// unlocked each time.
const TRIES: u8 = 3;

/// Lock, for ever; after a lost reply read the lock bytes and decide by them.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::commands::LockTarget;
/// use atecc::procedures::{LockAndConfirm, ReadConfig};
///
/// let zone = device.run(ReadConfig::new())?; // Looked at, and found right.
/// device.run(LockAndConfirm::new(LockTarget::Config { crc: zone.crc() }))?;
/// assert!(device.run(ReadConfig::new())?.config_lock().is_locked());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct LockAndConfirm {
    target: LockTarget,
    tries: u8,
    /// Set while the lock bytes are being read.
    lost: Option<Failure>,
}

impl LockAndConfirm {
    /// Lock `target`.
    #[must_use]
    pub const fn new(target: LockTarget) -> Self {
        Self {
            target,
            tries: 0,
            lost: None,
        }
    }

    fn send_lock(&mut self) -> Next<(), Failure> {
        self.tries = self.tries.saturating_add(1);
        self.lost = None;
        Next::send(&Lock {
            target: self.target,
        })
    }

    fn read_state(&mut self, lost: Failure) -> Next<(), Failure> {
        // Word 21 holds LockValue and LockConfig, word 22 SlotLocked.
        let word = match self.target {
            LockTarget::Config { .. } | LockTarget::Data { .. } => 21,
            LockTarget::Slot(_) => 22,
        };
        self.lost = Some(lost);
        match WordAddress::new(Region::Config, word) {
            Ok(address) => Next::send(&ReadWord { address }),
            Err(_) => Next::failed(lost),
        }
    }

    fn state(&self, word: [u8; 4]) -> LockState {
        let mut zone = ConfigZone([0; 128]);
        let at = match self.target {
            LockTarget::Config { .. } | LockTarget::Data { .. } => 84,
            LockTarget::Slot(_) => 88,
        };
        for (to, from) in zone.0.iter_mut().skip(at).zip(word) {
            *to = from;
        }
        match self.target {
            LockTarget::Config { .. } => zone.config_lock(),
            LockTarget::Data { .. } => zone.data_lock(),
            LockTarget::Slot(slot) => zone.slot_lock(slot),
        }
    }

    fn judge(&mut self, payload: &[u8], lost: Failure) -> Next<(), Failure> {
        let read = crate::command::DecodeError::exactly(<ReadWord as Command>::OPCODE, payload);
        match read.map(|word| self.state(word)) {
            Ok(LockState::Locked) => Next::Done(Ok(())),
            Ok(LockState::Unlocked) if self.tries < TRIES && lost.refusal().is_none() => {
                self.send_lock()
            }
            Ok(LockState::Unlocked) => Next::failed(Failure {
                executed: Executed::No,
                ..lost
            }),
            Err(_) => Next::failed(lost),
        }
    }
}

impl Procedure for LockAndConfirm {
    type Output = ();
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<(), Failure> {
        match (answer, self.lost) {
            (Answer::Start, _) => self.send_lock(),
            (Answer::Payload(payload), Some(lost)) => self.judge(payload, lost),
            (Answer::Payload(_), None) => Next::Done(Ok(())),
            // A status may be the answer to a neighbour's command.
            (Answer::Failed(failure), None)
                if !failure.not_executed()
                    || matches!(failure.cause, Cause::Status { .. })
                    || self.tries > 1 =>
            {
                self.read_state(failure)
            }
            (Answer::Failed(failure), None) => Next::failed(failure),
            // Nobody can tell whether it is locked.
            (Answer::Failed(_), Some(lost)) => Next::failed(lost),
        }
    }
}
