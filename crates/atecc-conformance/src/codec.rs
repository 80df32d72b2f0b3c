//! The codec, judged by every group: bytes to a typed command or response and
//! back to the same bytes, with lengths and CRC right.

use std::collections::BTreeMap;
use std::time::Duration;

use atecc::group::parse_group;
use atecc::{Status, word_address};
use atecc_decode::AnyCommand;
use atecc_transcript::{Ack, Action, Cause, Exchange, Line, Reading, Transcript, exchanges};

use crate::describe;
use crate::emulator::{is_pulse, redacted};
use crate::judgement::{Item, Judge, Judged, Verdict, hex};
use crate::reason::Reason;
use crate::seal::seal;

/// From a wake pulse to the answer, at most. Source: ATECC508A datasheet,
/// section 8.3, tWHI.
const WAKE: Duration = Duration::from_micros(1_500);
/// The groups that no chip of the family has. Source: ATECC508A datasheet,
/// "Word Address Values".
const WORD_ADDRESSES: std::ops::RangeInclusive<u8> = word_address::RESET..=word_address::COMMAND;

/// Judge the codec by `transcript`; the lines `broken` are marked as broken
/// when they were recorded.
pub(crate) fn judge(transcript: &Transcript, broken: &[usize], judged: &mut Judged) {
    let address = transcript.header.address;
    let all = exchanges(address, &transcript.lines);
    in_order(&transcript.lines, judged);
    word_addresses(transcript, broken, judged);
    others_on_the_bus(transcript, judged);
    for (number, exchange) in all.iter().enumerate() {
        let later = all.get(number + 1..).unwrap_or_default();
        let exchange = Judging {
            lines: &transcript.lines,
            address,
            exchange,
            later,
            broken,
        };
        exchange.judge(judged);
    }
}

/// Times never go back.
fn in_order(lines: &[Line], judged: &mut Judged) {
    let mut last = None;
    for (index, line) in lines.iter().enumerate() {
        if line.at.is_some() && line.at < last {
            let verdict = Verdict::differs("a later time", "an earlier one");
            judged.add(Judge::Codec, Item::Action(index + 1), "time", verdict);
        }
        last = line.at.or(last);
    }
}

/// What goes to the chip begins with a word address.
fn word_addresses(transcript: &Transcript, broken: &[usize], judged: &mut Judged) {
    for (index, line) in transcript.lines.iter().enumerate() {
        let Action::Write { address, bytes, .. } = &line.action else {
            continue;
        };
        let wrong = bytes
            .first()
            .filter(|first| !WORD_ADDRESSES.contains(first));
        if let (true, Some(first)) = (*address == transcript.header.address, wrong) {
            let verdict = if broken.contains(&index) {
                Verdict::Skipped(Reason::Broken)
            } else {
                Verdict::differs("a word address, 00 to 03", format!("{first:02X}"))
            };
            judged.add(Judge::Codec, Item::Action(index + 1), "write", verdict);
        }
    }
}

/// Chips at other addresses are named, once each; a transcript of nobody else
/// than these says nothing about its own.
fn others_on_the_bus(transcript: &Transcript, judged: &mut Judged) {
    let own = transcript.header.address;
    let mut first = BTreeMap::new();
    for (index, line) in transcript.lines.iter().enumerate() {
        if let Action::Write { address, ack, .. } | Action::Read { address, ack, .. } = &line.action
            && *ack != Ack::NoAddress
        {
            first.entry(*address).or_insert(index);
        }
    }
    let silent = !first.contains_key(&own);
    for (address, index) in first
        .into_iter()
        .filter(|(address, _)| ![0, own].contains(address))
    {
        let verdict = if silent {
            Verdict::differs(format!("a chip at {own:02X}"), format!("{address:02X}"))
        } else {
            Verdict::Skipped(Reason::OtherChip)
        };
        let what = format!("address {address:02X}");
        judged.add(Judge::Codec, Item::Action(index + 1), what, verdict);
    }
}

struct Judging<'a> {
    lines: &'a [Line],
    address: u8,
    exchange: &'a Exchange,
    later: &'a [Exchange],
    broken: &'a [usize],
}

