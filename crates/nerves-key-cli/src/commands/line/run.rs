//! `nerves-key line run`.

use std::io::{self, IsTerminal, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use atecc_x509::{Certificate, NervesKeySigner};
use indicatif::{MultiProgress, ProgressBar, ProgressStyle};
use nerves_key_device::{DeviceUri, EmulatedUri};
use nerves_key_line::{BatchLayout, SerialScheme};
use nerves_key_provision::{Refusal, VolatileSecrets};
use nerves_key_schema::BoardName;
use serde_json::json;

use super::chip::{Recipe, UnitOutcome};
use super::confirmation::ConfirmationPrompt;
use super::scan::Scanner;
use super::spooling::Spooling;
use super::station::{Station, WorkerEvent, WorkerMessage, document};
use super::{hook, ledger, reports};
use crate::cli::line::Run;
use crate::confirm::{self, Risk};
use crate::counted::counted;
use crate::error::{CliError, Exit};
use crate::output::{self, Output, Verdict, escape};
use crate::signing::{self, AnySigner};
use crate::system;

pub(super) fn run(arguments: &Run, output: Output) -> Result<(), CliError> {
    for (option, program) in hook::programs(arguments) {
        hook::check(option, program)?;
    }
    let spooling = Spooling::begin(arguments)?;
    let recipe = recipe(arguments, spooling.as_ref())?;
    let mut signer = AnySigner::open(&arguments.signer_key, &arguments.options)?;
    signer.check(&recipe.signer.signer.public_key)?;
    check_devices(&arguments.device)?;
    reports::check(arguments)?;
    let prompt = arguments
        .questions
        .confirm
        .then(ConfirmationPrompt::new)
        .transpose()?;
    if prompt.is_some() && matches!(recipe.batch.serials, SerialScheme::Scanned) {
        return Err(CliError::refused(format!(
            "--confirm: the serials of the batch {:?} are scanned, and each scan is a confirmation",
            recipe.batch.name
        )));
    }
    if !arguments.questions.yes && prompt.is_none() {
        let question = format!(
            "Every chip that is connected to {} becomes a NervesKey of the batch {:?}, for good.",
            counted(arguments.device.len(), "device"),
            arguments.batch
        );
        confirm::require_word(output, Risk::Locks, &question, &arguments.batch)?;
    }
    let stop = Arc::new(AtomicBool::new(false));
    for signal in [signal_hook::consts::SIGINT, signal_hook::consts::SIGTERM] {
        // A second one ends the program, as it would without this.
        let again = signal_hook::flag::register_conditional_default(signal, Arc::clone(&stop));
        let first = signal_hook::flag::register(signal, Arc::clone(&stop));
        again.and(first).map_err(CliError::failed)?;
    }
    if let Some(spooling) = &spooling {
        spooling.lease()?;
    }
    let station = Station {
        arguments,
        recipe: &recipe,
        signer: &Mutex::new(signer),
        scanner: &Mutex::new(Scanner::new()),
        stop: &stop,
        prompt: prompt.as_ref(),
        spooling: spooling.as_ref(),
    };
    let (say, messages) = mpsc::channel();
    // Nothing is sent: it ends with the last worker.
    let (working, workers) = mpsc::channel();
    let count = thread::scope(|scope| {
        if let Some(spooling) = &spooling {
            let say = say.clone();
            scope.spawn(move || spooling.keep(&workers, &say));
        }
        for (number, device) in arguments.device.iter().enumerate() {
            let (station, say) = (&station, say.clone());
            let working = working.clone();
            scope.spawn(move || {
                station.work(number, device, &say);
                drop(working);
            });
        }
        drop((say, working));
        let count = show(&messages, arguments, output);
        if count.is_err() {
            // Nobody sees what is done: nothing more is.
            stop.store(true, Ordering::Relaxed);
        }
        count
    });
    // Whatever came of it, what was leased goes back.
    let events: Vec<_> = spooling.iter().flat_map(Spooling::end).collect();
    let mut count = match count {
        Ok(count) => count,
        Err(error) => {
            for event in events {
                output.message(&event.to_string());
            }
            return Err(error);
        }
    };
    for event in events {
        if event.is_failure() {
            count.add_failure(Exit::Failed);
        }
        if output.is_json() {
            json_line("", &WorkerEvent::Ledger(event))?;
        } else {
            output.message(&event.to_string());
        }
    }
    if stop.load(Ordering::Relaxed) {
        output.message("stopped: the same command goes on with every chip that was begun");
    }
    let Some(exit) = count.exit else {
        return Ok(());
    };
    let Count { passed, failed, .. } = count;
    Err(CliError::new(exit, format!("{failed} failed, {passed} passed")).after_document())
}

/// What is common to all chips, checked before any of them.
fn recipe(arguments: &Run, spooling: Option<&Spooling>) -> Result<Recipe, CliError> {
    let batch = if let Some(spooling) = spooling {
        spooling.batch()?
    } else {
        let mut ledger = ledger::open(&arguments.place)?;
        ledger.batch(&arguments.batch).map_err(ledger::cli_error)?
    };
    let keys = arguments.keys.read()?;
    if keys.as_ref().is_some_and(VolatileSecrets::are_alike) {
        return Err(Refusal::AlikeKeys.into());
    }
    match (batch.layout, &keys) {
        (BatchLayout::Volatile, None) => {
            return Err(CliError::refused(format!(
                "the batch {:?} is of the volatile layout: give --activation-key and \
                 --encryption-key",
                batch.name
            )));
        }
        (BatchLayout::Standard, Some(_)) => {
            return Err(CliError::refused(format!(
                "the batch {:?} is of the standard layout, which has no activation key and no \
                 encryption key",
                batch.name
            )));
        }
        (BatchLayout::Volatile, Some(_)) | (BatchLayout::Standard, None) => {}
    }
    let der = batch.signer_der().map_err(CliError::refused)?;
    let certificate = Certificate::from_der(der).map_err(CliError::refused)?;
    let signer = NervesKeySigner::check(&certificate).map_err(CliError::refused)?;
    signing::check_validity(&signer, system::now()?)?;
    Ok(Recipe {
        board: BoardName::new(&batch.board).map_err(CliError::refused)?,
        slots: arguments.slots.certificate_slots(),
        keys,
        signer,
        batch,
    })
}

/// Two workers must not have one chip.
fn check_devices(devices: &[DeviceUri]) -> Result<(), CliError> {
    for (number, device) in devices.iter().enumerate() {
        let text = device.to_string();
        if matches!(device, DeviceUri::Emulated(EmulatedUri::ThrowAway { .. })) {
            return Err(CliError::refused(format!(
                "--device {text}: a chip that is thrown away would take a serial with it; \
                 nerves-key emulator create makes one that stays"
            )));
        }
        if devices
            .iter()
            .take(number)
            .any(|other| other.to_string() == text)
        {
            return Err(CliError::refused(format!("--device {text} is given twice")));
        }
    }
    Ok(())
}

#[derive(Debug, Default)]
struct Count {
    passed: usize,
    failed: usize,
    /// That of every failure, or 1 where they differ.
    exit: Option<Exit>,
}

impl Count {
    fn add_failure(&mut self, exit: Exit) {
        self.failed += 1;
        self.exit = match self.exit {
            Some(before) if before != exit => Some(Exit::Failed),
            _ => Some(exit),
        };
    }
}

/// What the workers say, until the last is silent.
fn show(
    messages: &Receiver<WorkerMessage>,
    arguments: &Run,
    output: Output,
) -> Result<Count, CliError> {
    let devices = &arguments.device;
    let bars = (!output.is_json() && io::stderr().is_terminal()).then(|| Bars::new(devices));
    let mut count = Count::default();
    for WorkerMessage {
        device: number,
        event,
    } in messages
    {
        let device = number.and_then(|number| devices.get(number));
        let device = device.map(ToString::to_string).unwrap_or_default();
        if let (Some(bars), Some(number)) = (&bars, number) {
            bars.show(number, &event);
        }
        let line = match &event {
            WorkerEvent::Waiting | WorkerEvent::Step { .. } => None,
            WorkerEvent::Question(chip) => {
                let question = format!(
                    "{device}: make the chip {chip} a NervesKey of the batch {:?}, for good? [y/N]",
                    arguments.batch
                );
                above(bars.as_ref(), || output.message(&question));
                None
            }
            WorkerEvent::Skipped(chip) => Some((
                Verdict::Skip,
                format!("{device}  {chip}  not confirmed: it is as it was"),
            )),
            WorkerEvent::Scan { .. } | WorkerEvent::HookOutput { .. } => {
                let text = aside(&device, &event, &arguments.batch);
                above(bars.as_ref(), || output.message(&text));
                None
            }
            WorkerEvent::Passed {
                unit,
                outcome,
                time,
            } => {
                count.passed += 1;
                let word = match outcome {
                    UnitOutcome::Made => "made",
                    UnitOutcome::MadeBefore => "made before",
                    UnitOutcome::Recorded => "recorded",
                };
                let (chip, serial) = (unit.chip, escape(&unit.serial));
                let time = time.as_secs_f64();
                Some((
                    Verdict::Pass,
                    format!("{device}  {chip}  {serial}  {word}, {time:.1} s"),
                ))
            }
            WorkerEvent::Failed {
                chip, cause, exit, ..
            } => {
                count.add_failure(*exit);
                let chip = chip.map_or("no chip".to_owned(), |chip| chip.to_string());
                Some((Verdict::Fail, format!("{device}  {chip}  {cause}")))
            }
            WorkerEvent::Ledger(event) => {
                if event.is_failure() {
                    count.add_failure(Exit::Failed);
                }
                let text = event.to_string();
                let failure = text.strip_prefix("FAIL  ").map(str::to_owned);
                if failure.is_none() && !output.is_json() {
                    above(bars.as_ref(), || output.message(&text));
                }
                failure.map(|text| (Verdict::Fail, text))
            }
        };
        if arguments.bell {
            match &line {
                Some((Verdict::Pass, _)) => output::ring(1),
                Some((Verdict::Fail, _)) => output::ring(2),
                Some((Verdict::Skip, _)) | None => {}
            }
        }
        if output.is_json() {
            json_line(&device, &event)?;
        } else if let Some((verdict, text)) = line {
            above(bars.as_ref(), || output::verdict(verdict, &text))?;
        }
    }
    Ok(count)
}

/// Print above the bars.
fn above<T>(bars: Option<&Bars>, print: impl FnOnce() -> T) -> T {
    match bars {
        Some(bars) => bars.all.suspend(print),
        None => print(),
    }
}

/// What goes to standard error, whoever reads along.
fn aside(device: &str, event: &WorkerEvent, batch: &str) -> String {
    match event {
        WorkerEvent::Scan { chip } => format!(
            "{device}: scan the serial of the chip {chip}, for the batch {}",
            escape(batch)
        ),
        WorkerEvent::HookOutput { program, line } => {
            format!("{device}: {program}: {}", escape(line))
        }
        _ => String::new(),
    }
}

/// One document on one line, for a program that reads along.
fn json_line(device: &str, event: &WorkerEvent) -> Result<(), CliError> {
    let document = match event {
        WorkerEvent::Scan { chip } => {
            json!({ "device": device, "event": "scan", "chip": chip.to_string() })
        }
        // It is on standard error.
        WorkerEvent::HookOutput { .. } => return Ok(()),
        WorkerEvent::Waiting => json!({ "device": device, "event": "waiting" }),
        WorkerEvent::Step { index, total, step } => {
            json!({ "device": device, "event": "step", "step": index + 1, "of": total, "what": step })
        }
        WorkerEvent::Question(chip) => {
            json!({ "device": device, "event": "question", "chip": chip.to_string() })
        }
        WorkerEvent::Skipped(chip) => {
            json!({ "device": device, "event": "skip", "chip": chip.to_string() })
        }
        WorkerEvent::Passed {
            unit,
            outcome,
            time,
        } => json!({
            "device": device,
            "event": "pass",
            "ending": match outcome {
                UnitOutcome::Made => "made",
                UnitOutcome::MadeBefore => "before",
                UnitOutcome::Recorded => "recorded",
            },
            "unit": document(unit),
            "milliseconds": milliseconds(*time),
        }),
        WorkerEvent::Failed {
            chip,
            cause,
            exit,
            time,
        } => json!({
            "device": device,
            "event": "fail",
            "chip": chip.map(|chip| chip.to_string()),
            "cause": cause,
            "exit_code": *exit as i32,
            "milliseconds": milliseconds(*time),
        }),
        WorkerEvent::Ledger(event) => event.document(),
    };
    let mut stdout = io::stdout().lock();
    let text = atecc_text::JsonText(&document.to_string()).to_string();
    writeln!(stdout, "{text}")
        .and_then(|()| stdout.flush())
        .map_err(CliError::failed)
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// A line of progress for each device.
struct Bars {
    all: MultiProgress,
    bars: Vec<ProgressBar>,
}

impl Bars {
    fn new(devices: &[DeviceUri]) -> Self {
        let all = MultiProgress::new();
        let style = ProgressStyle::with_template("{prefix}  {bar:20}  {wide_msg}");
        let style = style.unwrap_or_else(|_error| ProgressStyle::default_bar());
        let bars = devices.iter().map(|device| {
            let bar = all.add(ProgressBar::new(1).with_style(style.clone()));
            bar.set_prefix(escape(&device.to_string()));
            bar
        });
        let bars = bars.collect();
        Self { all, bars }
    }

    fn show(&self, device: usize, event: &WorkerEvent) {
        let Some(bar) = self.bars.get(device) else {
            return;
        };
        match event {
            WorkerEvent::Waiting => {
                bar.set_position(0);
                bar.set_message("waiting for a chip");
            }
            WorkerEvent::Step { index, total, step } => {
                bar.set_length(*total as u64);
                bar.set_position(*index as u64);
                bar.set_message(escape(step));
            }
            WorkerEvent::Question(_) => bar.set_message("y to make it"),
            WorkerEvent::Skipped(_) => bar.set_message("SKIP: take the chip away"),
            WorkerEvent::Passed { unit, .. } => {
                bar.set_position(bar.length().unwrap_or(1));
                bar.set_message(format!(
                    "PASS  {}: take the chip away",
                    escape(&unit.serial)
                ));
            }
            WorkerEvent::Scan { .. } => bar.set_message("scan its serial"),
            WorkerEvent::Failed { cause, .. } => {
                bar.set_message(format!("FAIL  {}", output::one_line(cause)));
            }
            WorkerEvent::HookOutput { .. } | WorkerEvent::Ledger(_) => {}
        }
    }
}
