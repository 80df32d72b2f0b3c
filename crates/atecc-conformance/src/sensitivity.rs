//! What the judgements notice: single bits of a transcript are flipped, and
//! something must be said about each.
//!
//! A bit is one of a byte; or the direction of a transfer; whether it was
//! acknowledged; or the order of two actions that follow each other.

use std::collections::BTreeSet;

use atecc_transcript::{Ack, Action, Exchange, Line, Transcript, exchanges};

use crate::codec::early;
use crate::engine::Engine;
use crate::judgement::{Judged, Verdict};
use crate::replay::describe;
use crate::source::Case;

/// A flip of one bit.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
enum Flip {
    Byte { line: usize, byte: usize, bit: u8 },
    Direction { line: usize },
    Acknowledge { line: usize },
    Order { line: usize },
}

/// What came of the flips in one transcript.
#[derive(Clone, Debug, Default)]
pub struct Sensitivity {
    /// Name of the transcript.
    pub id: String,
    /// Flips that were noticed.
    pub noticed: usize,
    /// Those of them that fail a judgement; the others change what is skipped,
    /// which a frozen suite reports.
    pub failed: usize,
    /// Flips that were not, each in words.
    pub missed: Vec<String>,
    /// Flips that say the same in other words, each with the reason.
    pub same: Vec<String>,
}

impl Sensitivity {
    /// Flip `count` bits of the transcript in turn; `seed` chooses which.
    #[must_use]
    pub fn measure(engine: &Engine, case: &Case, count: usize, seed: u64) -> Self {
        let mut measured = Self {
            id: case.header.id.clone(),
            ..Self::default()
        };
        let Some(transcript) = &case.transcript else {
            return measured;
        };
        let before = told(&engine.judge(case));
        for flip in choose(transcript, count, seed) {
            let changed = apply(transcript, flip);
            let same = means_the_same(transcript, &changed, flip);
            let changed = Case {
                transcript: Some(changed),
                ..case.clone()
            };
            let judged = engine.judge(&changed);
            if told(&judged) != before {
                measured.noticed += 1;
                measured.failed += usize::from(judged.failures().next().is_some());
            } else if let Some(why) = same {
                measured
                    .same
                    .push(format!("{}: {why}", explain(transcript, flip)));
            } else {
                measured.missed.push(explain(transcript, flip));
            }
        }
        measured
    }
}

/// What a reader of the result would see: failures, and what is skipped.
fn told(judged: &Judged) -> Vec<String> {
    let findings = judged.findings.iter();
    let told = findings.filter_map(|finding| {
        let verdict = match &finding.verdict {
            Verdict::Passed => return None,
            Verdict::Failed(difference) => difference.to_string(),
            Verdict::Skipped(reason) => reason.to_string(),
        };
        Some(format!(
            "{} {} {} {verdict}",
            finding.judge, finding.item, finding.what
        ))
    });
    told.collect()
}

/// All bits that a transcript has.
fn all(transcript: &Transcript) -> Vec<Flip> {
    let lines = transcript.lines.iter().enumerate();
    let flips = lines.flat_map(|(line, entry)| {
        let bytes = match &entry.action {
            Action::Write { bytes, .. } | Action::Read { bytes, .. } => Some(bytes.len()),
            Action::Wake | Action::Delay(_) => None,
        };
        let of_bytes = (0..bytes.unwrap_or_default())
            .flat_map(move |byte| (0..8).map(move |bit| Flip::Byte { line, byte, bit }));
        let of_transfers = [Flip::Direction { line }, Flip::Acknowledge { line }];
        let of_transfers = bytes.map(|_| of_transfers).into_iter().flatten();
        of_bytes.chain(of_transfers).chain([Flip::Order { line }])
    });
    let last = transcript.lines.len().saturating_sub(1);
    flips
        .filter(|flip| *flip != Flip::Order { line: last })
        .collect()
}

fn choose(transcript: &Transcript, count: usize, seed: u64) -> BTreeSet<Flip> {
    let all = all(transcript);
    let count = count.min(all.len());
    let mut state = seed;
    let mut chosen = BTreeSet::new();
    while chosen.len() < count {
        let index = usize::try_from(next(&mut state) >> 1).unwrap_or_default() % all.len();
        chosen.insert(all[index]);
    }
    chosen
}

/// `SplitMix64`: good enough to choose bits, and the same everywhere.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mut z = *state;
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
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
            Action::Read { .. } if byte == 0 && too_early(before, at) => {
                Some("what a chip sends while it wakes is anything")
            }
            _ => None,
        },
        Flip::Direction { line: at } => match &line(at)?.action {
            Action::Write { bytes, ack, .. } | Action::Read { bytes, ack, .. } => {
                (bytes.is_empty() && *ack == Ack::NoAddress)
                    .then_some("an address that nobody acknowledges says nothing more")
            }
            _ => None,
        },
        Flip::Acknowledge { .. } => {
            let answers = |transcript: &Transcript| -> Vec<_> {
                let all = exchanges(address, &transcript.lines).into_iter();
                all.map(|one| (one.response().map(<[u8]>::to_vec), one.cause))
                    .collect()
            };
            (answers(before) == answers(after)).then_some("a chip may still be busy")
        }
    }
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
        Flip::Order { line } => format!(
            "action {}, order: {} and {}",
            line + 1,
            action(line),
            action(line + 1)
        ),
    }
}
