//! One device of a station: chip after chip.

use std::path::Path;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::Sender;
use std::thread;
use std::time::{Duration, Instant};

use atecc::SerialNumber;
use atecc_x509::Certificate;
use nerves_key_device::DeviceUri;
use nerves_key_line::Unit;
use serde_json::{Value, json};

use super::chip::{Connected, Recipe, UnitOutcome};
use super::confirmation::ConfirmationPrompt;
use super::scan::Scanner;
use super::spooling::{Books, SpoolEvent, Spooling};
use super::{hook, reports};
use crate::cli::line::Run;
use crate::error::{CliError, Exit};
use crate::output::escape_path;
use crate::signing::AnySigner;

/// Between two looks for a chip.
const PAUSE: Duration = Duration::from_millis(300);

/// What a device's worker says.
#[derive(Clone, Debug)]
pub(super) struct WorkerMessage {
    /// Which device, as it was named; none where it is about the ledger.
    pub(super) device: Option<usize>,
    pub(super) event: WorkerEvent,
}

#[derive(Clone, Debug)]
pub(super) enum WorkerEvent {
    /// There is no chip.
    Waiting,
    /// A step of a run.
    Step {
        index: usize,
        total: usize,
        step: String,
    },
    /// Whether this chip is to be changed is asked at the terminal.
    Question(SerialNumber),
    /// It is not: the chip is as it was.
    Skipped(SerialNumber),
    /// The serial of a chip is to be scanned.
    Scan { chip: SerialNumber },
    /// A program of the line's owner says something.
    HookOutput { program: String, line: String },
    /// A chip is done.
    Passed {
        unit: Box<Unit>,
        outcome: UnitOutcome,
        time: Duration,
    },
    /// A chip failed.
    Failed {
        chip: Option<SerialNumber>,
        cause: String,
        exit: Exit,
        time: Duration,
    },
    /// Of the ledger, where a spool stands in for it.
    Ledger(SpoolEvent),
}

/// What all workers share.
pub(super) struct Station<'a> {
    pub(super) arguments: &'a Run,
    pub(super) recipe: &'a Recipe,
    pub(super) signer: &'a Mutex<AnySigner>,
    /// Serials that are scanned: one at a time.
    pub(super) scanner: &'a Mutex<Scanner>,
    pub(super) stop: &'a AtomicBool,
    /// Who is asked before each chip, if anybody.
    pub(super) prompt: Option<&'a ConfirmationPrompt>,
    /// What stands in for the ledger while it is away.
    pub(super) spooling: Option<&'a Spooling>,
}

/// Why a chip is left as it is.
enum NotMade {
    /// The station ends before the chip was begun.
    Stopped,
    Failed(CliError),
}

impl From<CliError> for NotMade {
    fn from(error: CliError) -> Self {
        Self::Failed(error)
    }
}

