//! The two uses of the device key. While data are open a chip may refuse them.

use atecc::{Failure, PublicKey, Status};
use atecc_x509::SignatureBytes;
use nerves_key::{Activate, Activation};

use super::Event;
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
