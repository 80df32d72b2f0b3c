//! `cargo xtask msrv`: whether each crate's dependencies support the Rust
//! version that the crate declares.
//!
//! Resolver 3 prefers versions that do, but falls back in silence when there is
//! none. What only tests and this program use is exempt: users never build it.

use std::collections::{BTreeMap, BTreeSet};

use xtask_support::error::Error;
use xtask_support::metadata::{self, EdgeKind, Kind, Metadata, Package};
use xtask_support::table;

/// Name and reason, one a line.
const EXCEPTIONS: &str = include_str!("../data/msrv-exceptions.txt");

/// Check what each crate in `crates/` is built from, with all features.
pub(crate) fn run() -> Result<(), Error> {
    let metadata = metadata::graph()?;
    let exceptions = exceptions(EXCEPTIONS);
    let rows: Vec<_> = products(&metadata)
        .map(|product| {
            let needs = dependencies(&metadata, product);
            let newest = needs.iter().filter_map(|package| version(package)).max();
            [
                product.name.clone(),
                product.rust_version.clone().unwrap_or_default(),
                newest.map_or_else(String::new, |[major, minor, _]| format!("{major}.{minor}")),
                needs.len().to_string(),
            ]
        })
        .collect();
    table::print(["crate", "declares", "needs", "of packages"], &rows);
    for (name, reason) in &exceptions {
        println!("excepted: {name}: {reason}");
    }
    Error::unless_empty("Rust versions", violations(&metadata, &exceptions))
}

/// Major, minor, patch.
type Version = [u32; 3];

fn parse(text: &str) -> Option<Version> {
    let mut version = [0; 3];
    let mut parts = text.split('.');
    for number in &mut version {
        match parts.next() {
            Some(part) => *number = part.parse().ok()?,
            None => break,
        }
    }
    Some(version)
}

/// What `package` declares, if anything.
fn version(package: &Package) -> Option<Version> {
    package.rust_version.as_deref().and_then(parse)
}

fn exceptions(text: &str) -> BTreeMap<&str, &str> {
    text.lines()
        .filter(|line| !line.starts_with('#'))
        .filter_map(|line| line.split_once(' '))
        .collect()
}

fn violations(metadata: &Metadata, exceptions: &BTreeMap<&str, &str>) -> Vec<String> {
    let (mut found, mut needed) = (Vec::new(), BTreeSet::new());
    for product in products(metadata) {
        for package in dependencies(metadata, product) {
            let supported = version(package).is_some() && version(package) <= version(product);
            if supported {
                continue;
            }
            if exceptions.contains_key(package.name.as_str()) {
                needed.insert(package.name.as_str());
                continue;
            }
            let declared = |package: &Package| match &package.rust_version {
                Some(version) => format!("Rust {version}"),
                None => "no Rust version".to_owned(),
            };
            found.push(format!(
                "{} ({}) uses {} {} ({})",
                product.name,
                declared(product),
                package.name,
                package.version,
                declared(package)
            ));
        }
    }
    let needless = exceptions.keys().filter(|name| !needed.contains(*name));
    found.extend(needless.map(|name| format!("{name}: is an exception without need")));
    found
}

fn products(metadata: &Metadata) -> impl Iterator<Item = &Package> {
    let packages = metadata.packages.iter();
    packages.filter(|package| package.is_product())
}

/// What `product` is built from, itself included.
fn dependencies<'a>(metadata: &'a Metadata, product: &'a Package) -> Vec<&'a Package> {
    let nodes = metadata.resolve.iter().flat_map(|resolve| &resolve.nodes);
    let nodes: BTreeMap<_, _> = nodes.map(|node| (node.id.as_str(), node)).collect();
    let mut todo = vec![product.id.as_str()];
    let mut seen = BTreeSet::new();
    while let Some(id) = todo.pop() {
        if !seen.insert(id) {
            continue;
        }
        let edges = nodes.get(id).into_iter().flat_map(|node| &node.deps);
        let built = edges.filter(|edge| edge.dep_kinds.iter().any(is_built));
        todo.extend(built.map(|edge| edge.pkg.as_str()));
    }
    let packages = metadata.packages.iter();
    packages
        .filter(|package| seen.contains(package.id.as_str()))
        .collect()
}

/// Not what is for tests, nor what only pins a version: `cfg(any())` is never
/// true.
fn is_built(edge: &EdgeKind) -> bool {
    edge.kind != Some(Kind::Dev) && edge.target.as_deref() != Some("cfg(any())")
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use xtask_support::run;

    fn metadata() -> Metadata {
        let package = |name: &str, rust_version: Option<&str>| {
            json!({
                "name": name, "version": "1.0.0", "id": name, "source": "registry",
                "rust_version": rust_version, "manifest_path": "/x/Cargo.toml",
                "dependencies": [],
            })
        };
        let ours = json!({
            "name": "ours", "version": "0.1.0", "id": "ours", "source": null,
            "rust_version": "1.85", "manifest_path": run::root().join("crates/ours/Cargo.toml"),
            "dependencies": [],
        });
        let edge = |name: &str, kind: Option<&str>| json!({ "pkg": name, "dep_kinds": [{ "kind": kind }] });
        serde_json::from_value(json!({
            "packages": [
                ours, package("same", Some("1.85.0")), package("newer", Some("1.86")),
                package("silent", None), package("in-tests", Some("1.99")),
            ],
            "resolve": { "nodes": [
                { "id": "ours", "deps": [edge("same", None), edge("in-tests", Some("dev"))] },
                { "id": "same", "deps": [edge("newer", Some("build")), edge("silent", None)] },
                { "id": "newer", "deps": [] },
                { "id": "silent", "deps": [] },
                { "id": "in-tests", "deps": [] },
            ] },
            "target_directory": "/x/target",
        }))
        .unwrap()
    }

    #[test]
    fn too_new_undeclared_and_needless() {
        let metadata = metadata();
        let text = "# Why.\nsilent tried by hand\nsame no more\n";
        assert_eq!(
            violations(&metadata, &exceptions(text)),
            [
                "ours (Rust 1.85) uses newer 1.0.0 (Rust 1.86)",
                "same: is an exception without need",
            ]
        );
        assert_eq!(
            violations(&metadata, &exceptions("newer tried\n")),
            ["ours (Rust 1.85) uses silent 1.0.0 (no Rust version)"]
        );
    }
}
