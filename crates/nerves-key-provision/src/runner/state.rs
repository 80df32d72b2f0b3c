//! What a run knows at each point.
//!
//! A state holds what the steps before it have shown, and has a method that
//! begins the steps which may come next. So a lock takes what only the checks
//! before it give: that of the configuration an [`AsPlanned`], that of the data
//! zone a [`Lockable`], that of a slot a [`Certain`].

use alloc::boxed::Box;

use atecc::{ConfigZone, PublicKey};
use atecc_x509::Tbs;
use nerves_key::{Identity, Snapshot};
use nerves_key_schema::DataImage;

use super::open::begin_unread;
use super::task::{StepStart, out_of_order};
use crate::{Challenges, Plan, Possession, Report, RunError, Step};

/// What a run is about.
#[derive(Clone, Copy, Debug)]
pub(super) struct Context<'p> {
    pub(super) plan: &'p Plan,
    pub(super) challenges: Challenges,
}

#[derive(Debug)]
pub(super) enum State<'p> {
    /// The chip may be any.
    Unread,
    Open(Open),
    AsPlanned(AsPlanned),
    ConfigLocked(ConfigLocked),
    Keyed(Keyed),
    Proved(Proved),
    Signing(Box<Signing>),
    Issued(Issued<'p>),
    Verified(Verified<'p>),
    Writable(Writable<'p>),
    Lockable(Lockable<'p>),
    Locked(Locked<'p>),
    Certified(Box<Certified<'p>>),
    Certain(Box<Certain>),
    Finished(Box<Report>),
}

/// The plan's chip; its configuration can be written.
#[derive(Debug)]
pub(super) struct Open;

/// The configuration reads as it is to be locked.
#[derive(Debug)]
pub(super) struct AsPlanned {
    pub(super) zone: ConfigZone,
}

/// The configuration is locked, data are open.
#[derive(Debug)]
pub(super) struct ConfigLocked {
    pub(super) zone: ConfigZone,
    pub(super) slot_0: KeySlot,
}

/// What is known of the device key's slot before a key is made.
#[derive(Clone, Copy, Debug)]
pub(super) enum KeySlot {
    /// This run has locked the configuration, as the chip itself has answered.
    Empty,
    MayHoldKey,
}

/// The device key is known.
#[derive(Debug)]
pub(super) struct Keyed {
    pub(super) zone: ConfigZone,
    pub(super) key: PublicKey,
}

/// The chip was asked to prove that it holds the key.
#[derive(Debug)]
pub(super) struct Proved {
    pub(super) zone: ConfigZone,
    pub(super) key: PublicKey,
}

/// The signer was asked.
#[derive(Debug)]
pub(super) struct Signing {
    pub(super) proved: Proved,
    pub(super) tbs: Tbs,
}

/// What the data zone gets, and of which chip.
#[derive(Debug)]
pub(super) struct Contents<'p> {
    pub(super) zone: ConfigZone,
    pub(super) key: PublicKey,
    pub(super) image: DataImage<'p>,
}

/// The signer has signed.
#[derive(Debug)]
pub(super) struct Issued<'p> {
    pub(super) contents: Box<Contents<'p>>,
}

/// The chain verifies from the bytes to be locked.
#[derive(Debug)]
pub(super) struct Verified<'p> {
    pub(super) contents: Box<Contents<'p>>,
}

/// After the signature it is still the same chip.
#[derive(Debug)]
pub(super) struct Writable<'p> {
    pub(super) contents: Box<Contents<'p>>,
}

/// All is written, and the chip has the key that the certificate is for.
#[derive(Debug)]
pub(super) struct Lockable<'p> {
    pub(super) contents: Box<Contents<'p>>,
    pub(super) possession: Possession,
}

/// Data are locked.
#[derive(Debug)]
pub(super) struct Locked<'p> {
    pub(super) by: LockedBy<'p>,
}

/// Who locked the data zone.
#[derive(Debug)]
pub(super) enum LockedBy<'p> {
    /// This run: what was written is known.
    ThisRun {
        lockable: Lockable<'p>,
        compared: Compared,
    },
    EarlierRun {
        zone: ConfigZone,
    },
}

/// Whether the chip has compared the CRC of what it holds with that of what was
/// written.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Compared {
    /// Its answer to the lock says so.
    ByChip,
    /// That answer was lost or a refusal, and the zone was found locked.
    Unknown,
}

/// What was read back is a whole identity, under a signer that is accepted.
#[derive(Debug)]
pub(super) struct Certified<'p> {
    pub(super) by: LockedBy<'p>,
    pub(super) zone: ConfigZone,
    pub(super) identity: Identity,
}

/// And the chip has proved its key.
#[derive(Debug)]
pub(super) struct Certain {
    pub(super) zone: ConfigZone,
    pub(super) identity: Identity,
    pub(super) possession: Option<Possession>,
}

impl Contents<'_> {
    /// What a reader finds in a chip with this configuration that holds these very
    /// bytes.
    pub(super) fn as_read(&self, plan: &Plan, config: ConfigZone) -> Snapshot {
        Snapshot {
            config,
            otp: Some(*plan.otp.as_bytes()),
            device_certificate: Some(self.image.device_certificate),
            signer_public_key: Some(self.image.signer_public_key),
            signer_certificate: Some(self.image.signer_certificate),
            public_key: Some(self.key),
            eui: None,
        }
    }
}

impl<'p> State<'p> {
    /// Begin `step`.
    ///
    /// # Errors
    /// [`RunError::OutOfOrder`] when another has to come before it.
    pub(super) fn begin(self, run: Context<'p>, step: &'p Step) -> Result<StepStart<'p>, RunError> {
        match self {
            Self::Unread => begin_unread(run, step),
            Self::Open(state) => state.begin(run, step),
            Self::AsPlanned(state) => state.begin(step),
            Self::ConfigLocked(state) => state.begin(run, step),
            Self::Keyed(state) => state.begin(run, step),
            Self::Proved(state) => state.begin(run, step),
            Self::Signing(state) => state.proved.begin(run, step),
            Self::Issued(state) => state.begin(run, step),
            Self::Verified(state) => state.begin(step),
            Self::Writable(state) => state.begin(run, step),
            Self::Lockable(state) => state.begin(run, step),
            Self::Locked(state) => state.begin(run, step),
            Self::Certified(state) => state.begin(run, step),
            Self::Certain(state) => state.begin(run, step),
            Self::Finished(_) => Err(out_of_order(step)),
        }
    }
}
