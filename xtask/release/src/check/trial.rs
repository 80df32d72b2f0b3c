//! What was built for other machines runs: under qemu, a chip is provisioned and
//! signs; with glibc the device is also taken by a TLS server, and the module signs.

use std::path::Path;
use std::process::Command;

use xtask_support::error::Error;
use xtask_support::{run, table};

use crate::dist::{self, Linked, PROFILE, Sources, Target};
use crate::tools::add_packages;

/// Machines that are not this one: how their triples begin, the program that
/// stands for them, and where their C library is.
const EMULATED: [(&str, &str, &str); 2] = [
    ("aarch64-", "qemu-aarch64-static", "/usr/aarch64-linux-gnu"),
    ("armv7-", "qemu-arm-static", "/usr/arm-linux-gnueabihf"),
];

/// Try each of `targets`, which `sources` has built. How many ran.
pub(super) fn run(sources: &Sources, targets: &[&Target]) -> Result<usize, Error> {
    let (mut rows, mut ran) = (Vec::new(), 0);
    for target in targets {
        let time = match runner(target) {
            Ok(runner) => {
                ran += 1;
                format!("{} ms", attempt(sources, target, &runner)?)
            }
            Err(absent) => format!("left out: there is no {absent}"),
        };
        rows.push([target.triple.to_owned(), time]);
    }
    table::print(["target", "provisioned and signed in"], &rows);
    Ok(ran)
}

/// What stands before a program of `target`: nothing for this machine's own.
fn runner(target: &Target) -> Result<String, &'static str> {
    if !add_packages(&[("openssl", "openssl")]).is_empty() {
        return Err("openssl");
    }
    let emulated = EMULATED.iter();
    let mut emulated = emulated.filter(|(machine, ..)| target.triple.starts_with(machine));
    let Some((_, emulator, root)) = emulated.next() else {
        return Ok(String::new());
    };
    match add_packages(&[("qemu-user-static", emulator)]).as_slice() {
        [] => Ok(format!("{emulator} -L {root}")),
        _ => Err(emulator),
    }
}

/// The milliseconds that `try.sh` prints last.
fn attempt(sources: &Sources, target: &Target, runner: &str) -> Result<u64, Error> {
    let built = sources.target.join(target.triple).join(PROFILE);
    let folder = sources.target.join("trial");
    dist::write(&folder, &dist::Files::new())?;
    let mut sh = script(&folder, &built, runner)?;
    if matches!(target.linked, Linked::ForDebian { .. }) {
        sh.env("MODULE", built.join("libnerves_key_pkcs11.so"));
    }
    let output = run::captured(&mut sh)?;
    println!("{}:\n{output}", target.triple);
    let last = output.lines().last().and_then(|line| line.parse().ok());
    last.ok_or_else(|| Error::Findings {
        check: "what a program that was built prints",
        findings: vec![format!("{}: {output}", target.triple)],
    })
}

/// `try.sh` with the programs in `built` behind `runner`, to be run in `folder`.
fn script(folder: &Path, built: &Path, runner: &str) -> Result<Command, Error> {
    let script = folder.join("try.sh");
    std::fs::write(&script, include_str!("../../data/try.sh"))
        .map_err(|error| dist::at(&script, error))?;
    let mut sh = run::program("sh", []);
    sh.arg(&script).current_dir(folder);
    sh.env("BUILT", built).env("RUNNER", runner);
    Ok(sh)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::os::unix::net::UnixListener;
    use std::time::{Duration, Instant};

    use super::*;

    /// What runs natively needs nothing before it; no target of a release is
    /// without a way to run it.
    #[test]
    fn every_target_is_of_this_machine_or_emulated() {
        for Target { triple, .. } in &dist::TARGETS {
            let is_emulated = EMULATED.iter().any(|(begin, ..)| triple.starts_with(begin));
            assert!(is_emulated || triple.starts_with("x86_64-"), "{triple}");
        }
    }

    /// A server that was left running would hold the output that is waited for.
    #[test]
    fn a_module_that_fails_leaves_no_server() {
        let folder = run::target().join("release-check/trial-test");
        dist::write(&folder, &dist::Files::new()).unwrap();
        let command =
            "case $1 in emulator) exec sleep 20;; pkcs11) echo no module >&2; exit 1;; esac";
        let openssl = "case $1 in s_server) echo ACCEPT 0.0.0.0:1;; esac";
        for (name, text) in [("nerves-key", command), ("openssl", openssl)] {
            let path = folder.join(name);
            std::fs::write(&path, format!("#!/bin/sh\n{text}\n")).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(0o755)).unwrap();
        }
        let socket = UnixListener::bind(folder.join("socket")).unwrap();
        let programs = std::env::var("PATH").unwrap();
        let mut sh = script(&folder, &folder, "").unwrap();
        sh.env("PATH", format!("{}:{programs}", folder.display()));
        let start = Instant::now();
        let error = run::captured(sh.env("MODULE", "module.so")).unwrap_err();
        let took = start.elapsed();
        drop(socket);
        std::fs::remove_dir_all(&folder).unwrap();
        assert!(error.to_string().contains("no module"), "{error}");
        assert!(took < Duration::from_secs(10), "{took:?}");
    }
}
