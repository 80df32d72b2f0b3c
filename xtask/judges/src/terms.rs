//! `cargo xtask terms`: random settings as Erlang terms, read, written, read and
//! written again, beside what Erlang/OTP writes.
//!
//! The terms belong to the package `tests-terms`; the tests make a few of them
//! under `cargo test`. That they are spelled as Erlang/OTP spells them is shown
//! by asking it, where it is installed (Debian package `erlang-base`).

use std::path::Path;
use std::time::Instant;

use serde_json::json;
use tests_terms::{KINDS, Stats, otp};

use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::{run, table};

const SCRIPT: &str = "tests/interop/terms.escript";

/// Options of `cargo xtask terms`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// How many terms.
    #[arg(long, default_value_t = 1_000_000, conflicts_with = "only_asked")]
    count: usize,
    /// How many of them Erlang/OTP is asked about.
    #[arg(long, default_value_t = 200_000)]
    asked: usize,
    /// Make none but these.
    #[arg(long)]
    only_asked: bool,
    /// The same seed makes the same terms.
    #[arg(long, default_value_t = 1)]
    seed: u64,
    #[command(flatten)]
    destination: Destination,
}

/// Make and check them.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    if options.only_asked {
        return ask(options.asked, options.seed);
    }
    let start = Instant::now();
    let stats = tests_terms::run(options.count, options.seed);
    let seconds = start.elapsed().as_secs_f64();
    print(&stats);
    println!("seed {}, {seconds:.1} s", options.seed);
    options.destination.write(&json!({
        "seed": options.seed,
        "seconds": seconds,
        "terms": stats.terms,
        "kinds": stats.kinds,
        "differences": stats.differences,
    }))?;
    let mut differences = stats.differences;
    let absent = KINDS.iter().filter(|kind| !stats.kinds.contains_key(*kind));
    differences.extend(absent.map(|kind| format!("no {kind} among them")));
    Error::unless_empty("differences", differences)?;
    if run::captured(&mut run::program("which", ["escript"])).is_ok() {
        return ask(options.asked, options.seed);
    }
    println!("Erlang/OTP was not asked: there is no escript (Debian package erlang-base)");
    Ok(())
}

fn print(stats: &Stats) {
    let count = |kind| stats.kinds.get(kind).copied().unwrap_or_default();
    let kinds = KINDS.map(|kind| [kind.to_owned(), count(kind).to_string()]);
    table::print(["in them", "count"], &kinds);
    let (terms, differences) = (stats.terms, stats.differences.len());
    println!("terms: {terms}, differences: {differences}");
}

/// Ask Erlang/OTP about terms, in the spelling of a chip, in others, and
/// damaged.
fn ask(count: usize, seed: u64) -> Result<(), Error> {
    let directory = tempfile::tempdir().map_err(|error| file(&std::env::temp_dir(), error))?;
    let [asked, answered] = ["questions", "answers"].map(|name| directory.path().join(name));
    let questions = otp::questions(count, seed);
    std::fs::write(&asked, otp::asked(&questions)).map_err(|error| file(&asked, error))?;
    run::shown(run::program("escript", [SCRIPT]).arg(&asked).arg(&answered))?;
    let answers = std::fs::read(&answered).map_err(|error| file(&answered, error))?;
    let judged = otp::judge(&questions, &answers).map_err(|finding| Error::Findings {
        check: "answers of Erlang/OTP",
        findings: vec![finding],
    })?;
    let rows = [
        ("terms, as a chip has them and respelled", judged.terms),
        ("damaged, and terms all the same", judged.damaged_terms),
        ("damaged, and no terms", judged.corrupt),
        ("damaged, and no settings", judged.foreign),
        ("differences", judged.differences.len()),
    ];
    let rows = rows.map(|(what, count)| [what.to_owned(), count.to_string()]);
    let judge = format!("Erlang/OTP {}", judged.release);
    table::print([judge.as_str(), "count"], &rows);
    Error::unless_empty("differences from Erlang/OTP", judged.differences)
}

fn file(path: &Path, error: std::io::Error) -> Error {
    let path = path.to_owned();
    Error::File { path, error }
}
