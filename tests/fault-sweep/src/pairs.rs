//! Two faults drawn at random.

use super::fault::FAULTS;
use super::run::Script;
use tests_random::Random;

/// `count` scripts; the same `seed` gives the same ones.
pub(super) fn draw(transactions: &[u64], count: usize, seed: u64) -> Vec<Script> {
    let mut random = Random::new(seed);
    let mut fault = || {
        let at = random.choice(transactions)?;
        random.choice(FAULTS).map(|kind| (*at, kind))
    };
    std::iter::from_fn(|| Some(Script([fault(), fault()])))
        .take(count)
        .collect()
}
