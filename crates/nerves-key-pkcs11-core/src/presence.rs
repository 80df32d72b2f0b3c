//! What is believed of a slot, and for how long.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::chip::Chip;
use crate::fault::SlotFault;

/// How long a look is believed.
const PRESENCE_TTL: Duration = Duration::from_millis(500);
/// How many times longer than it took an empty slot is believed empty.
const ABSENCE_BACKOFF: u32 = 20;
/// But no longer than this: a chip that is plugged in later is found.
const LONGEST_TTL: Duration = Duration::from_secs(10);

/// Since when something is believed, and for how long.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Belief {
    since: Instant,
    ttl: Duration,
}

impl Belief {
    fn from_now(ttl: Duration) -> Self {
        let since = Instant::now();
        Self { since, ttl }
    }

    /// Of a chip that answered.
    pub(crate) fn of_presence() -> Self {
        Self::from_now(PRESENCE_TTL)
    }

    /// Of a slot that took so long to say nothing.
    pub(crate) fn of_absence(took: Duration) -> Self {
        Self::from_now((took * ABSENCE_BACKOFF).clamp(PRESENCE_TTL, LONGEST_TTL))
    }

    /// Of a bus that carries nothing.
    pub(crate) fn of_stuck_bus() -> Self {
        Self::from_now(LONGEST_TTL)
    }

    pub(crate) fn holds(&self) -> bool {
        self.since.elapsed() < self.ttl
    }

    /// Count from now on, where it began after `start`: what the beginning of a long
    /// sweep found is not asked again at its end.
    pub(crate) fn renew(&mut self, start: Instant) {
        if self.since >= start {
            self.since = Instant::now();
        }
    }
}

/// Whether a chip is in a slot.
#[derive(Default)]
pub(crate) enum Presence {
    #[default]
    Unknown,
    Present(Belief),
    Absent(Belief, Arc<SlotFault>),
}

/// What the last look saw.
#[derive(Default)]
pub(crate) struct Seen {
    /// The chip that was last there, even if it is gone.
    pub(crate) chip: Option<Arc<Chip>>,
    pub(crate) presence: Presence,
}

/// What a look finds.
pub(crate) type Found = Result<Arc<Chip>, Arc<SlotFault>>;

impl Seen {
    /// What is believed still.
    pub(crate) fn believed(&self) -> Option<Found> {
        let holds = match &self.presence {
            Presence::Present(belief) | Presence::Absent(belief, _) => belief.holds(),
            Presence::Unknown => false,
        };
        self.last().filter(|_| holds)
    }

    /// What was found last, however long ago.
    pub(crate) fn last(&self) -> Option<Found> {
        match (&self.presence, &self.chip) {
            (Presence::Present(_), Some(chip)) => Some(Ok(Arc::clone(chip))),
            (Presence::Absent(_, fault), _) => Some(Err(Arc::clone(fault))),
            _ => None,
        }
    }

    /// The chip that is there, as far as is known.
    pub(crate) fn present(&self) -> Option<Arc<Chip>> {
        self.last()?.ok()
    }

    /// As [`Belief::renew`].
    pub(crate) fn renew(&mut self, start: Instant) {
        match &mut self.presence {
            Presence::Present(belief) | Presence::Absent(belief, _) => belief.renew(start),
            Presence::Unknown => {}
        }
    }
}

#[cfg(test)]
impl Belief {
    /// One that holds no more.
    pub(crate) fn of_the_past() -> Self {
        Self {
            since: Instant::now(),
            ttl: Duration::ZERO,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_belief_is_renewed_by_the_sweep_that_it_is_of() {
        let old = Instant::now().checked_sub(Duration::from_secs(60)).unwrap();
        let belief = |since| Belief {
            since,
            ttl: Duration::from_secs(10),
        };
        let mut earlier = belief(old);
        earlier.renew(old + Duration::from_secs(1));
        assert!(!earlier.holds());
        let mut of_this_sweep = belief(old + Duration::from_secs(2));
        assert!(!of_this_sweep.holds());
        of_this_sweep.renew(old + Duration::from_secs(1));
        assert!(of_this_sweep.holds());
    }

    #[test]
    fn what_was_slow_is_left_alone_for_longer() {
        let ttl = |millis| Belief::of_absence(Duration::from_millis(millis)).ttl;
        assert_eq!(ttl(1), Duration::from_millis(500));
        assert_eq!(ttl(100), Duration::from_secs(2));
        assert_eq!(ttl(2000), Duration::from_secs(10));
    }
}
