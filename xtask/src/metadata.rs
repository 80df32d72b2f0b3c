//! The parts of `cargo metadata` that the checks read.

use std::path::PathBuf;

use serde::Deserialize;

use crate::error::Error;
use crate::run;

#[derive(Debug, Deserialize)]
pub(crate) struct Metadata {
    pub(crate) packages: Vec<Package>,
    pub(crate) resolve: Option<Resolve>,
    pub(crate) target_directory: PathBuf,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) id: String,
    /// Absent for packages of the workspace.
    pub(crate) source: Option<String>,
    pub(crate) rust_version: Option<String>,
    pub(crate) manifest_path: PathBuf,
    #[serde(default)]
    pub(crate) features: std::collections::BTreeMap<String, Vec<String>>,
    pub(crate) dependencies: Vec<Dependency>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Dependency {
    pub(crate) name: String,
    pub(crate) kind: Option<Kind>,
}

/// Normal dependencies have none.
#[derive(Clone, Copy, Debug, Deserialize, Eq, PartialEq)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Dev,
    Build,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Resolve {
    pub(crate) nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Node {
    pub(crate) id: String,
    pub(crate) deps: Vec<Edge>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct Edge {
    pub(crate) pkg: String,
    pub(crate) dep_kinds: Vec<EdgeKind>,
}

#[derive(Debug, Deserialize)]
pub(crate) struct EdgeKind {
    pub(crate) kind: Option<Kind>,
    pub(crate) target: Option<String>,
}

/// The packages of the workspace.
pub(crate) fn workspace() -> Result<Metadata, Error> {
    read(&["--no-deps"])
}

/// All packages, with the graph that all features make.
pub(crate) fn graph() -> Result<Metadata, Error> {
    read(&["--all-features"])
}

fn read(arguments: &[&str]) -> Result<Metadata, Error> {
    let mut command = run::cargo(["metadata", "--format-version=1"]);
    let text = run::captured(command.args(arguments))?;
    Ok(serde_json::from_str(&text)?)
}

impl Package {
    /// Whether it is one of the packages in `crates/`.
    pub(crate) fn is_product(&self) -> bool {
        self.source.is_none() && self.manifest_path.starts_with(run::root().join("crates"))
    }
}
