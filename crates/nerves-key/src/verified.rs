//! A signature that is verified before it is given out.
//!
//! The digest lies in `TempKey` between two commands. Another program, which
//! uses the chip without this host's lock, can put another one there in between,
//! and the chip signs that. Nothing on the bus shows it, so the signature has to
//! be verified; the key comes from the same session.

use atecc::commands::{GenKey, GenKeyMode};
use atecc::procedure::{Answer, Next, Once};
use atecc::procedures::SignDigest;
use atecc::{Failure, Procedure};
use atecc_x509::{PublicKey, SignatureBytes, SignatureMismatch};
use nerves_key_schema::slot;

use crate::sign;

/// How often it is tried.
const TRIES: u8 = 3;

/// As [`sign`], verified under the public half of the key, which the chip
/// computes first: 60 to 115 ms. A key whose public half the chip refuses signs
/// all the same.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::SignVerified;
///
/// let signature: [u8; 64] = device.run(SignVerified::new([0x5A; 32]))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SignVerified {
    digest: [u8; 32],
    step: Step,
    key: Option<PublicKey>,
    tries: u8,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Key(Once<GenKey>),
    Sign(SignDigest),
}

/// Why there is no signature.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SignError {
    /// A command failed.
    #[error(transparent)]
    Failure(#[from] Failure),
    /// Each time it was a signature over something else.
    #[error(
        "the chip signed something else: another program uses it without this one's lock ({0})"
    )]
    SomethingElse(SignatureMismatch),
}

impl SignVerified {
    /// Sign `digest` with the key of a NervesKey.
    #[must_use]
    pub const fn new(digest: [u8; 32]) -> Self {
        Self {
            digest,
            step: KEY,
            key: None,
            tries: 1,
        }
    }

    fn sign(&mut self) -> Next<[u8; 64], SignError> {
        self.step = Step::Sign(sign(self.digest));
        self.resume(Answer::Start)
    }

    fn judge(&mut self, signature: [u8; 64]) -> Next<[u8; 64], SignError> {
        let verified = self.key.map_or(Ok(()), |key| {
            key.verify(&self.digest, &SignatureBytes::from_bytes(signature))
        });
        match verified {
            Ok(()) => Next::Done(Ok(signature)),
            Err(_) if self.tries < TRIES => {
                self.tries += 1;
                // The key may have been another answer.
                self.step = KEY;
                self.resume(Answer::Start)
            }
            Err(error) => Next::Done(Err(SignError::SomethingElse(error))),
        }
    }
}

const KEY: Step = Step::Key(Once(GenKey {
    mode: GenKeyMode::Public,
    slot: slot::DEVICE_KEY,
}));

impl Procedure for SignVerified {
    /// R then S, 32 bytes each.
    type Output = [u8; 64];
    type Error = SignError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<[u8; 64], SignError> {
        match &mut self.step {
            Step::Key(key) => {
                let shown = key.resume(answer).map(Some);
                let shown = shown.or_else(|failure| match failure.refusal() {
                    Some(_) => Next::Done(Ok(None)),
                    None => Next::failed(failure),
                });
                shown.and_then(|key| {
                    self.key = key.map(PublicKey::from);
                    self.sign()
                })
            }
            Step::Sign(sign) => {
                let signed = sign.resume(answer).or_else(Next::failed);
                signed.and_then(|signature| self.judge(signature))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use atecc::error::Cause;
    use atecc::{Opcode, Status};

    use super::*;

    /// Answers of the chip: its key, that the digest was taken, a signature.
    #[test]
    fn what_does_not_verify_is_made_again_and_then_refused() {
        let mut procedure = SignVerified::new([0x5A; 32]);
        let mut answer = Answer::Start;
        let mut sent = 0;
        let error = loop {
            match procedure.resume(answer) {
                Next::Send(_) => {
                    sent += 1;
                    answer = match sent % 3 {
                        1 => Answer::Payload(&KEY_BYTES),
                        2 => Answer::Payload(&[0x00]),
                        _ => Answer::Payload(&[0x11; 64]),
                    };
                }
                Next::Done(result) => break result.unwrap_err(),
            }
        };
        assert_eq!(sent, 9);
        assert!(matches!(error, SignError::SomethingElse(_)), "{error}");
    }

    /// The chip computes no public key; that is not why it signs nothing.
    #[test]
    fn a_refused_key_leaves_the_signature_unverified() {
        let refused = Cause::Status {
            opcode: Opcode::GenKey,
            parameters: [0; 3],
            status: Status::Execution,
        };
        let mut procedure = SignVerified::new([0x5A; 32]);
        let answers = [
            Answer::Start,
            Answer::Failed(refused.before_execution()),
            Answer::Payload(&[0x00]),
        ];
        for answer in answers {
            assert!(matches!(procedure.resume(answer), Next::Send(_)));
        }
        let Next::Done(result) = procedure.resume(Answer::Payload(&[0x11; 64])) else {
            panic!("there is a signature");
        };
        assert_eq!(result.unwrap(), [0x11; 64]);
    }

    #[test]
    fn a_key_that_does_not_come_ends_it() {
        let failure = Cause::Bus.of_unknown_fate();
        let mut procedure = SignVerified::new([0x5A; 32]);
        assert!(matches!(procedure.resume(Answer::Start), Next::Send(_)));
        let Next::Done(result) = procedure.resume(Answer::Failed(failure)) else {
            panic!("nothing is signed after it");
        };
        assert!(matches!(result, Err(SignError::Failure(found)) if found == failure));
    }

    /// The generator of P-256: X, Y. Source: SEC 2, "secp256r1".
    const KEY_BYTES: [u8; 64] = [
        0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40,
        0xF2, 0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98,
        0xC2, 0x96, 0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C,
        0x0F, 0x9E, 0x16, 0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68,
        0x37, 0xBF, 0x51, 0xF5,
    ];
}
