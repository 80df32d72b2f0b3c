//! Making a private key, without losing track of it.

use crate::commands::{GenKey, GenKeyMode};
use crate::error::{Cause, Executed};
use crate::procedure::{Answer, Next};
use crate::{Command, Failure, Procedure, PublicKey, Slot, Status};

const TRIES: u8 = 3;

/// Create a private key in a slot; a key that is there is replaced.
///
/// The public half of what the slot holds is asked for first. When the answer
/// to the creation is lost it is asked for again, and only another one is the
/// new key's.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::procedures::CreateKey;
///
/// let slot = Slot::S0;
/// let first = device.run(CreateKey::new(slot))?;
/// let second = device.run(CreateKey::new(slot))?; // The first is lost for good.
/// assert_ne!(first, second);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct CreateKey {
    slot: Slot,
    phase: Phase,
    /// What was there before; `None` where the slot held no key.
    old: Option<PublicKey>,
    tries: u8,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    /// There is no old key.
    Empty,
    /// Asking for the old key.
    Before,
    Creating,
    /// Asking which key is there, since the creation failed like this.
    After(Failure),
}

impl CreateKey {
    /// Create in `slot`.
    #[must_use]
    pub const fn new(slot: Slot) -> Self {
        Self {
            slot,
            phase: Phase::Before,
            old: None,
            tries: 0,
        }
    }

    /// Create in `slot`, which holds no key for certain: the configuration zone was
    /// locked only now, and no chip makes or takes a key before that. Nothing is
    /// asked first.
    ///
    /// ```
    /// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
    /// #     atecc_emulator::Revision::Atecc608B,
    /// # ));
    /// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
    /// use atecc::procedures::{Configure, CreateKey, LockConfiguration};
    /// use atecc::{ConfigZone, Slot};
    ///
    /// let configured = device.run(Configure::new(|part: &ConfigZone| *part))?;
    /// device.run(LockConfiguration::new(configured))?;
    /// let key = device.run(CreateKey::in_empty(Slot::S0))?;
    /// # let _ = key;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub const fn in_empty(slot: Slot) -> Self {
        Self {
            phase: Phase::Empty,
            ..Self::new(slot)
        }
    }

    const fn command(&self) -> GenKey {
        let mode = match self.phase {
            Phase::Before | Phase::After(_) => GenKeyMode::Public,
            Phase::Empty | Phase::Creating => GenKeyMode::Create,
        };
        let slot = self.slot;
        GenKey { mode, slot }
    }

    fn send(&mut self, phase: Phase) -> Next<PublicKey, Failure> {
        self.phase = phase;
        Next::send(&self.command())
    }

    fn create(&mut self) -> Next<PublicKey, Failure> {
        self.tries = self.tries.saturating_add(1);
        self.send(Phase::Creating)
    }

    /// The slot holds `key` now; `None`: no key.
    fn found(&mut self, key: Option<PublicKey>) -> Next<PublicKey, Failure> {
        match (self.phase, key) {
            (Phase::Empty | Phase::Before, key) => {
                self.old = key;
                self.create()
            }
            (Phase::Creating | Phase::After(_), Some(key)) if self.old != Some(key) => {
                Next::Done(Ok(key))
            }
            // The answer of before, which a bad line made look like a new one.
            (Phase::Creating, Some(_)) => {
                let opcode = <GenKey as Command>::OPCODE;
                self.send(Phase::After(Cause::Stale { opcode }.of_unknown_fate()))
            }
            // A slot without PubInfo shows no key, new or old.
            (Phase::After(lost), None) => Next::failed(lost),
            // The lost command had not run.
            (Phase::After(lost), _) if self.tries < TRIES && lost.refusal().is_none() => {
                self.create()
            }
            (Phase::After(lost), Some(_)) => Next::failed(Failure {
                executed: Executed::No,
                ..lost
            }),
            (Phase::Creating, None) => Next::failed(Cause::NoCommand.before_execution()),
        }
    }

    fn failed(&mut self, failure: Failure) -> Next<PublicKey, Failure> {
        let no_key = failure.refusal() == Some(Status::Execution);
        match self.phase {
            Phase::Before | Phase::After(_) if no_key => self.found(None),
            // Nothing was created.
            Phase::Empty | Phase::Before => Next::failed(Failure {
                executed: Executed::No,
                ..failure
            }),
            // A status may be the answer to a neighbour's command.
            Phase::Creating
                if failure.not_executed() && !matches!(failure.cause, Cause::Status { .. }) =>
            {
                Next::failed(failure)
            }
            Phase::Creating => self.send(Phase::After(failure)),
            Phase::After(lost) => Next::failed(lost),
        }
    }
}

impl Procedure for CreateKey {
    type Output = PublicKey;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<PublicKey, Failure> {
        match answer {
            Answer::Start => match self.phase {
                Phase::Empty => self.create(),
                Phase::Before | Phase::Creating | Phase::After(_) => self.send(Phase::Before),
            },
            Answer::Payload(payload) => match self.command().decode(payload) {
                Ok(key) => self.found(Some(key)),
                Err(error) => self.failed(error.into()),
            },
            Answer::Failed(failure) => self.failed(failure),
        }
    }
}
