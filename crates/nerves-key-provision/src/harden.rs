//! Locking the certificates' slots of a chip that is finished without it.
//!
//! Every chip that the reference provisioned has these locks open: see
//! [`slot::CERTIFICATES`](nerves_key_schema::slot::CERTIFICATES). A
//! [`Hardening`] is the plan, [`Harden`] its interpreter, in one session: what
//! is locked is what has just been read and verified.

use alloc::boxed::Box;
use alloc::vec::Vec;

use atecc::commands::LockTarget;
use atecc::procedure::{Answer, Next};
use atecc::procedures::{LockAndConfirm, RefreshConfig};
use atecc::{ConfigZone, Failure, Procedure, SerialNumber, Slot};
use atecc_x509::Certificate;
use nerves_key::{Identity, IdentityError, ReadSnapshot, Snapshot, Stage};
use nerves_key_schema::{open_certificates, slot};

/// What remains to be locked. Pure: made from what was read, and printable.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::ReadSnapshot;
/// use nerves_key_provision::Hardening;
///
/// let blank = device.run(ReadSnapshot::new())?;
/// assert!(Hardening::new(&blank).is_err()); // Only of a finished chip.
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Hardening {
    snapshot: Snapshot,
    identity: Identity,
    layout: nerves_key_schema::Layout,
    slots: Vec<Slot>,
    signer: Signer,
}

/// Which signer may have certified the chip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Signer {
    /// Any: a chain verifies whoever made it.
    Any,
    /// The one whose certificate was given.
    Given,
}

/// Why a chip is left as it is.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HardenRefusal {
    /// Provisioning has to end first, and locks these slots itself; or the chip
    /// is no NervesKey.
    #[error("only a finished NervesKey is hardened, and this chip is not: {0}")]
    Stage(Stage),
    /// What would be locked does not verify.
    #[error("the chip's certificates do not verify, and are not locked in: {0}")]
    Identity(#[from] IdentityError),
    /// The certificates verify, under another signer than the one that was given.
    #[error("the chip's signer certificate is not the one that was given: nothing was locked now")]
    OtherSigner,
}

/// What can end a hardening. What is locked is kept, and the same again goes on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HardenError {
    /// The chip or the bus, outside a lock.
    #[error(transparent)]
    Chip(#[from] Failure),
    /// Another chip answers than the plan was made for.
    #[error(
        "another chip answers than the plan was made for: {found}, not {planned}: nothing was \
         locked"
    )]
    OtherChip {
        /// The plan's.
        planned: SerialNumber,
        /// Who answers.
        found: SerialNumber,
    },
    /// It holds something else than the plan was made for.
    #[error("the chip has changed since the plan was made: nothing was locked")]
    Changed,
    /// The chip or the bus failed at this lock.
    #[error("lock of {slot}: {failure}")]
    Lock {
        /// One of [`Hardening::slots`].
        slot: Slot,
        /// What the chip answered, or the bus did.
        failure: Failure,
    },
    /// A lock reported success but is not set.
    #[error("the chip reported success, but {0} is not locked")]
    NotLocked(Slot),
}

impl Hardening {
    /// The plan for the chip of `snapshot`.
    ///
    /// # Errors
    /// [`HardenRefusal`].
    pub fn new(snapshot: &Snapshot) -> Result<Self, HardenRefusal> {
        let stage = snapshot.stage();
        let Stage::Finished(layout) = stage else {
            return Err(HardenRefusal::Stage(stage));
        };
        Ok(Self {
            snapshot: *snapshot,
            identity: snapshot.identity()?,
            layout,
            slots: open_certificates(&snapshot.config).collect(),
            signer: Signer::Any,
        })
    }

    /// The same plan, for a chip that this signer has certified: a chain that
    /// verifies may be anybody's.
    ///
    /// # Errors
    /// [`HardenRefusal::OtherSigner`] when its signer certificate is another, if
    /// only by a byte.
    pub fn signed_by(self, signer: &Certificate) -> Result<Self, HardenRefusal> {
        if self.identity.signer_certificate == *signer {
            let signer = Signer::Given;
            Ok(Self { signer, ..self })
        } else {
            Err(HardenRefusal::OtherSigner)
        }
    }

    /// Whether [`Hardening::signed_by`] has compared the signer.
    #[must_use]
    pub const fn is_signer_compared(&self) -> bool {
        matches!(self.signer, Signer::Given)
    }

