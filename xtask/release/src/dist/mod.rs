//! `cargo xtask dist`: what a release is made of, the same bytes wherever it is
//! built with the same compiler and linkers.
//!
//! Static programs for any Linux; the command linked dynamically, since only that
//! can load PKCS#11 modules, the module itself, and packages of both and of the
//! emulator for programs of others; sums of all of it, and lists of what it is made of.

mod archive;
mod build;
mod debian;
mod epoch;
mod needs;
mod sbom;
mod targets;

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use data_encoding::HEXLOWER;
use sha2::{Digest, Sha256};
use xtask_support::error::Error;
use xtask_support::{metadata, run, table};

pub(crate) use build::{PROFILE, Sources};
#[cfg(test)]
pub(crate) use targets::TARGETS;
pub(crate) use targets::{Linked, Target, available};

/// Options of `cargo xtask dist`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Only these targets; without any, all that can be built here.
    #[arg(long = "target", value_name = "TRIPLE")]
    targets: Vec<String>,
    /// Into this folder, which is emptied; target/dist if it is not given.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
}

/// What is made: names and bytes.
pub(crate) type Files = BTreeMap<String, Vec<u8>>;

/// Build, write, print.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let (targets, absent) = available(&options.targets)?;
    for reason in absent {
        println!("left out: {reason}");
    }
    let files = make(&Sources::here()?, &targets)?;
    let out = options.out.clone().unwrap_or_else(folder);
    write(&out, &files)?;
    print(&files);
    println!("in {}", out.display());
    Ok(())
}

/// Where what is released goes.
pub(crate) fn folder() -> PathBuf {
    run::target().join("dist")
}

/// Everything for `targets`, of `sources`.
pub(crate) fn make(sources: &Sources, targets: &[&Target]) -> Result<Files, Error> {
    let version = version()?;
    let mut files = Files::new();
    let pages = sources.pages()?;
    for target in targets {
        let triple = target.triple;
        let built = sources.build(target)?;
        match target.linked {
            Linked::Statically => {}
            Linked::ForDebian { .. } => {
                files.extend(debian::packages(sources, target, &version, &built, &pages)?);
                let module = format!("libnerves_key_pkcs11-{version}-{triple}.so");
                files.insert(module, built.module);
            }
        }
        files.insert(format!("nerves-key-{version}-{triple}"), built.command);
    }
    files.extend(sbom::documents(sources, &version, targets)?);
    let sums = sums(&files);
    files.insert("SHA256SUMS".to_owned(), sums.into_bytes());
    Ok(files)
}

/// As `sha256sum --check` reads it.
fn sums(files: &Files) -> String {
    let line = |(name, bytes): (&String, &Vec<u8>)| format!("{}  {name}\n", sha256(bytes));
    files.iter().map(line).collect()
}

fn sha256(bytes: &[u8]) -> String {
    HEXLOWER.encode(&Sha256::digest(bytes))
}

/// Write `files` into a folder, which is emptied before.
pub(crate) fn write(folder: &Path, files: &Files) -> Result<(), Error> {
    if folder.exists() {
        std::fs::remove_dir_all(folder).map_err(|error| at(folder, error))?;
    }
    std::fs::create_dir_all(folder).map_err(|error| at(folder, error))?;
    for (name, bytes) in files {
        let path = folder.join(name);
        std::fs::write(&path, bytes).map_err(|error| at(&path, error))?;
    }
    Ok(())
}

/// Names, sizes and the beginnings of the sums.
pub(crate) fn print(files: &Files) {
    let row = |(name, bytes): (&String, &Vec<u8>)| {
        let kib = format!("{} KiB", bytes.len().div_ceil(1024));
        [name.clone(), kib, sha256(bytes)[..16].to_owned()]
    };
    let rows: Vec<_> = files.iter().map(row).collect();
    table::print(["file", "size", "SHA-256 begins"], &rows);
}

/// The version that all crates share.
fn version() -> Result<String, Error> {
    let metadata = metadata::workspace()?;
    let mut products = metadata.packages.iter().filter(|it| it.is_product());
    products
        .next()
        .map(|package| package.version.clone())
        .ok_or_else(|| finding("the version of the crates", "there are no crates"))
}

pub(crate) fn at(path: &Path, error: std::io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        error,
    }
}

fn finding(check: &'static str, what: impl Into<String>) -> Error {
    Error::Findings {
        check,
        findings: vec![what.into()],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The digests are those of FIPS 180-2's "abc" and of nothing.
    #[test]
    fn sums_are_lines_as_sha256sum_writes_them() {
        let files = Files::from([
            ("b".to_owned(), Vec::new()),
            ("a".to_owned(), b"abc".to_vec()),
        ]);
        assert_eq!(
            sums(&files),
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad  a\n\
             e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855  b\n"
        );
    }
}
