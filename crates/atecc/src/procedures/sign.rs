//! Signing a digest: `Nonce`, then `Sign`.

use crate::commands::{DigestSource, LoadNonce, NonceTarget, Sign};
use crate::{Answer, Command, Failure, Next, Procedure, Slot, Status};

/// How often the pair is started.
const TRIES: u8 = 3;

/// Sign a 32-byte digest. The signature is R then S, 32 bytes each.
///
/// By way of `TempKey`, which every chip has. When `Sign` fails for a reason
/// that may lie in a lost `TempKey` (the watchdog or another host put the chip
/// to sleep), the pair starts over.
#[derive(Clone, Copy, Debug)]
pub struct SignDigest {
    slot: Slot,
    digest: [u8; 32],
    tries: u8,
    phase: Phase,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Phase {
    Nonce,
    Sign,
}

impl SignDigest {
    /// Sign `digest` with the key in `slot`.
    #[must_use]
    pub const fn new(slot: Slot, digest: [u8; 32]) -> Self {
        Self {
            slot,
            digest,
            tries: 0,
            phase: Phase::Nonce,
        }
    }

    const fn sign(&self) -> Sign {
        Sign {
            source: DigestSource::TempKey,
            slot: self.slot,
        }
    }

    fn start(&mut self) -> Next<[u8; 64], Failure> {
        self.tries = self.tries.saturating_add(1);
        self.phase = Phase::Nonce;
        Next::send(&LoadNonce {
            target: NonceTarget::TempKey,
            value: self.digest,
        })
    }
}

impl Procedure for SignDigest {
    type Output = [u8; 64];
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<[u8; 64], Failure> {
        match (answer, self.phase) {
            (Answer::Start, _) => self.start(),
            (Answer::Payload(_), Phase::Nonce) => {
                self.phase = Phase::Sign;
                Next::send(&self.sign())
            }
            (Answer::Payload(payload), Phase::Sign) => {
                Next::Done(self.sign().decode(payload).map_err(Failure::from))
            }
            (Answer::Failed(failure), Phase::Sign)
                if self.tries < TRIES && may_have_lost_temp_key(&failure) =>
            {
                self.start()
            }
            (Answer::Failed(failure), _) => Next::failed(failure),
        }
    }
}

const fn may_have_lost_temp_key(failure: &Failure) -> bool {
    matches!(
        failure,
        Failure::Status {
            status: Status::Execution | Status::Watchdog,
            ..
        } | Failure::NotTaken { .. }
            | Failure::Reset { .. }
            | Failure::Timeout { .. }
            | Failure::Damaged { .. }
    )
}
