//! Bits of actions.
//!
//! A bit is one of a byte; or the direction of a transfer; whether it was
//! acknowledged; to which address it went; or the order of two actions that
//! follow each other. The address of the chip is one of the header's.

use std::collections::BTreeSet;

use atecc_transcript::{Ack, Action, Cause, Exchange, Line, Transcript, exchanges};

use super::{Sensitivity, below, is_of_another_chip, list_findings};
use crate::codec::early;
use crate::emulator::is_pulse;
use crate::engine::Engine;
use crate::reason::Reason;
use crate::replay::describe;
use crate::source::Case;

/// A flip of one bit.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Flip {
    Byte { line: usize, byte: usize, bit: u8 },
    Direction { line: usize },
    Acknowledge { line: usize },
    Order { line: usize },
    Address { line: usize, bit: u8 },
    Chip { bit: u8 },
}

/// Of an address. Source: the I2C specification, section 3.1.10.
const ADDRESS_BITS: u8 = 7;

/// See [`Sensitivity::of_actions`].
pub(super) fn measure(engine: &Engine, case: &Case, count: usize, seed: u64) -> Sensitivity {
    let mut measured = Sensitivity::new(case);
    let Some(transcript) = &case.transcript else {
        return measured;
    };
    let judged = engine.judge(case);
    let before = list_findings(&judged);
    let other = is_of_another_chip(&judged);
    for flip in choose(transcript, count, seed) {
        let changed = apply(transcript, flip);
        let same = match flip {
            _ if other => Some(Reason::OtherChip.text()),
            Flip::Byte { line, .. } if case.broken.contains(&line) => Some(Reason::Broken.text()),
            _ => means_the_same(transcript, &changed, flip),
        };
        let changed = Case {
            header: changed.header.clone(),
            transcript: Some(changed),
            ..case.clone()
        };
        let after = engine.judge(&changed);
        let words = || explain(transcript, flip);
        measured.count(&before, Some(&after), same.map(str::to_owned), words);
    }
    measured
}

/// All bits that a transcript has.
fn all(transcript: &Transcript) -> Vec<Flip> {
    let lines = transcript.lines.iter().enumerate();
    let flips = lines.flat_map(|(line, entry)| {
        let bytes = match &entry.action {
            Action::Write { bytes, .. } | Action::Read { bytes, .. } => Some(bytes.len()),
            Action::Wake | Action::Delay(_) => None,
        };
        let address = matches!(entry.action, Action::Write { .. } | Action::Read { .. });
        let of_addresses = (0..ADDRESS_BITS)
            .filter(move |_| address)
            .map(move |bit| Flip::Address { line, bit });
        let of_bytes = (0..bytes.unwrap_or_default())
            .flat_map(move |byte| (0..8).map(move |bit| Flip::Byte { line, byte, bit }));
        let of_transfers = [Flip::Direction { line }, Flip::Acknowledge { line }];
        let of_transfers = bytes.map(|_| of_transfers).into_iter().flatten();
        let of_transfers = of_transfers.chain(of_addresses);
        of_bytes.chain(of_transfers).chain([Flip::Order { line }])
    });
    let last = transcript.lines.len().saturating_sub(1);
    let of_the_header = (0..ADDRESS_BITS).map(|bit| Flip::Chip { bit });
    flips
        .chain(of_the_header)
        .filter(|flip| *flip != Flip::Order { line: last })
        .collect()
}

fn choose(transcript: &Transcript, count: usize, seed: u64) -> BTreeSet<Flip> {
    let all = all(transcript);
    let count = count.min(all.len());
    let mut state = seed;
    let mut chosen = BTreeSet::new();
    while chosen.len() < count {
        chosen.insert(all[below(&mut state, all.len())]);
    }
    chosen
}

fn apply(transcript: &Transcript, flip: Flip) -> Transcript {
    let mut changed = transcript.clone();
    let action = |line: usize| transcript.lines.get(line).map(|line| &line.action);
    match flip {
        Flip::Byte { line, byte, bit } => {
            if let Some(Action::Write { bytes, .. } | Action::Read { bytes, .. }) =
                changed.lines.get_mut(line).map(|line| &mut line.action)
            {
                bytes[byte] ^= 1 << bit;
            }
        }
        Flip::Direction { line } => {
            let turned = match action(line).cloned() {
                Some(Action::Write {
                    address,
                    bytes,
                    ack,
                }) => Action::Read {
                    address,
                    bytes,
                    ack,
                },
                Some(Action::Read {
                    address,
                    bytes,
                    ack,
                }) => Action::Write {
                    address,
                    bytes,
                    ack,
                },
                _ => return changed,
            };
            changed.lines[line].action = turned;
        }
        Flip::Acknowledge { line } => match &mut changed.lines[line].action {
            Action::Write { ack, .. } => *ack = other(*ack),
            Action::Read { ack, bytes, .. } => {
                *ack = other(*ack);
                bytes.clear();
            }
            Action::Wake | Action::Delay(_) => {}
        },
        Flip::Order { line } => changed.lines.swap(line, line + 1),
        Flip::Address { line, bit } => {
            if let Action::Write { address, .. } | Action::Read { address, .. } =
                &mut changed.lines[line].action
            {
                *address ^= 1 << bit;
            }
        }
        Flip::Chip { bit } => changed.header.address ^= 1 << bit,
    }
    changed
}

fn other(ack: Ack) -> Ack {
    if ack == Ack::All {
        Ack::NoAddress
    } else {
        Ack::All
    }
}

