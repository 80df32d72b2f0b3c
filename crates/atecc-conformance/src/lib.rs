//! Judges codec, driver and emulator of ATECC508A, ATECC608A and ATECC608B by
//! what real chips said: by [`atecc_transcript`]s.
#![forbid(unsafe_code)]

mod emulator;
mod group;
mod judgement;
mod knowledge;
mod reason;
mod recording;
mod start;
mod usage;

pub use judgement::{Difference, Finding, Item, Judge, Judged, Verdict};
pub use knowledge::{Knowledge, StartError};
pub use reason::Reason;

/// Scratch.
pub fn scratch(path: &std::path::Path) {
    let text = std::fs::read_to_string(path).unwrap();
    let Ok(recording) = recording::Recording::parse(&text) else { println!("{} unparsed", path.display()); return };
    let Some((transcript, broken)) = recording.transcript() else { return };
    println!("== {}", transcript.header.id);
    for f in emulator::judge(&transcript, &[], &broken) { println!("{} {} {:?}", f.item, f.what, f.verdict); }
}
