//! Making a private key, without losing track of it.

use crate::commands::{GenKey, GenKeyMode};
use crate::{Answer, Command, Failure, Next, Procedure, PublicKey, Slot, Status};

const TRIES: u8 = 3;

/// Create a private key in a slot that holds none; after a lost reply ask for
/// the public half of whatever key is there now.
#[derive(Clone, Copy, Debug)]
pub struct CreateKey {
    slot: Slot,
    asking: GenKeyMode,
    tries: u8,
}

impl CreateKey {
    /// Create in `slot`. A key that is there already is replaced.
    #[must_use]
    pub const fn new(slot: Slot) -> Self {
        Self {
            slot,
            asking: GenKeyMode::Create,
            tries: 0,
        }
    }

    fn send(&mut self, mode: GenKeyMode) -> Next<PublicKey, Failure> {
        self.asking = mode;
        if mode == GenKeyMode::Create {
            self.tries = self.tries.saturating_add(1);
        }
        Next::send(&GenKey {
            mode,
            slot: self.slot,
        })
    }
}

impl Procedure for CreateKey {
    type Output = PublicKey;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<PublicKey, Failure> {
        match (answer, self.asking) {
            (Answer::Start, mode) => self.send(mode),
            (Answer::Payload(payload), mode) => {
                let slot = self.slot;
                Next::Done(GenKey { mode, slot }.decode(payload).map_err(Failure::from))
            }
            (Answer::Failed(failure), GenKeyMode::Create) if !failure.not_executed() => {
                self.send(GenKeyMode::Public)
            }
            // No key there: the lost command had not run.
            (
                Answer::Failed(Failure::Status {
                    status: Status::Execution,
                    ..
                }),
                GenKeyMode::Public,
            ) if self.tries < TRIES => self.send(GenKeyMode::Create),
            (Answer::Failed(failure), _) => Next::failed(failure),
        }
    }
}
