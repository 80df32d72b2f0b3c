//! `semver`: whether the version says what has changed since the release before
//! it, by cargo-semver-checks.
//!
//! Nothing needs to be published for it: the release before is a commit.

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
    let program = CARGO_SEMVER_CHECKS.install()?;
    let mut command = Command::new(program);
    command.current_dir(run::root());
    command.args(["semver-checks", "--baseline-rev", commit]);
    command.args(names.iter().flat_map(|name| ["--package", name]));
    run::shown(&mut command)?;
    Ok(Outcome::Passed(format!(
        "{} crates against {version}",
        names.len()
    )))
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
}