impl Judging<'_> {
    fn judge(&self, judged: &mut Judged) {
        let item = Item::Action(self.exchange.line + 1);
        if let Cause::Command(group) = &self.exchange.cause {
            judged.frames += 1;
            let verdict = if redacted(self.lines, self.exchange) {
                Verdict::Skipped(Reason::Redacted)
            } else if self.broken.contains(&self.exchange.line)
                && !refused(group, self.exchange.response())
            {
                Verdict::Skipped(Reason::Broken)
            } else {
                command(group, self.exchange.response())
            };
            judged.add(Judge::Codec, item.clone(), describe::name(group), verdict);
        }
        if let Some(verdict) = self.response() {
            let what = describe::cause(&self.exchange.cause);
            judged.frames += usize::from(!self.exchange.readings.is_empty());
            let last = self
                .exchange
                .readings
                .iter()
                .flat_map(|one| &one.lines)
                .next();
            let item = last.map_or(item, |line| Item::Action(line + 1));
            judged.add(Judge::Codec, item, what, verdict);
        }
    }

    /// `None` where a host need not read.
    fn response(&self) -> Option<Verdict> {
        let readings = &self.exchange.readings;
        if readings.is_empty() {
            let given_up = match &self.exchange.cause {
                Cause::Wake => self.looked_in_vain(),
                Cause::Command(_) | Cause::Unrecorded => true,
            };
            return given_up.then_some(Verdict::Skipped(Reason::NoAnswer));
        }
        if redacted(self.lines, self.exchange) {
            return Some(Verdict::Skipped(Reason::Redacted));
        }
        let broken = |line: &usize| self.broken.contains(line);
        if readings.iter().flat_map(|one| &one.lines).any(broken) {
            return Some(Verdict::Skipped(Reason::Broken));
        }
        let Some(whole) = self.exchange.response() else {
            return Some(self.unsound(readings));
        };
        for reading in readings {
            let same = reading.bytes.iter().zip(whole).all(|(a, b)| a == b);
            if !same {
                return Some(Verdict::differs(
                    format!("{} again", hex(whole)),
                    hex(&reading.bytes),
                ));
            }
            let rest = reading.bytes.get(whole.len()..).unwrap_or_default();
            if rest.iter().any(|byte| *byte != 0xFF) {
                return Some(if groups(rest) {
                    Verdict::Skipped(Reason::HostPart)
                } else {
                    Verdict::differs("FF past the end of the group", hex(rest))
                });
            }
        }
        Some(self.typed(whole))
    }

    /// A host that reads nothing after a pulse looks again, or pulses again.
    fn looked_in_vain(&self) -> bool {
        let next = self.later.first();
        let end = next.map_or(self.lines.len(), |next| next.line);
        let after = self.lines.get(self.exchange.line..end).unwrap_or_default();
        let look = |line: &Line| matches!(line.action, Action::Read { address, .. } if address == self.address);
        let again = next.is_some_and(|next| next.cause == Cause::Wake);
        !again && after.iter().any(look)
    }

    /// Sound, typed, and the same bytes again.
    fn typed(&self, whole: &[u8]) -> Verdict {
        let again = match &self.exchange.cause {
            Cause::Wake => match parse_group(whole) {
                Ok(&[status]) => Ok(seal(&[Status::from_byte(status).byte()])),
                // An awake chip rewinds whatever it said last.
                Ok(payload) => Ok(seal(payload)),
                Err(error) => Err(error.to_string()),
            },
            Cause::Unrecorded => match parse_group(whole) {
                Ok(_) => return Verdict::Skipped(Reason::HostPart),
                Err(error) => Err(error.to_string()),
            },
            Cause::Command(group) if refused(group, Some(whole)) => Ok(whole.to_vec()),
            Cause::Command(group) => AnyCommand::parse(group)
                .map_err(|error| error.to_string())
                .and_then(|command| {
                    let response = command.parse_response(whole);
                    response.map_err(|error| error.to_string())
                })
                .map(|response| response.group()),
        };
        match again {
            Ok(again) => Verdict::equal(whole, &again),
            Err(_) if self.early() => Verdict::Skipped(Reason::TooEarly),
            Err(error) => Verdict::differs("a response group", format!("{}: {error}", hex(whole))),
        }
    }

    fn unsound(&self, readings: &[Reading]) -> Verdict {
        if self.early() {
            return Verdict::Skipped(Reason::TooEarly);
        }
        let bytes: Vec<_> = readings.iter().map(|one| hex(&one.bytes)).collect();
        Verdict::differs("a response group", bytes.join(", then "))
    }

    /// A look before the chip was awake: shortly after a pulse, only the first
    /// byte wrong, and followed by another pulse with a right answer.
    fn early(&self) -> bool {
        early(self.lines, self.address, self.exchange, self.later)
    }
}

/// See [`Judging::early`].
pub(crate) fn early(lines: &[Line], address: u8, one: &Exchange, later: &[Exchange]) -> bool {
    const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];
    let pulse = lines.get(one.line);
    let look = one.readings.first().and_then(|reading| {
        let line = lines.get(*reading.lines.first()?)?;
        Some((line.at, reading.bytes.as_slice()))
    });
    let (Some(pulse), Some((at, [_, rest @ ..]))) = (pulse, look) else {
        return false;
    };
    let since = at
        .zip(pulse.at)
        .and_then(|(at, pulse)| at.0.checked_sub(pulse.0));
    let again = later.iter().find(|other| !other.readings.is_empty());
    one.cause == Cause::Wake
        && is_pulse(&pulse.action, address)
        && since.is_some_and(|since| Duration::from_nanos(since) < WAKE)
        && rest == &AWAKE[1..]
        && again.is_some_and(|again| again.cause == Cause::Wake && again.response() == Some(&AWAKE))
}

/// Whether `bytes` are groups, one after the other.
pub(crate) fn groups(mut bytes: &[u8]) -> bool {
    while let Some(count) = bytes.first() {
        if parse_group(bytes).is_err() {
            return false;
        }
        bytes = bytes.get(usize::from(*count)..).unwrap_or_default();
    }
    true
}

fn command(group: &[u8], response: Option<&[u8]>) -> Verdict {
    match AnyCommand::parse(group) {
        Ok(command) => Verdict::equal(group, &command.group()),
        Err(_) if refused(group, response) => Verdict::Passed,
        Err(error) => Verdict::differs("a command group", format!("{}: {error}", hex(group))),
    }
}

/// Whether a sound group is no command, or a group is not sound, and the chip
/// said so. Source: ATECC508A datasheet, "Status/Error Codes", 0x03 and 0xFF.
pub(crate) fn refused(group: &[u8], response: Option<&[u8]>) -> bool {
    let expected = match parse_group(group) {
        Ok(_) => 0x03,
        Err(_) => 0xFF,
    };
    matches!(response.map(parse_group), Some(Ok(&[status])) if status == expected)
}
