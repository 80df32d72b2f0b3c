//! `cargo xtask pkcs11-system-calls`: what one `C_Sign` asks of the kernel, and
//! the processor's time that it takes, on a chip that is served in real time.
//!
//! strace counts in a process that signs once and in one that signs more often;
//! what is between the two is the signatures' own. A transfer is a message to the
//! server and one back, where i2c-dev has one `ioctl`.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::Command;
use std::time::Duration;

use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, ObjectClass};
use rustix::time::{ClockId, clock_gettime};
use serde_json::json;

use super::client;
use super::served::{Pace, Served};
use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::{run, table};

/// Options of `cargo xtask pkcs11-system-calls`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Signatures that are counted.
    #[arg(long, value_name = "N", default_value_t = 20)]
    signatures: u32,
    #[command(flatten)]
    destination: Destination,
}

/// Options of the process that is counted.
#[derive(Debug, clap::Args)]
pub(crate) struct Signer {
    module: PathBuf,
    signatures: u32,
}

/// Count.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let served = Served::start(Pace::Real)?;
    let few = traced(&served, 1)?;
    let many = traced(&served, 1 + options.signatures)?;
    let each: Vec<_> = many
        .into_iter()
        .map(|(name, calls)| {
            let more = calls.saturating_sub(few.get(&name).copied().unwrap_or_default());
            (name, f64::from(more) / f64::from(options.signatures))
        })
        // What happens once in a while is not a signature's.
        .filter(|(_, calls)| *calls >= 0.1)
        .collect();
    let sum: f64 = each.iter().map(|(_, calls)| calls).sum();
    let mut rows: Vec<_> = each
        .iter()
        .map(|(name, calls)| [name.clone(), format!("{calls:.1}")])
        .collect();
    rows.push(["all".to_owned(), format!("{sum:.1}")]);
    table::print(["system call", "a signature"], &rows);
    let processor = Duration::from_nanos(
        run::captured(&mut signer(&served, 1 + options.signatures)?)?
            .trim()
            .parse()
            .map_err(|error| Error::Chip(format!("no time was told: {error}")))?,
    );
    println!("processor's time of a signature: {processor:?}");
    options.destination.write(&json!({
        "signatures": options.signatures,
        "calls": each.into_iter().collect::<BTreeMap<_, _>>(),
        "processor_us": processor.as_secs_f64() * 1e6,
    }))
}

/// Sign, and say the processor's time of each signature but the first,
/// nanoseconds.
pub(crate) fn sign(options: &Signer) -> Result<(), Error> {
    let client = client(&options.module)?;
    let slots = client.get_slots_with_initialized_token()?;
    let slot = slots.first().copied();
    let slot = slot.ok_or_else(|| Error::Chip("no chip".into()))?;
    let session = client.open_ro_session(slot)?;
    let keys = session.find_objects(&[Attribute::Class(ObjectClass::PRIVATE_KEY)])?;
    let key = keys.first().copied();
    let key = key.ok_or_else(|| Error::Chip("no key".into()))?;
    let mut begin = Duration::ZERO;
    for number in 0..options.signatures {
        if number == 1 {
            begin = processor_time();
        }
        session.sign(&Mechanism::Ecdsa, key, &[0xA5; 32])?;
    }
    let took = processor_time().saturating_sub(begin);
    println!(
        "{}",
        took.as_nanos() / u128::from(options.signatures.max(2) - 1)
    );
    Ok(())
}

fn processor_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::try_from(time).unwrap_or_default()
}

fn signer(served: &Served, signatures: u32) -> Result<Command, Error> {
    let this = std::env::current_exe().map_err(|error| Error::Start {
        command: "cargo xtask pkcs11-signer".into(),
        error,
    })?;
    let mut command = Command::new(this);
    command.arg("pkcs11-signer").arg(served.module());
    command.arg(signatures.to_string());
    command.env("NERVES_KEY_PKCS11_CONF", served.configuration());
    Ok(command)
}

/// How often it called what.
fn traced(served: &Served, signatures: u32) -> Result<BTreeMap<String, u32>, Error> {
    let signer = signer(served, signatures)?;
    let mut command = Command::new("strace");
    let report = served.socket().with_file_name("strace.txt");
    command.args([
        "--follow-forks",
        "--summary-only",
        "--summary-columns=calls,name",
    ]);
    command.arg("--output").arg(&report);
    command.arg(signer.get_program()).args(signer.get_args());
    for (name, value) in signer.get_envs() {
        command.env(name, value.unwrap_or_default());
    }
    run::captured(&mut command)?;
    let text = std::fs::read_to_string(&report).map_err(|error| Error::File {
        path: report,
        error,
    })?;
    Ok(calls(&text))
}

/// Lines of a number and a name; heads, rules and the sum are none.
fn calls(report: &str) -> BTreeMap<String, u32> {
    let lines = report.lines().filter_map(|line| {
        let mut words = line.split_whitespace();
        let (calls, name, rest) = (words.next()?, words.next()?, words.next());
        let calls = calls.parse().ok()?;
        (rest.is_none() && name != "total").then(|| (name.to_owned(), calls))
    });
    lines.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A report of strace 6.1.
    #[test]
    fn a_report_is_read() {
        let report = "    calls syscall\n--------- ----------------\n       12 clock_nanosleep\n\
                      \x20       3 read\n--------- ----------------\n       15 total\n";
        let expected = [("clock_nanosleep", 12), ("read", 3)];
        let expected = expected.map(|(name, calls)| (name.to_owned(), calls));
        assert_eq!(calls(report), BTreeMap::from(expected));
    }
}
