//! A unit: one chip of a batch, and how far it is.

use std::fmt;
use std::str::FromStr;

use atecc::SerialNumber;

/// How far a unit is. What the chip may hold follows from it: each state is
/// written before the step that it allows.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[non_exhaustive]
pub enum State {
    /// It has a serial number. Its configuration may be locked.
    Reserved,
    /// It has a key pair, whose public half is known.
    Keyed,
    /// A certificate was issued for its key. Its data may be locked.
    Issued,
    /// Its data are locked.
    Locked,
    /// It was read back after its last lock and is what was asked for.
    Verified,
    /// Nobody goes on with it for now.
    Abandoned,
    /// It is no product: for good.
    Scrapped,
}

impl State {
    /// Every state, in the order of a run.
    pub const ALL: [Self; 7] = [
        Self::Reserved,
        Self::Keyed,
        Self::Issued,
        Self::Locked,
        Self::Verified,
        Self::Abandoned,
        Self::Scrapped,
    ];

    /// The name that stands in the ledger.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reserved => "reserved",
            Self::Keyed => "keyed",
            Self::Issued => "issued",
            Self::Locked => "locked",
            Self::Verified => "verified",
            Self::Abandoned => "abandoned",
            Self::Scrapped => "scrapped",
        }
    }

    /// Whether a unit of this state may come to `next`.
    ///
    /// A key may be made again and a certificate issued again until the data
    /// are locked. A chip that was given up may come back.
    #[must_use]
    pub const fn may_become(self, next: Self) -> bool {
        use State::{Abandoned, Issued, Keyed, Locked, Reserved, Scrapped, Verified};
        match self {
            Scrapped => false,
            Verified => matches!(next, Scrapped),
            Abandoned => !matches!(next, Abandoned),
            Reserved => matches!(next, Keyed | Abandoned | Scrapped),
            Keyed => matches!(next, Keyed | Issued | Abandoned | Scrapped),
            Issued => matches!(next, Keyed | Issued | Locked | Abandoned | Scrapped),
            Locked => matches!(next, Verified | Abandoned | Scrapped),
        }
    }
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

/// A word that is no [`State`].
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{0:?} is no state of a unit")]
pub struct UnknownState(pub String);

impl FromStr for State {
    type Err = UnknownState;

    fn from_str(text: &str) -> Result<Self, UnknownState> {
        let found = Self::ALL.into_iter().find(|state| state.name() == text);
        found.ok_or_else(|| UnknownState(text.to_owned()))
    }
}

/// What the ledger knows of a unit.
#[derive(Clone, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub struct Unit {
    /// The chip's own serial number.
    pub chip: SerialNumber,
    /// The batch that it belongs to.
    pub batch: String,
    /// The manufacturer serial number that it has, for good.
    pub serial: String,
    /// How far it is.
    pub state: State,
    /// How many states it has had before this one.
    pub step: i64,
    /// Its public key, x and y, as last recorded.
    pub public_key: Option<[u8; 64]>,
    /// Its certificate, DER, as last recorded.
    pub certificate: Option<Vec<u8>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_back() {
        for state in State::ALL {
            assert_eq!(state.name().parse(), Ok(state));
        }
        assert!("Reserved".parse::<State>().is_err());
    }

    #[test]
    fn nothing_leaves_the_scrap_heap_and_locks_are_not_undone() {
        for next in State::ALL {
            assert!(!State::Scrapped.may_become(next), "{next}");
        }
        for before in [State::Reserved, State::Keyed, State::Issued] {
            assert!(!State::Locked.may_become(before), "{before}");
            assert!(!State::Verified.may_become(before), "{before}");
        }
        assert!(!State::Reserved.may_become(State::Issued));
        assert!(!State::Keyed.may_become(State::Locked));
        assert!(!State::Issued.may_become(State::Verified));
    }
}
