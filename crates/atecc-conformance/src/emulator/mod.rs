//! The emulator, judged by the recorded host: what it wrote is written to an
//! emulated chip in the start state, and the same bytes must come back.
//!
//! Keys that are not known are tried: 32 zero bytes, 32 bytes FF, and what the
//! caller offers. The candidate that reproduces most answers stands.

mod actions;
mod compare;
mod explain;
mod mathematics;
mod play;
mod tracked_state;

use atecc_transcript::{Exchange, Transcript, exchanges};

pub(crate) use actions::{is_pulse, redacted, says_again};
pub(crate) use mathematics::{is_point, verifies};

use crate::judgement::{Finding, Item, Judge, Verdict};
use crate::reason::Reason;
use crate::start::{NoStart, start};
use play::Play;

/// Judge the emulator by `transcript`.
pub(crate) fn judge(transcript: &Transcript, keys: &[[u8; 32]], broken: &[usize]) -> Vec<Finding> {
    let all = exchanges(transcript.header.address, &transcript.lines);
    let candidates = [[0x00; 32], [0xFF; 32]];
    let mut best: Option<(usize, Vec<Finding>)> = None;
    for key in candidates.iter().chain(keys) {
        let findings = run(transcript, &all, *key, broken);
        let own = |finding: &&Finding| finding.verdict != Verdict::Passed;
        let own = findings.iter().filter(own).count();
        if best.as_ref().is_none_or(|(fewest, _)| own < *fewest) {
            best = Some((own, findings));
        }
        if own == 0 {
            break;
        }
    }
    best.map(|(_, findings)| findings).unwrap_or_default()
}

fn run(transcript: &Transcript, all: &[Exchange], key: [u8; 32], broken: &[usize]) -> Vec<Finding> {
    let whole = |verdict| {
        vec![Finding {
            judge: Judge::Emulator,
            item: Item::Whole,
            what: "start".to_owned(),
            verdict,
        }]
    };
    match start(transcript, all, key) {
        Ok(state) => Play::new(transcript, all, state, broken).run(),
        Err(NoStart::OtherChip(_)) => whole(Verdict::Skipped(Reason::OtherChip)),
        Err(error @ NoStart::Malformed(_)) => {
            whole(Verdict::differs("a start image", error.to_string()))
        }
    }
}
