//! Random terms as a chip has them: read, written, read, written again.

use std::collections::BTreeMap;
use std::panic::resume_unwind;

use nerves_key::settings::term::MinorVersion;
use nerves_key::settings::{Area, Settings, SettingsError, Value};

use super::generator::Generator;
use super::respelling::respell;
use super::{Term, encode};
use tests_random::Random;

/// Pairs of a map that is written in the order of its keys.
pub const SORTED_PAIRS: usize = 32;

pub(super) const VERSIONS: [MinorVersion; 2] = [MinorVersion::One, MinorVersion::Two];

/// All that a generated term may be or have in it.
pub const KINDS: [&str; 19] = [
    "integer of a byte",
    "integer of 4 bytes",
    "larger integer",
    "integer of 256 bytes or more",
    "float",
    "atom in Latin-1",
    "other atom",
    "atom of 256 bytes or more",
    "binary",
    "bit string",
    "empty list",
    "list of bytes",
    "other list",
    "improper list",
    "tuple",
    "tuple of 256 or more",
    "map",
    "map of 32",
    "map of more than 32",
];

/// What was made, and what went wrong.
#[derive(Clone, Debug, Default)]
pub struct Stats {
    /// Terms that a chip holds.
    pub terms: usize,
    /// How often each of [`KINDS`] is in them.
    pub kinds: BTreeMap<&'static str, usize>,
    /// One line each.
    pub differences: Vec<String>,
}

/// Make `count` terms and check each.
#[must_use]
pub fn run(count: usize, seed: u64) -> Stats {
    with_deep_stack(|| all(count, seed))
}

/// The second reading calls itself for each term in a term, however deep.
pub(super) fn with_deep_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let deep = std::thread::Builder::new().stack_size(64 << 20);
        let running = deep.spawn_scoped(scope, work).expect("a thread");
        running.join().unwrap_or_else(|panic| resume_unwind(panic))
    })
}

fn all(count: usize, seed: u64) -> Stats {
    let mut random = Random::new(seed);
    let mut stats = Stats::default();
    for index in 0..count {
        let term = Generator(&mut random).setting();
        stats.terms += 1;
        term.each(&mut |one| *stats.kinds.entry(kind(one)).or_default() += 1);
        if let Err(difference) = check(&term, &mut random) {
            let line = format!("term {index} of seed {seed}: {difference}\n  {term:?}");
            stats.differences.push(line);
        }
    }
    stats
}

/// What Erlang/OTP writes is read, written and read again; so is what means the
/// same.
fn check(term: &Term, random: &mut Random) -> Result<(), String> {
    let sorted = term.with_sorted_maps(SORTED_PAIRS);
    for version in VERSIONS {
        let bytes = encode(&sorted, version);
        let chip = Settings::from_bytes(Area::NervesKey, &bytes).map_err(text)?;
        let value = chip.value().map_err(text)?.ok_or("nothing is read")?;
        same("read", &Term::from(&value), term)?;
        let write = chip.write_value_as_term(&value).map_err(text)?;
        same("written", write.after().as_bytes(), chip.as_bytes())?;
        let again = write.after().value().map_err(text)?;
        same("read again", again.as_ref(), Some(&value))?;
        same("written again", &to_term(&value, version)?, &bytes)?;
        same("built", &to_term(&Value::from(term), version)?, &bytes)?;

        let respelled = respell(&sorted, random);
        let value = Value::from_term(&respelled).map_err(text)?;
        same("respelled", &to_term(&value, version)?, &bytes)?;
        match chip.set(&value) {
            Ok(write) => same("typed", write.after().get().map_err(text)?, Some(value))?,
            Err(SettingsError::TooLarge { .. }) => {}
            Err(error) => return Err(text(error)),
        }
    }
    Ok(())
}

pub(super) fn to_term(value: &Value, version: MinorVersion) -> Result<Vec<u8>, String> {
    value.to_term(version).map_err(text)
}

pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}

pub(super) fn same<T: PartialEq + std::fmt::Debug>(
    what: &str,
    ours: T,
    theirs: T,
) -> Result<(), String> {
    tests_vector_runner::same(what, ours, theirs).map_err(text)
}

fn kind(term: &Term) -> &'static str {
    match term {
        Term::Integer(number) if u8::try_from(number).is_ok() => KINDS[0],
        Term::Integer(number) if i32::try_from(number).is_ok() => KINDS[1],
        Term::Integer(number) if number.bits() <= 255 * 8 => KINDS[2],
        Term::Integer(_) => KINDS[3],
        Term::Float(_) => KINDS[4],
        Term::Atom(name) if name.len() >= 256 => KINDS[7],
        Term::Atom(name) if name.chars().all(|one| u32::from(one) < 256) => KINDS[5],
        Term::Atom(_) => KINDS[6],
        Term::Bits(_, 8) => KINDS[8],
        Term::Bits(_, _) => KINDS[9],
        Term::List(_, Some(_)) => KINDS[13],
        Term::List(elements, None) if elements.is_empty() => KINDS[10],
        Term::List(elements, None) if super::spelling::string(elements).is_some() => KINDS[11],
        Term::List(_, None) => KINDS[12],
        Term::Tuple(elements) if elements.len() < 256 => KINDS[14],
        Term::Tuple(_) => KINDS[15],
        Term::Map(pairs) if pairs.len() < SORTED_PAIRS => KINDS[16],
        Term::Map(pairs) if pairs.len() == SORTED_PAIRS => KINDS[17],
        Term::Map(_) => KINDS[18],
    }
}
