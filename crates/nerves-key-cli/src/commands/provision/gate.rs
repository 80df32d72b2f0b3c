//! What the chip and its plan have to pass before anything is written.

use std::path::Path;

use data_encoding::HEXUPPER;
use nerves_key::Snapshot;
use nerves_key_provision::{Plan, SigningAnswer};

use super::inputs::Inputs;
use crate::error::{CliError, Exit};
use crate::output::escape_path;

/// # Errors
/// Exit code 5 for another plan than the one with the digest given, or than the
/// answer is for.
pub(super) fn check(inputs: &Inputs, plan: &Plan, absent: Option<&Path>) -> Result<(), CliError> {
    if let (Some(_), Some(path)) = (inputs.plan_digest, absent) {
        return Err(CliError::refused(format!(
            "another plan than the one asked for: {} does not exist, and a chip that is not made \
             yet has no plan to compare (nerves-key emulator create makes it before)",
            escape_path(path)
        )));
    }
    let digest = plan.digest();
    if let Some(expected) = inputs.plan_digest.filter(|expected| *expected != digest) {
        return Err(CliError::refused(format!(
            "another plan than the one asked for: its digest is {}, not {}",
            HEXUPPER.encode(&digest),
            HEXUPPER.encode(&expected)
        )));
    }
    match inputs.answer() {
        Some(answer) => check_contents(answer, plan),
        None => Ok(()),
    }
}

/// That the answer is for this chip and its key.
///
/// # Errors
/// Exit code 4.
pub(super) fn check_chip(answer: &SigningAnswer, snapshot: &Snapshot) -> Result<(), CliError> {
    let request = answer.request();
    let chip = snapshot.config.serial_number();
    let stage = |text: String| Err(CliError::new(Exit::Stage, text));
    if request.chip != chip {
        return stage(format!(
            "the answer is for the chip {}, not {chip}",
            request.chip
        ));
    }
    match snapshot.public_key {
        None => stage(format!(
            "the chip {chip} has no key that the answer could be for: begin with --request"
        )),
        Some(key) if key.as_bytes() != request.public_key.as_bytes() => stage(format!(
            "the answer is for another key than the chip {chip} has: ask again with --request"
        )),
        Some(_) => Ok(()),
    }
}

/// That it is for what is asked to be written.
fn check_contents(answer: &SigningAnswer, plan: &Plan) -> Result<(), CliError> {
    let request = answer.request();
    if request.serial != plan.serial() {
        return Err(CliError::refused(format!(
            "the answer is for the serial {:?}, not {:?}",
            request.serial,
            plan.serial()
        )));
    }
    if request.otp != *plan.otp() {
        return Err(CliError::refused(
            "the answer is for other OTP contents: give the same --serial, --board and --otp-user \
             as with --request",
        ));
    }
    Ok(())
}
