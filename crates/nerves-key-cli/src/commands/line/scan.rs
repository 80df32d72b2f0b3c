//! Serials from standard input, as a barcode scanner types them.

use std::io::{self, BufRead, Read};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::Duration;

use nerves_key_schema::ManufacturerSerial;

use crate::error::CliError;

/// More than a serial has.
const LIMIT: u64 = 1024;
/// How soon a station that is to end does.
const PAUSE: Duration = Duration::from_millis(50);

/// Reads a line for each chip, and none before it is wanted. A thread of its own
/// waits for it, since a read that waits for a scanner cannot be ended.
pub(super) struct Scanner {
    wanted: Sender<()>,
    lines: Receiver<io::Result<String>>,
}

impl Scanner {
    pub(super) fn new() -> Self {
        let (wanted, is_wanted) = mpsc::channel();
        let (line, lines) = mpsc::channel();
        thread::spawn(move || {
            for () in is_wanted {
                if line.send(read_line()).is_err() {
                    break;
                }
            }
        });
        Self { wanted, lines }
    }

    /// The next line. None when the station is to end before there is one.
    ///
    /// # Errors
    /// Exit code 5 when it is no serial, or there are no more.
    pub(super) fn serial(
        &mut self,
        stop: &AtomicBool,
    ) -> Result<Option<ManufacturerSerial>, CliError> {
        let gone = || CliError::failed("nobody reads standard input any more");
        if stop.load(Ordering::Relaxed) {
            return Ok(None);
        }
        self.wanted.send(()).map_err(|_gone| gone())?;
        let line = loop {
            match self.lines.recv_timeout(PAUSE) {
                Ok(line) => break line.map_err(unreadable)?,
                Err(RecvTimeoutError::Disconnected) => return Err(gone()),
                Err(RecvTimeoutError::Timeout) if stop.load(Ordering::Relaxed) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
        };
        if line.is_empty() {
            return Err(CliError::refused("standard input has no more serials"));
        }
        let serial = ManufacturerSerial::new(line.trim_end_matches(['\r', '\n']));
        serial.map(Some).map_err(CliError::refused)
    }
}

/// What is no text is no serial either.
fn unreadable(error: io::Error) -> CliError {
    if error.kind() == io::ErrorKind::InvalidData {
        let cause = "a line of standard input is no text (UTF-8), so no serial: scan it again";
        return CliError::refused(cause);
    }
    CliError::failed(error).about("standard input")
}

/// A line with its end; empty behind the last one.
fn read_line() -> io::Result<String> {
    let mut line = String::new();
    let mut stdin = io::stdin().lock();
    stdin.by_ref().take(LIMIT).read_line(&mut line)?;
    if !line.is_empty() && !line.ends_with('\n') {
        // The rest of it is nobody's serial.
        stdin.skip_until(b'\n')?;
    }
    Ok(line)
}
