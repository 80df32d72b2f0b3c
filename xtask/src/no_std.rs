//! `cargo xtask no-std`: the crates for firmware build without std, and those
//! that promise it without alloc.
//!
//! The targets have no std, so that a build proves the first. The second needs
//! a link: a program without a global allocator is refused by rustc as soon as
//! any crate in its graph names `alloc`. So a bare program is linked with each
//! such crate, with all of its features but `std` and `alloc`. That the proof
//! can fail is shown by linking a crate that does use alloc, which has to be
//! refused.

use std::path::Path;

use xtask_support::error::Error;
use xtask_support::metadata::{self, Metadata, Package};
use xtask_support::thumb::{TARGETS, add_targets, write};
use xtask_support::{run, table};

/// A crate, and whether it promises to need no allocator.
const CRATES: [(&str, Memory); 7] = [
    ("atecc-text", Memory::Static),
    ("atecc", Memory::Static),
    ("nerves-key-schema", Memory::Static),
    ("atecc-x509", Memory::Heap),
    ("atecc-config", Memory::Heap),
    ("nerves-key", Memory::Heap),
    ("nerves-key-embedded-tls", Memory::Static),
];

/// What rustc says to a program that lacks an allocator.
const REFUSAL: &str = "no global memory allocator found";

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Memory {
    Static,
    Heap,
}

/// Build and link everything.
pub(crate) fn run() -> Result<(), Error> {
    add_targets(&TARGETS)?;
    let metadata = metadata::workspace()?;
    let (mut rows, mut findings) = (Vec::new(), Vec::new());
    for (name, memory) in CRATES {
        for target in TARGETS {
            let built = build(name, target);
            let allocator = match memory {
                Memory::Static => link(&metadata, name, target),
                // One counter-check is enough; it costs a build each.
                Memory::Heap if name == "atecc-x509" => refused(&metadata, name, target),
                Memory::Heap => Ok("uses alloc"),
            };
            rows.push([name, target, cell(&built), cell(&allocator)].map(str::to_owned));
            let results = [built, allocator].into_iter();
            findings.extend(
                results
                    .filter_map(Result::err)
                    .map(|error| error.to_string()),
            );
        }
    }
    table::print(["package", "target", "no_std", "allocator"], &rows);
    Error::unless_empty("builds without std or alloc", findings)
}

fn cell(result: &Result<&'static str, Error>) -> &'static str {
    result.as_ref().copied().unwrap_or("FAILED")
}

fn build(name: &str, target: &str) -> Result<&'static str, Error> {
    let mut command = run::cargo(["build", "--quiet", "--no-default-features", "--lib"]);
    run::captured(command.args(["--package", name, "--target", target]))?;
    Ok("builds")
}

fn link(metadata: &Metadata, name: &str, target: &str) -> Result<&'static str, Error> {
    probe(metadata, name, target)?;
    Ok("links without")
}

fn refused(metadata: &Metadata, name: &str, target: &str) -> Result<&'static str, Error> {
    match probe(metadata, name, target) {
        Err(Error::Command { output, .. }) if output.contains(REFUSAL) => {
            Ok("refused without, as it should be")
        }
        Err(error) => Err(error),
        Ok(()) => Err(Error::Findings {
            check: "a program without an allocator",
            findings: vec![format!("{name} uses alloc, but the program was linked")],
        }),
    }
}

/// Link a program without an allocator with the crate `name`, outside the
/// workspace, but with the workspace's versions.
fn probe(metadata: &Metadata, name: &str, target: &str) -> Result<(), Error> {
    let directory = metadata.target_directory.join("no-alloc").join(name);
    let packages = metadata.packages.iter();
    for package in packages.filter(|package| package.name == name) {
        let manifest = include_str!("../probe/Cargo.toml.in")
            .replace("PACKAGE", name)
            .replace("PATH", &path(package))
            .replace("FEATURES", &features(package));
        let program = include_str!("../probe/main.rs").replace("PACKAGE", &name.replace('-', "_"));
        write(&directory.join("Cargo.toml"), &manifest)?;
        write(&directory.join("main.rs"), &program)?;
        let lock = run::root().join("Cargo.lock");
        std::fs::copy(&lock, directory.join("Cargo.lock"))
            .map_err(|error| Error::File { path: lock, error })?;
    }
    let mut command = run::cargo(["build", "--quiet", "--target", target]);
    command.current_dir(&directory).arg("--target-dir");
    run::captured(command.arg(metadata.target_directory.join("no-alloc/target")))?;
    Ok(())
}

fn path(package: &Package) -> String {
    let directory = package.manifest_path.parent();
    directory.unwrap_or(Path::new("")).display().to_string()
}

fn features(package: &Package) -> String {
    let names = package.features.keys();
    names
        .filter(|name| !matches!(name.as_str(), "default" | "std" | "alloc"))
        .map(|name| format!("{name:?}"))
        .collect::<Vec<_>>()
        .join(", ")
}
