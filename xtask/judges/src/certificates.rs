//! `cargo xtask certificates`: random certificates compressed to what a chip
//! holds, rebuilt, compared and verified.
//!
//! Always an optimized build: P-256 without one takes ten times as long.

use std::time::Instant;

use serde_json::{Value, json};
use tests_roundtrip::Stats;

use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::table;

/// Options of `cargo xtask certificates`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many certificates.
    #[arg(long, default_value_t = 100_000)]
    count: usize,
    /// The same seed makes the same certificates.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    destination: Destination,
}

/// Make and check them.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let start = Instant::now();
    let stats = tests_roundtrip::run(options.count, options.seed);
    let seconds = start.elapsed().as_secs_f64();

    let (value, rows) = report(&stats);
    table::print(["certificates", "count"], &rows);
    println!("seed {}, {seconds:.1} s", options.seed);
    options.destination.write(&json!({
        "seed": options.seed,
        "seconds": seconds,
        "counts": value,
        "failures": stats.failures,
    }))?;
    let mut failures = stats.failures;
    if stats.certificates != options.count {
        failures.push(format!(
            "{} of {} were made",
            stats.certificates, options.count
        ));
    }
    Error::unless_empty("certificates that fail", failures)
}

/// The counts, for programs and for people.
fn report(stats: &Stats) -> (Value, Vec<[String; 2]>) {
    let counts = [
        ("all", "all", stats.certificates),
        ("signers", "of signers", stats.signers),
        ("zero_r", "r begins with a zero byte", stats.leading_zero_r),
        ("zero_s", "s begins with a zero byte", stats.leading_zero_s),
        (
            "two_zeros_r",
            "r begins with two zero bytes",
            stats.two_zeros_r,
        ),
        (
            "two_zeros_s",
            "s begins with two zero bytes",
            stats.two_zeros_s,
        ),
        ("top_bit", "r or s has its top bit set", stats.top_bit),
        (
            "short_der",
            "DER signature shorter than 70 bytes",
            stats.short_der,
        ),
        ("failed", "failed", stats.failures.len()),
    ];
    let object = counts.map(|(key, _, count)| (key.to_owned(), count.into()));
    let rows = counts.map(|(_, text, count)| [text.to_owned(), count.to_string()]);
    (Value::Object(object.into_iter().collect()), rows.into())
}
