//! A run that an error ends. Another chip than the plan's may have answered, since
//! chips are pulled and replaced: so it is asked which it is.

use core::mem;

use atecc::procedure::{Answer, Next};
use atecc::procedures::RefreshConfig;
use atecc::{ConfigZone, Procedure};

use super::open::same_serial_number;
use crate::{RunError, RunOutcome};

/// Ends with its error, or with [`RunError::OtherChip`] in place of it.
#[derive(Debug)]
pub(super) struct Failing<'p> {
    planned: &'p ConfigZone,
    error: RunError,
    read: RefreshConfig,
}

impl<'p> Failing<'p> {
    pub(super) const fn new(planned: &'p ConfigZone, error: RunError) -> Self {
        let read = RefreshConfig::chip(*planned);
        Self {
            planned,
            error,
            read,
        }
    }
}

impl Procedure for Failing<'_> {
    type Output = RunOutcome;
    type Error = RunError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<RunOutcome, RunError> {
        let found = match self.read.resume(answer) {
            Next::Send(request) => return Next::Send(request),
            Next::Done(found) => found,
        };
        let other = found.map(|found| same_serial_number(self.planned, &found));
        Next::Done(Err(match other {
            Ok(Err(other)) => other,
            // Where it does not say, the first error counts.
            Ok(Ok(())) | Err(_) => mem::replace(&mut self.error, RunError::Ended),
        }))
    }
}
