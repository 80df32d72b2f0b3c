//! One run of a transcript into an emulated chip, action by action.
//!
//! Recorded times are kept where there are any. What a source leaves out is
//! done without a finding: where it shows no wake pulse at all, the chip is
//! woken before each command and idles after. A chip that is still busy, or no
//! more busy, when the recorded one was not: that is its own affair.

use std::time::Duration;

use atecc::Opcode;
use atecc_emulator::{Bus, BusError, Chip, Entropy, ExecutionTime, Image, Power};
use atecc_transcript::{Ack, Action, Cause, Exchange, Line, Provenance, Transcript};
use embedded_hal::i2c::I2c;

use super::explain::{Context, begun, explain, payload, refused};
use super::held::Held;
use crate::codec::{early, groups};
use crate::group::{Group, seal};
use crate::judgement::{Finding, Item, Judge, Verdict, hex};
use crate::reason::Reason;
use crate::start::StartState;
use crate::usage::is_pattern;
use crate::words;

/// Between transfers of a recording without times.
const PAUSE: Duration = Duration::from_millis(1);
/// From a wake pulse to the answer, at most. Source: ATECC508A datasheet,
/// section 8.3, tWHI.
const WAKE: Duration = Duration::from_micros(1_500);
/// The earliest end of the watchdog. Source: as above, tWATCHDOG.
const WATCHDOG: Duration = Duration::from_millis(700);
/// After this time the emulated watchdog is renewed.
const RENEW: Duration = Duration::from_millis(600);
/// Longer than any command takes.
const LONGEST: Duration = Duration::from_secs(3);

