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

use super::asking::Asking;
use super::chip::{Connected, Ending, Recipe};
use super::scan::Scanner;
use super::spooling::{Books, News, Spooling};
use super::{hook, reports};
use crate::cli::line::Run;
use crate::error::{CliError, Exit};
use crate::output::escape_path;
use crate::signing::AnySigner;

/// Between two looks for a chip.
const PAUSE: Duration = Duration::from_millis(300);

/// What a device's worker says.
#[derive(Clone, Debug)]
pub(super) struct Said {
    /// Which device, as it was named; none where it is about the ledger.
    pub(super) device: Option<usize>,
    pub(super) what: What,
}

#[derive(Clone, Debug)]
pub(super) enum What {
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
    Told { program: String, line: String },
    /// A chip is done.
    Passed {
        unit: Box<Unit>,
        ending: Ending,
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
    Ledger(News),
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
    pub(super) asking: Option<&'a Asking>,
    /// What stands in for the ledger while it is away.
    pub(super) spooling: Option<&'a Spooling>,
}

/// Why a chip is left as it is.
enum Left {
    /// The station ends before the chip was begun.
    Stopped,
    Failed(CliError),
}

impl From<CliError> for Left {
    fn from(error: CliError) -> Self {
        Self::Failed(error)
    }
}

impl Station<'_> {
    /// Work on `device` until the station stops, or on one chip.
    pub(super) fn work(&self, number: usize, device: &DeviceUri, said: &Sender<Said>) {
        let say = |what| {
            // Nobody listens any more: then nothing is to be said.
            let _ = said.send(Said {
                device: Some(number),
                what,
            });
        };
        let Some(mut books) = self.books(&say) else {
            return;
        };
        let mut last = None;
        // What was said last while there is no chip: it is said once, not three
        // times a second.
        let mut told: Option<Option<String>> = None;
        while !self.stop.load(Ordering::Relaxed) {
            let begin = Instant::now();
            match Connected::read(device, last) {
                Ok(None) => {}
                Ok(Some(connected)) => {
                    told = None;
                    last = Some(connected.serial_number());
                    if let Some(what) = self.chip(connected, &mut books, begin, &say) {
                        say(what);
                    }
                }
                Err(error) => {
                    last = None;
                    let is_empty = error.exit == Exit::NoChip && !self.arguments.once;
                    let cause = (!is_empty).then(|| error.to_string());
                    if told.as_ref() != Some(&cause) {
                        say(match &cause {
                            None => What::Waiting,
                            Some(_) => failed(None, &error, begin.elapsed()),
                        });
                        told = Some(cause);
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
    fn books(&self, say: &dyn Fn(What)) -> Option<Books<'_>> {
        let mut is_told = false;
        loop {
            match Books::open(&self.arguments.place, self.spooling) {
                Ok(books) => return Some(books),
                Err(error) if !is_told => say(failed(None, &error, Duration::ZERO)),
                Err(_) => {}
            }
            is_told = true;
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
        say: &dyn Fn(What),
    ) -> Option<What> {
        let chip = connected.serial_number();
        Some(match self.make(connected, books, say) {
            Ok(None) => What::Skipped(chip),
            Ok(Some((unit, ending))) => {
                let told = self.arguments.on_pass.as_deref();
                let told = told.map(|program| tell(program, &document(&unit), say));
                match told.transpose() {
                    Ok(_) => What::Passed {
                        unit: Box::new(unit),
                        ending,
                        time: begin.elapsed(),
                    },
                    Err(error) => failed(Some(chip), &error, begin.elapsed()),
                }
            }
            Err(Left::Stopped) => return None,
            Err(Left::Failed(error)) => {
                let mut cause = error.to_string();
                if let Err(unrecorded) = books.fail(chip, &cause) {
                    cause = format!("{cause} (and the ledger could not be told: {unrecorded})");
                }
                let failure = json!({ "chip": chip.to_string(), "cause": cause });
                let program: Option<&Path> = self.arguments.on_fail.as_deref();
                if let Some(Err(error)) = program.map(|program| tell(program, &failure, say)) {
                    cause = format!("{cause} (and --on-fail: {error})");
                }
                What::Failed {
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
        say: &dyn Fn(What),
    ) -> Result<Option<(Unit, Ending)>, Left> {
        let chip = connected.serial_number();
        let connected = connected.activated(self.recipe)?;
        if let Some(asking) = self.asking
            && connected.is_unfinished()
            && !asking.is_confirmed(self.stop, || say(What::Question(chip)))
        {
            return Ok(None);
        }
        let ledger = books.of(&connected)?;
        let (unit, ending) = connected.unit(ledger, self.recipe, || {
            let scanner = self.scanner.lock();
            let mut scanner = scanner.map_err(|_poisoned| CliError::failed("nobody scans"))?;
            say(What::Scan { chip });
            scanner.serial(self.stop)?.ok_or(Left::Stopped)
        })?;
        let report = reports::file(self.arguments, ledger.author(), &unit, ending)?;
        let Some(mut report) = report else {
            return Ok(Some((unit, ending)));
        };
        if ending != Ending::Made {
            connected.report(self.recipe, &unit, &mut report)?;
            return Ok(Some((unit, ending)));
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
                say(What::Step { index, total, step });
            },
        )?;
        Ok(Some((unit, ending)))
    }
}

/// Run a program, and say what it says.
fn tell(program: &Path, unit: &Value, say: &dyn Fn(What)) -> Result<(), CliError> {
    let name = escape_path(program);
    hook::run(program, unit, &|line| {
        say(What::Told {
            program: name.clone(),
            line,
        });
    })
}

fn failed(chip: Option<SerialNumber>, error: &CliError, time: Duration) -> What {
    What::Failed {
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
