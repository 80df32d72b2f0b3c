//! Provisioning, disturbed at every transaction: no chip may strand.
//!
//! Each run takes a blank emulated chip on a virtual clock and a fault script,
//! provisions, and gives the same command again as a fresh process would,
//! until the faults are used up. Then the chip has to be a finished NervesKey
//! whose key signs. A witness in the chip's own memory looks at every change:
//! at the instant of a data lock the chain has to verify already.
#![forbid(unsafe_code)]

mod fault;
mod harden;
mod pairs;
mod parallel;
mod prepared;
mod reference;
mod reference_time;
mod run;
mod setup;
pub mod torn;
mod transactions;
mod witness;

pub use fault::{FAULTS, FaultKind};
pub use harden::hardened;
pub use prepared::{PreparedTally, prepared, trusting};
pub use reference::{ReferenceTally, references};
pub use reference_time::{ProvisioningTimes, provisioning_times};
pub use setup::{SETUPS, Setup};

use std::ops::AddAssign;

use run::{End, Script, run};
use witness::Witness;

use tests_station::{Records, Station};

/// What the runs of one [`Setup`] came to.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Tally {
    /// Bus transactions of an undisturbed provisioning, reading included; of looks at
    /// a busy chip those that are not like the ones around them.
    pub transactions: usize,
    /// Kinds of faults.
    pub kinds: usize,
    /// Provisionings that were disturbed.
    pub runs: usize,
    /// Of these, finished by the first command already.
    pub at_once: usize,
    /// Finished by the same command again.
    pub resumed: usize,
    /// Certificates that the signer issued.
    pub issued: usize,
    /// Of these, those for a key that no finished chip has.
    pub orphaned: usize,
    /// Not finished: what was done, and why.
    pub stranded: Vec<String>,
    /// Locked without a verified chain: what was done, and why.
    pub unverified: Vec<String>,
}

impl Tally {
    /// All that ended as a finished chip.
    #[must_use]
    pub const fn recovered(&self) -> usize {
        self.at_once + self.resumed
    }

    /// Whether no chip was stranded or locked blindly.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.stranded.is_empty() && self.unverified.is_empty()
    }

    fn count(&mut self, script: &Script, end: End) {
        self.runs += 1;
        self.issued += end.issued;
        self.orphaned += end.orphaned;
        match end.result {
            Ok(1) => self.at_once += 1,
            Ok(_) => self.resumed += 1,
            Err(why) => self.stranded.push(format!("{script}: {why}")),
        }
        let unverified = end.unverified.into_iter();
        self.unverified
            .extend(unverified.map(|why| format!("{script}: {why}")));
    }
}

impl AddAssign for Tally {
    fn add_assign(&mut self, other: Self) {
        self.transactions = self.transactions.max(other.transactions);
        self.kinds = self.kinds.max(other.kinds);
        self.runs += other.runs;
        self.at_once += other.at_once;
        self.resumed += other.resumed;
        self.issued += other.issued;
        self.orphaned += other.orphaned;
        self.stranded.extend(other.stranded);
        self.unverified.extend(other.unverified);
    }
}

/// Every fault at every `stride`-th transaction from `first` on, one in each
/// run.
#[must_use]
pub fn singles(setup: Setup, records: Records, first: usize, stride: usize) -> Tally {
    let transactions = setup.transactions();
    let struck = transactions.iter().skip(first).step_by(stride.max(1));
    let scripts: Vec<_> = struck
        .flat_map(|at| FAULTS.iter().map(move |kind| Script::one(*at, kind)))
        .collect();
    all(setup, records, transactions.len(), &scripts)
}

/// `count` runs with two faults each, drawn from `seed`. Where the first fault
/// ends a command, the second one strikes the next command.
#[must_use]
pub fn pairs(setup: Setup, records: Records, count: usize, seed: u64) -> Tally {
    let transactions = setup.transactions();
    let scripts = pairs::draw(&transactions, count, seed);
    all(setup, records, transactions.len(), &scripts)
}

fn all(setup: Setup, records: Records, transactions: usize, scripts: &[Script]) -> Tally {
    let work = |station: &mut Station, script: &Script| {
        let mut tally = Tally::default();
        tally.count(script, run(setup, station, script));
        tally
    };
    let mut tally = parallel::sum(scripts, || setup.station_with(records), work);
    tally.transactions = transactions;
    tally.kinds = FAULTS.len();
    tally
}
