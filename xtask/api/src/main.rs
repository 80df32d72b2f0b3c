//! `cargo xtask api`: the public items of the crates that others build on, one
//! line each, in `docs/api`. A change of them is seen in review, or fails.
//!
//! They are read from what rustdoc writes as JSON. That form is unstable, so
//! that the compiler is told to let it pass, and only the one form is read that
//! the library knows; with another compiler the check says so and is left out.
#![forbid(unsafe_code)]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Parser;
use serde_json::Value;
use xtask_support::error::Error;
use xtask_support::{metadata, run};

/// Those whose items are promised.
const CRATES: [&str; 4] = ["atecc", "atecc-x509", "nerves-key", "nerves-key-provision"];

/// Writes the public items of the crates that others build on, docs/api.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask api", bin_name = "cargo xtask api")]
struct Options {
    /// Write nothing; fail when a list is not up to date.
    #[arg(long)]
    check: bool,
}

fn main() -> ExitCode {
    xtask_support::end(run(&Options::parse()))
}

fn run(options: &Options) -> Result<(), Error> {
    let mut findings = Vec::new();
    for name in CRATES {
        let json = document(name)?;
        let format = format_of(&json)?;
        if format != u64::from(rustdoc_types::FORMAT_VERSION) {
            println!(
                "left out: this rustdoc writes JSON of format {format}, {} is read",
                rustdoc_types::FORMAT_VERSION
            );
            return Ok(());
        }
        let list = items(&json)?;
        let path = run::root().join("docs/api").join(format!("{name}.txt"));
        println!("{}: {} items", path.display(), list.lines().count());
        if !options.check {
            std::fs::write(&path, list).map_err(|error| Error::File { path, error })?;
            continue;
        }
        let written = read(&path)?;
        findings.extend(difference(&written, &list));
    }
    if !findings.is_empty() {
        findings.push("wanted? then run `cargo xtask api`, and say it in CHANGELOG.md".to_owned());
    }
    Error::unless_empty("changes of public items", findings)
}

/// What rustdoc writes of a crate, with all features.
fn document(name: &str) -> Result<PathBuf, Error> {
    let mut command = run::cargo(["rustdoc", "--quiet", "--lib", "--all-features"]);
    command.args(["--package", name, "--"]);
    command.args(["-Z", "unstable-options", "--output-format", "json"]);
    run::captured(command.env("RUSTC_BOOTSTRAP", "1"))?;
    let target = metadata::workspace()?.target_directory;
    Ok(target.join(format!("doc/{}.json", name.replace('-', "_"))))
}

fn format_of(json: &Path) -> Result<u64, Error> {
    let document: Value = serde_json::from_str(&read(json)?)?;
    Ok(document["format_version"].as_u64().unwrap_or_default())
}

/// The items without what the compiler makes by itself.
fn items(json: &Path) -> Result<String, Error> {
    let items = public_api::Builder::from_rustdoc_json(json)
        .omit_blanket_impls(true)
        .omit_auto_trait_impls(true)
        .omit_auto_derived_impls(true)
        .build();
    match items {
        Ok(items) => Ok(items.to_string()),
        Err(error) => Err(Error::Findings {
            check: "the public items",
            findings: vec![error.to_string()],
        }),
    }
}

/// The lines that came and went.
fn difference(written: &str, now: &str) -> Vec<String> {
    let only = |of: &str, other: &str, mark: char| -> Vec<String> {
        let others: std::collections::BTreeSet<&str> = other.lines().collect();
        let lines = of.lines().filter(|line| !others.contains(line));
        lines.map(|line| format!("{mark} {line}")).collect()
    };
    [only(written, now, '-'), only(now, written, '+')].concat()
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|error| Error::File {
        path: path.to_owned(),
        error,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_came_and_went_is_told() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), [""; 0]);
        assert_eq!(difference("a\nb\n", "b\nc\n"), ["- a", "+ c"]);
    }
}
