//! One run of a transcript into an emulated chip, action by action.
//!
//! Recorded times are kept where there are any. What a source leaves out is
//! done without a finding: where it shows no wake pulse at all, the chip is
//! woken before each command and idles after. A chip that is still busy, or no
//! more busy, when the recorded one was not: that is its own affair.

use std::collections::BTreeSet;
use std::time::Duration;

use atecc::config::offset;
use atecc_emulator::{Bus, BusError, Chip, Entropy, ExecutionTime, Power, Revision};
use atecc_transcript::{Ack, Action, Cause, Exchange, Line, Provenance, Transcript};
use embedded_hal::i2c::I2c;

use super::actions::{describe, is_beside, is_pulse};
use super::tracked_state::TrackedState;
use crate::judgement::{Finding, Item, Judge, Verdict};
use crate::reason::Reason;
use crate::seal::seal;
use crate::start::StartState;
use crate::target::Place;

/// Between transfers of a recording without times.
const PAUSE: Duration = Duration::from_millis(1);
/// From a wake pulse to the answer, at most. Source: ATECC508A datasheet,
/// section 8.3, tWHI.
const WAKE: Duration = Duration::from_micros(1_500);
/// The same for a 608 that tests itself. Source: Microchip's ATECC608
/// documentation, tWHIST.
const WAKE_AND_TEST: Duration = Duration::from_millis(20);
/// The earliest end of the watchdog. Source: as above, tWATCHDOG.
const WATCHDOG: Duration = Duration::from_millis(700);
/// After this time the emulated watchdog is renewed.
const RENEW: Duration = Duration::from_millis(600);
/// Longer than any command takes.
const LONGEST: Duration = Duration::from_secs(3);

#[expect(clippy::struct_excessive_bools, reason = "what a source may leave out")]
pub(super) struct Play<'t> {
    pub(super) lines: &'t [Line],
    pub(super) all: &'t [Exchange],
    pub(super) address: u8,
    pub(super) bus: Bus,
    pub(super) tracked: TrackedState,
    pub(super) broken: &'t [usize],
    findings: Vec<Finding>,
    /// No chip answered.
    pub(super) stand_in: bool,
    /// The transcript has the times of a capture.
    captured: bool,
    /// The host shows when it waits.
    timed: bool,
    /// The host shows its wake pulses.
    wakes: bool,
    /// From this line on the source does not say when it was.
    apart: Option<usize>,
    /// What anything in the transcript may have changed.
    changed: BTreeSet<(Place, usize)>,
    /// The first recorded time.
    begin: u64,
    woken: Duration,
    /// Which exchange is under way.
    pub(super) current: Option<usize>,
    /// What the emulated chip said to it so far, by reading.
    pub(super) heard: Vec<Vec<u8>>,
}

impl<'t> Play<'t> {
    pub(super) fn new(
        transcript: &'t Transcript,
        all: &'t [Exchange],
        start: StartState,
        broken: &'t [usize],
    ) -> Self {
        let lines = &transcript.lines;
        let address = transcript.header.address;
        let bus = Bus::new();
        // A seeded chip is never refused.
        if let Ok(chip) = Chip::new(start.image, Entropy::Seeded(0)) {
            let chip = chip.with_random_numbers(start.randoms);
            let chip = chip.with_execution_time(ExecutionTime::Typical);
            // How long a chip takes to fall asleep is assumed: no recording is
            // judged by it.
            bus.attach(chip.with_sleep_delay(Duration::ZERO));
        }
        Self {
            stand_in: transcript.header.provenance == Provenance::ReferenceImplementation,
            captured: lines.iter().any(|line| line.at.is_some()),
            timed: lines
                .iter()
                .any(|line| line.at.is_some() || matches!(line.action, Action::Delay(_))),
            wakes: lines.iter().any(|line| is_pulse(&line.action, address)),
            apart: lines.iter().position(is_beside),
            changed: start.changed,
            begin: lines
                .iter()
                .find_map(|line| line.at)
                .map_or(0, |time| time.0),
            lines,
            all,
            address,
            bus,
            tracked: TrackedState::at_start(start.known),
            broken,
            findings: Vec::new(),
            woken: Duration::ZERO,
            current: None,
            heard: Vec::new(),
        }
    }

    pub(super) fn run(mut self) -> Vec<Finding> {
        for (index, line) in self.lines.iter().enumerate() {
            if self.begins(index) {
                self.conclude();
                self.current = self.all.iter().position(|one| one.line == index);
                self.heard.clear();
                self.wake_for(index);
            }
            if self.apart == Some(index) {
                let changed = self.changed.iter();
                let changed = changed.map(|(place, at)| (*place, *at..at + 1));
                self.tracked.unseen(changed);
            }
            self.pace(line);
            self.act(index, &line.action);
        }
        self.conclude();
        self.findings
    }