pub(super) struct Play<'t> {
    lines: &'t [Line],
    all: &'t [Exchange],
    address: u8,
    bus: Bus,
    held: Held,
    broken: &'t [usize],
    findings: Vec<Finding>,
    /// No chip answered.
    stand_in: bool,
    /// The transcript has the times of a capture.
    captured: bool,
    /// The host shows when it waits.
    timed: bool,
    /// The host shows its wake pulses.
    wakes: bool,
    /// The first recorded time.
    begin: u64,
    woken: Duration,
    /// Which exchange is under way.
    current: Option<usize>,
    /// What the emulated chip said to it so far, by reading.
    heard: Vec<Vec<u8>>,
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
            bus.attach(chip.with_execution_time(ExecutionTime::Typical));
        }
        Self {
            stand_in: transcript.header.provenance == Provenance::ReferenceImplementation,
            captured: lines.iter().any(|line| line.at.is_some()),
            timed: lines
                .iter()
                .any(|line| line.at.is_some() || matches!(line.action, Action::Delay(_))),
            wakes: lines.iter().any(|line| is_pulse(&line.action, address)),
            begin: lines
                .iter()
                .find_map(|line| line.at)
                .map_or(0, |time| time.0),
            lines,
            all,
            address,
            bus,
            held: Held::at_start(start.known),
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
                    Some((0x03, group)) => [&[0x03], &self.told(index, group)[..]].concat(),
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
    fn told(&self, index: usize, group: &[u8]) -> Vec<u8> {
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
        match self.power() {
            // A log need not print them; a capture would have them.
            Power::Asleep | Power::Idle if !self.wakes && !self.captured => self.wake_silently(),
            Power::Asleep | Power::Idle if !self.pulsed_before(index) => {
                self.note(index, "wake", Verdict::Skipped(Reason::Before));
                self.wake_silently();
            }
            Power::Asleep if awake >= WATCHDOG => {
                self.note(index, "wake", Verdict::Skipped(Reason::Watchdog));
                self.wake_silently();
                self.held.temp_key = false;
            }
            Power::Waking if is_command => clock.advance(WAKE),
            Power::Awake if is_command && (!self.wakes || awake > RENEW) => {
                let _ = self.bus.i2c().write(self.address, &[0x02]);
                self.wake_silently();
            }
            _ => {}
        }
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
        self.bus.clock().advance(WAKE);
    }

    /// Whether the recorded chip may have been busy or waking where the
    /// emulated one would answer.
    fn might_be_busy(&self) -> bool {
        let awake = self.bus.clock().now().saturating_sub(self.woken);
        self.power() == Power::Awake
            && (self.heard.is_empty() && self.current.is_some()
                || awake < WAKE
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
            _ => None,
        };
        let verdict = excused.map_or_else(
            || Verdict::differs(describe(recorded), describe(emulated)),
            Verdict::Skipped,
        );
        self.note(index, "acknowledge", verdict);
    }

    fn note(&mut self, index: usize, what: &str, verdict: Verdict) {
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

    /// The exchange is over: compare, and learn what it says.
    fn conclude(&mut self) {
        let Some(exchange) = self
            .current
            .take()
            .and_then(|current| self.all.get(current))
        else {
            return;
        };
        let heard = std::mem::take(&mut self.heard);
        let told = match &exchange.cause {
            Cause::Command(bytes) => self.told(exchange.line, bytes),
            Cause::Wake => Vec::new(),
        };
        let group = Group::cut(&told);
        let name = group.map_or("wake", |group| group.opcode.name());
        let recorded: Vec<&[u8]> = exchange
            .readings
            .iter()
            .map(|reading| reading.bytes.as_slice())
            .collect();
        let verdict = if redacted(self.lines, exchange) {
            Verdict::Skipped(Reason::Redacted)
        } else if recorded.iter().copied().eq(heard.iter().map(Vec::as_slice)) {
            self.sound(group.as_ref(), exchange)
        } else {
            self.different(group.as_ref(), exchange, &recorded, &heard)
        };
        let same = verdict == Verdict::Passed;
        if !exchange.readings.is_empty() {
            self.note(exchange.line, name, verdict);
        }
        if let Some(group) = group {
            let answer = exchange.response().and_then(payload);
            if let Some(again) = self.held.follow(&group, answer, same) {
                self.send(&again);
            }
        }
    }

    /// The same bytes: still, random numbers must not repeat, and public keys
    /// must be points.
    fn sound(&mut self, group: Option<&Group<'_>>, exchange: &Exchange) -> Verdict {
        let answer = exchange.response().and_then(payload).unwrap_or_default();
        match group.map(|group| (group.opcode, group.p1, group.slot())) {
            Some((Opcode::Random | Opcode::Nonce, ..))
                if answer.len() == 32
                    && !is_pattern(answer)
                    && !self.held.mathematics.random(answer) =>
            {
                Verdict::differs("a random number that is new", hex(answer))
            }
            Some((Opcode::GenKey, _, slot)) if answer.len() == 64 => {
                match self.held.mathematics.public_key(slot, answer) {
                    Ok(_) => Verdict::Passed,
                    Err(expected) => Verdict::differs(expected, hex(answer)),
                }
            }
            _ => Verdict::Passed,
        }
    }

    /// Different bytes: by mathematics, by something unknown, or wrong.
    fn different(
        &mut self,
        group: Option<&Group<'_>>,
        exchange: &Exchange,
        recorded: &[&[u8]],
        heard: &[Vec<u8>],
    ) -> Verdict {
        let command = match &exchange.cause {
            Cause::Command(command) => Some(command.as_slice()),
            Cause::Wake => None,
        };
        let wrong = || {
            let join = |all: &[&[u8]]| {
                let all: Vec<_> = all
                    .iter()
                    .map(|one| words::response(command, one))
                    .collect();
                if all.is_empty() {
                    hex(&[])
                } else {
                    all.join(", then ")
                }
            };
            let heard: Vec<&[u8]> = heard.iter().map(Vec::as_slice).collect();
            Verdict::differs(join(recorded), join(&heard))
        };
        let marked = |line: &usize| self.broken.contains(line);
        // Answers to commands that the source does not print follow this one.
        let whole = exchange.response().unwrap_or_default();
        if exchange.readings.iter().zip(heard).any(|(one, heard)| {
            let rest = one.bytes.get(whole.len()..).unwrap_or_default();
            heard.starts_with(whole) && !rest.is_empty() && groups(rest)
        }) {
            return Verdict::Skipped(Reason::HostPart);
        }
        if exchange
            .readings
            .iter()
            .flat_map(|reading| &reading.lines)
            .any(marked)
        {
            return Verdict::Skipped(Reason::Broken);
        }
        let (Some(answer), Some(emulated)) = (
            exchange.response().and_then(payload),
            heard.iter().rev().find_map(|reading| begun(reading)),
        ) else {
            return self
                .no_answer(exchange)
                .map_or_else(wrong, Verdict::Skipped);
        };
        let Some(group) = group else {
            return wrong();
        };
        let mut memory = Image::blank(atecc_emulator::Revision::Atecc508A);
        if let Some(image) = self.bus.image(0) {
            memory = image;
        }
        let context = Context {
            held: &self.held,
            image: &memory,
        };
        let reason = explain(group, answer, emulated, &context);
        let stand_in = self.stand_in && refused(answer) != refused(emulated);
        let reason = reason.or(stand_in.then_some(Reason::StandIn));
        let slot = group.slot();
        match group.opcode {
            // One that was made from random numbers.
            Opcode::GenKey if answer.len() == 64 && emulated.len() == 64 => {
                if group.p1 & 0x04 != 0 {
                    self.held.mathematics.new_key(slot);
                }
                match (self.held.mathematics.public_key(slot, answer), reason) {
                    (Err(expected), _) => Verdict::differs(expected, hex(answer)),
                    (Ok(before), _) if before || group.p1 & 0x04 != 0 => Verdict::Passed,
                    (Ok(_), Some(reason)) => Verdict::Skipped(reason),
                    (Ok(_), None) => wrong(),
                }
            }
            Opcode::Sign if answer.len() == 64 && emulated.len() == 64 => {
                match self.held.mathematics.signature(slot, answer) {
                    Some(true) => Verdict::Passed,
                    Some(false) if group.p1 & 0x80 != 0 => {
                        Verdict::differs("a signature by the slot's key", hex(answer))
                    }
                    _ => Verdict::Skipped(reason.unwrap_or(Reason::Random)),
                }
            }
            _ => reason.map_or_else(wrong, Verdict::Skipped),
        }
    }

    /// Why there is no sound answer of one of both.
    fn no_answer(&self, exchange: &Exchange) -> Option<Reason> {
        let later = self.all.iter().position(|one| one.line > exchange.line);
        let later = later
            .and_then(|from| self.all.get(from..))
            .unwrap_or_default();
        early(self.lines, self.address, exchange, later).then_some(Reason::TooEarly)
    }

    /// A command beside the transcript.
    fn send(&mut self, group: &[u8]) {
        let _ = self.bus.i2c().write(self.address, &[0x02]);
        self.wake_silently();
        let _ = self
            .bus
            .i2c()
            .write(self.address, &[&[0x03], group].concat());
        self.bus.clock().advance(Duration::from_millis(100));
    }
}

/// SDA low for long enough: by name, or by an address of zeros.
pub(crate) fn is_pulse(action: &Action<Vec<u8>>, chip: u8) -> bool {
    match action {
        Action::Wake | Action::Write { address: 0, .. } => true,
        Action::Write {
            address,
            bytes,
            ack,
        } => *address == chip && bytes.is_empty() && *ack != Ack::All,
        _ => false,
    }
}

/// Whether something of the exchange is left out.
pub(crate) fn redacted(lines: &[Line], exchange: &Exchange) -> bool {
    let readings = exchange.readings.iter().flat_map(|reading| &reading.lines);
    readings
        .chain([&exchange.line])
        .filter_map(|line| lines.get(*line))
        .any(|line| !line.redacted.is_empty())
}

fn describe(ack: Ack) -> String {
    match ack {
        Ack::All => "all acknowledged".to_owned(),
        Ack::NoAddress => "address not acknowledged".to_owned(),
        Ack::Bytes(count) => format!("{count} bytes acknowledged"),
        Ack::Unknown => "not all acknowledged".to_owned(),
    }
}
