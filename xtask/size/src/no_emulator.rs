//! `cargo xtask no-emulator`: the PKCS#11 module, built as it is installed,
//! has nothing of the emulator.
//!
//! The symbols of the shared object tell. That they can is shown by the same
//! count in a module with the feature `emulator`, which has to find some.
//!
//! Both have one name. The one without is built last, so that nobody installs
//! the other.

use std::path::Path;

use object::{Object, ObjectSymbol};

use xtask_support::error::Error;
use xtask_support::{run, table};

const PACKAGE: &str = "nerves-key-pkcs11";
const LIBRARY: &str = "libnerves_key_pkcs11.so";
/// In the name of every function of the emulator, and of those made for it.
const EMULATOR: &str = "atecc_emulator";

/// How to build.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// With optimization, as packages are built. It takes longer and decides
    /// nothing: less of what a library uses has a symbol.
    #[arg(long)]
    release: bool,
}

/// Symbols of a shared object.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
struct Symbols {
    all: usize,
    emulator: usize,
}

/// Build, count, print.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let for_tests = build(options, &["--features", "emulator"])?;
    let installed = build(options, &[])?;
    let row = |name: &str, symbols: Symbols| {
        let [all, emulator] = [symbols.all, symbols.emulator].map(|it| it.to_string());
        [name.to_owned(), all, emulator]
    };
    table::print(
        ["module", "symbols", "of the emulator"],
        &[
            row("as installed", installed),
            row("with feature emulator", for_tests),
        ],
    );
    Error::unless_empty(
        "emulator in the PKCS#11 module",
        judge(installed, for_tests),
    )
}

fn judge(installed: Symbols, for_tests: Symbols) -> Vec<String> {
    let mut findings = Vec::new();
    if installed.emulator > 0 {
        findings.push(format!(
            "{PACKAGE} has {} symbols of the emulator without the feature: \
             cargo tree --package {PACKAGE} --edges normal --invert atecc-emulator",
            installed.emulator
        ));
    }
    if for_tests.emulator == 0 {
        findings.push(format!(
            "no symbol of {} names {EMULATOR} with the feature either: the count says nothing",
            for_tests.all
        ));
    }
    findings
}

fn build(options: &Options, features: &[&str]) -> Result<Symbols, Error> {
    let (profile, directory) = if options.release {
        ("release", "release")
    } else {
        ("dev", "debug")
    };
    let mut command = run::cargo(["build", "--quiet", "--package", PACKAGE]);
    run::captured(command.args(["--profile", profile]).args(features))?;
    count(&run::target().join(directory).join(LIBRARY))
}

fn count(path: &Path) -> Result<Symbols, Error> {
    let bytes = std::fs::read(path).map_err(|error| Error::File {
        path: path.to_owned(),
        error,
    })?;
    let file = object::File::parse(bytes.as_slice()).map_err(|error| Error::Findings {
        check: "the module's file",
        findings: vec![error.to_string()],
    })?;
    let names = || file.symbols().filter_map(|symbol| symbol.name().ok());
    Ok(Symbols {
        all: names().count(),
        emulator: names().filter(|name| name.contains(EMULATOR)).count(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(installed: usize, for_tests: usize) -> Vec<String> {
        let [installed, for_tests] = [installed, for_tests].map(|emulator| Symbols {
            all: 3000,
            emulator,
        });
        judge(installed, for_tests)
    }

    #[test]
    fn an_emulator_in_the_module_is_found() {
        assert_eq!(found(0, 187), [""; 0]);
        let findings = found(1, 187);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].contains("has 1 symbols"), "{findings:?}");
    }

    #[test]
    fn a_count_that_finds_none_at_all_is_a_finding() {
        let findings = found(0, 0);
        assert_eq!(findings.len(), 1);
        assert!(findings[0].contains("says nothing"), "{findings:?}");
    }
}
