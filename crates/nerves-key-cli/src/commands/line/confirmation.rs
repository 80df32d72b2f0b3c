//! `line run --confirm`: a question before each chip.

use std::io::{self, BufRead, IsTerminal};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::Duration;

use crate::error::CliError;

/// Between two looks whether the station is to stop.
const PAUSE: Duration = Duration::from_millis(100);

/// The lines that are typed at the terminal. Devices ask one after the other.
pub(super) struct ConfirmationPrompt(Mutex<Receiver<String>>);

impl ConfirmationPrompt {
    /// # Errors
    /// Exit code 5 where there is no terminal.
    pub(super) fn new() -> Result<Self, CliError> {
        if !io::stdin().is_terminal() {
            return Err(CliError::refused(
                "--confirm asks before each chip, and there is no terminal to ask at: --yes \
                 asks nobody",
            ));
        }
        let (sender, lines) = mpsc::channel();
        // It waits for a line until the program ends, which Ctrl-C must not.
        thread::spawn(move || {
            for line in io::stdin().lock().lines() {
                if line.map(|line| sender.send(line)).is_err() {
                    return;
                }
            }
        });
        Ok(Self(Mutex::new(lines)))
    }

    /// Whether `ask`, which puts the question, is answered with yes before `stop`.
    pub(super) fn is_confirmed(&self, stop: &AtomicBool, ask: impl FnOnce()) -> bool {
        let lines = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        // What was typed before the question is no answer to it.
        while lines.try_recv().is_ok() {}
        if !stop.load(Ordering::Relaxed) {
            ask();
        }
        while !stop.load(Ordering::Relaxed) {
            match lines.recv_timeout(PAUSE) {
                Ok(line) => return line.trim().eq_ignore_ascii_case("y"),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return false,
            }
        }
        false
    }
}
