//! `nerves-key pkcs11 check`.
//!
//! The module is loaded as any program does it. Which chips it has is its own
//! matter, and a chip of the user's choice reaches it by the environment
//! alone: for that, this program starts itself again.

use std::path::Path;
use std::process::Command;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::Error;
use cryptoki::slot::Slot;
use nerves_key_device::DeviceUri;
use nerves_key_pkcs11_core::settings::{CK_SLOT_ID, Environment, Settings};

use super::{module, token};
use crate::cli::pkcs11::Check;
use crate::error::{CliError, Exit};
use crate::finding::{self, Finding, Status};
use crate::output::{Output, escape, escape_path, one_line};

/// For a slot without a chip.
const WIRING: &str = "check power, wiring and address, that the bus runs at 100 kHz, and that this \
                      user may read and write it (group i2c)";
/// Such a program loads no libraries.
const LINKED_STATICALLY: bool = cfg!(all(target_env = "musl", target_feature = "crt-static"));
const DYNAMIC: &str = "this command is linked statically and loads no libraries: take one that is \
                       linked dynamically, such as that of the Debian package";
const EXPLAIN: &str = "NERVES_KEY_LOG=error explains each call that fails";

pub(super) fn run(arguments: &Check, output: Output) -> Result<(), CliError> {
    if let Some(device) = &arguments.chip.device {
        return Err(again_with(device, arguments, output));
    }
    let checked = match module::path(arguments.module.as_deref()) {
        Ok(path) => all(&path, arguments.slot),
        Err(finding) => Checked {
            findings: vec![finding],
            exit: Exit::Failed,
        },
    };
    checked.report(output)
}

/// This program in its own place, with `device` in the environment. It returns
/// only when that fails.
fn again_with(device: &DeviceUri, arguments: &Check, output: Output) -> CliError {
    let settings = settings(|problem| output.message(&one_line(&problem)));
    let this = match std::env::current_exe() {
        Ok(this) => this,
        Err(error) => return CliError::failed(error),
    };
    let mut command = Command::new(this);
    command
        .args(output.is_json().then_some("--json"))
        .args(["pkcs11", "check", "--slot"])
        .arg(settings.slot_of(device).to_string())
        .env("NERVES_KEY_DEVICE", device.to_string());
    if let Some(module) = &arguments.module {
        command.arg("--module").arg(module);
    }
    replace_process(&mut command)
}

#[cfg(unix)]
fn replace_process(command: &mut Command) -> CliError {
    CliError::failed(std::os::unix::process::CommandExt::exec(command))
}

#[cfg(not(unix))]
fn replace_process(command: &mut Command) -> CliError {
    let device = command.get_envs().next();
    let device = device.and_then(|(_, device)| device).unwrap_or_default();
    CliError::refused("--device starts this program anew, which it can on Unix only").with_advice(
        format!(
            "Set NERVES_KEY_DEVICE to {} and leave --device out.",
            escape(&device.to_string_lossy())
        ),
    )
}

fn settings(problem: impl FnMut(String)) -> Settings {
    Settings::load(Environment::Trusted, problem)
}

/// What was found, and how the command ends if any of it is a fault.
struct Checked {
    findings: Vec<Finding>,
    exit: Exit,
}

impl Checked {
    fn report(self, output: Output) -> Result<(), CliError> {
        let faults = finding::count(&self.findings, Status::Fault);
        let exit = if faults == 0 { 0 } else { self.exit as u8 };
        output.painted(
            &finding::text(&self.findings),
            &finding::document(&self.findings, exit),
        )?;
        if faults == 0 {
            return Ok(());
        }
        let error = CliError::new(self.exit, format!("faults found: {faults}"));
        Err(error.after_document())
    }
}

fn all(path: &Path, only: Option<u64>) -> Checked {
    let mut findings = Vec::new();
    let exit = match look(path, only, &mut findings) {
        Ok(exit) => exit,
        Err(error) => {
            let next = match error {
                Error::LibraryLoading(_) if LINKED_STATICALLY => DYNAMIC,
                Error::LibraryLoading(_) => "it is not this machine's module: install it anew",
                _ => EXPLAIN,
            };
            findings.push(Finding::new("module", Status::Fault, error.to_string()).next(next));
            Exit::Failed
        }
    };
    findings.push(module::p11_kit(path));
    Checked { findings, exit }
}

fn look(path: &Path, only: Option<u64>, findings: &mut Vec<Finding>) -> Result<Exit, Error> {
    let client = Pkcs11::new(path)?;
    client.initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))?;
    let info = client.get_library_info()?;
    findings.push(Finding::good(
        "module",
        format!(
            "{}: {} {}, PKCS#11 {}",
            escape_path(path),
            escape(info.library_description()),
            info.library_version(),
            info.cryptoki_version()
        ),
    ));
    let wanted = |slot: &Slot| only.is_none_or(|only| slot.id() == only);
    let slots: Vec<_> = client.get_all_slots()?.into_iter().filter(wanted).collect();
    let tokens = client.get_slots_with_token()?;
    let (tokens, empty): (Vec<_>, Vec<_>) =
        slots.into_iter().partition(|slot| tokens.contains(slot));
    if tokens.is_empty() {
        let said = format!("none of them has a chip that answers: {}", list(&empty));
        findings.push(Finding::new("slots", Status::Fault, said).next(WIRING));
        return Ok(Exit::NoChip);
    }
    findings.push(Finding::good(
        "slots",
        format!("chips in {}", list(&tokens)),
    ));
    if !empty.is_empty() {
        let said = format!("no chip answers in {}", list(&empty));
        findings.push(Finding::new("slots", Status::Note, said).next("nothing, unless one should"));
    }
    let mut faulty = Vec::new();
    for slot in tokens {
        let found = token::check(&client, slot);
        faulty.extend(found.iter().any(Finding::is_fault).then_some(slot));
        findings.extend(found);
    }
    // The module lets go of its chips first.
    client.finalize()?;
    let devices = settings(|_said_by_the_module| {}).slots_now();
    for slot in faulty {
        let device = devices.get(&CK_SLOT_ID::from(slot));
        findings.extend(device.and_then(|device| token::refusal(slot, device)));
    }
    Ok(Exit::Failed)
}

fn list(slots: &[Slot]) -> String {
    match slots {
        [] => "there is no bus".to_owned(),
        slots => slots
            .iter()
            .map(|slot| slot.id().to_string())
            .collect::<Vec<_>>()
            .join(", "),
    }
}
