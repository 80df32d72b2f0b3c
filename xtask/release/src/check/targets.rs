//! `targets`: command and libraries for other machines, and the unit tests on two
//! of them, emulated.
//!
//! `cargo check` needs no more than the target, but for the ledger of a
//! manufacturing line, whose `SQLite` is in C: that is left out.

use xtask_support::error::Error;
use xtask_support::metadata::{self, Metadata};
use xtask_support::{run, table};

use super::Outcome;
use crate::tools::{add_packages, add_target};

/// What is checked for a target.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum System {
    /// It has I2C buses.
    Linux,
    /// It has none: what looks at files, and emulated chips.
    Other,
}

const TARGETS: [(&str, System); 7] = [
    ("armv7-unknown-linux-gnueabihf", System::Linux),
    ("i686-unknown-linux-gnu", System::Linux),
    ("aarch64-unknown-linux-gnu", System::Linux),
    ("x86_64-unknown-linux-musl", System::Linux),
    ("aarch64-unknown-linux-musl", System::Linux),
    ("x86_64-apple-darwin", System::Other),
    ("x86_64-pc-windows-gnu", System::Other),
];

/// What is of Linux alone.
const LINUX_ONLY: [&str; 3] = ["atecc-emulator-preload", "atecc-linux", "nerves-key-pkcs11"];

/// What needs a C compiler for the target.
const IN_C: &str = "nerves-key-line";

/// A machine that an emulator stands for.
#[derive(Clone, Copy, Debug)]
struct Emulated {
    target: &'static str,
    /// Packages, and what each brings: the program that links, and the C library.
    linker: [(&'static str, &'static str); 2],
    emulator: &'static str,
    /// Where its C library is.
    root: &'static str,
}

const EMULATED: [Emulated; 2] = [
    Emulated {
        target: "armv7-unknown-linux-gnueabihf",
        linker: [
            ("gcc-arm-linux-gnueabihf", "arm-linux-gnueabihf-gcc"),
            (
                "libc6-dev-armhf-cross",
                "/usr/arm-linux-gnueabihf/lib/crti.o",
            ),
        ],
        emulator: "qemu-arm-static",
        root: "/usr/arm-linux-gnueabihf",
    },
    Emulated {
        target: "aarch64-unknown-linux-gnu",
        linker: [
            ("gcc-aarch64-linux-gnu", "aarch64-linux-gnu-gcc"),
            ("libc6-dev-arm64-cross", "/usr/aarch64-linux-gnu/lib/crti.o"),
        ],
        emulator: "qemu-aarch64-static",
        root: "/usr/aarch64-linux-gnu",
    },
];

/// Their unit tests depend on words and byte order most.
const TESTED: [&str; 7] = [
    "atecc",
    "atecc-config",
    "atecc-text",
    "atecc-transcript",
    "atecc-x509",
    "nerves-key",
    "nerves-key-schema",
];

pub(super) fn run() -> Result<Outcome, Error> {
    let metadata = metadata::workspace()?;
    let (mut rows, mut findings, mut absent) = (Vec::new(), Vec::new(), Vec::new());
    let mut checked = 0;
    for (target, system) in TARGETS {
        let verdict = if !add_target(target) {
            absent.push(target);
            "left out: not installed".to_owned()
        } else if let Err(error) = check(&metadata, target, system) {
            findings.push(error.to_string());
            "FAILED".to_owned()
        } else {
            checked += 1;
            format!("{} packages", packages(&metadata, system).len())
        };
        rows.push([target.to_owned(), verdict, String::new()]);
    }
    let mut tests = 0;
    for machine in EMULATED {
        let verdict = match test(machine) {
            Ok(Some(passed)) => {
                tests += passed;
                format!("{passed} tests")
            }
            Ok(None) => "left out: no emulator or linker".to_owned(),
            Err(error) => {
                findings.push(error.to_string());
                "FAILED".to_owned()
            }
        };
        for row in &mut rows {
            if row[0] == machine.target {
                row[2].clone_from(&verdict);
            }
        }
    }
    table::print(["target", "cargo check", "unit tests, emulated"], &rows);
    Error::unless_empty("targets", findings)?;
    if checked == 0 {
        return Ok(Outcome::LeftOut(format!("no {}", absent.join(", "))));
    }
    Ok(Outcome::Passed(format!("{checked} targets, {tests} tests")))
}

fn packages(metadata: &Metadata, system: System) -> Vec<&str> {
    let products = metadata.packages.iter().filter(|it| it.is_product());
    products
        .map(|package| package.name.as_str())
        .filter(|name| *name != IN_C)
        .filter(|name| system == System::Linux || !LINUX_ONLY.contains(name))
        .collect()
}

fn check(metadata: &Metadata, target: &str, system: System) -> Result<(), Error> {
    let names = packages(metadata, system);
    let mut command = run::cargo(["check", "--quiet", "--target", target]);
    command.args(names.iter().flat_map(|name| ["--package", name]));
    run::captured(&mut command)?;
    Ok(())
}

/// The tests that passed; none where there is nothing to run them.
fn test(machine: Emulated) -> Result<Option<u64>, Error> {
    let Emulated {
        target,
        linker: [(package, linker), library],
        emulator,
        root,
    } = machine;
    let programs = [(package, linker), library, ("qemu-user-static", emulator)];
    if !add_target(target) || !add_packages(&programs).is_empty() {
        return Ok(None);
    }
    let name = target.to_uppercase().replace('-', "_");
    let mut command = run::cargo(["test", "--quiet", "--lib", "--target", target]);
    command
        .args(TESTED.iter().flat_map(|name| ["--package", name]))
        .env(format!("CARGO_TARGET_{name}_LINKER"), linker)
        .env(
            format!("CARGO_TARGET_{name}_RUNNER"),
            format!("{emulator} -L {root}"),
        );
    let output = run::captured(&mut command)?;
    Ok(Some(output.lines().filter_map(passed).sum()))
}

/// Of a line such as `test result: ok. 3 passed; 0 failed; ..`.
fn passed(line: &str) -> Option<u64> {
    let counts = line.strip_prefix("test result: ok. ")?;
    counts.split(' ').next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passed_tests_are_counted() {
        let line = "test result: ok. 31 passed; 0 failed; 0 ignored; 0 measured";
        assert_eq!(passed(line), Some(31));
        assert_eq!(passed("running 31 tests"), None);
    }
}
