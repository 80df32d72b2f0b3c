//! `nerves-key provision`.

use std::collections::BTreeSet;
use std::path::Path;

use atecc::{Device, Timing, WakePulse};
use data_encoding::{HEXLOWER_PERMISSIVE, HEXUPPER};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use nerves_key::ReadSnapshot;
use nerves_key_provision::{KeySigner, Plan, Possession, Report, Request, provision};
use nerves_key_schema::{BoardName, Layout, ManufacturerSerial, Otp};
use serde_json::{Value, json};

use crate::certificate::Summary;
use crate::cli::Provision;
use crate::error::CliError;
use crate::output::Output;
use crate::progress::Progress;
use crate::{confirm, files, system};
use nerves_key_device::BusFault;

pub(super) fn run(arguments: &Provision, output: Output) -> Result<(), CliError> {
    let (request, mut signer) = request(arguments)?;
    let mut device = arguments.chip.open()?;
    let snapshot = device.run(ReadSnapshot::new())?;
    let plan = Plan::new(&snapshot, &request)?;
    let chip = snapshot.config.serial_number();
    if arguments.dry_run {
        let heading = format!(
            "Plan for {} {chip}, to become {:?}:",
            snapshot.config.revision(),
            plan.serial()
        );
        return output.result(&format!("{heading}\n{plan}"), &plan_document(&plan));
    }
    if plan.steps().is_empty() {
        let text = format!(
            "nothing to do: {chip} is a finished NervesKey with the serial {:?}",
            plan.serial()
        );
        return output.result(&text, &plan_document(&plan));
    }
    if !arguments.yes {
        let question = format!(
            "{plan}\nThis makes {} {chip} the NervesKey {:?}, for good.",
            snapshot.config.revision(),
            plan.serial()
        );
        confirm::typed(output, &question, plan.serial())?;
    }
    let report = execute(&mut device, &plan, &mut signer, output)?;
    let summary = Summary::of(&report.device_certificate).map_err(CliError::failed)?;
    let text = format!(
        "finished: {chip} is the NervesKey {:?}, {}, valid {}",
        plan.serial(),
        summary.subject(),
        summary.validity()
    );
    output.result(&text, &report_document(&plan, &report)?)
}

/// Run `plan` and show its steps.
pub(super) fn execute<B, D, W>(
    device: &mut Device<B, D, W>,
    plan: &Plan,
    signer: &mut KeySigner,
    output: Output,
) -> Result<Report, CliError>
where
    B: I2c<Error = BusFault>,
    D: DelayNs,
    W: WakePulse<B, D>,
{
    device.set_timing(Timing::new(plan.config().revision().family()));
    let challenges = system::challenges()?;
    let mut progress = Progress::new(output);
    let result = provision(device, plan, signer, challenges, |event| progress.on(event));
    progress.finish();
    result?.ok_or_else(|| CliError::failed("the plan had no steps"))
}

/// Check everything that was given, before any chip is opened.
fn request(arguments: &Provision) -> Result<(Request, KeySigner), CliError> {
    let key = files::key(&arguments.signer_key)?;
    let serial = arguments
        .serial
        .as_deref()
        .map(ManufacturerSerial::new)
        .transpose()
        .map_err(CliError::refused)?;
    let board = arguments
        .board
        .as_deref()
        .map(BoardName::new)
        .transpose()
        .map_err(CliError::refused)?;
    for text in arguments.serial.iter().chain(&arguments.board) {
        printable(text)?;
    }
    let user = arguments.otp_user.as_deref().map(user_area).transpose()?;
    if let (Some(serial), Some(user)) = (&serial, &user) {
        let any_board = BoardName::new("B").map_err(CliError::refused)?;
        Otp::new(&any_board, serial, user).map_err(CliError::refused)?;
    }
    let request = Request {
        serial,
        board,
        user,
        layout: Layout::Standard,
        volatile_keys: None,
        used_serials: BTreeSet::new(),
        signer: files::signer(&arguments.signer_cert)?,
        signer_key: Some(key.public_key()),
        now: system::now()?,
        past: system::release_day()?,
    };
    Ok((request, key))
}

/// What is burned for good and shown at terminals has no control characters.
pub(super) fn printable(text: &str) -> Result<(), CliError> {
    match text.chars().find(|character| character.is_control()) {
        Some(character) => Err(CliError::refused(format_args!(
            "{text:?} holds the control character {character:?}"
        ))),
        None => Ok(()),
    }
}

fn user_area(text: &str) -> Result<Vec<u8>, CliError> {
    match text.strip_prefix('@') {
        Some(path) => files::read(Path::new(path)),
        None => HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .map_err(|error| CliError::refused(format_args!("--otp-user {text:?}: {error}"))),
    }
}

fn plan_document(plan: &Plan) -> Value {
    let steps: Vec<Value> = plan
        .steps()
        .iter()
        .map(|step| {
            json!({
                "step": step.to_string(),
                "bytes": plan.bytes(step).map(|bytes| HEXUPPER.encode(&bytes)),
                "irreversible": step.is_irreversible(),
            })
        })
        .collect();
    json!({
        "stage": plan.stage().name(),
        "layout": plan.layout().to_string(),
        "manufacturer_serial": plan.serial(),
        "chip_serial_number": plan.config().serial_number().to_string(),
        "done": false,
        "steps": steps,
    })
}

fn report_document(plan: &Plan, report: &Report) -> Result<Value, CliError> {
    let certificate = |certificate| {
        Summary::of(certificate)
            .map(|summary| summary.json())
            .map_err(CliError::failed)
    };
    let mut document = plan_document(plan);
    document["stage"] = json!("finished");
    document["done"] = json!(true);
    document["key_proved_before_lock"] = json!(
        report
            .possession_before_lock
            .map(|possession| possession == Possession::Proved)
    );
    document["device_certificate"] = certificate(&report.device_certificate)?;
    document["signer_certificate"] = certificate(&report.signer_certificate)?;
    Ok(document)
}
