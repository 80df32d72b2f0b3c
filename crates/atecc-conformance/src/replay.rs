//! A bus with a recorded chip on it, for a driver.
//!
//! By command groups: how a host wakes, polls, splits reads, rewinds and idles
//! is its own affair; what it sends as commands must be what was recorded, in
//! that order, and the answers are those recorded. By actions: every transfer
//! and every wait must be the one recorded.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atecc::Status;
use atecc::word_address::{COMMAND, IDLE, RESET, SLEEP};
use atecc_transcript::{Ack, Action, Cause, Transcript, exchanges};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

use crate::describe;
use crate::judgement::{Difference, hex};

/// The answer after a wake. Source: ATECC508A datasheet, "Status/Error Codes".
const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];

/// A handle to a recorded chip. Clones share it; it is bus and delay in one.
#[derive(Clone, Debug)]
pub struct Replay(Arc<Mutex<Chip>>);

/// A command group, and what the chip answered; empty when it did not.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Spoken {
    /// Count to CRC.
    pub command: Vec<u8>,
    /// Count to CRC.
    pub response: Vec<u8>,
}

#[derive(Debug)]
enum Script {
    Groups(VecDeque<Spoken>),
    Actions(VecDeque<Action<Vec<u8>>>),
}

#[derive(Debug)]
struct Chip {
    address: u8,
    script: Script,
    /// Waits are part of the script.
    waits: bool,
    awake: bool,
    /// A command was sent whose answer is like the one before, and the host has
    /// not waited since: it can tell them apart by a chip that acknowledges no
    /// look, as all do while they execute.
    busy: bool,
    last: Option<Spoken>,
    buffer: Vec<u8>,
    at: usize,
    difference: Option<Difference>,
}

/// No acknowledge, as every bus reports it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Nack;

impl fmt::Display for Nack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad("not acknowledged")
    }
}

impl embedded_hal::i2c::Error for Nack {
    fn kind(&self) -> ErrorKind {
        ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown)
    }
}

/// The commands of a transcript, and their answers.
#[must_use]
pub fn spoken(transcript: &Transcript) -> Vec<Spoken> {
    let all = exchanges(transcript.header.address, &transcript.lines);
    let spoken = all.into_iter().filter_map(|exchange| {
        let response = exchange.response().unwrap_or_default().to_vec();
        match exchange.cause {
            Cause::Command(command) => Some(Spoken { command, response }),
            Cause::Wake | Cause::Unrecorded => None,
        }
    });
    spoken.collect()
}

impl Replay {
    /// A chip at `address` to which this must be said, in this order.
    #[must_use]
    pub fn by_groups(address: u8, script: impl IntoIterator<Item = Spoken>) -> Self {
        Self::new(address, Script::Groups(script.into_iter().collect()), false)
    }

    /// A bus on which just this must happen.
    #[must_use]
    pub fn by_actions(transcript: &Transcript) -> Self {
        let actions = transcript.lines.iter().map(|line| line.action.clone());
        let waits = |line: &atecc_transcript::Line| matches!(line.action, Action::Delay(_));
        let waits = transcript.lines.iter().any(waits);
        let script = Script::Actions(actions.collect());
        Self::new(transcript.header.address, script, waits)
    }

    fn new(address: u8, script: Script, waits: bool) -> Self {
        Self(Arc::new(Mutex::new(Chip {
            address,
            script,
            waits,
            awake: false,
            busy: false,
            last: None,
            buffer: Vec::new(),
            at: 0,
            difference: None,
        })))
    }

    /// The first difference between what was done and what was recorded, with
    /// what was recorded and not done.
    #[must_use]
    pub fn difference(&self) -> Option<Difference> {
        let chip = self.lock();
        chip.difference.clone().or_else(|| {
            let expected = match &chip.script {
                Script::Groups(left) => describe::command(&left.front()?.command),
                // How long a host waits at the end is of no consequence.
                Script::Actions(left) => {
                    describe(left.iter().find(|one| !matches!(one, Action::Delay(_)))?)
                }
            };
            Some(Difference {
                expected,
                got: "nothing more".to_owned(),
            })
        })
    }

    /// Whether no command was sent.
    pub(crate) fn is_untouched(&self) -> bool {
        let chip = self.lock();
        chip.last.is_none() && chip.difference.is_none()
    }

    fn lock(&self) -> MutexGuard<'_, Chip> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ErrorType for Replay {
    type Error = Nack;
}

impl I2c for Replay {
    fn transaction(&mut self, address: u8, operations: &mut [Operation<'_>]) -> Result<(), Nack> {
        let mut chip = self.lock();
        operations
            .iter_mut()
            .try_for_each(|operation| match operation {
                Operation::Write(bytes) => chip.write(address, bytes),
                Operation::Read(buffer) => chip.read(address, buffer),
            })
    }
}

impl DelayNs for Replay {
    fn delay_ns(&mut self, ns: u32) {
        self.lock().wait(u64::from(ns));
    }

    fn delay_us(&mut self, us: u32) {
        self.lock().wait(u64::from(us) * 1_000);
    }

    fn delay_ms(&mut self, ms: u32) {
        self.lock().wait(u64::from(ms) * 1_000_000);
    }
}

impl Chip {
    fn write(&mut self, address: u8, bytes: &[u8]) -> Result<(), Nack> {
        if let Script::Actions(_) = self.script {
            return self.act(&Action::Write {
                address,
                bytes: bytes.to_vec(),
                ack: Ack::All,
            });
        }
        if address == 0 || address == self.address && bytes.is_empty() {
            self.awake = true;
            self.busy = false;
            self.fill(&AWAKE);
            return Err(Nack);
        }
        if address != self.address || !self.awake {
            return Err(Nack);
        }
        match bytes {
            [RESET] => self.at = 0,
            [COMMAND, group @ ..] => return self.command(group),
            // Sleep or idle: registers are the recorded chip's affair.
            _ => self.awake = false,
        }
        Ok(())
    }

