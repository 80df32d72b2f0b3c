//! The firmware that is measured.

use std::path::{Path, PathBuf};

use xtask_support::error::Error;
use xtask_support::metadata::Metadata;
use xtask_support::run;
use xtask_support::thumb;

/// The function whose callees are measured.
pub(super) const ENTRY: &str = "_start";
/// The bus and the delay.
pub(super) const BUS: [&str; 3] = ["probe_read", "probe_write", "probe_delay"];

const MANIFEST: &str = include_str!("../probe/Cargo.toml.in");
const SOURCES: [(&str, &str); 4] = [
    ("main.rs", include_str!("../probe/main.rs")),
    ("bus.rs", include_str!("../probe/bus.rs")),
    ("everything.rs", include_str!("../probe/everything.rs")),
    ("tls.rs", include_str!("../probe/tls.rs")),
];

/// What of `atecc` is in the firmware.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Variant {
    Baseline,
    Sign,
    Everything,
    /// And of embedded-tls.
    Tls,
}

impl Variant {
    /// Its Cargo feature, too.
    pub(super) const fn name(self) -> &'static str {
        match self {
            Self::Baseline => "",
            Self::Sign => "sign",
            Self::Everything => "everything",
            Self::Tls => "tls",
        }
    }
}

/// How it is built, from the manifest itself.
pub(super) fn profile() -> String {
    let lines = MANIFEST.lines();
    let settings = lines
        .skip_while(|line| *line != "[profile.release]")
        .skip(1)
        .take_while(|line| !line.is_empty());
    let relevant = |line: &&str| {
        !["debug", "strip", "#"]
            .iter()
            .any(|no| line.starts_with(no))
    };
    settings.filter(relevant).collect::<Vec<_>>().join(", ")
}

/// Build the firmware, outside the workspace, but with the workspace's
/// versions; where it is.
pub(super) fn build(metadata: &Metadata, target: &str, variant: Variant) -> Result<PathBuf, Error> {
    let directory = metadata.target_directory.join("size");
    let crates = run::root().join("crates");
    let manifest = MANIFEST.replace("CRATES", &crates.display().to_string());
    thumb::write(&directory.join("Cargo.toml"), &manifest)?;
    for (name, text) in SOURCES {
        thumb::write(&directory.join(name), text)?;
    }
    copy_lock(&directory)?;
    let mut command = run::cargo(["build", "--quiet", "--release", "--target", target]);
    command.args(["--features", variant.name(), "--target-dir"]);
    let targets = directory.join("target").join(variant.name());
    run::captured(command.arg(&targets).current_dir(&directory))?;
    Ok(targets.join(target).join("release/size-probe"))
}

fn copy_lock(directory: &Path) -> Result<(), Error> {
    let lock = run::root().join("Cargo.lock");
    match std::fs::copy(&lock, directory.join("Cargo.lock")) {
        Ok(_) => Ok(()),
        Err(error) => Err(Error::File { path: lock, error }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `atecc` has of one kind: the names after `before`, in the sources
    /// of `directory`.
    fn names(directory: &str, before: &str) -> Vec<String> {
        let directory = run::root().join("crates/atecc/src").join(directory);
        let files = std::fs::read_dir(directory).unwrap();
        // What has several files has a folder.
        let paths = files.map(|file| file.unwrap().path());
        let paths = paths.map(|path| {
            if path.is_dir() {
                path.join("mod.rs")
            } else {
                path
            }
        });
        let texts = paths.map(|path| std::fs::read_to_string(path).unwrap());
        let products = texts.map(|text| text.split("#[cfg(test)]").next().unwrap().to_owned());
        let found = products.flat_map(|text| {
            let after = text.split(before).skip(1).map(|rest| {
                rest.split(|c: char| !c.is_alphanumeric() && c != '_')
                    .next()
                    .unwrap()
                    .to_owned()
            });
            after.collect::<Vec<_>>()
        });
        found.collect()
    }

    #[test]
    fn everything_is_everything() {
        let (_, everything) = SOURCES[2];
        for (directory, before, at_least) in [
            ("commands", " Command for ", 40),
            ("procedures", " Procedure for ", 12),
            ("host", "\npub fn ", 15),
        ] {
            let names = names(directory, before);
            assert!(names.len() >= at_least, "{directory}: {names:?}");
            for name in names {
                let used = everything
                    .split(|c: char| !c.is_alphanumeric() && c != '_')
                    .any(|word| word == name);
                // A preparation is what the procedures of signing are made of.
                assert!(
                    used || name == "Prepared",
                    "{directory}: {name} is not used"
                );
            }
        }
    }

    #[test]
    fn the_profile_is_told() {
        assert_eq!(
            profile(),
            r#"opt-level = "z", lto = "fat", codegen-units = 1, panic = "abort""#
        );
    }
}
