//! `features`: the crates for firmware build with every set of their features.
//!
//! The sets are made from `cargo metadata`, with no outside program. Features
//! that bring others are closed first, so that no set is built twice under two
//! names. A set without std is built for a Cortex-M0, which has none; one with
//! std for this machine.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use xtask_support::error::Error;
use xtask_support::metadata::{self, Package};
use xtask_support::{run, table};

use super::Outcome;
use crate::tools::{add_target, cargo_apart};

/// It has neither std nor compare-and-swap.
const FIRMWARE: &str = "thumbv6m-none-eabi";

/// The crates that build without std, and those of their features that need it.
const CRATES: [(&str, &[&str]); 10] = [
    ("atecc", &[]),
    ("atecc-config", &[]),
    ("atecc-decode", &[]),
    ("atecc-text", &[]),
    ("atecc-transcript", &["import"]),
    ("atecc-x509", &[]),
    ("nerves-key", &[]),
    ("nerves-key-embedded-tls", &[]),
    ("nerves-key-provision", &["exec", "pkcs11", "std"]),
    ("nerves-key-schema", &[]),
];

type Set = BTreeSet<String>;

/// Build every set of every crate.
pub(super) fn run() -> Result<Outcome, Error> {
    if !add_target(FIRMWARE) {
        return Ok(Outcome::LeftOut(format!(
            "the target {FIRMWARE} is not installed"
        )));
    }
    let metadata = metadata::workspace()?;
    let (mut rows, mut findings, mut built) = (Vec::new(), Vec::new(), 0);
    for (name, needs_std) in CRATES {
        let named = |package: &&Package| package.name == name;
        let Some(package) = metadata.packages.iter().find(named) else {
            findings.push(format!("there is no package {name}"));
            continue;
        };
        let start = Instant::now();
        let (with, without): (Vec<_>, Vec<_>) = sets(&package.features)
            .into_iter()
            .partition(|set| needs_std.iter().any(|feature| set.contains(*feature)));
        for (sets, target) in [(&without, Some(FIRMWARE)), (&with, None)] {
            for set in sets {
                findings.extend(
                    check(name, set, target)
                        .err()
                        .map(|error| error.to_string()),
                );
            }
        }
        built += without.len() + with.len();
        rows.push([
            name.to_owned(),
            without.len().to_string(),
            with.len().to_string(),
            format!("{:.1} s", start.elapsed().as_secs_f64()),
        ]);
    }
    table::print(["package", FIRMWARE, "with std, here", "time"], &rows);
    Error::unless_empty("sets of features that do not build", findings)?;
    Ok(Outcome::Passed(format!("{built} sets of features build")))
}

/// Every set that features can make, each closed.
fn sets(features: &BTreeMap<String, Vec<String>>) -> BTreeSet<Set> {
    let names = features.keys().filter(|name| *name != "default");
    let mut sets = BTreeSet::from([Set::new()]);
    for name in names {
        let more: Vec<Set> = sets
            .iter()
            .map(|set| {
                let mut set = set.clone();
                close(name, features, &mut set);
                set
            })
            .collect();
        sets.extend(more);
    }
    sets
}

/// Put `name` into `set`, and the features that it brings.
fn close(name: &str, features: &BTreeMap<String, Vec<String>>, set: &mut Set) {
    let Some(brings) = features.get(name) else {
        return;
    };
    if set.insert(name.to_owned()) {
        for other in brings {
            close(other, features, set);
        }
    }
}

fn check(name: &str, set: &Set, target: Option<&str>) -> Result<(), Error> {
    let features: Vec<_> = set.iter().map(String::as_str).collect();
    let mut command = cargo_apart(["check", "--quiet", "--lib", "--no-default-features"]);
    command.args(["--package", name, "--features", &features.join(",")]);
    command.args(target.into_iter().flat_map(|target| ["--target", target]));
    run::captured(command.env("RUSTFLAGS", "-D warnings"))?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn features(list: &[(&str, &[&str])]) -> BTreeMap<String, Vec<String>> {
        let owned = |names: &[&str]| names.iter().map(|&name| name.to_owned()).collect();
        list.iter()
            .map(|(name, brings)| ((*name).to_owned(), owned(brings)))
            .collect()
    }

    #[test]
    fn no_crate_without_std_is_left_out() {
        let metadata = metadata::workspace().unwrap();
        let products = metadata.packages.iter().filter(|it| it.is_product());
        let mut without_std: Vec<_> = products
            .filter(|package| {
                let library = package.manifest_path.with_file_name("src/lib.rs");
                std::fs::read_to_string(library).is_ok_and(|text| {
                    let mut lines = text.lines();
                    lines.any(|line| line.starts_with("#![") && line.contains("no_std"))
                })
            })
            .map(|package| package.name.as_str())
            .collect();
        without_std.sort_unstable();
        assert_eq!(without_std, CRATES.map(|(name, _)| name));
    }

    #[test]
    fn sets_of_independent_features_are_a_powerset() {
        let list = features(&[
            ("default", &["a"]),
            ("a", &[]),
            ("b", &["dep:b"]),
            ("c", &[]),
        ]);
        assert_eq!(sets(&list).len(), 8);
    }

    #[test]
    fn a_feature_that_brings_another_is_never_without_it() {
        let list = features(&[("alloc", &[]), ("import", &["alloc", "dep:serde"])]);
        let names: Vec<_> = sets(&list)
            .iter()
            .map(|set| set.iter().cloned().collect::<Vec<_>>().join("+"))
            .collect();
        assert_eq!(names, ["", "alloc", "alloc+import"]);
    }
}
