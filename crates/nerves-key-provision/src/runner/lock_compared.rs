//! A zone's lock, and what its answer says of the zone.

use atecc::commands::LockTarget;
use atecc::procedure::{Answer, Next};
use atecc::procedures::LockAndConfirm;
use atecc::{Failure, Procedure};

use super::state::Compared;

/// Lock a zone, with a CRC. A chip that answers the lock itself with success has found
/// the CRC of what it holds right. One that is found locked may have been locked
/// by somebody else, with whatever.
#[derive(Debug)]
pub(super) struct LockCompared {
    lock: LockAndConfirm,
    compared: Compared,
}

impl LockCompared {
    /// `target` is the configuration, or data and OTP.
    pub(super) const fn new(target: LockTarget) -> Self {
        Self {
            lock: LockAndConfirm::new(target),
            compared: Compared::ByChip,
        }
    }
}

impl Procedure for LockCompared {
    type Output = Compared;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Compared, Failure> {
        if matches!(answer, Answer::Failed(_)) {
            self.compared = Compared::Unknown;
        }
        let compared = self.compared;
        self.lock.resume(answer).map(|()| compared)
    }
}
