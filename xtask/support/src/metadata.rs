//! The parts of `cargo metadata` that the checks read.
#![expect(missing_docs, reason = "the names are those of cargo's JSON")]

use std::path::PathBuf;

use serde::Deserialize;

use crate::error::Error;
use crate::run;

#[derive(Debug, Deserialize)]
pub struct Metadata {
    pub packages: Vec<Package>,
    pub resolve: Option<Resolve>,
    pub target_directory: PathBuf,
}

#[derive(Debug, Deserialize)]
pub struct Package {
    pub name: String,
    pub version: String,
    pub id: String,
    /// Absent for packages of the workspace.
    pub source: Option<String>,
    pub rust_version: Option<String>,
    pub manifest_path: PathBuf,
    #[serde(default)]
    pub features: std::collections::BTreeMap<String, Vec<String>>,
    pub dependencies: Vec<Dependency>,
    /// The registries that it may go to; absent for any, empty for none.
    pub publish: Option<Vec<String>>,
    pub description: Option<String>,
    pub license: Option<String>,
    pub repository: Option<String>,
    pub readme: Option<PathBuf>,
    #[serde(default)]
    pub keywords: Vec<String>,
    #[serde(default)]
    pub categories: Vec<String>,
    #[serde(default)]
    pub metadata: serde_json::Value,
    #[serde(default)]
    pub targets: Vec<Target>,
}

/// A library, a program, a test.
#[derive(Debug, Deserialize)]
pub struct Target {
    pub kind: Vec<String>,
}

#[derive(Debug, Deserialize)]
pub struct Dependency {
    pub name: String,
    pub kind: Option<Kind>,
    /// Whether it is there behind a feature alone.
    #[serde(default)]
    pub optional: bool,
}

/// Normal dependencies have none.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    Dev,
    Build,
}

#[derive(Debug, Deserialize)]
pub struct Resolve {
    pub nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
pub struct Node {
    pub id: String,
    pub deps: Vec<Edge>,
}

#[derive(Debug, Deserialize)]
pub struct Edge {
    pub pkg: String,
    pub dep_kinds: Vec<EdgeKind>,
}

#[derive(Debug, Deserialize)]
pub struct EdgeKind {
    pub kind: Option<Kind>,
    pub target: Option<String>,
}

/// The packages of the workspace.
///
/// # Errors
/// [`Error`] of cargo, or of its JSON.
pub fn workspace() -> Result<Metadata, Error> {
    read(&["--no-deps"])
}

/// All packages, with the graph that all features make.
///
/// # Errors
/// [`Error`] of cargo, or of its JSON.
pub fn graph() -> Result<Metadata, Error> {
    read(&["--all-features"])
}

fn read(arguments: &[&str]) -> Result<Metadata, Error> {
    let mut command = run::cargo(["metadata", "--format-version=1"]);
    let text = run::captured(command.args(arguments))?;
    Ok(serde_json::from_str(&text)?)
}

impl Package {
    /// Whether it is one of the packages in `crates/`.
    #[must_use]
    pub fn is_product(&self) -> bool {
        self.source.is_none() && self.manifest_path.starts_with(run::root().join("crates"))
    }

    /// Whether others can depend on it.
    #[must_use]
    pub fn has_library(&self) -> bool {
        let mut kinds = self.targets.iter().flat_map(|target| &target.kind);
        kinds.any(|kind| matches!(kind.as_str(), "lib" | "rlib"))
    }
}