impl Station<'_> {
    /// Work on `device` until the station stops, or on one chip.
    pub(super) fn work(&self, number: usize, device: &DeviceUri, messages: &Sender<WorkerMessage>) {
        let say = |event| {
            // Nobody listens any more: then nothing is to be said.
            let _ = messages.send(WorkerMessage {
                device: Some(number),
                event,
            });
        };
        let Some(mut books) = self.books(&say) else {
            return;
        };
        let mut last = None;
        // What was said last while there is no chip: it is said once, not three
        // times a second.
        let mut last_cause: Option<Option<String>> = None;
        while !self.stop.load(Ordering::Relaxed) {
            let begin = Instant::now();
            match Connected::read(device, last) {
                Ok(None) => {}
                Ok(Some(connected)) => {
                    last_cause = None;
                    last = Some(connected.serial_number());
                    if let Some(event) = self.chip(connected, &mut books, begin, &say) {
                        say(event);
                    }
                }
                Err(error) => {
                    last = None;
                    let is_empty = error.exit == Exit::NoChip && !self.arguments.once;
                    let cause = (!is_empty).then(|| error.to_string());
                    if last_cause.as_ref() != Some(&cause) {
                        say(match &cause {
                            None => WorkerEvent::Waiting,
                            Some(_) => failure(None, &error, begin.elapsed()),
                        });
                        last_cause = Some(cause);
                    }
                }
            }
            if self.arguments.once {
                return;
            }
            thread::sleep(PAUSE);
        }
    }

    /// A connection of its own; tried again, except where one look is all.
    fn books(&self, say: &dyn Fn(WorkerEvent)) -> Option<Books<'_>> {
        let mut is_reported = false;
        loop {
            match Books::open(&self.arguments.place, self.spooling) {
                Ok(books) => return Some(books),
                Err(error) if !is_reported => say(failure(None, &error, Duration::ZERO)),
                Err(_) => {}
            }
            is_reported = true;
            if self.arguments.once || self.stop.load(Ordering::Relaxed) {
                return None;
            }
            thread::sleep(PAUSE);
        }
    }

    /// One chip, from its first look to PASS or FAIL; none when the station ends
    /// before it was begun.
    fn chip(
        &self,
        connected: Connected,
        books: &mut Books<'_>,
        begin: Instant,
        say: &dyn Fn(WorkerEvent),
    ) -> Option<WorkerEvent> {
        let chip = connected.serial_number();
        Some(match self.make(connected, books, say) {
            Ok(None) => WorkerEvent::Skipped(chip),
            Ok(Some((unit, outcome))) => {
                let hook = self.arguments.on_pass.as_deref();
                let hook = hook.map(|program| tell(program, &document(&unit), say));
                match hook.transpose() {
                    Ok(_) => WorkerEvent::Passed {
                        unit: Box::new(unit),
                        outcome,
                        time: begin.elapsed(),
                    },
                    Err(error) => failure(Some(chip), &error, begin.elapsed()),
                }
            }
            Err(NotMade::Stopped) => return None,
            Err(NotMade::Failed(error)) => {
                let mut cause = error.to_string();
                if let Err(record_error) = books.fail(chip, &cause) {
                    cause = format!("{cause} (and the ledger could not be told: {record_error})");
                }
                let failure = json!({ "chip": chip.to_string(), "cause": cause });
                let program: Option<&Path> = self.arguments.on_fail.as_deref();
                if let Some(Err(error)) = program.map(|program| tell(program, &failure, say)) {
                    cause = format!("{cause} (and --on-fail: {error})");
                }
                WorkerEvent::Failed {
                    chip: Some(chip),
                    cause,
                    exit: error.exit,
                    time: begin.elapsed(),
                }
            }
        })
    }

    fn make(
        &self,
        connected: Connected,
        books: &mut Books<'_>,
        say: &dyn Fn(WorkerEvent),
    ) -> Result<Option<(Unit, UnitOutcome)>, NotMade> {
        let chip = connected.serial_number();
        let connected = connected.activated(self.recipe)?;
        if let Some(prompt) = self.prompt
            && connected.is_unfinished()
            && !prompt.is_confirmed(self.stop, || say(WorkerEvent::Question(chip)))
        {
            return Ok(None);
        }
        let ledger = books.of(&connected)?;
        let (unit, outcome) = connected.unit(ledger, self.recipe, || {
            let scanner = self.scanner.lock();
            let mut scanner = scanner.map_err(|_poisoned| CliError::failed("nobody scans"))?;
            say(WorkerEvent::Scan { chip });
            scanner.serial(self.stop)?.ok_or(NotMade::Stopped)
        })?;
        let report = reports::file(self.arguments, ledger.author(), &unit, outcome)?;
        let Some(mut report) = report else {
            return Ok(Some((unit, outcome)));
        };
        if outcome != UnitOutcome::Made {
            connected.report(self.recipe, &unit, &mut report)?;
            return Ok(Some((unit, outcome)));
        }
        if let Some(program) = &self.arguments.on_start {
            tell(program, &document(&unit), say)?;
        }
        let unit = connected.make(
            ledger,
            self.recipe,
            self.signer,
            unit,
            &mut report,
            |index, total, step| {
                say(WorkerEvent::Step { index, total, step });
            },
        )?;
        Ok(Some((unit, outcome)))
    }
}

/// Run a program, and say what it says.
fn tell(program: &Path, unit: &Value, say: &dyn Fn(WorkerEvent)) -> Result<(), CliError> {
    let name = escape_path(program);
    hook::run(program, unit, &|line| {
        say(WorkerEvent::HookOutput {
            program: name.clone(),
            line,
        });
    })
}

fn failure(chip: Option<SerialNumber>, error: &CliError, time: Duration) -> WorkerEvent {
    WorkerEvent::Failed {
        chip,
        cause: error.to_string(),
        exit: error.exit,
        time,
    }
}

/// A unit, for a hook and for who reads JSON.
pub(super) fn document(unit: &Unit) -> Value {
    json!({
        "chip": unit.chip.to_string(),
        "batch": unit.batch,
        "serial": unit.serial,
        "state": unit.state.name(),
        "public_key": unit.public_key.map(|key| data_encoding::HEXUPPER.encode(&key)),
        "certificate": pem(unit),
    })
}

/// The unit's certificate.
pub(super) fn pem(unit: &Unit) -> Option<String> {
    let certificate = Certificate::from_der(unit.certificate.clone()?).ok()?;
    Some(certificate.to_pem())
}
