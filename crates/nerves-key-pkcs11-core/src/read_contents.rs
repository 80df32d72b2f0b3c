//! All that a chip shows, read in one session: another program's change comes before
//! or after it, and there is one wake for all.

use atecc::procedure::{Answer, Next};
use atecc::{Failure, Procedure};
use nerves_key::{ReadAuxiliary, ReadSnapshot, Snapshot, Stage};

use crate::chip::Contents;
use crate::key_slots::ReadKeySlots;

/// Read a chip's [`Contents`].
#[derive(Debug)]
pub(crate) struct ReadContents(Phase);

#[derive(Debug)]
enum Phase {
    Snapshot(Box<ReadSnapshot>),
    Auxiliary(Box<Snapshot>, ReadAuxiliary),
    Keys(Box<Contents>, Box<ReadKeySlots>),
}

impl ReadContents {
    pub(crate) fn new() -> Self {
        Self(Phase::Snapshot(Box::new(ReadSnapshot::new())))
    }
}

impl Phase {
    fn after_snapshot(snapshot: &Snapshot) -> Self {
        match snapshot.stage() {
            Stage::Finished(_) => Self::Auxiliary(Box::new(*snapshot), ReadAuxiliary::new()),
            _ => Self::keys(Box::new(Contents::new(*snapshot))),
        }
    }

    fn keys(contents: Box<Contents>) -> Self {
        let config = &contents.snapshot.config;
        let read = ReadKeySlots::new(config, contents.other_slots(), contents.keys);
        Self::Keys(contents, Box::new(read))
    }
}

impl Procedure for ReadContents {
    type Output = Contents;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Contents, Failure> {
        let next = match &mut self.0 {
            Phase::Snapshot(read) => {
                let next = read.resume(answer);
                next.map(|snapshot| Phase::after_snapshot(&snapshot))
            }
            Phase::Auxiliary(snapshot, read) => {
                let contents = Contents::new(**snapshot);
                read.resume(answer).map(|slots| {
                    let auxiliary = Some(slots);
                    Phase::keys(Box::new(Contents {
                        auxiliary,
                        ..contents
                    }))
                })
            }
            Phase::Keys(contents, read) => {
                let contents = Contents::clone(contents);
                return read
                    .resume(answer)
                    .map(|keys| Contents { keys, ..contents });
            }
        };
        next.and_then(|phase| {
            self.0 = phase;
            self.resume(Answer::Start)
        })
    }
}
