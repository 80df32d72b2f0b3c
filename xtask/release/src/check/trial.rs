//! What was built for other machines runs: under qemu, a chip is provisioned and
//! signs, and where there is a module it signs as well.

use std::path::Path;

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
    let script = folder.join("try.sh");
    std::fs::write(&script, include_str!("../../data/try.sh"))
        .map_err(|error| dist::at(&script, error))?;
    let mut sh = run::program("sh", []);
    sh.arg(&script).current_dir(&folder).env("RUNNER", runner);
    sh.env("BUILT", &built);
    if matches!(target.linked, Linked::ForDebian { .. }) {
        sh.env("MODULE", built.join("libnerves_key_pkcs11.so"));
    }
    let output = run::captured(&mut sh)?;
    println!("{}:\n{output}", target.triple);
    let last = output.lines().last().and_then(|line| line.parse().ok());
    last.ok_or_else(|| unexpected(&script, &output))
}

fn unexpected(script: &Path, output: &str) -> Error {
    Error::Findings {
        check: "what a program that was built prints",
        findings: vec![format!("{}: {output}", script.display())],
    }
}

#[cfg(test)]
mod tests {
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
}
