//! `cargo xtask arrows`: which crate may depend on which, and what is
//! deliberately absent.

mod rules;

use rules::{BEHIND_FEATURES, Elsewhere, RULES, Rule, Workspace};

use xtask_support::error::Error;
use xtask_support::metadata::{self, Kind, Metadata, Package};
use xtask_support::table;

/// Check the workspace.
pub(crate) fn run() -> Result<(), Error> {
    let metadata = metadata::workspace()?;
    let names = names(&metadata);
    let mut rows: Vec<_> = metadata
        .packages
        .iter()
        .map(|package| {
            let list = |in_tests| {
                arrows(package, &names, in_tests)
                    .collect::<Vec<_>>()
                    .join(" ")
            };
            let verdict = match violations(package, &names).len() {
                0 => "ok".to_owned(),
                count => format!("{count} forbidden"),
            };
            [package.name.clone(), list(false), list(true), verdict]
        })
        .collect();
    rows.sort();
    table::print(
        ["package", "depends on", "in tests also on", "verdict"],
        &rows,
    );
    Error::unless_empty("forbidden arrows", all_violations(&metadata))
}

fn all_violations(metadata: &Metadata) -> Vec<String> {
    let names = names(metadata);
    metadata
        .packages
        .iter()
        .flat_map(|package| violations(package, &names))
        .collect()
}

/// Everything that `package` depends on against its rule.
fn violations(package: &Package, workspace: &[&str]) -> Vec<String> {
    let Some(rule) = RULES.iter().find(|rule| rule.package == package.name) else {
        return vec![format!("{}: has no rule", package.name)];
    };
    package
        .dependencies
        .iter()
        .filter(|dependency| {
            let in_tests = dependency.kind == Some(Kind::Dev);
            let name = dependency.name.as_str();
            if workspace.contains(&name) {
                let allowed = rule.allows_workspace(name)
                    || in_tests && rule.in_tests.contains(&name)
                    || dependency.optional && BEHIND_FEATURES.contains(&(rule.package, name));
                !allowed
            } else {
                !in_tests && !rule.allows_elsewhere(name)
            }
        })
        .map(|dependency| {
            let tests = match dependency.kind {
                Some(Kind::Dev) => " in its tests",
                Some(Kind::Build) => " in its build script",
                None => "",
            };
            format!(
                "{} may not depend on {}{tests}",
                package.name, dependency.name
            )
        })
        .collect()
}

impl Rule {
    fn allows_workspace(&self, name: &str) -> bool {
        match self.may {
            Workspace::Only(list) => list.contains(&name),
            Workspace::Any => true,
        }
    }

    fn allows_elsewhere(&self, name: &str) -> bool {
        match self.elsewhere {
            Elsewhere::Only(list) => list.contains(&name),
            Elsewhere::Except(list) => !list.contains(&name),
        }
    }
}

/// What `package` depends on within the workspace.
fn arrows<'a>(
    package: &'a Package,
    workspace: &'a [&str],
    in_tests: bool,
) -> impl Iterator<Item = &'a str> {
    package
        .dependencies
        .iter()
        .filter(move |dependency| (dependency.kind == Some(Kind::Dev)) == in_tests)
        .map(|dependency| dependency.name.as_str())
        .filter(|name| workspace.contains(name))
}

fn names(metadata: &Metadata) -> Vec<&str> {
    let packages = metadata.packages.iter();
    packages.map(|package| package.name.as_str()).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// A workspace of `packages`, each with dependencies and their kinds.
    fn found(packages: &[(&str, &[(&str, Value)])]) -> Vec<String> {
        let packages: Vec<_> = packages
            .iter()
            .map(|(name, dependencies)| {
                let dependencies: Vec<_> = dependencies
                    .iter()
                    .map(|(name, kind)| json!({ "name": name, "kind": kind }))
                    .collect();
                json!({
                    "name": name, "version": "0.1.0", "id": name, "source": null,
                    "rust_version": "1.85", "manifest_path": "/x/Cargo.toml",
                    "dependencies": dependencies,
                })
            })
            .collect();
        let metadata = json!({
            "packages": packages, "resolve": null, "target_directory": "/x/target",
        });
        all_violations(&serde_json::from_value(metadata).unwrap())
    }

    #[test]
    fn allowed() {
        let found = found(&[
            ("atecc", &[("crc", Value::Null), ("proptest", json!("dev"))]),
            ("atecc-emulator", &[("p256", Value::Null)]),
            (
                "nerves-key-schema",
                &[("atecc", Value::Null), ("atecc-emulator", json!("dev"))],
            ),
            ("xtask-judges", &[("nerves-key-schema", Value::Null)]),
        ]);
        assert_eq!(found, [""; 0]);
    }

    #[test]
    fn each_forbidden_arrow_is_found() {
        let none: &[(&str, Value)] = &[];
        for (package, dependency, kind) in [
            ("atecc-emulator", "atecc", Value::Null),
            ("atecc-emulator", "atecc", json!("dev")),
            ("atecc-emulator", "atecc", json!("build")),
            ("nerves-key-schema", "atecc-emulator", Value::Null),
            ("atecc", "heapless", Value::Null),
            ("nerves-key-schema", "sha2", Value::Null),
            ("atecc-x509", "embedded-hal", Value::Null),
            ("atecc-x509", "atecc", Value::Null),
            ("atecc-text", "atecc", json!("dev")),
            ("xtask", "nerves-key-schema", Value::Null),
        ] {
            let arrow = [(dependency, kind.clone())];
            let neighbours = ["atecc", "atecc-emulator"]
                .iter()
                .filter(|&&n| n != package);
            let mut packages: Vec<_> = neighbours.map(|&name| (name, none)).collect();
            packages.push((package, &arrow));
            let found = found(&packages);
            assert_eq!(found.len(), 1, "{package} {dependency} {kind}: {found:?}");
            assert!(found[0].starts_with(&format!("{package} may not depend on {dependency}")));
        }
    }

    #[test]
    fn a_new_crate_needs_a_rule() {
        assert_eq!(
            found(&[("atecc-windows", &[])]),
            ["atecc-windows: has no rule"]
        );
    }
}
