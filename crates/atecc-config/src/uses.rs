//! How many uses a key of limited uses has left.
//!
//! Source: ATECC508A datasheet, sections 3.2.5 and 3.2.6; `CountMatch` of the
//! ATECC608: cryptoauthlib's test `counter_match`.

use core::fmt;

use atecc::config::offset;
use atecc::{ConfigZone, Family, Slot};

use crate::Counter;
use crate::options::count_match;

/// What counts the uses of a key with SlotConfig.LimitedUse.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Uses {
    /// `Counter0`, which all these keys share.
    Counter {
        /// Its value now.
        value: Counter,
        /// `CountMatch` of an ATECC608: this slot has the value at which it
        /// stops. Two copies there that differ set no limit *(unconfirmed)*.
        limit: Option<Slot>,
    },
    /// Slot 15 of an ATECC508A has 128 uses of its own; so many are left.
    LastKeyUse(u32),
}

impl Uses {
    /// `None` where uses are not limited.
    pub(crate) fn of(zone: &ConfigZone, family: Family, key: Slot) -> Option<Self> {
        if !zone.slot_config(key).limited_use() {
            return None;
        }
        Some(match family {
            Family::Atecc508 if key.index() == 15 => Self::LastKeyUse(
                (offset::LAST_KEY_USE..offset::USER_EXTRA)
                    .map(|at| zone.byte(at).count_ones())
                    .sum(),
            ),
            Family::Atecc508 => Self::Counter {
                value: Counter::zero_of(zone),
                limit: None,
            },
            Family::Atecc608 => Self::Counter {
                value: Counter::zero_of(zone),
                limit: count_match(zone),
            },
        })
    }

    /// Whether none is left for good, as far as the configuration tells.
    #[must_use]
    pub fn is_used_up(self) -> bool {
        match self {
            Self::Counter { value, .. } => value >= Counter::LAST,
            Self::LastKeyUse(left) => left == 0,
        }
    }
}

impl Uses {
    /// The slot of `CountMatch`.
    pub(crate) const fn limit(self) -> Option<Slot> {
        match self {
            Self::Counter { limit, .. } => limit,
            Self::LastKeyUse(_) => None,
        }
    }
}

impl fmt::Display for Uses {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Counter {
                value: Counter(value),
                limit: None,
            } => write!(f, "Counter0 is at {value} of 2097151"),
            Self::Counter {
                value: Counter(value),
                limit: Some(slot),
            } => write!(
                f,
                "Counter0, now {value}, stops at the value in {slot} (CountMatch)"
            ),
            Self::LastKeyUse(left) => write!(f, "LastKeyUse has {left} of 128"),
        }
    }
}
