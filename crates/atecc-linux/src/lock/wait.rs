//! Waiting with an end. The kernel waits for ever or not at all.

use std::time::{Duration, Instant};

/// A wait that began, and how long it may last.
#[derive(Clone, Copy, Debug)]
pub(super) struct Wait {
    start: Instant,
    patience: Duration,
}

impl Wait {
    pub(super) fn begin(patience: Duration) -> Self {
        Self {
            start: Instant::now(),
            patience,
        }
    }

    /// The same one, over now.
    pub(super) const fn over(self) -> Self {
        Self {
            patience: Duration::ZERO,
            ..self
        }
    }

    /// `patience` from now on, but not beyond the end of this one.
    pub(super) fn at_most(self, patience: Duration) -> Self {
        let left = self.patience.saturating_sub(self.start.elapsed());
        Self::begin(patience.min(left))
    }

    pub(super) fn elapsed(self) -> Duration {
        self.start.elapsed()
    }

    /// Sleep for `retry`, or the rest of the wait when that is less. Whether
    /// there was any.
    pub(super) fn sleep(self, retry: Duration) -> bool {
        let left = self.patience.saturating_sub(self.start.elapsed());
        std::thread::sleep(retry.min(left));
        !left.is_zero()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LONG: Duration = Duration::from_secs(60);

    #[test]
    fn nothing_is_left_of_a_wait_that_is_over() {
        assert!(Wait::begin(LONG).sleep(Duration::ZERO));
        assert!(!Wait::begin(LONG).over().sleep(LONG));
        assert!(!Wait::begin(LONG).over().at_most(LONG).sleep(LONG));
    }
}
