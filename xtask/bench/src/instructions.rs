//! `cargo xtask instructions`: how many instructions an operation takes, as
//! callgrind counts them: the same number each time, so that a change shows.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::Command;

use xtask_bench::operation::Operation;
use xtask_support::error::Error;
use xtask_support::{run, table};

/// Options of `cargo xtask instructions`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Record the counts, instead of comparing them with those recorded.
    #[arg(long)]
    write: bool,
}

const COUNTED: [Operation; 4] = [
    Operation::Compress,
    Operation::Decompress,
    Operation::Issue,
    Operation::Verify,
];
/// What is between a run of one and a run of more is the operation's own.
const MORE: u32 = 10;
/// A count that differs by more has changed. The counts themselves do not vary;
/// libraries move by less when their neighbours are compiled otherwise.
const TOLERATED_PERCENT: u64 = 2;
/// Of valgrind, before the number.
const COLLECTED: &str = "Collected :";
const RECORDED: &str = "xtask/bench/data/instructions.txt";

/// The operation called `name`.
pub(crate) fn operation(name: &str) -> Result<Operation, String> {
    let named = Operation::ALL.into_iter().find(|it| it.name() == name);
    named.ok_or_else(|| {
        let all = Operation::ALL.map(Operation::name).join(", ");
        format!("{name:?} is none of {all}")
    })
}

/// Count, and compare or record.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let compiler = run::captured(Command::new("rustc").arg("--version"))?;
    let compiler = compiler.trim();
    let mut counts = BTreeMap::new();
    for operation in COUNTED {
        let count = (callgrind(operation, 1 + MORE)? - callgrind(operation, 1)?) / u64::from(MORE);
        counts.insert(operation.name(), count);
    }
    let rows: Vec<_> = counts
        .iter()
        .map(|(name, count)| [(*name).to_owned(), count.to_string()])
        .collect();
    table::print(["operation", "instructions"], &rows);
    let path = run::root().join(RECORDED);
    if options.write {
        return record(path, compiler, &counts);
    }
    let recorded = std::fs::read_to_string(&path).map_err(|error| Error::File { path, error })?;
    Error::unless_empty(
        "counts of instructions",
        changes(&recorded, compiler, &counts),
    )
}

fn record(path: PathBuf, compiler: &str, counts: &BTreeMap<&str, u64>) -> Result<(), Error> {
    let mut text = format!(
        "# Instructions by `cargo xtask instructions --write`, profile release.\n{compiler}\n"
    );
    for (name, count) in counts {
        let _never_fails = writeln!(text, "{name} {count}");
    }
    std::fs::write(&path, text).map_err(|error| Error::File { path, error })
}

/// What differs from what was recorded, by the same compiler.
fn changes(recorded: &str, compiler: &str, counts: &BTreeMap<&str, u64>) -> Vec<String> {
    let mut lines = recorded.lines().filter(|line| !line.starts_with('#'));
    let by = lines.next().unwrap_or_default();
    if by != compiler {
        return vec![format!(
            "recorded with {by}, not {compiler}: look at the counts, then --write"
        )];
    }
    let mut expected: BTreeMap<_, _> = lines
        .filter_map(|line| line.split_once(' '))
        .filter_map(|(name, count)| Some((name, count.parse::<u64>().ok()?)))
        .collect();
    let mut findings = Vec::new();
    for (name, &count) in counts {
        match expected.remove(name) {
            None => findings.push(format!("{name}: not recorded; --write does it")),
            Some(was) if count.abs_diff(was) * 100 > was * TOLERATED_PERCENT => {
                findings.push(format!(
                    "{name}: {count}, was {was}; --write if that is right"
                ));
            }
            Some(_) => {}
        }
    }
    findings.extend(
        expected
            .keys()
            .map(|name| format!("{name}: recorded, not counted")),
    );
    findings
}

fn callgrind(operation: Operation, times: u32) -> Result<u64, Error> {
    let program = std::env::current_exe().map_err(|error| Error::File {
        path: PathBuf::from("this program"),
        error,
    })?;
    let mut command = Command::new("valgrind");
    command.args([
        "--tool=callgrind",
        "--callgrind-out-file=/dev/null",
        "--log-fd=1",
    ]);
    command.arg(program);
    command.args(["operation", operation.name(), &times.to_string()]);
    let said = run::captured(&mut command)?;
    let count = said.lines().find_map(|line| {
        let (_, count) = line.split_once(COLLECTED)?;
        count.trim().parse().ok()
    });
    count.ok_or_else(|| Error::Findings {
        check: "callgrind",
        findings: vec![format!("no {COLLECTED:?} in what it said")],
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_shows_and_so_does_what_is_missing() {
        let recorded = "# Head\nrustc 1\ncompress 1000\nissue 500\n";
        let counts = |compress, name| BTreeMap::from([("compress", compress), (name, 500)]);
        for (compiler, compress, name, findings) in [
            ("rustc 1", 1_000, "issue", 0),
            ("rustc 1", 1_020, "issue", 0),
            ("rustc 1", 1_021, "issue", 1),
            ("rustc 1", 979, "issue", 1),
            ("rustc 1", 1_000, "verify", 2),
            ("rustc 2", 1_000, "issue", 1),
        ] {
            let found = changes(recorded, compiler, &counts(compress, name));
            assert_eq!(
                found.len(),
                findings,
                "{compiler} {compress} {name}: {found:?}"
            );
        }
    }

    #[test]
    fn every_operation_runs() {
        let bench = xtask_bench::operation::Bench::new().unwrap();
        for name in Operation::ALL {
            bench.run(operation(name.name()).unwrap()).unwrap();
        }
        assert!(operation("sign").unwrap_err().contains("decompress"));
        xtask_bench::emulator::time(100).unwrap();
    }
}