    /// The slots to be locked, in this order; none where all are.
    #[must_use]
    pub fn slots(&self) -> &[Slot] {
        &self.slots
    }

    /// What the chip's certificates say.
    #[must_use]
    pub const fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The configuration zone that the plan starts from.
    #[must_use]
    pub const fn config(&self) -> &ConfigZone {
        &self.snapshot.config
    }
}

impl core::fmt::Display for Hardening {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.slots.is_empty() {
            return f.write_str("nothing to do\n");
        }
        let signer = match self.signer {
            Signer::Any => "whoever signed it",
            Signer::Given => "signed by the signer that was given",
        };
        writeln!(
            f,
            "    1. read everything again, which has to be the same, {signer}"
        )?;
        for (at, slot) in self.slots.iter().enumerate() {
            let purpose = slot::purpose(*slot, self.layout);
            writeln!(f, "!! {:>2}. lock {slot} ({purpose})", at + 2)?;
        }
        writeln!(
            f,
            "   {:>2}. check that every lock is set",
            self.slots.len() + 2
        )?;
        f.write_str("!! cannot be undone\n")
    }
}

/// Lock the slots of a [`Hardening`]. Gives the configuration zone as it is then.
#[derive(Debug)]
pub struct Harden<'h> {
    plan: &'h Hardening,
    phase: Phase,
}

#[derive(Debug)]
enum Phase {
    Read(Box<ReadSnapshot>),
    Lock {
        at: usize,
        slot: Slot,
        lock: LockAndConfirm,
    },
    Check(RefreshConfig),
}

impl<'h> Harden<'h> {
    /// Begin. A plan without slots only reads.
    #[must_use]
    pub fn new(plan: &'h Hardening) -> Self {
        Self {
            plan,
            phase: Phase::Read(Box::new(ReadSnapshot::new())),
        }
    }

    /// The lock of the slot with this index among the plan's, or the last look.
    fn lock(&self, at: usize) -> Phase {
        match self.plan.slots.get(at) {
            Some(slot) => Phase::Lock {
                at,
                slot: *slot,
                lock: LockAndConfirm::new(LockTarget::Slot(*slot)),
            },
            None => Phase::Check(RefreshConfig::locks(*self.plan.config())),
        }
    }

    fn changed(&self, found: &Snapshot) -> HardenError {
        let planned = self.plan.config().serial_number();
        let found = found.config.serial_number();
        if planned == found {
            HardenError::Changed
        } else {
            HardenError::OtherChip { planned, found }
        }
    }

    fn check(&self, zone: ConfigZone) -> Result<ConfigZone, HardenError> {
        let open = |slot: &&Slot| !zone.slot_lock(**slot).is_locked();
        match self.plan.slots.iter().find(open) {
            Some(slot) => Err(HardenError::NotLocked(*slot)),
            None => Ok(zone),
        }
    }
}

impl Procedure for Harden<'_> {
    type Output = ConfigZone;
    type Error = HardenError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<ConfigZone, HardenError> {
        let mut answer = answer;
        loop {
            self.phase = match &mut self.phase {
                Phase::Read(read) => match read.resume(answer) {
                    Next::Send(request) => return Next::Send(request),
                    Next::Done(Err(failure)) => return Next::Done(Err(failure.into())),
                    Next::Done(Ok(found)) if found != self.plan.snapshot => {
                        return Next::Done(Err(self.changed(&found)));
                    }
                    Next::Done(Ok(_)) => self.lock(0),
                },
                Phase::Lock { at, slot, lock } => match lock.resume(answer) {
                    Next::Send(request) => return Next::Send(request),
                    Next::Done(Err(failure)) => {
                        let slot = *slot;
                        return Next::Done(Err(HardenError::Lock { slot, failure }));
                    }
                    Next::Done(Ok(())) => {
                        let next = *at + 1;
                        self.lock(next)
                    }
                },
                Phase::Check(read) => match read.resume(answer) {
                    Next::Send(request) => return Next::Send(request),
                    Next::Done(Err(failure)) => return Next::Done(Err(failure.into())),
                    Next::Done(Ok(zone)) => return Next::Done(self.check(zone)),
                },
            };
            answer = Answer::Start;
        }
    }
}