/// Why the changed transcript says the same as the other, to a chip.
fn means_the_same(before: &Transcript, after: &Transcript, flip: Flip) -> Option<&'static str> {
    let line = |line: usize| before.lines.get(line);
    let address = before.header.address;
    match flip {
        Flip::Order { line: first } => {
            let (a, b) = (line(first)?, line(first + 1)?);
            order(before, after, a, b)
        }
        Flip::Byte { line: at, byte, .. } => match &line(at)?.action {
            Action::Write { bytes, .. } if byte > 0 && matches!(bytes[0], 0x01 | 0x02) => {
                Some("a chip ignores what follows sleep and idle")
            }
            Action::Write { bytes, .. }
                if is_log(before) && is_token(bytes) && is_token(written(after, at)) =>
            {
                Some("a log need not show when the chip slept, idled or was rewound")
            }
            Action::Write { bytes, .. }
                if is_last(before, at) && is_token(bytes) && is_token(written(after, at)) =>
            {
                Some("nothing follows that would tell whether the chip sleeps")
            }
            Action::Read { .. } if byte == 0 && too_early(before, at) => {
                Some("what a chip sends while it wakes is anything")
            }
            _ => None,
        },
        Flip::Direction { line: at } | Flip::Address { line: at, .. } => match &line(at)?.action {
            Action::Write { bytes, ack, .. } | Action::Read { bytes, ack, .. } => {
                (bytes.is_empty() && *ack == Ack::NoAddress)
                    .then_some("an address that nobody acknowledges says nothing more")
            }
            _ => None,
        },
        Flip::Chip { .. } => None,
        Flip::Acknowledge { .. } => {
            let answers = |transcript: &Transcript| -> Vec<_> {
                let all = exchanges(address, &transcript.lines).into_iter();
                all.map(|one| (one.response().map(<[u8]>::to_vec), one.cause))
                    .collect()
            };
            let (before, log) = (answers(before), is_log(before));
            let after = answers(after);
            let no_wakes = |all: &[(Option<Vec<u8>>, Cause)]| -> Vec<_> {
                let asked = all.iter().filter(|(_, cause)| *cause != Cause::Wake);
                asked.cloned().collect()
            };
            match before == after {
                true => Some("a chip may still be busy"),
                false if log && no_wakes(&before) == no_wakes(&after) => {
                    Some("a log need not show that the chip woke")
                }
                false => None,
            }
        }
    }
}

/// Whether the host's wake pulses are not shown at all.
fn is_log(transcript: &Transcript) -> bool {
    let address = transcript.header.address;
    let lines = &transcript.lines;
    !lines.iter().any(|line| is_pulse(&line.action, address))
}

fn written(transcript: &Transcript, line: usize) -> &[u8] {
    match transcript.lines.get(line).map(|line| &line.action) {
        Some(Action::Write { bytes, .. }) => bytes,
        _ => &[],
    }
}

/// Whether nothing was asked or answered after the line.
fn is_last(transcript: &Transcript, line: usize) -> bool {
    let address = transcript.header.address;
    let later = transcript.lines.get(line + 1..).unwrap_or_default();
    exchanges(address, later).is_empty()
}

/// Rewind, sleep and idle. Source: ATECC508A datasheet, "Word Address Values".
fn is_token(bytes: &[u8]) -> bool {
    matches!(bytes, [0x00..=0x02])
}

/// Whether the line is a look at a chip that is still waking.
fn too_early(transcript: &Transcript, line: usize) -> bool {
    let address = transcript.header.address;
    let all = exchanges(address, &transcript.lines);
    all.iter().enumerate().any(|(number, one)| {
        let later = all.get(number + 1..).unwrap_or_default();
        let first = one.readings.first();
        first.is_some_and(|reading| reading.lines.contains(&line))
            && early(&transcript.lines, address, one, later)
    })
}

fn order(before: &Transcript, after: &Transcript, a: &Line, b: &Line) -> Option<&'static str> {
    if a.at.is_some() || b.at.is_some() {
        return None;
    }
    if a.action == b.action {
        return Some("both actions are the same");
    }
    let wait = |line: &Line| matches!(line.action, Action::Delay(_));
    if wait(a) || wait(b) {
        return Some("how long a host waits is its dialect");
    }
    let address = before.header.address;
    let rewind = |line: &Line| {
        matches!(&line.action, Action::Write { address: to, bytes, .. }
            if *to == address && *bytes == [0x00])
    };
    let said = |transcript: &Transcript| -> Vec<_> {
        let all = exchanges(address, &transcript.lines).into_iter();
        let readings = |one: &Exchange| -> Vec<_> {
            one.readings
                .iter()
                .map(|reading| reading.bytes.clone())
                .collect()
        };
        all.map(|one| (readings(&one), one.cause)).collect()
    };
    let same = (rewind(a) || rewind(b)) && said(before) == said(after);
    same.then_some("a rewind of what is at its beginning")
}

fn explain(transcript: &Transcript, flip: Flip) -> String {
    let action = |line: usize| {
        let action = transcript.lines.get(line).map(|line| &line.action);
        action.map_or(String::new(), describe)
    };
    match flip {
        Flip::Byte { line, byte, bit } => {
            format!(
                "action {}, byte {byte}, bit {bit}: {}",
                line + 1,
                action(line)
            )
        }
        Flip::Direction { line } => format!("action {}, direction: {}", line + 1, action(line)),
        Flip::Acknowledge { line } => {
            format!("action {}, acknowledge: {}", line + 1, action(line))
        }
        Flip::Address { line, bit } => {
            format!("action {}, address, bit {bit}: {}", line + 1, action(line))
        }
        Flip::Chip { bit } => format!("address of the chip, bit {bit}"),
        Flip::Order { line } => format!(
            "action {}, order: {} and {}",
            line + 1,
            action(line),
            action(line + 1)
        ),
    }
}
