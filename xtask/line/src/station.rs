//! A station of the race: a process, and somebody who puts chips into it.

use std::collections::{BTreeMap, VecDeque};
use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, ChildStdout, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;
use xtask_support::error::Error;
use xtask_support::run;

use crate::bench::{Bench, of_file};

/// How long a device is empty after a chip failed, so that the station sees it.
const EMPTY: Duration = Duration::from_millis(700);
/// How often a chip may fail before it is put aside.
const TRIES: u32 = 200;

/// A chip, by its number, and how often it failed.
#[derive(Clone, Copy, Debug)]
struct Waiting {
    chip: u32,
    failures: u32,
}

/// What is in the devices of a station, waits for them, and was taken out.
#[derive(Debug)]
pub(crate) struct Chips {
    waiting: VecDeque<Waiting>,
    /// By device; the file is `slot-STATION-DEVICE.img`.
    inserted: Vec<Option<Waiting>>,
    /// By device: when a chip that had failed was taken out.
    emptied: Vec<Option<Instant>>,
    /// Those that passed.
    pub(crate) passed: Vec<u32>,
    /// Those that failed too often, with the last cause.
    pub(crate) aside: Vec<(u32, String)>,
    /// How often any failed, by the cause without the chip's number.
    pub(crate) failures: BTreeMap<String, u32>,
    /// What the station said of its spool's conflicts.
    pub(crate) conflicts: Vec<Value>,
}

impl Chips {
    pub(crate) fn is_done(&self) -> bool {
        let is_empty = self.inserted.iter().all(Option::is_none);
        self.waiting.is_empty() && is_empty
    }
}

/// A station.
pub(crate) struct Station<'a> {
    bench: &'a Bench,
    batch: &'static str,
    pub(crate) name: String,
    number: usize,
    has_spool: bool,
    pub(crate) chips: Arc<Mutex<Chips>>,
    running: Option<(Child, JoinHandle<Result<(), Error>>)>,
}

/// The file of a chip that is not connected.
pub(crate) fn file(chip: u32) -> String {
    format!("chip-{chip}.img")
}

impl<'a> Station<'a> {
    /// One with its chips, whose files are there.
    pub(crate) fn new(
        bench: &'a Bench,
        batch: &'static str,
        number: usize,
        devices: usize,
        chips: impl Iterator<Item = u32>,
        has_spool: bool,
    ) -> Result<Self, Error> {
        let waiting = chips.map(|chip| Waiting { chip, failures: 0 });
        let chips = Chips {
            waiting: waiting.collect(),
            inserted: vec![None; devices],
            emptied: vec![None; devices],
            passed: Vec::new(),
            aside: Vec::new(),
            failures: BTreeMap::new(),
            conflicts: Vec::new(),
        };
        let station = Self {
            bench,
            batch,
            name: format!("{batch} {number}"),
            number,
            has_spool,
            chips: Arc::new(Mutex::new(chips)),
            running: None,
        };
        for device in 0..devices {
            let mut chips = station.chips.lock().unwrap_or_else(PoisonError::into_inner);
            insert(&bench.path(""), &mut chips, number, device)?;
        }
        Ok(station)
    }

    pub(crate) fn spool(&self) -> String {
        format!("{}-{}.spool", self.batch, self.number)
    }

    /// Begin, or begin again.
    pub(crate) fn start(&mut self) -> Result<(), Error> {
        let mut arguments = vec![
            "line",
            "run",
            "--batch",
            self.batch,
            "--signer-key",
            "signer.key",
            "--yes",
            "--json",
            "--station",
            &self.name,
        ];
        let spool = self.spool();
        if self.has_spool {
            arguments.extend(["--spool", &spool]);
        }
        let devices = self.chips.lock().unwrap_or_else(PoisonError::into_inner);
        let devices = devices.inserted.len();
        let devices: Vec<_> = (0..devices)
            .map(|device| format!("emu:{}", slot(self.number, device)))
            .collect();
        for device in &devices {
            arguments.extend(["--device", device]);
        }
        let mut command = self.bench.command(&arguments);
        command.stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().map_err(|error| Error::Start {
            command: run::line(&command),
            error,
        })?;
        let Some(stdout) = child.stdout.take() else {
            return Ok(());
        };
        let (number, folder) = (self.number, self.bench.path(""));
        let chips = Arc::clone(&self.chips);
        let reader = thread::spawn(move || feed(stdout, &chips, number, &folder));
        self.running = Some((child, reader));
        Ok(())
    }

    /// Kill it; false where it had ended.
    pub(crate) fn kill(&mut self) -> Result<bool, Error> {
        let Some((mut child, reader)) = self.running.take() else {
            return Ok(false);
        };
        let has_ended = child.try_wait().is_ok_and(|status| status.is_some());
        let killed = child.kill().and_then(|()| child.wait());
        killed.map_err(|error| of_file(&self.bench.path(&self.name), error))?;
        join(reader)?;
        Ok(!has_ended)
    }

