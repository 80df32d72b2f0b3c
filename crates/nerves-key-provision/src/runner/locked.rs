//! Once data are locked: what was locked in, the key, and the remaining locks.

use alloc::boxed::Box;

use atecc::commands::LockTarget;
use atecc::config::{LockState, offset};
use atecc::procedure::{Answer, Next};
use atecc::procedures::{LockAndConfirm, RefreshConfig};
use atecc::{ConfigZone, Failure, Procedure, PublicKey, Slot};
use nerves_key::{Identity, ReadSnapshot, RefreshCertificates, Snapshot};
use nerves_key_schema::DataImage;

use super::prove::{activate_locked, prove_locked};
use super::read_slots::ReadSlots;
use super::state::{Certain, Certified, Compared, Context, Locked, LockedBy, State};
use super::task::{StepStart, out_of_order, run};
use crate::plan::other_signer;
use crate::{Plan, Report, RunError, Step};

impl<'p> Locked<'p> {
    pub(super) fn begin(
        self,
        context: Context<'p>,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        let Context { plan, .. } = context;
        match step {
            Step::Activate => activate_locked(context, step, State::Locked(self)),
            Step::ReadBack => {
                let Self { by } = self;
                Ok(run(step, by.read_back(plan), move |snapshot| {
                    let identity = check_read_back(plan, &by, &snapshot)?;
                    let certified = Certified {
                        by,
                        zone: snapshot.config,
                        identity,
                    };
                    Ok(State::Certified(Box::new(certified)))
                }))
            }
            _ => Err(out_of_order(step)),
        }
    }
}

impl LockedBy<'_> {
    /// What this session does not know yet. A locked configuration stays as it
    /// was read; that data are locked shows in that OTP and slots are shown. The
    /// key that the certificate is for has to sign after this.
    fn read_back(&self, plan: &Plan) -> ReadBack {
        match self {
            Self::ThisRun { lockable, compared } => {
                let contents = &lockable.contents;
                let locked = [LockState::Locked.byte()];
                let config = contents.zone.with(offset::LOCK_VALUE, &locked);
                match compared {
                    Compared::ByChip => {
                        let known = contents.as_read(plan, config);
                        ReadBack::Certificates(RefreshCertificates::new(&known))
                    }
                    Compared::Unknown => {
                        ReadBack::Whole(ReadSnapshot::from_known(config, Some(contents.key)))
                    }
                }
            }
            Self::EarlierRun { zone } => ReadBack::Whole(ReadSnapshot::from_known(*zone, None)),
        }
    }
}

/// OTP and certificates.
enum ReadBack {
    Whole(ReadSnapshot),
    /// What they are rebuilt from. The chip has compared the CRC of the rest.
    Certificates(RefreshCertificates),
}

impl Procedure for ReadBack {
    type Output = Snapshot;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Snapshot, Failure> {
        match self {
            Self::Whole(read) => read.resume(answer),
            Self::Certificates(read) => read.resume(answer),
        }
    }
}

impl<'p> Certified<'p> {
    pub(super) fn begin(
        self: Box<Self>,
        Context { challenges, .. }: Context<'p>,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        match (step, &self.by) {
            (
                Step::ReadSlots,
                LockedBy::ThisRun {
                    compared: Compared::ByChip,
                    ..
                },
            ) => Ok(StepStart::Done(State::Certified(self))),
            (Step::ReadSlots, LockedBy::ThisRun { lockable, .. }) => {
                let read = ReadSlots::new(&lockable.contents.image);
                Ok(run(step, read, move |differs| {
                    if let Some(slot) = differs {
                        return Err(RunError::ReadBackSlot(slot));
                    }
                    Ok(State::Certified(self))
                }))
            }
            (Step::ProveKey, by) => {
                let possession = match by {
                    LockedBy::ThisRun { lockable, .. } => Some(lockable.possession),
                    LockedBy::EarlierRun { .. } => None,
                };
                let Self { zone, identity, .. } = *self;
                let key = PublicKey::from(identity.public_key);
                let certain = Certain {
                    zone,
                    identity,
                    possession,
                };
                let certain = State::Certain(Box::new(certain));
                Ok(prove_locked(step, &key, challenges.after_lock, certain))
            }
            _ => Err(out_of_order(step)),
        }
    }
}

impl Certain {
    pub(super) fn begin<'p>(
        self: Box<Self>,
        Context { plan, .. }: Context<'p>,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        match step {
            Step::LockSlot(slot) => {
                let lock = LockAndConfirm::new(LockTarget::Slot(*slot));
                Ok(run(step, lock, move |()| Ok(State::Certain(self))))
            }
            Step::CheckLocks => Ok(run(step, RefreshConfig::locks(self.zone), move |zone| {
                check_locks(plan, &zone)?;
                Ok(State::Finished(Box::new(self.report(plan, zone))))
            })),
            _ => Err(out_of_order(step)),
        }
    }

    fn report(self, plan: &Plan, config: ConfigZone) -> Report {
        let Self {
            identity,
            possession,
            ..
        } = self;
        let replaced = plan.replaced_key();
        Report {
            config,
            otp: identity.otp,
            public_key: PublicKey::from(identity.public_key),
            key_origin: plan.key_origin(&identity.public_key),
            device_certificate: identity.device_certificate,
            signer_certificate: identity.signer_certificate,
            replaced_key: replaced.map(PublicKey::from),
            possession_before_lock: possession,
        }
    }
}

fn check_read_back(
    plan: &Plan,
    by: &LockedBy<'_>,
    snapshot: &Snapshot,
) -> Result<Identity, RunError> {
    compare("OTP zone", snapshot.otp.as_ref(), plan.otp.as_bytes())?;
    if let LockedBy::ThisRun { lockable, .. } = by {
        check_contents(&lockable.contents.image, snapshot)?;
    }
    if other_signer(snapshot, &plan.signer, plan.accepted_signer)?.is_some() {
        return Err(RunError::OtherSigner);
    }
    Ok(snapshot.identity()?)
}

fn check_contents(image: &DataImage<'_>, snapshot: &Snapshot) -> Result<(), RunError> {
    for (what, read, wrote) in [
        (
            "device certificate",
            &snapshot.device_certificate,
            &image.device_certificate,
        ),
        (
            "signer public key",
            &snapshot.signer_public_key,
            &image.signer_public_key,
        ),
        (
            "signer certificate",
            &snapshot.signer_certificate,
            &image.signer_certificate,
        ),
    ] {
        compare(what, read.as_ref(), wrote)?;
    }
    Ok(())
}

/// What is not shown is not known to differ.
fn compare<T: PartialEq>(what: &'static str, read: Option<&T>, wrote: &T) -> Result<(), RunError> {
    match read {
        None => Err(RunError::NotShown(what)),
        Some(read) if read == wrote => Ok(()),
        Some(_) => Err(RunError::ReadBack(what)),
    }
}

fn check_locks(plan: &Plan, zone: &ConfigZone) -> Result<(), RunError> {
    let slot_locked = |slot: &Slot| zone.slot_lock(*slot).is_locked();
    let mut keys = plan.layout.locked_slots().iter();
    let mut planned = plan.locked_by_steps();
    if zone.config_lock().is_locked()
        && zone.data_lock().is_locked()
        && keys.all(slot_locked)
        && planned.all(slot_locked)
    {
        Ok(())
    } else {
        Err(RunError::NotLocked)
    }
}
