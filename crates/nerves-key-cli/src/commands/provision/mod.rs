//! `nerves-key provision`.

mod gate;
mod inputs;

use std::convert::Infallible;
use std::path::Path;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use atecc::device::WakePulse;
use atecc::{Device, Timing};
use atecc_x509::PublicKey;
use data_encoding::HEXUPPER;
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use nerves_key::{ReadSnapshot, Snapshot};
use nerves_key_provision::{
    CertificateSigner, Event, Plan, ProvisionError, Report, RunOutcome, Runner, Step,
};
use serde_json::json;

use crate::certificate::Summary;
use crate::chip::RecordedDevice;
use crate::cli::provision::Provision;
use crate::confirm::{self, Risk};
use crate::error::{CliError, Exit};
use crate::files::{self, Readers};
use crate::output::{Output, escape_path};
use crate::pending_chip::PendingChip;
use crate::progress::Progress;
use crate::report::Recorded;
use crate::report::document::{self, Start};
use crate::signing;
use crate::{causes, interrupt, system, used_serials};
use inputs::Inputs;
use nerves_key_device::BusFault;

pub(super) fn run(arguments: &Provision, output: Output) -> Result<(), CliError> {
    let mut inputs = Inputs::new(arguments)?;
    let start = Start::now()?;
    let mut chip = PendingChip::new(&arguments.chip)?;
    let snapshot = causes::run(chip.device(), ReadSnapshot::new())?;
    inputs.consider(&snapshot)?;
    let plan = Plan::new(&snapshot, &inputs.request);
    let plan = plan.map_err(|refusal| inputs.explain_refusal(refusal, &snapshot))?;
    gate::check(&inputs, &plan, chip.absent())?;
    for warning in plan.warnings() {
        output.message(&format!("warning: {warning}"));
    }
    if let Some(holder) = inputs.twin(&plan) {
        output.message(&used_serials::twin_warning(plan.serial(), &holder));
    }
    if arguments.dry_run {
        return show(&plan, &chip, output);
    }
    if plan.steps().is_empty() {
        // It may still be that the activation key is another chip's.
        let device = chip.device();
        device.set_timing(Timing::new(plan.config().revision().family()));
        let mut runner = Runner::new(&plan, system::challenges()?, |_| {});
        run_to_signature(device, &mut runner)?;
        return nothing(inputs, &plan, &snapshot, output);
    }
    match (inputs.signer.take(), &arguments.request) {
        (Some(mut signer), _) => {
            confirm(arguments, &plan, plan.steps(), output)?;
            let stop = interrupt::hold()?;
            // A chip that a file or a list names has to be there after a power cut.
            let chip = chip.commit()?;
            inputs.report.reserve(&plan)?;
            inputs.claim(&plan)?;
            let device = &mut chip.keep()?;
            let mut signer = Recorded {
                signer: &mut signer,
                file: &mut inputs.report,
                plan: &plan,
                start: &start,
            };
            let (report, times) = execute(device, &plan, &mut signer, (stop, output))?;
            finish(inputs, &plan, &report, (&start, &times), output)
        }
        (None, Some(path)) => first_half(arguments, &inputs, chip, &plan, path, output),
        (None, None) => Err(CliError::refused("give --signer-key or --request")),
    }
}

/// Run `plan` and show its steps, up to `stop`. How long each took.
pub(super) fn execute<B, D, W, S>(
    device: &mut Device<B, D, W>,
    plan: &Plan,
    signer: &mut S,
    (stop, output): (&AtomicBool, Output),
) -> Result<(Report, Vec<Duration>), CliError>
where
    B: I2c<Error = BusFault>,
    D: DelayNs,
    W: WakePulse<B, D>,
    S: CertificateSigner<Error: std::error::Error + 'static>,
{
    device.set_timing(Timing::new(plan.config().revision().family()));
    let challenges = system::challenges()?;
    let mut progress = Progress::new(output);
    let runner = Runner::new(plan, challenges, |event| progress.on(event));
    let result = runner.stop_on(stop).provision(device, signer);
    let times = progress.finish();
    let report = result.map_err(|error| explain_error(device, error))?;
    let report = report.ok_or_else(|| CliError::failed("the plan had no steps"))?;
    Ok((report, times))
}

/// Run until the signer is needed, or all is done.
fn run_to_signature<F: FnMut(Event<'_>)>(
    device: &mut RecordedDevice,
    runner: &mut Runner<'_, F>,
) -> Result<RunOutcome, CliError> {
    device.run(runner).map_err(|error| {
        let error: ProvisionError<_, Infallible> = error.into();
        explain_error(device, error)
    })
}

/// What ended a run; a refusal comes with its causes.
fn explain_error<B, D, W, S>(
    device: &mut Device<B, D, W>,
    error: ProvisionError<BusFault, S>,
) -> CliError
where
    B: I2c<Error = BusFault>,
    D: DelayNs,
    W: WakePulse<B, D>,
    S: std::error::Error + 'static,
{
    let failure = match &error {
        ProvisionError::Run(run) => run.failure().copied(),
        ProvisionError::Bus(_) | ProvisionError::Signer(_) => None,
    };
    causes::explain(device, failure.as_ref(), error.into())
}

