//! `packages`: the crates can be published as they are.
//!
//! Cargo packs each and builds it from what it packed, with the others as a
//! registry would have them: a circle of crates, a file outside its crate or a
//! crate that nobody may publish ends that. What a registry shows, and what a
//! licence asks for, is looked at before.

use xtask_support::error::Error;
use xtask_support::metadata::{self, Kind, Metadata, Package};
use xtask_support::run;

use super::Outcome;
use crate::tools::cargo_apart;

/// In every package.
const FILES: [&str; 3] = ["LICENSE-APACHE", "LICENSE-MIT", "README.md"];
/// A registry takes so many keywords and categories.
const WORDS: std::ops::RangeInclusive<usize> = 1..=5;
/// A keyword is no longer, in characters.
const LONGEST_KEYWORD: usize = 20;

pub(super) fn run() -> Result<Outcome, Error> {
    let metadata = metadata::workspace()?;
    let products: Vec<_> = metadata
        .packages
        .iter()
        .filter(|it| it.is_product())
        .collect();
    let mut findings = findings(&metadata);
    for package in &products {
        let mut command = run::cargo(["package", "--list", "--allow-dirty", "--package"]);
        let list = run::captured(command.arg(&package.name))?;
        let absent = FILES
            .iter()
            .filter(|file| !list.lines().any(|it| it == **file));
        findings.extend(absent.map(|file| format!("{}: {file} is not packed", package.name)));
    }
    Error::unless_empty("what packages lack", findings)?;
    let mut publish = cargo_apart(["publish", "--workspace", "--dry-run", "--allow-dirty"]);
    run::shown(publish.args(["--locked", "--quiet"]))?;
    Ok(Outcome::Passed(format!(
        "{} packages, each built from what is packed",
        products.len()
    )))
}

/// What the manifests say wrongly, or not.
fn findings(metadata: &Metadata) -> Vec<String> {
    let mut findings = Vec::new();
    for package in &metadata.packages {
        let said = if package.is_product() {
            let mut said = shortcomings(package);
            said.extend(unpublished(package, metadata));
            said
        } else if package.publish.as_ref().is_some_and(Vec::is_empty) {
            Vec::new()
        } else {
            vec!["is not of crates/, and lacks `publish = false`".to_owned()]
        };
        findings.extend(said.into_iter().map(|it| format!("{}: {it}", package.name)));
    }
    findings
}

fn shortcomings(package: &Package) -> Vec<String> {
    let mut said = Vec::new();
    let mut need = |there: bool, what: &str| {
        if !there {
            said.push(what.to_owned());
        }
    };
    need(package.publish.is_none(), "is not to be published");
    need(package.description.is_some(), "has no description");
    need(package.license.is_some(), "has no license");
    need(package.repository.is_some(), "has no repository");
    need(package.readme.is_some(), "has no readme");
    need(
        WORDS.contains(&package.keywords.len()),
        "has no keywords, or more than 5",
    );
    need(
        package
            .keywords
            .iter()
            .all(|it| it.len() <= LONGEST_KEYWORD),
        "has a keyword of more than 20 characters",
    );
    need(
        WORDS.contains(&package.categories.len()),
        "has no categories, or more than 5",
    );
    let on_docs_rs = &package.metadata["docs"]["rs"]["all-features"];
    need(
        package.features.is_empty() || on_docs_rs == true,
        "has features, and no `all-features` for docs.rs",
    );
    said
}

/// Crates that it is built with and nobody can get.
fn unpublished(package: &Package, metadata: &Metadata) -> Vec<String> {
    let built = package.dependencies.iter();
    built
        .filter(|dependency| dependency.kind != Some(Kind::Dev))
        .filter(|dependency| {
            let mut others = metadata.packages.iter();
            others.any(|other| other.name == dependency.name && !other.is_product())
        })
        .map(|dependency| format!("is built with {}, which is not published", dependency.name))
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn package(name: &str, folder: &str, change: impl Fn(&mut Value)) -> Value {
        let manifest = run::root().join(folder).join(name).join("Cargo.toml");
        let mut package = json!({
            "name": name, "version": "1.0.0", "id": name, "source": null,
            "manifest_path": manifest, "dependencies": [], "publish": null,
            "description": "A", "license": "MIT", "repository": "https://example.org",
            "readme": "README.md", "keywords": ["a"], "categories": ["embedded"],
            "metadata": { "docs": { "rs": { "all-features": true } } },
            "features": { "a": [] },
        });
        change(&mut package);
        package
    }

    fn found(packages: &[Value]) -> Vec<String> {
        let metadata = json!({ "packages": packages, "target_directory": "/x" });
        findings(&serde_json::from_value(metadata).unwrap())
    }

    #[test]
    fn a_package_that_has_everything_passes() {
        let private = package("tool", "xtask", |it| it["publish"] = json!([]));
        assert_eq!(found(&[package("a", "crates", |_| {}), private]), [""; 0]);
    }

    #[test]
    fn each_thing_that_is_absent_is_found() {
        for (key, value) in [
            ("publish", json!([])),
            ("description", Value::Null),
            ("license", Value::Null),
            ("repository", Value::Null),
            ("readme", Value::Null),
            ("keywords", json!([])),
            ("keywords", json!(["a-keyword-of-21-characters"])),
            ("categories", json!(["a", "b", "c", "d", "e", "f"])),
            ("metadata", Value::Null),
        ] {
            let found = found(&[package("a", "crates", |it| it[key] = value.clone())]);
            assert_eq!(found.len(), 1, "{key}: {found:?}");
        }
    }

    #[test]
    fn what_is_published_is_built_with_what_is_published() {
        let tool = package("tool", "xtask", |it| it["publish"] = json!([]));
        let uses = |kind: Value| {
            package("a", "crates", move |it| {
                it["dependencies"] = json!([{ "name": "tool", "kind": kind }]);
            })
        };
        assert_eq!(
            found(&[uses(Value::Null), tool.clone()]),
            ["a: is built with tool, which is not published"]
        );
        assert_eq!(found(&[uses(json!("dev")), tool]), [""; 0]);
        let open = package("tool", "xtask", |_| {});
        assert_eq!(found(&[open]).len(), 1);
    }
}