    fn begins(&self, index: usize) -> bool {
        self.all.iter().any(|exchange| exchange.line == index)
    }

    /// The answer of a wake that the source does not show, while the emulated
    /// chip is awake.
    fn wake_for(&mut self, index: usize) {
        let current = self.current.and_then(|current| self.all.get(current));
        let shown = self.lines.get(index).map(|line| &line.action);
        if current.is_some_and(|one| one.cause == Cause::Wake)
            && matches!(shown, Some(Action::Read { .. }))
            && self.power() == Power::Awake
        {
            self.wake_again();
        }
    }

    fn is_unrecorded(&self) -> bool {
        let current = self.current.and_then(|current| self.all.get(current));
        current.is_some_and(|one| one.cause == Cause::Unrecorded)
    }

    fn pace(&self, line: &Line) {
        let clock = self.bus.clock();
        match line.at {
            Some(time) => {
                let due = Duration::from_nanos(time.0.saturating_sub(self.begin));
                clock.advance(due.saturating_sub(clock.now()));
            }
            None if !self.timed => clock.advance(PAUSE),
            None => {}
        }
    }

    fn act(&mut self, index: usize, action: &Action<Vec<u8>>) {
        match action {
            Action::Wake => self.pulse(),
            Action::Delay(nanoseconds) => {
                self.bus.clock().advance(Duration::from_nanos(*nanoseconds));
            }
            Action::Write {
                address: 0,
                bytes,
                ack,
            } => {
                let done = self.bus.i2c().write(0, bytes);
                self.acknowledged(index, *ack, &done, false);
                self.woken = self.bus.clock().now();
            }
            Action::Write {
                address,
                bytes,
                ack,
            } if *address == self.address => {
                let is_command = bytes.first() == Some(&0x03);
                if *ack == Ack::All {
                    self.make_ready(index, is_command);
                } else if self.might_be_busy() {
                    return;
                }
                let before = self.power();
                let bytes = match bytes.split_first() {
                    Some((0x03, group)) => [&[0x03], &self.complete(index, group)[..]].concat(),
                    _ => bytes.clone(),
                };
                let done = self.bus.i2c().write(self.address, &bytes);
                if before != Power::Awake && self.power() == Power::Waking {
                    self.woken = self.bus.clock().now();
                }
                self.acknowledged(index, *ack, &done, false);
            }
            Action::Read {
                address,
                bytes,
                ack,
            } if *address == self.address => {
                if self.is_unrecorded() {
                    return;
                }
                if *ack == Ack::All {
                    self.make_ready(index, false);
                } else if self.might_be_busy() {
                    return;
                }
                // An address alone still reads a byte when it is acknowledged.
                let mut buffer = vec![0; bytes.len().max(1)];
                let done = self.bus.i2c().read(self.address, &mut buffer);
                buffer.truncate(bytes.len());
                let heard = done.is_ok();
                self.acknowledged(index, *ack, &done, true);
                if heard {
                    self.hear(index, &buffer);
                }
            }
            // Another chip's.
            Action::Write { .. } | Action::Read { .. } => {}
        }
    }

    /// A command group; one with bytes left out gets a CRC that fits what is
    /// there.
    pub(super) fn complete(&self, index: usize, group: &[u8]) -> Vec<u8> {
        let line = self.lines.get(index);
        let redacted = line.is_some_and(|line| !line.redacted.is_empty());
        match group {
            [count, body @ .., _, _] if redacted && usize::from(*count) == group.len() => {
                seal(body)
            }
            _ => group.to_vec(),
        }
    }

    fn power(&self) -> Power {
        self.bus.inspect(0, Chip::power).unwrap_or(Power::Off)
    }

    fn pulse(&mut self) {
        // Nobody acknowledges it.
        let _ = self.bus.i2c().write(0x00, &[0x00]);
        self.woken = self.bus.clock().now();
    }

