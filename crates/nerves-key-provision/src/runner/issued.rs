//! From the signer's signature to the data lock.

use atecc::Region;
use atecc::commands::LockTarget;
use atecc::procedure::Once;
use atecc::procedures::{LockAndConfirm, ReadConfig, WriteRegion};
use nerves_key::Snapshot;

use super::open::{READ_PUBLIC_KEY, same_chip};
use super::prove::{activate, prove};
use super::state::{
    Contents, Context, Issued, Lockable, Locked, LockedBy, SameChip, State, Verified, Writable,
};
use super::task::{Bytes, StepStart, out_of_order, run};
use crate::{Plan, RunError, Step};

impl<'p> Issued<'p> {
    pub(super) fn begin(
        self,
        Context { plan, .. }: Context<'p>,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        let Self { zone, contents } = self;
        Ok(StepStart::Done(match step {
            Step::IssueCertificate => State::Issued(Self { zone, contents }),
            Step::VerifyChain => {
                verify_chain(plan, &contents)?;
                State::Verified(Verified { zone, contents })
            }
            _ => return Err(out_of_order(step)),
        }))
    }
}

impl<'p> Verified<'p> {
    /// Others may have had the bus while the signer signed.
    pub(super) fn begin(self, step: &'p Step) -> Result<StepStart<'p>, RunError> {
        match step {
            Step::CheckChip => Ok(run(step, ReadConfig::new(), move |zone| {
                same_chip(&self.zone, &zone)?;
                let contents = self.contents;
                Ok(State::SameChip(SameChip { contents }))
            })),
            _ => Err(out_of_order(step)),
        }
    }
}

impl<'p> SameChip<'p> {
    pub(super) fn begin(self, step: &'p Step) -> Result<StepStart<'p>, RunError> {
        let Self { contents } = self;
        match step {
            Step::CheckKey => Ok(run(step, Once(READ_PUBLIC_KEY), move |key| {
                if key != contents.key {
                    return Err(RunError::KeyChanged);
                }
                Ok(State::Writable(Writable { contents }))
            })),
            _ => Err(out_of_order(step)),
        }
    }
}

impl<'p> Writable<'p> {
    pub(super) fn begin(self, run: Context<'p>, step: &'p Step) -> Result<StepStart<'p>, RunError> {
        match step {
            Step::WriteOtp => {
                let bytes = Bytes::copy(run.plan.otp.as_bytes());
                self.write(Region::Otp, bytes, step)
            }
            Step::WriteSlot(slot) | Step::WriteSecret(slot) => {
                let bytes = self.contents.image.slot(*slot);
                let bytes = Bytes::copy(bytes.ok_or_else(|| out_of_order(step))?);
                self.write(Region::Slot(*slot), bytes, step)
            }
            Step::Activate => activate(run, step, State::Writable(self)),
            Step::ProveKey => {
                let Self { contents } = self;
                let key = contents.key;
                let lockable = move |possession| {
                    State::Lockable(Lockable {
                        contents,
                        possession,
                    })
                };
                Ok(prove(step, &key, run.challenges.before_lock, lockable))
            }
            _ => Err(out_of_order(step)),
        }
    }

    fn write(
        self,
        region: Region,
        bytes: Bytes,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        let write = WriteRegion::new(region, bytes)?;
        Ok(run(step, write, move |()| Ok(State::Writable(self))))
    }
}

impl<'p> Lockable<'p> {
    pub(super) fn begin(
        self,
        Context { plan, .. }: Context<'p>,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        match step {
            Step::LockData => {
                let crc = self.contents.image.lock_crc(plan.otp.as_bytes());
                let lock = LockAndConfirm::new(LockTarget::Data { crc });
                Ok(run(step, lock, move |()| {
                    let by = LockedBy::ThisRun(self);
                    Ok(State::Locked(Locked { by }))
                }))
            }
            _ => Err(out_of_order(step)),
        }
    }
}

/// The identity that a reader will find in these very bytes.
fn verify_chain(plan: &Plan, Contents { key, image }: &Contents<'_>) -> Result<(), RunError> {
    let as_locked = Snapshot {
        config: plan.config,
        otp: Some(*plan.otp.as_bytes()),
        device_certificate: Some(image.device_certificate),
        signer_public_key: Some(image.signer_public_key),
        signer_certificate: Some(image.signer_certificate),
        public_key: Some(*key),
        eui: None,
    };
    as_locked.identity()?;
    Ok(())
}
