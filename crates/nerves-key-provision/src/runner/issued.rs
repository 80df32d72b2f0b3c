//! From the signer's signature to the data lock.

use atecc::Region;
use atecc::commands::LockTarget;
use atecc::procedures::{RefreshConfig, WriteRegion};

use super::lock_compared::LockCompared;
use super::open::same_chip;
use super::prove::{activate, prove_before_lock};
use super::state::{
    Contents, Context, Issued, Lockable, Locked, LockedBy, State, Verified, Writable,
};
use super::task::{Bytes, StepStart, out_of_order, run};
use crate::{Plan, RunError, Step};

impl<'p> Issued<'p> {
    pub(super) fn begin(
        self,
        Context { plan, .. }: Context<'p>,
        step: &'p Step,
    ) -> Result<StepStart<'p>, RunError> {
        let Self { contents } = self;
        Ok(StepStart::Done(match step {
            Step::IssueCertificate => State::Issued(Self { contents }),
            Step::VerifyChain => {
                verify_chain(plan, &contents)?;
                State::Verified(Verified { contents })
            }
            _ => return Err(out_of_order(step)),
        }))
    }
}

impl<'p> Verified<'p> {
    /// Others may have had the bus while the signer signed.
    pub(super) fn begin(self, step: &'p Step) -> Result<StepStart<'p>, RunError> {
        match step {
            Step::CheckChip => {
                let Self { contents } = self;
                let refresh = RefreshConfig::chip_and_zone_locks(contents.zone);
                Ok(run(step, refresh, move |zone| {
                    same_chip(&contents.zone, &zone)?;
                    Ok(State::Writable(Writable { contents }))
                }))
            }
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
                let challenge = run.challenges.before_lock;
                Ok(prove_before_lock(step, &key, challenge, lockable))
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
                Ok(run(
                    step,
                    LockCompared::new(LockTarget::Data { crc }),
                    move |compared| {
                        let lockable = self;
                        let by = LockedBy::ThisRun { lockable, compared };
                        Ok(State::Locked(Locked { by }))
                    },
                ))
            }
            _ => Err(out_of_order(step)),
        }
    }
}

/// The identity that a reader will find in these very bytes.
fn verify_chain(plan: &Plan, contents: &Contents<'_>) -> Result<(), RunError> {
    contents.as_read(plan, plan.config).identity()?;
    Ok(())
}
