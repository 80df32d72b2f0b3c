//! A plan, and what became of it, as JSON. `docs/signers.md` describes the
//! members.

use std::time::{Duration, Instant};

use atecc_x509::{Certificate, DateTime, PublicKey};
use data_encoding::HEXUPPER;
use nerves_key::Identity;
use nerves_key_provision::{Plan, Possession, Report};
use serde_json::{Value, json};

use crate::certificate::Summary;
use crate::error::CliError;
use crate::system;

/// The value of `format`. Another meaning of a member gets another number.
pub(crate) const FORMAT: &str = "nerves-key provisioning report 1";

/// When a provisioning began.
pub(crate) struct Start {
    pub(crate) date: DateTime,
    instant: Instant,
}

impl Start {
    pub(crate) fn now() -> Result<Self, CliError> {
        Ok(Self {
            date: system::now()?,
            instant: Instant::now(),
        })
    }
}

/// What is known before.
pub(crate) fn of_plan(plan: &Plan) -> Value {
    let steps: Vec<Value> = plan
        .steps()
        .iter()
        .map(|step| {
            json!({
                "name": step.name(),
                "step": step.to_string(),
                "place": step.place(),
                "bytes": plan.bytes(step).map(|bytes| HEXUPPER.encode(&bytes)),
                "irreversible": step.is_irreversible(),
            })
        })
        .collect();
    let config = plan.config();
    let warnings: Vec<_> = plan.warnings().iter().map(ToString::to_string).collect();
    json!({
        "format": FORMAT,
        "tool": concat!("nerves-key ", env!("CARGO_PKG_VERSION")),
        "plan_digest": HEXUPPER.encode(&plan.digest()),
        "done": false,
        "stage": plan.stage().name(),
        "stage_before": plan.stage().name(),
        "layout": plan.layout().to_string(),
        "chip": config.revision().to_string(),
        "revision": HEXUPPER.encode(&config.revision().to_bytes()),
        "chip_serial_number": config.serial_number().to_string(),
        "manufacturer_serial": plan.serial(),
        "board_name": String::from_utf8_lossy(plan.otp().board_name()),
        "otp": HEXUPPER.encode(plan.otp().as_bytes()),
        "warnings": warnings,
        "steps": steps,
    })
}

/// What was done, `times` for each step.
pub(crate) fn of_run(
    plan: &Plan,
    report: &Report,
    start: &Start,
    times: &[Duration],
) -> Result<Value, CliError> {
    let mut document = of_plan(plan);
    document["done"] = json!(true);
    document["stage"] = json!("finished");
    document["key_proved_before_lock"] = json!(
        report
            .possession_before_lock
            .map(|possession| possession == Possession::Proved)
    );
    let key = PublicKey::from(report.public_key);
    add_identity(
        &mut document,
        plan,
        &key,
        &report.device_certificate,
        &report.signer_certificate,
    )?;
    document["started"] = json!(start.date.to_string());
    document["finished"] = json!(system::now()?.to_string());
    document["milliseconds"] = milliseconds(start.instant.elapsed());
    if let Some(steps) = document["steps"].as_array_mut() {
        for (step, time) in steps.iter_mut().zip(times) {
            step["milliseconds"] = milliseconds(*time);
        }
    }
    Ok(document)
}

/// A chip that was finished before.
pub(crate) fn of_finished(plan: &Plan, identity: &Identity) -> Result<Value, CliError> {
    let mut document = of_plan(plan);
    add_identity(
        &mut document,
        plan,
        &identity.public_key,
        &identity.device_certificate,
        &identity.signer_certificate,
    )?;
    Ok(document)
}

fn add_identity(
    document: &mut Value,
    plan: &Plan,
    public_key: &PublicKey,
    device: &Certificate,
    signer: &Certificate,
) -> Result<(), CliError> {
    let certificate = |certificate| {
        Summary::of(certificate)
            .map(|summary| summary.json())
            .map_err(CliError::failed)
    };
    document["public_key"] = json!(HEXUPPER.encode(public_key.as_bytes()));
    document["key_origin"] = json!(plan.key_origin(public_key).name());
    document["device_certificate"] = certificate(device)?;
    document["signer_certificate"] = certificate(signer)?;
    Ok(())
}

fn milliseconds(time: Duration) -> Value {
    json!(u64::try_from(time.as_millis()).unwrap_or(u64::MAX))
}
