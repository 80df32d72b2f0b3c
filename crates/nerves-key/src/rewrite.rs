//! Slots that are rewritten: read, judged, written and read back in one awake
//! session, so that nobody who takes turns on the bus comes in between.
//!
//! Only what differs from what is there is written. Were that known from an
//! earlier session, two writers would leave some chunks of each.

use alloc::vec::Vec;

use atecc::commands::{GenKey, GenKeyMode};
use atecc::procedure::{Answer, Next, Once};
use atecc::procedures::ReadRegion;
use atecc::{Failure, Procedure, PublicKey, Region, SerialNumber, Slot};
use nerves_key_schema::slot;
use zeroize::Zeroizing;

use crate::chunks::{ReadChunks, WriteChunks};

/// Why slots were not rewritten.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WriteError {
    /// The chip or the bus.
    #[error(transparent)]
    Chip(#[from] Failure),
    /// Another chip is there than the one that this is for.
    #[error("this is the chip {found}, not {expected}: nothing was written")]
    OtherChip {
        /// Whom it is for.
        expected: SerialNumber,
        /// Who is there.
        found: SerialNumber,
    },
    /// The chip has another key than the one that this is for.
    #[error("the chip's key is another one meanwhile: nothing was written")]
    OtherKey,
    /// The slots do not hold what the caller had read.
    #[error("somebody else has written since they were read: nothing was written, read them again")]
    Changed,
    /// The slots do not hold what was written.
    #[error("the slots do not hold what was written")]
    ReadBack,
}

/// The session. Whoever owns it decides what is written, given what is there.
#[derive(Clone, Debug)]
pub(crate) struct Rewrite {
    slots: &'static [Slot],
    key: Option<PublicKey>,
    phase: Phase,
}

#[derive(Clone, Debug)]
enum Phase {
    Chip(SerialNumber, ReadRegion<32>),
    Key(PublicKey, Once<GenKey>),
    Read(ReadChunks),
    Write(WriteChunks),
    ReadBack(WriteChunks, ReadChunks),
    Done,
}

impl Rewrite {
    pub(crate) fn new(slots: &'static [Slot]) -> Self {
        Self {
            slots,
            key: None,
            phase: Phase::Read(ReadChunks::new(slots)),
        }
    }

    /// On this chip alone.
    pub(crate) fn on_chip(self, chip: SerialNumber) -> Self {
        Self {
            phase: Phase::Chip(chip, ReadRegion::new(Region::Config)),
            ..self
        }
    }

    /// On this chip alone, and while it has this key.
    pub(crate) fn with_key(self, chip: SerialNumber, key: PublicKey) -> Self {
        Self {
            key: Some(key),
            ..self.on_chip(chip)
        }
    }

    /// [`Procedure::resume`], with `decide` for the moment when all is read.
    pub(crate) fn resume<E: From<WriteError>>(
        &mut self,
        answer: Answer<'_>,
        decide: impl FnOnce(Zeroizing<Vec<u8>>) -> Result<WriteChunks, E>,
    ) -> Next<(), E> {
        let mut answer = answer;
        let mut decide = Some(decide);
        loop {
            let next = match &mut self.phase {
                Phase::Chip(expected, read) => {
                    let expected = *expected;
                    judged(read.resume(answer), |block| {
                        let found = serial_number(block);
                        if found == expected {
                            Ok(self.after_chip())
                        } else {
                            Err(WriteError::OtherChip { expected, found }.into())
                        }
                    })
                }
                Phase::Key(expected, ask) => {
                    let expected = *expected;
                    judged(ask.resume(answer), |found| {
                        if found == expected {
                            Ok(Phase::Read(ReadChunks::new(self.slots)))
                        } else {
                            Err(WriteError::OtherKey.into())
                        }
                    })
                }
                Phase::Read(read) => judged(read.resume(answer), |found| {
                    let decide = decide.take().ok_or(WriteError::Changed)?;
                    decide(found).map(Phase::Write)
                }),
                Phase::Write(write) => judged(write.resume(answer), |()| {
                    let read = write.read_back();
                    Ok(Phase::ReadBack(write.clone(), read))
                }),
                Phase::ReadBack(write, read) => judged(read.resume(answer), |found| {
                    if write.holds(&found) {
                        Ok(Phase::Done)
                    } else {
                        Err(WriteError::ReadBack.into())
                    }
                }),
                Phase::Done => return Next::Done(Ok(())),
            };
            match next {
                Next::Send(request) => return Next::Send(request),
                Next::Done(Ok(phase)) => self.phase = phase,
                Next::Done(Err(error)) => return Next::Done(Err(error)),
            }
            answer = Answer::Start;
        }
    }

    fn after_chip(&self) -> Phase {
        match self.key {
            Some(key) => Phase::Key(
                key,
                Once(GenKey {
                    mode: GenKeyMode::Public,
                    slot: slot::DEVICE_KEY,
                }),
            ),
            None => Phase::Read(ReadChunks::new(self.slots)),
        }
    }
}

fn failed<T, E: From<WriteError>>(failure: Failure) -> Next<T, E> {
    Next::Done(Err(WriteError::from(failure).into()))
}

/// Turn the end of a phase into the next one, or into an error.
fn judged<T, E: From<WriteError>>(
    next: Next<T, Failure>,
    judge: impl FnOnce(T) -> Result<Phase, E>,
) -> Next<Phase, E> {
    next.or_else(failed)
        .and_then(|value| Next::Done(judge(value)))
}

/// Of the configuration zone's first block. Source: ATECC508A datasheet,
/// "Serial Number".
const fn serial_number(block: [u8; 32]) -> SerialNumber {
    let [s0, s1, s2, s3, _, _, _, _, s4, s5, s6, s7, s8, ..] = block;
    SerialNumber([s0, s1, s2, s3, s4, s5, s6, s7, s8])
}
