//! `semver`: whether the version says what has changed since the release before
//! it, by cargo-semver-checks.
//!
//! Nothing needs to be published for it: the release before is a commit. A version
//! that may break everything leaves nothing to be refused; then what it breaks is
//! listed, as if it were not.

use std::process::Command;

use xtask_support::error::Error;
use xtask_support::metadata;
use xtask_support::run;

use super::Outcome;
use crate::tools::CargoTool;

const CARGO_SEMVER_CHECKS: CargoTool = CargoTool {
    package: "cargo-semver-checks",
    version: "0.51.0",
};

/// How it ends when it has found changes that the version does not allow.
const FOUND: i32 = 100;

/// Commit and version, one line.
const BASELINE: &str = include_str!("../../data/baseline.txt");

pub(super) fn run() -> Result<Outcome, Error> {
    let Some((commit, version)) = baseline(BASELINE) else {
        return Err(Error::Findings {
            check: "xtask/release/data/baseline.txt",
            findings: vec!["a line COMMIT VERSION is wanted".to_owned()],
        });
    };
    let there = ["cat-file", "-e", commit];
    if run::captured(&mut run::program("git", there)).is_err() {
        return Ok(Outcome::LeftOut(format!(
            "commit {commit} ({version}) is not in this clone: git fetch --unshallow"
        )));
    }
    let listed = run::program("git", ["ls-tree", "--name-only", commit, "crates/"]);
    let before = run::captured(&mut { listed })?;
    let metadata = metadata::workspace()?;
    let libraries = metadata.packages.iter().filter(|it| it.is_product());
    let names: Vec<_> = libraries
        .filter(|package| package.has_library())
        .map(|package| package.name.as_str())
        .filter(|name| before.lines().any(|path| path == format!("crates/{name}")))
        .collect();
    let mut products = metadata.packages.iter().filter(|it| it.is_product());
    let may_break = products.any(|it| is_breaking(version, &it.version));
    let program = CARGO_SEMVER_CHECKS.install()?;
    let mut command = Command::new(program);
    command.current_dir(run::root());
    command.args(["semver-checks", "--baseline-rev", commit]);
    if may_break {
        command.args(["--release-type", "minor"]);
    }
    command.args(names.iter().flat_map(|name| ["--package", name]));
    let mut breaks = 0;
    let ended = run::watched(&mut command, |line| {
        breaks += usize::from(line.starts_with("--- failure "));
    });
    match ended {
        Err(Error::Command { status, .. }) if may_break && status.code() == Some(FOUND) => {}
        other => other?,
    }
    let crates = names.len();
    Ok(Outcome::Passed(if may_break {
        format!(
            "{crates} crates against {version}, with {breaks} kinds of breaks, as the version may"
        )
    } else {
        format!("{crates} crates against {version}")
    }))
}

/// Whether `now` may break those who use `before`: the leftmost number that is not
/// zero has changed. Source: The Cargo Book, "Dependency Resolution".
fn is_breaking(before: &str, now: &str) -> bool {
    let mut numbers = before.split('.').zip(now.split('.'));
    let first = numbers.find(|(before, now)| before != now || *before != "0");
    first.is_some_and(|(before, now)| before != now)
}

fn baseline(text: &str) -> Option<(&str, &str)> {
    let mut lines = text.lines().filter(|line| !line.starts_with('#'));
    lines.next()?.split_once(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_baseline_is_a_commit_and_a_version() {
        let (commit, version) = baseline(BASELINE).unwrap();
        assert_eq!(commit.len(), 40);
        assert!(commit.bytes().all(|byte| byte.is_ascii_hexdigit()));
        assert_eq!(version.split('.').count(), 3, "{version}");
        assert_eq!(baseline("# Nothing.\n"), None);
    }

    #[test]
    fn the_leftmost_number_that_is_not_zero_tells() {
        for (before, now) in [("0.1.0", "0.2.0"), ("1.4.2", "2.0.0"), ("0.0.1", "0.0.2")] {
            assert!(is_breaking(before, now), "{before} {now}");
        }
        for (before, now) in [("0.2.0", "0.2.1"), ("1.4.2", "1.5.0"), ("0.2.0", "0.2.0")] {
            assert!(!is_breaking(before, now), "{before} {now}");
        }
    }
}
