//! `pkcs11-clients` and `pkcs11-debian13`: PKCS#11 clients beyond those of the
//! tests, by the same script, `tests/interop/pkcs11.sh`.

use std::path::Path;
use std::process::Command;

use xtask_support::error::Error;
use xtask_support::run;
use xtask_support::script::{self, PKCS11, PKCS11_FEATURES};

use super::{Outcome, root};
use crate::dist;
use crate::tools::is_root;

/// The script, from the root of the repository.
const SCRIPT: &str = "tests/interop/pkcs11.sh";
/// Its clients; those that the tests leave out are in a folder of it.
const FOLDER: &str = "tests/interop/pkcs11";
const LEFT_OUT_BY_TESTS: &str = "release";
/// In a client's script, before the Debian packages that it needs.
const NEEDS: &str = "# Debian: ";
/// The clients that are tried in Debian 13, and the packages that they need there.
const IN_DEBIAN_13: &str = include_str!("../../data/debian13.txt");

/// What the script's table has.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Count {
    passed: u32,
    failed: u32,
    left_out: u32,
}

/// Every client, and then every client before a chip with another key: all fail.
pub(super) fn run() -> Result<Outcome, Error> {
    let mut clients = names(Path::new(FOLDER), "")?;
    let mut absent = Vec::new();
    for client in names(&Path::new(FOLDER).join(LEFT_OUT_BY_TESTS), "release/")? {
        match install(&needs(&client)?) {
            Ok(()) => clients.push(client),
            Err(reason) => absent.push(format!("{client}: {reason}")),
        }
    }
    let programs = script::build(&PKCS11, &PKCS11_FEATURES)?;
    let script = |more: &[&str]| {
        let mut command = run::program("sh", [SCRIPT]);
        command.arg(programs.join("debug"));
        command.arg(programs.join("interop"));
        command.args(more).args(&clients);
        count(&mut command)
    };
    let with_its_key = script(&[])?;
    let with_another = script(&["--other-key"])?;
    for reason in &absent {
        println!("left out: {reason}");
    }
    Ok(Outcome::Passed(format!(
        "{} clients: {} operations, {} left out; with another key {} of the clients fail, {} \
         have nothing to try",
        clients.len(),
        with_its_key.passed,
        with_its_key.left_out as usize + absent.len(),
        with_another.failed,
        clients.len() - with_another.failed as usize,
    )))
}

/// The clients of Debian 13, in a root of it, with the module as it is built here.
pub(super) fn run_in_debian_13() -> Result<Outcome, Error> {
    if let Some(left_out) = root::absent() {
        return Ok(left_out);
    }
    let (clients, packages) = in_debian_13();
    let programs = script::build(&PKCS11, &PKCS11_FEATURES)?.join("debug");
    let Some(root) = root::fresh("trixie", "trixie-clients") else {
        return Ok(Outcome::LeftOut(
            "no root of Debian 13 to be had".to_owned(),
        ));
    };
    // No package starts its server.
    let policy = root.join("usr/sbin/policy-rc.d");
    std::fs::write(&policy, "#!/bin/sh\nexit 101\n").map_err(|error| dist::at(&policy, error))?;
    run::captured(run::program("chmod", ["755"]).arg(&policy))?;
    let mut update = inside(&root, &programs, &["apt-get", "update", "--quiet"]);
    let mut install = inside(&root, &programs, &["apt-get", "install", "--yes"]);
    install.args(["--quiet", "--no-install-recommends"]);
    let installed = run::captured(&mut update)
        .and_then(|_| run::captured(install.args(&packages)))
        .map(drop);
    let result = match installed {
        Ok(()) => in_root(&root, &programs, &clients).map(Outcome::Passed),
        Err(error) => Ok(Outcome::LeftOut(format!("Debian 13's packages: {error}"))),
    };
    root::remove(&root)?;
    result
}

fn in_root(root: &Path, programs: &Path, clients: &[&str]) -> Result<String, Error> {
    let versions = ["dpkg-query", "--show", "openssl", "pkcs11-provider"];
    print!("{}", run::captured(&mut inside(root, programs, &versions))?);
    let command = ["sh", "/repository/tests/interop/pkcs11.sh", "/programs"];
    let mut script = inside(root, programs, &command);
    let counted = count(script.arg("/interop").args(clients))?;
    Ok(format!(
        "{} clients: {} operations, {} left out",
        clients.len(),
        counted.passed,
        counted.left_out
    ))
}

