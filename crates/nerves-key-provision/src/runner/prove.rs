//! The two uses of the device key. While data are open a chip may refuse them.

use atecc::commands::GenKey;
use atecc::procedure::{Answer, Next, Once};
use atecc::procedures::SignDigest;
use atecc::{Failure, Procedure, PublicKey, Status};
use atecc_x509::SignatureBytes;
use nerves_key::{Activate, Activation};

use super::Event;
use super::open::READ_PUBLIC_KEY;
use super::state::{Context, State};
use super::task::{StepEnd, StepStart, out_of_order, run, run_or_refuse, step_failed};
use crate::{Possession, RunError, Step};

/// Have the chip sign `challenge`, while data are open.
pub(super) fn prove<'p>(
    step: &'p Step,
    key: &PublicKey,
    challenge: [u8; 32],
    then: impl FnOnce(Possession) -> State<'p> + Send + 'p,
) -> StepStart<'p> {
    let key = *key;
    run_or_refuse(nerves_key::sign(challenge), move |result| match result {
        Ok(signature) => {
            check_proof(&key, &challenge, signature)?;
            Ok(then(Possession::Proved).into())
        }
        Err(failure) if is_refusal(&failure) => Ok(StepEnd {
            state: then(Possession::Refused),
            event: Some(Event::PossessionUnproved),
        }),
        Err(failure) => Err(step_failed(step, failure)),
    })
}

/// The same for the key that a certificate is for. Where there is no signature of
/// it, the chip says which key it has.
pub(super) fn prove_before_lock<'p>(
    step: &'p Step,
    key: &PublicKey,
    challenge: [u8; 32],
    then: impl FnOnce(Possession) -> State<'p> + Send + 'p,
) -> StepStart<'p> {
    let key = *key;
    let prove = ProveOrName {
        key,
        challenge,
        phase: Phase::Sign(nerves_key::sign(challenge)),
    };
    run_or_refuse(prove, move |result| {
        match result.map_err(|failure| step_failed(step, failure))? {
            Proof::Signed => Ok(then(Possession::Proved).into()),
            Proof::Named(named, _) if named != key => Err(RunError::KeyChanged),
            Proof::Named(_, Some(signature)) => {
                check_proof(&key, &challenge, signature)?;
                Ok(then(Possession::Proved).into())
            }
            Proof::Named(_, None) => Ok(StepEnd {
                state: then(Possession::Refused),
                event: Some(Event::PossessionUnproved),
            }),
        }
    })
}

/// The same once data are locked, when a refusal is a failure.
pub(super) fn prove_locked<'p>(
    step: &'p Step,
    key: &PublicKey,
    challenge: [u8; 32],
    state: State<'p>,
) -> StepStart<'p> {
    let key = *key;
    run(step, nerves_key::sign(challenge), move |signature| {
        check_proof(&key, &challenge, signature)?;
        Ok(state)
    })
}

/// Activate the key of the volatile layout, while data are open.
pub(super) fn activate<'p>(
    run: Context<'p>,
    step: &'p Step,
    state: State<'p>,
) -> Result<StepStart<'p>, RunError> {
    let activate = activation(run, step, run.challenges.before_lock)?;
    Ok(run_or_refuse(activate, move |result| match result {
        Ok(activation) => {
            check_activation(activation)?;
            Ok(state.into())
        }
        Err(failure) if is_refusal(&failure) => Ok(StepEnd {
            state,
            event: Some(Event::ActivationUnproved),
        }),
        Err(failure) => Err(step_failed(step, failure)),
    }))
}

/// The same once data are locked, when a refusal is a failure.
pub(super) fn activate_locked<'p>(
    context: Context<'p>,
    step: &'p Step,
    state: State<'p>,
) -> Result<StepStart<'p>, RunError> {
    let activate = activation(context, step, context.challenges.after_lock)?;
    Ok(run(step, activate, move |activation| {
        check_activation(activation)?;
        Ok(state)
    }))
}

fn activation(
    Context { plan, .. }: Context<'_>,
    step: &Step,
    challenge: [u8; 32],
) -> Result<Activate, RunError> {
    let keys = plan.volatile_keys.as_ref();
    let keys = keys.ok_or_else(|| out_of_order(step))?;
    let [input @ .., _, _, _, _, _, _, _, _, _, _, _, _] = challenge;
    Ok(Activate::new(keys, plan.config.serial_number(), input))
}

/// A signature by `key`; without one, the name of the key that is there.
struct ProveOrName {
    key: PublicKey,
    challenge: [u8; 32],
    phase: Phase,
}

enum Phase {
    Sign(SignDigest),
    /// With the signature that does not verify, if there is one.
    Name(Once<GenKey>, Option<[u8; 64]>),
}

enum Proof {
    /// And verified.
    Signed,
    /// With the signature that does not verify, if there is one.
    Named(PublicKey, Option<[u8; 64]>),
}

impl Procedure for ProveOrName {
    type Output = Proof;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Proof, Failure> {
        let signature = match &mut self.phase {
            Phase::Sign(sign) => match sign.resume(answer) {
                Next::Send(request) => return Next::Send(request),
                Next::Done(Ok(signature)) => {
                    if check_proof(&self.key, &self.challenge, signature).is_ok() {
                        return Next::Done(Ok(Proof::Signed));
                    }
                    Some(signature)
                }
                Next::Done(Err(failure)) if is_refusal(&failure) => None,
                Next::Done(Err(failure)) => return Next::failed(failure),
            },
            Phase::Name(ask, signature) => {
                let signature = *signature;
                return ask.resume(answer).map(|key| Proof::Named(key, signature));
            }
        };
        self.phase = Phase::Name(Once(READ_PUBLIC_KEY), signature);
        Next::send(&READ_PUBLIC_KEY)
    }
}

fn check_proof(key: &PublicKey, challenge: &[u8; 32], signature: [u8; 64]) -> Result<(), RunError> {
    atecc_x509::PublicKey::from(*key)
        .verify(challenge, &SignatureBytes::from_bytes(signature))
        .map_err(RunError::Possession)
}

const fn check_activation(activation: Activation) -> Result<(), RunError> {
    match activation {
        Activation::Active => Ok(()),
        Activation::WrongKey => Err(RunError::ActivationKey),
    }
}

/// The chip says that it may not, as some may before the data lock.
fn is_refusal(failure: &Failure) -> bool {
    failure.refusal() == Some(Status::Execution)
}