    /// Ctrl-C, and wait for its end.
    pub(crate) fn stop(&mut self) -> Result<(), Error> {
        let Some((mut child, reader)) = self.running.take() else {
            return Ok(());
        };
        let id = i32::try_from(child.id()).ok().and_then(Pid::from_raw);
        if let Some(id) = id {
            // One that has ended needs no signal.
            let _ = kill_process(id, Signal::INT);
        }
        join(reader)?;
        let waited = child.wait();
        waited.map_err(|error| of_file(&self.bench.path(&self.name), error))?;
        Ok(())
    }

    /// Begin again if it ended by itself; what it does when it cannot begin.
    pub(crate) fn look(&mut self) -> Result<(), Error> {
        let ended = match &mut self.running {
            Some((child, _)) => child.try_wait().is_ok_and(|status| status.is_some()),
            None => true,
        };
        if ended {
            self.kill()?;
            self.start()?;
        }
        let mut chips = self.chips.lock().unwrap_or_else(PoisonError::into_inner);
        for device in 0..chips.inserted.len() {
            let emptied = chips.emptied.get(device).copied().flatten();
            if emptied.is_some_and(|since| since.elapsed() >= EMPTY) {
                if let Some(emptied) = chips.emptied.get_mut(device) {
                    *emptied = None;
                }
                insert(&self.bench.path(""), &mut chips, self.number, device)?;
            }
        }
        Ok(())
    }
}

fn join(reader: JoinHandle<Result<(), Error>>) -> Result<(), Error> {
    reader
        .join()
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

fn slot(station: usize, device: usize) -> String {
    format!("slot-{station}-{device}.img")
}

/// The next chip that waits into a device.
fn insert(folder: &Path, chips: &mut Chips, station: usize, device: usize) -> Result<(), Error> {
    let next = chips.waiting.pop_front();
    if let Some(next) = next {
        let (from, to) = (
            folder.join(file(next.chip)),
            folder.join(slot(station, device)),
        );
        fs::rename(&from, to).map_err(|error| of_file(&from, error))?;
    }
    if let Some(place) = chips.inserted.get_mut(device) {
        *place = next;
    }
    Ok(())
}

/// Read what the station says; take out each chip that passed or failed, and
/// put the next one in.
fn feed(
    stdout: ChildStdout,
    chips: &Mutex<Chips>,
    station: usize,
    folder: &Path,
) -> Result<(), Error> {
    for line in BufReader::new(stdout).lines() {
        // A line that was cut off by a kill says nothing.
        let Some(said) = line
            .ok()
            .and_then(|line| serde_json::from_str::<Value>(&line).ok())
        else {
            continue;
        };
        let mut chips = chips.lock().unwrap_or_else(PoisonError::into_inner);
        let event = said["event"].as_str().unwrap_or_default();
        if event == "conflict" {
            chips.conflicts.push(said);
            continue;
        }
        let device = said["device"].as_str().unwrap_or_default();
        let devices = 0..chips.inserted.len();
        let mut devices =
            devices.filter(|number| device == format!("emu:{}", slot(station, *number)));
        let Some(device) = devices.next() else {
            continue;
        };
        let serial = said["unit"]["chip"].as_str().or(said["chip"].as_str());
        let inserted = chips.inserted.get(device).copied().flatten();
        // What it says of a chip that was taken out is late.
        let Some(chip) = inserted.filter(|it| serial == Some(&serial_of(it.chip))) else {
            continue;
        };
        match event {
            "pass" => chips.passed.push(chip.chip),
            "fail" => {
                let cause = said["cause"].as_str().unwrap_or_default();
                let anyones = cause.replace(&serial_of(chip.chip), "..");
                *chips.failures.entry(anyones).or_default() += 1;
                let failures = chip.failures + 1;
                if failures < TRIES {
                    chips.waiting.push_back(Waiting { failures, ..chip });
                } else {
                    chips.aside.push((chip.chip, cause.to_owned()));
                }
            }
            _ => continue,
        }
        let (from, to) = (
            folder.join(slot(station, device)),
            folder.join(file(chip.chip)),
        );
        fs::rename(&from, to).map_err(|error| of_file(&from, error))?;
        if event == "pass" {
            insert(folder, &mut chips, station, device)?;
            continue;
        }
        if let Some(inserted) = chips.inserted.get_mut(device) {
            *inserted = None;
        }
        if let Some(emptied) = chips.emptied.get_mut(device) {
            *emptied = Some(Instant::now());
        }
    }
    Ok(())
}

/// The chip's serial number, as it is said.
pub(crate) fn serial_of(chip: u32) -> String {
    format!("0123{chip:08X}0000EE")
}