/// A command in the root, with processes and mounts of its own.
fn inside(root: &Path, programs: &Path, command: &[&str]) -> Command {
    let mut unshare = run::program("unshare", ["--mount", "--pid", "--fork", "--kill-child"]);
    unshare.args(["sh", "xtask/release/data/inside.sh"]);
    unshare.arg(root).arg(run::root()).arg(programs);
    unshare.args(command);
    unshare
}

/// Run the script, and count the rows of its table.
fn count(script: &mut Command) -> Result<Count, Error> {
    let mut count = Count::default();
    run::watched(script, |line| count.add(line))?;
    Ok(count)
}

impl Count {
    fn add(&mut self, line: &str) {
        if line.ends_with(" passed") {
            self.passed += 1;
        } else if line.ends_with(" FAILED") {
            self.failed += 1;
        } else if line.ends_with(" left out") {
            self.left_out += 1;
        }
    }
}

/// The scripts of a folder, sorted, as `tests/interop/pkcs11.sh` names them.
fn names(folder: &Path, prefix: &str) -> Result<Vec<String>, Error> {
    let path = run::root().join(folder);
    let at = |error| dist::at(&path, error);
    let mut names = Vec::new();
    for entry in std::fs::read_dir(&path).map_err(at)? {
        let name = entry.map_err(at)?.file_name();
        if let Some(name) = name.to_string_lossy().strip_suffix(".sh") {
            names.push(format!("{prefix}{name}"));
        }
    }
    names.sort();
    Ok(names)
}

/// The packages that a client's script says it needs.
fn needs(client: &str) -> Result<Vec<String>, Error> {
    let path = run::root().join(FOLDER).join(format!("{client}.sh"));
    let text = std::fs::read_to_string(&path).map_err(|error| dist::at(&path, error))?;
    let line = text.lines().find_map(|line| line.strip_prefix(NEEDS));
    let words = line.unwrap_or_default().split_whitespace();
    Ok(words.map(str::to_owned).collect())
}

/// Install packages unless they are there; why they are not to be had.
fn install(packages: &[String]) -> Result<(), String> {
    let mut there = run::program("dpkg-query", ["--show"]);
    if run::captured(there.args(packages)).is_ok() {
        return Ok(());
    }
    let names = packages.join(" ");
    if !is_root() {
        return Err(format!("only root installs {names}"));
    }
    let mut install = run::program("apt-get", ["install", "--yes", "--quiet"]);
    install.arg("--no-install-recommends").args(packages);
    install.env("DEBIAN_FRONTEND", "noninteractive");
    run::captured(&mut run::program("apt-get", ["update", "--quiet"]))
        .and_then(|_| run::captured(&mut install))
        .map(drop)
        .map_err(|error| error.to_string())
}

/// The clients that are tried in Debian 13, and all packages that they need.
fn in_debian_13() -> (Vec<&'static str>, Vec<&'static str>) {
    let (mut clients, mut packages) = (Vec::new(), vec!["openssl"]);
    for line in IN_DEBIAN_13.lines().filter(|line| !line.starts_with('#')) {
        let mut words = line.split_whitespace();
        clients.extend(words.next());
        packages.extend(words);
    }
    packages.sort_unstable();
    packages.dedup();
    (clients, packages)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_counted_by_their_ends() {
        let mut count = Count::default();
        for line in [
            "client         operation                      result",
            "gnutls         p11tool --list-all             passed",
            "wget           (see above)                    FAILED",
            "node           there is no npm                left out",
            "ok: what a script prints before the table",
        ] {
            count.add(line);
        }
        let wanted = Count {
            passed: 1,
            failed: 1,
            left_out: 1,
        };
        assert_eq!(count, wanted);
    }

    #[test]
    fn every_client_of_debian_13_is_a_script() {
        let (clients, packages) = in_debian_13();
        for client in &clients {
            let script = run::root().join(FOLDER).join(format!("{client}.sh"));
            assert!(script.exists(), "{}", script.display());
        }
        assert!(packages.contains(&"pkcs11-provider"));
    }

    #[test]
    fn every_client_that_tests_leave_out_says_what_it_needs() {
        let folder = Path::new(FOLDER).join(LEFT_OUT_BY_TESTS);
        let clients = names(&folder, "release/").unwrap();
        assert!(!clients.is_empty());
        for client in clients {
            assert!(!needs(&client).unwrap().is_empty(), "{client}");
        }
    }
}
