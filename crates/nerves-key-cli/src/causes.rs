//! What is behind a chip's "execution error" (0x0F): its configuration is read,
//! and what stands in the way is said.

use atecc::device::WakePulse;
use atecc::{Device, Failure, Procedure};
use atecc_config::{Explanation, KeyNeed, Need, ReadCauses, Refused, WithCauses};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use nerves_key_device::BusFault;

use crate::error::{CliError, Exit};

/// Run `procedure`; a refusal comes with its causes.
///
/// # Errors
/// That of the procedure.
pub(crate) fn run<P, B, D, W>(
    device: &mut Device<B, D, W>,
    procedure: P,
) -> Result<P::Output, CliError>
where
    P: Procedure,
    atecc::Error<BusFault, P::Error>: Into<CliError>,
    B: I2c<Error = BusFault>,
    D: DelayNs,
    W: WakePulse<B, D>,
{
    run_with(device, procedure, Into::into)
}

/// The same, where the error is told in another way.
///
/// # Errors
/// What `tell` makes of the procedure's.
pub(crate) fn run_with<P, B, D, W>(
    device: &mut Device<B, D, W>,
    procedure: P,
    tell: impl FnOnce(atecc::Error<BusFault, P::Error>) -> CliError,
) -> Result<P::Output, CliError>
where
    P: Procedure,
    B: I2c<Error = BusFault>,
    D: DelayNs,
    W: WakePulse<B, D>,
{
    match device.run(WithCauses::new(procedure)) {
        Ok(Ok(output)) => Ok(output),
        Ok(Err(Refused {
            error, explanation, ..
        })) => Err(advise(
            tell(atecc::Error::Failed(error)),
            explanation.as_ref(),
        )),
        Err(error) => Err(tell(error)),
    }
}

/// `error`, which is of `failure`, with the causes, where it was a refusal.
pub(crate) fn explain<B, D, W>(
    device: &mut Device<B, D, W>,
    failure: Option<&Failure>,
    error: CliError,
) -> CliError
where
    B: I2c<Error = BusFault>,
    D: DelayNs,
    W: WakePulse<B, D>,
{
    // What cannot be read now is no other error than the first one.
    let read = failure.and_then(ReadCauses::new);
    let explanation = read.and_then(|read| device.run(read).ok().flatten());
    advise(error, explanation.as_ref())
}

/// `error` with what explains it. What forbids it is the chip's stage or contents.
pub(crate) fn advise(error: CliError, explanation: Option<&Explanation>) -> CliError {
    let Some(explanation) = explanation else {
        return error;
    };
    let mut error = error;
    if error.exit == Exit::Failed && !explanation.is_transient() {
        error.exit = Exit::Stage;
    }
    for line in lines(explanation) {
        error = error.with_advice(line);
    }
    error
}

/// Causes, remedies and state.
fn lines(explanation: &Explanation) -> Vec<String> {
    let mut lines = explanation.lines();
    let latch =
        |cause: &atecc_config::Cause| matches!(cause.need, Some(Need::Key(_, KeyNeed::Latch)));
    if explanation.causes.iter().any(latch) {
        lines.push("In the volatile layout nerves-key volatile unlock sets the latch.".to_owned());
    }
    if !(explanation.config_lock.is_locked() && explanation.data_lock.is_locked()) {
        lines.push(
            "nerves-key provision makes a NervesKey of a blank chip, finishes one that is half \
             done, and locks both."
                .to_owned(),
        );
    }
    for (operation, slot) in &explanation.asked {
        lines.push(format!(
            "nerves-key config why {operation} {} says more.",
            slot.index()
        ));
    }
    lines
}
