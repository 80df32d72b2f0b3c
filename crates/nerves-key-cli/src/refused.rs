//! What is behind a chip's "execution error" (0x0F): its configuration is read,
//! and what stands in the way is said.

use atecc::procedures::ReadConfig;
use atecc::{Slot, Status};
use atecc_config::{Cause, Operation, causes};
use nerves_key::SignError;
use nerves_key_device::BusFault;

use crate::error::CliError;
use crate::record::RecordedDevice;

/// An error that may be a chip's refusal.
pub(crate) trait Refused {
    /// The status, if it is one.
    fn refusal(&self) -> Option<Status>;
}

impl Refused for atecc::Error<BusFault> {
    fn refusal(&self) -> Option<Status> {
        match self {
            Self::Failed(failure) => failure.refusal(),
            Self::Bus { .. } => None,
        }
    }
}

impl Refused for atecc::Error<BusFault, SignError> {
    fn refusal(&self) -> Option<Status> {
        match self {
            Self::Failed(SignError::Failure(failure)) => failure.refusal(),
            _ => None,
        }
    }
}

/// `result` of `operation` on `slot`; where the chip refused it, with the causes.
///
/// # Errors
/// That of `result`.
pub(crate) fn explained<T, E: Refused + Into<CliError>>(
    device: &mut RecordedDevice,
    (operation, slot): (Operation, Slot),
    result: Result<T, E>,
) -> Result<T, CliError> {
    let error = match result {
        Ok(value) => return Ok(value),
        Err(error) => error,
    };
    let asks = error.refusal() == Some(Status::Execution);
    let error = error.into();
    if !asks {
        return Err(error);
    }
    // What cannot be read now is no other error than the first one.
    let Ok(zone) = device.run(ReadConfig::new()) else {
        return Err(error);
    };
    let said = causes(&zone, operation, slot);
    let error = said
        .into_iter()
        .fold(error, |error, Cause { text, remedy }| {
            let error = error.advised(format_args!("cause: {text}"));
            match remedy {
                Some(remedy) => error.advised(format_args!("remedy: {remedy}")),
                None => error,
            }
        });
    let stage = format_args!(
        "state: configuration {}, data and OTP {}; nerves-key config why {operation} {} says more",
        zone.config_lock(),
        zone.data_lock(),
        slot.index()
    );
    Err(error.advised(stage))
}
