//! `dist`: what is released is the same, built a second time elsewhere.
//!
//! The second build is of a copy of the sources in another folder, with another
//! target directory.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use xtask_support::error::Error;
use xtask_support::run;

use super::{Outcome, trial};
use crate::dist::{self, Files, Sources};

const RUNS_HERE: &str = "x86_64-unknown-linux-musl";
const TOKEN: &str = "pkcs11:token=a;object=b?module-path=/absent.so";

pub(super) fn run(wanted: &[String]) -> Result<Outcome, Error> {
    let (targets, absent) = dist::available(wanted)?;
    for reason in &absent {
        println!("left out: {reason}");
    }
    let here = Sources::here()?;
    // Before anything is built: the first build takes long, and both are of the same.
    let elsewhere = run::target().join("release-check").join("elsewhere");
    let there = Sources {
        root: copy(&here.root, &elsewhere.join("sources"))?,
        target: elsewhere.join("built"),
        epoch: here.epoch,
    };
    let files = dist::make(&here, &targets)?;
    dist::print(&files);
    dist::write(&dist::folder(), &files)?;
    refuses_tokens(&dist::folder(), &files)?;
    let ran = trial::run(&here, &targets)?;
    Error::unless_empty(
        "files that differ when they are built elsewhere",
        differing(&files, &dist::make(&there, &targets)?),
    )?;
    Ok(Outcome::Passed(format!(
        "{} files the same, for {} targets, of which {ran} ran; {} left out",
        files.len(),
        targets.len(),
        absent.len()
    )))
}

/// The static program of this machine says that it loads no PKCS#11 library.
fn refuses_tokens(folder: &Path, files: &Files) -> Result<(), Error> {
    let Some(name) = files.keys().find(|name| name.ends_with(RUNS_HERE)) else {
        return Ok(());
    };
    let program = folder.join(name);
    std::fs::set_permissions(&program, Permissions::from_mode(0o755))
        .map_err(|error| dist::at(&program, error))?;
    let mut create = Command::new(&program);
    create.args(["signer", "create", "absent", "--key", TOKEN]);
    match run::captured(create.current_dir(folder)) {
        Err(Error::Command { output, .. }) if output.contains("linked statically") => Ok(()),
        other => Err(Error::Findings {
            check: "a static program with a key in a token",
            findings: vec![format!("it is not refused for being static: {other:?}")],
        }),
    }
}

/// Copy what git has of a tree, and what is new in it, into an empty folder.
fn copy(from: &Path, to: &Path) -> Result<PathBuf, Error> {
    if to.exists() {
        std::fs::remove_dir_all(to).map_err(|error| dist::at(to, error))?;
    }
    let mut list = run::program("git", ["ls-files", "--cached", "--others", "-z"]);
    list.arg("--exclude-standard").current_dir(from);
    for name in run::captured(&mut list)?.split_terminator('\0') {
        // Of a link, what it leads to.
        let (old, new) = (from.join(name), to.join(name));
        if !old.exists() {
            continue;
        }
        let folder = new.parent().unwrap_or(to);
        std::fs::create_dir_all(folder)
            .and_then(|()| std::fs::copy(&old, &new))
            .map_err(|error| dist::at(&new, error))?;
    }
    Ok(to.to_owned())
}

/// The names whose bytes are not the same, or are not there.
fn differing(one: &Files, other: &Files) -> Vec<String> {
    let mut names: Vec<_> = one.keys().chain(other.keys()).collect();
    names.sort();
    names.dedup();
    let differ = names
        .into_iter()
        .filter(|name| one.get(*name) != other.get(*name));
    differ.cloned().collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_bytes_and_absent_files_differ() {
        let files = |list: &[(&str, &str)]| -> Files {
            let owned = |&(name, text): &(&str, &str)| (name.to_owned(), text.into());
            list.iter().map(owned).collect()
        };
        let one = files(&[("a", "1"), ("b", "2"), ("c", "3")]);
        let other = files(&[("a", "1"), ("b", "0"), ("d", "4")]);
        assert_eq!(differing(&one, &other), ["b", "c", "d"]);
        assert_eq!(differing(&one, &one), [""; 0]);
    }
}