fn show(plan: &Plan, chip: &PendingChip<'_>, output: Output) -> Result<(), CliError> {
    if let Some(path) = chip.absent() {
        output.message(&format!(
            "{0} does not exist: this is the plan for a blank chip with a random serial number \
             (nerves-key emulator create makes it before)",
            escape_path(path)
        ));
    }
    let mut document = document::of_plan(plan);
    let digest = if chip.absent().is_some() {
        // The chip that is made later has another serial number, and another plan.
        document["plan_digest"] = json!(null);
        "no plan digest: the chip is not made yet".to_owned()
    } else {
        format!("plan digest {}", HEXUPPER.encode(&plan.digest()))
    };
    let text = format!(
        "Plan for {}, to become {:?}:\n{plan}{digest}",
        name(plan),
        plan.serial()
    );
    output.result(&text, &document)
}

fn nothing(
    mut inputs: Inputs,
    plan: &Plan,
    snapshot: &Snapshot,
    output: Output,
) -> Result<(), CliError> {
    let identity = snapshot.identity()?;
    let mut document = document::of_finished(plan, &identity)?;
    document["replaced_keys"] = inputs.report.replaced_keys(plan, &identity.public_key);
    // The key that was given is the chip's, and was tried.
    let activated = inputs.request.volatile_keys.is_some();
    document["activated"] = json!(activated);
    inputs.report.write(&mut document)?;
    let mut text = format!(
        "nothing to do: {} is a finished NervesKey with the serial {:?}",
        name(plan),
        plan.serial()
    );
    if activated {
        text.push_str("; its device key is active until its power goes");
    }
    output.result(&text, &document)
}

/// Up to the request for the certificate.
fn first_half(
    arguments: &Provision,
    inputs: &Inputs,
    chip: PendingChip<'_>,
    plan: &Plan,
    path: &Path,
    output: Output,
) -> Result<(), CliError> {
    let certified = || {
        CliError::new(
            Exit::Stage,
            "the chip holds its certificate already: finish it without --request",
        )
    };
    let steps = plan.steps();
    let half = steps.iter().position(|s| *s == Step::IssueCertificate);
    let half = half.and_then(|at| steps.get(..at)).ok_or_else(certified)?;
    confirm(arguments, plan, half, output)?;
    let stop = interrupt::hold()?;
    let chip = chip.commit()?;
    inputs.claim(plan)?;
    let device = &mut chip.keep()?;
    device.set_timing(Timing::new(plan.config().revision().family()));
    let mut progress = Progress::new(output);
    let runner = Runner::new(plan, system::challenges()?, |event| progress.on(event));
    let result = run_to_signature(device, &mut runner.stop_on(stop));
    progress.finish();
    let RunOutcome::NeedsSignature(request) = result? else {
        return Err(certified());
    };
    let json = request.to_json().map_err(CliError::failed)?;
    files::create(path, json.as_bytes(), Readers::Everyone)?;
    let mut document = document::of_plan(plan);
    document["stage"] = json!("keyed");
    document["request_file"] = json!(path.display().to_string());
    let text = format!(
        "{}: the request for the certificate of {:?}. Have it signed:\n  \
         nerves-key signer answer {0} --signer-cert FILE --signer-key KEY --out ANSWER\n\
         then the same command with --answer ANSWER instead of --request finishes the chip.",
        escape_path(path),
        plan.serial()
    );
    output.result(&text, &document)
}

/// Ask, if any of `steps` cannot be undone.
fn confirm(
    arguments: &Provision,
    plan: &Plan,
    steps: &[Step],
    output: Output,
) -> Result<(), CliError> {
    if arguments.yes || !steps.iter().any(Step::is_irreversible) {
        return Ok(());
    }
    let question = format!(
        "{plan}\nThis makes {} the NervesKey {:?}, for good.",
        name(plan),
        plan.serial()
    );
    confirm::require_word(output, Risk::Locks, &question, plan.serial())
}

fn finish(
    mut inputs: Inputs,
    plan: &Plan,
    report: &Report,
    (start, times): (&Start, &[Duration]),
    output: Output,
) -> Result<(), CliError> {
    let mut document = document::of_run(plan, report, start, times)?;
    let key = PublicKey::from(report.public_key);
    document["replaced_keys"] = inputs.report.replaced_keys(plan, &key);
    signing::warn_of_certificate(&report.device_certificate, output)?;
    let summary = Summary::of(&report.device_certificate).map_err(CliError::failed)?;
    let text = format!(
        "finished: {} is the NervesKey {:?}, {}, valid {}\n\
         its key: {}",
        plan.config().serial_number(),
        plan.serial(),
        summary.subject(),
        summary.validity(),
        report.key_origin
    );
    let written = inputs.report.write(&mut document);
    output.result(&text, &document)?;
    written
}

/// Revision and serial number of the chip.
fn name(plan: &Plan) -> String {
    let config = plan.config();
    format!("{} {}", config.revision(), config.serial_number())
}
