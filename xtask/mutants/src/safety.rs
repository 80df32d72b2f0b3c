//! `cargo xtask mutants safety`: is each check of a provisioning missed when it
//! is gone?
//!
//! Each entry of `safety.json` deletes one check, or one step, of the plan, the
//! runner or what belongs to them; a test has to fail. Those that nothing can
//! notice have their reason in the file. Takes a quarter of an hour, so that
//! `cargo xtask test` only looks whether each deletion still finds its place.

use std::process::Command;

use serde::Deserialize;

use super::named::{Copy, Edit};
use xtask_support::error::Error;
use xtask_support::{run, table};

/// Options of `cargo xtask mutants safety`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only checks whose name contains this.
    filter: Option<String>,
}

/// A check that is left out.
#[derive(Debug, Deserialize)]
struct Check {
    name: String,
    edits: Vec<Edit>,
    /// Why no test can notice.
    #[serde(default)]
    unnoticed: Option<String>,
}

/// Tests that judge a provisioning, the quickest first.
const TESTS: [&[&str]; 3] = [
    &["safety", "refusals", "harden"],
    &["births", "provision"],
    &["fault_sweep"],
];

fn checks() -> Result<Vec<Check>, Error> {
    Ok(serde_json::from_str(include_str!("safety.json"))?)
}

/// Delete each in turn.
pub(super) fn run(options: &Options) -> Result<(), Error> {
    let filter = options.filter.as_deref().unwrap_or_default();
    let copy = Copy::make()?;
    let mut gaps = Vec::new();
    let mut rows = Vec::new();
    if let Some(test) = first_failure(&copy)? {
        gaps.push(format!("{test} fails although nothing is left out"));
    }
    let checks = checks()?;
    for check in checks.iter().filter(|check| check.name.contains(filter)) {
        println!("==> {}", check.name);
        let planted = copy.plant(&check.edits)?;
        let failure = first_failure(&copy)?;
        Copy::restore(&planted)?;
        let by = match (failure, &check.unnoticed) {
            (Some(test), None) => test,
            (None, Some(reason)) => format!("nothing: {reason}"),
            (None, None) => {
                gaps.push(format!("{}: noticed by no test", check.name));
                "-".to_owned()
            }
            (Some(test), Some(_)) => {
                gaps.push(format!("{}: {test} notices it after all", check.name));
                test
            }
        };
        rows.push([check.name.clone(), by]);
    }
    println!();
    table::print(["left out", "noticed by"], &rows);
    Error::unless_empty("checks of a provisioning", gaps)
}

/// The first test that fails; what does not compile is no test.
fn first_failure(copy: &Copy) -> Result<Option<String>, Error> {
    for tests in TESTS {
        let mut command = run::cargo(["test", "--quiet", "--package", "nerves-key-tests"]);
        command.arg("--no-fail-fast");
        for test in tests {
            command.args(["--test", test]);
        }
        if let Some(failure) = failure(copy, &mut command)? {
            return Ok(Some(failure));
        }
    }
    Ok(None)
}

fn failure(copy: &Copy, command: &mut Command) -> Result<Option<String>, Error> {
    let output = copy.run(command)?;
    if output.status.success() {
        return Ok(None);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    // The list of failures: a name on each line, four blanks before it.
    let name = text.lines().find_map(|line| {
        let name = line.strip_prefix("    ")?;
        let is_name = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | ':');
        name.chars().all(is_name).then(|| name.to_owned())
    });
    match name {
        Some(name) => Ok(Some(name)),
        None => Err(Error::Findings {
            check: "checks of a provisioning",
            findings: vec![String::from_utf8_lossy(&output.stderr).into_owned()],
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each deletion still finds its place, exactly once.
    #[test]
    fn checks_can_be_left_out() {
        let checks = checks().unwrap();
        assert!(checks.len() > 70);
        for edit in checks.iter().flat_map(|check| &check.edits) {
            let text = std::fs::read_to_string(run::root().join(&edit.file)).unwrap();
            assert_eq!(text.matches(&edit.from).count(), 1, "{edit:?}");
        }
    }
}
