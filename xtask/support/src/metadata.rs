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
}

#[derive(Debug, Deserialize)]
pub struct Dependency {
    pub name: String,
    pub kind: Option<Kind>,
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
}