    fn command(&mut self, group: &[u8]) -> Result<(), Nack> {
        let Script::Groups(script) = &mut self.script else {
            return Err(Nack);
        };
        if script.front().is_some_and(|next| next.command == group) {
            self.last = script.pop_front();
        } else if !self
            .last
            .as_ref()
            .is_some_and(|last| last.command == group && last.again())
        {
            let next = script.front();
            let expected = next.map_or("nothing more".to_owned(), |next| {
                describe::command(&next.command)
            });
            let got = describe::command(group);
            self.difference.get_or_insert(Difference { expected, got });
            return Err(Nack);
        }
        let response = self.last.as_ref().map(|last| last.response.clone());
        let response = response.unwrap_or_default();
        self.busy = response == self.buffer;
        self.fill(&response);
        Ok(())
    }

    fn fill(&mut self, bytes: &[u8]) {
        self.buffer = bytes.to_vec();
        self.at = 0;
    }

    fn read(&mut self, address: u8, buffer: &mut [u8]) -> Result<(), Nack> {
        if let Script::Actions(_) = self.script {
            return self.hear(address, buffer);
        }
        if address != self.address || !self.awake || self.busy || self.buffer.is_empty() {
            return Err(Nack);
        }
        let rest = self.buffer.get(self.at..).unwrap_or_default();
        buffer.fill(0xFF);
        for (to, from) in buffer.iter_mut().zip(rest) {
            *to = *from;
        }
        self.at += buffer.len();
        Ok(())
    }

    /// The next action of the script, when `this` is it but for its outcome.
    fn act(&mut self, this: &Action<Vec<u8>>) -> Result<(), Nack> {
        match (self.next(), this) {
            (Some(Action::Wake), Action::Write { address: 0, .. }) => Err(Nack),
            (
                Some(Action::Write {
                    address,
                    bytes,
                    ack,
                }),
                Action::Write {
                    address: to,
                    bytes: sent,
                    ..
                },
            ) if address == *to && bytes == *sent => acked(ack),
            (next, this) => self.wrong(next.as_ref(), this),
        }
    }

    fn hear(&mut self, from: u8, buffer: &mut [u8]) -> Result<(), Nack> {
        match self.next() {
            Some(Action::Read { address, ack, .. }) if address == from && ack != Ack::All => {
                Err(Nack)
            }
            Some(Action::Read { address, bytes, .. })
                if address == from && bytes.len() == buffer.len() =>
            {
                buffer.copy_from_slice(&bytes);
                Ok(())
            }
            next => {
                let (address, ack) = (from, Ack::All);
                let bytes = vec![0; buffer.len()];
                self.wrong(
                    next.as_ref(),
                    &Action::Read {
                        address,
                        bytes,
                        ack,
                    },
                )
            }
        }
    }

    fn wait(&mut self, nanoseconds: u64) {
        self.busy = false;
        if !self.waits || self.difference.is_some() {
            return;
        }
        match self.next() {
            Some(Action::Delay(recorded)) if recorded == nanoseconds => {}
            next => {
                // The wrong wait is kept as the difference.
                let _ = self.wrong(next.as_ref(), &Action::Delay(nanoseconds));
            }
        }
    }

    fn next(&mut self) -> Option<Action<Vec<u8>>> {
        match &mut self.script {
            Script::Actions(actions) => actions.pop_front(),
            Script::Groups(_) => None,
        }
    }

    fn wrong(
        &mut self,
        next: Option<&Action<Vec<u8>>>,
        this: &Action<Vec<u8>>,
    ) -> Result<(), Nack> {
        self.difference.get_or_insert_with(|| Difference {
            expected: next.map_or("nothing more".to_owned(), describe),
            got: describe(this),
        });
        Err(Nack)
    }
}

impl Spoken {
    /// Whether a host may say it again: the chip's answer was a passing fault.
    fn again(&self) -> bool {
        let passing = |status| {
            matches!(
                status,
                Status::EccFault | Status::Watchdog | Status::Communication | Status::AfterWake
            )
        };
        match atecc::group::parse_group(&self.response) {
            Ok(&[status]) => passing(Status::from_byte(status)),
            Ok(_) => false,
            Err(_) => true,
        }
    }
}

fn acked(ack: Ack) -> Result<(), Nack> {
    if ack == Ack::All { Ok(()) } else { Err(Nack) }
}

/// An action in words.
pub(crate) fn describe(action: &Action<Vec<u8>>) -> String {
    match action {
        Action::Wake => "a wake pulse".to_owned(),
        Action::Delay(nanoseconds) => format!("a wait of {nanoseconds} ns"),
        Action::Write { address, bytes, .. } => {
            let what = match bytes.as_slice() {
                [RESET] => "a rewind".to_owned(),
                [SLEEP, ..] => "sleep".to_owned(),
                [IDLE, ..] => "idle".to_owned(),
                [COMMAND, group @ ..] => describe::command(group),
                bytes => hex(bytes),
            };
            format!("a write to {address:02X} of {what}")
        }
        Action::Read { address, bytes, .. } => {
            format!("a read of {} bytes from {address:02X}", bytes.len())
        }
    }
}