    /// What the host must have done before an access that was acknowledged.
    fn make_ready(&mut self, index: usize, is_command: bool) {
        let clock = self.bus.clock();
        let until = clock.now() + LONGEST;
        while self.power() == Power::Busy && clock.now() < until {
            clock.advance(Duration::from_micros(500));
        }
        let awake = clock.now().saturating_sub(self.woken);
        let apart = self.apart.is_some_and(|apart| index >= apart);
        let (wakes, captured) = (self.wakes && !apart, self.captured && !apart);
        match self.power() {
            // A log need not print them; a capture would have them.
            Power::Asleep | Power::Idle if !wakes && !captured => self.wake_silently(),
            Power::Asleep | Power::Idle if !self.pulsed_before(index) => {
                self.note(index, "wake", Verdict::Skipped(Reason::Before));
                self.wake_silently();
            }
            Power::Asleep if awake >= WATCHDOG => {
                self.note(index, "wake", Verdict::Skipped(Reason::Watchdog));
                self.wake_silently();
                self.tracked.temp_key = false;
            }
            // The recorded chip was ready, whatever the longest time is.
            Power::Waking if is_command || !self.timed || self.tests_itself() => {
                clock.advance(self.wake_time());
            }
            Power::Awake if is_command && (!wakes || awake > RENEW) => self.wake_again(),
            _ => {}
        }
    }

    /// Whether the emulated chip is configured to test itself when it wakes.
    /// Source: Microchip's ATECC608 documentation, `ChipOptions`, bit 0.
    fn tests_itself(&self) -> bool {
        self.bus.image(0).is_some_and(|image| {
            image.revision() != Revision::Atecc508A
                && image.config()[offset::CHIP_OPTIONS] & 0x01 != 0
        })
    }

    fn wake_time(&self) -> Duration {
        if self.tests_itself() {
            WAKE_AND_TEST
        } else {
            WAKE
        }
    }

    fn wake_again(&mut self) {
        let _ = self.bus.i2c().write(self.address, &[0x02]);
        self.wake_silently();
    }

    fn pulsed_before(&self, index: usize) -> bool {
        let before = self.lines.iter().take(index);
        before
            .into_iter()
            .any(|line| is_pulse(&line.action, self.address))
    }

    fn wake_silently(&mut self) {
        self.bus.clock().advance(Duration::from_micros(200));
        self.pulse();
        self.bus.clock().advance(self.wake_time());
    }

    /// Whether the recorded chip may have been busy or waking where the
    /// emulated one would answer, or is ready a moment later.
    fn might_be_busy(&self) -> bool {
        let awake = self.bus.clock().now().saturating_sub(self.woken);
        matches!(self.power(), Power::Awake | Power::Busy)
            && (self.heard.is_empty() && self.current.is_some()
                || awake < self.wake_time()
                || awake >= WATCHDOG)
    }

    /// Compare what was acknowledged.
    fn acknowledged(
        &mut self,
        index: usize,
        recorded: Ack,
        done: &Result<(), BusError>,
        read: bool,
    ) {
        let emulated = match done {
            Ok(()) => Ack::All,
            Err(BusError::DataNack { byte, .. }) => {
                u16::try_from(*byte).map_or(Ack::Unknown, Ack::Bytes)
            }
            Err(_) => Ack::NoAddress,
        };
        let same = recorded == emulated || recorded == Ack::Unknown && emulated != Ack::All;
        if same {
            return;
        }
        // What is still waking when it should answer, or the other way round.
        let excused = match (recorded, emulated) {
            (Ack::All, Ack::NoAddress) if read && self.power() == Power::Waking => {
                Some(Reason::TooEarly)
            }
            // A log without wakes need not show sleep and idle.
            (Ack::NoAddress, Ack::All) if !self.wakes && !self.captured => Some(Reason::HostPart),
            _ => None,
        };
        let verdict = excused.map_or_else(
            || Verdict::differs(describe(recorded), describe(emulated)),
            Verdict::Skipped,
        );
        self.note(index, "acknowledge", verdict);
    }

    pub(super) fn note(&mut self, index: usize, what: &str, verdict: Verdict) {
        self.findings.push(Finding {
            judge: Judge::Emulator,
            item: Item::Action(index + 1),
            what: what.to_owned(),
            verdict,
        });
    }

    /// Bytes that the emulated chip sent in the read at `index`.
    fn hear(&mut self, index: usize, bytes: &[u8]) {
        let Some(exchange) = self.current.and_then(|current| self.all.get(current)) else {
            return;
        };
        let reading = exchange
            .readings
            .iter()
            .position(|reading| reading.lines.contains(&index));
        if let Some(reading) = reading {
            self.heard
                .resize(self.heard.len().max(reading + 1), Vec::new());
            self.heard[reading].extend_from_slice(bytes);
        }
    }

    /// A command beside the transcript.
    pub(super) fn send(&mut self, group: &[u8]) {
        self.wake_again();
        let _ = self
            .bus
            .i2c()
            .write(self.address, &[&[0x03], group].concat());
        self.bus.clock().advance(Duration::from_millis(100));
    }
}
