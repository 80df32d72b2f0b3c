//! Activating the device key of the volatile layout.
//!
//! The key cannot be used until the chip's persistent latch is set, which
//! takes proof of the activation key: random nonce, `CheckMac` on slot 1, then
//! `Info` in latch mode. The latch stays through sleep and is lost with the
//! supply. Source: cryptoauthlib's test `volatile_key_permit`, for the modes
//! of the three commands.

use alloc::boxed::Box;

use atecc::command::DecodeError;
use atecc::commands::{Blocks, CheckMac, InfoLatch, OtpPart, RandomNonce, SeedUpdate, SourceFlag};
use atecc::host::{CommandHeader, MacInput, check_mac_response, random_nonce};
use atecc::procedure::{Answer, Next};
use atecc::{Command, Failure, Procedure, SerialNumber};
use nerves_key_schema::{VolatileKeys, slot};
use zeroize::Zeroizing;

/// How often the sequence is started.
const TRIES: u8 = 3;

/// What came of an [`Activate`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Activation {
    /// The device key can be used until the supply fails.
    Active,
    /// The chip holds another activation key.
    WrongKey,
}

/// Activate the device key. When the chip loses the sequence to its watchdog
/// or to another host, it starts over.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::{Activate, Activation, ReadSnapshot};
///
/// let serial = device.run(ReadSnapshot::new())?.config.serial_number();
/// let input = [0x11; 20]; // Random.
/// match device.run(Activate::with_key(&[0xA5; 16], serial, input)) {
///     Ok(Activation::Active) => println!("the key can be used until power is lost"),
///     Ok(Activation::WrongKey) => println!("another activation key"),
///     Err(error) => println!("not a chip of the volatile layout: {error}"),
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Activate {
    // In a box: what is moved leaves copies behind.
    key: Box<Zeroizing<[u8; 32]>>,
    serial: SerialNumber,
    input: [u8; 20],
    phase: Phase,
    tries: u8,
}

#[derive(Clone, Copy, Debug)]
enum Phase {
    Nonce,
    Check,
    Latch,
}

impl Activate {
    /// With the activation key of `keys`; otherwise as
    /// [`Activate::with_key`].
    #[must_use]
    pub fn new(keys: &VolatileKeys, serial: SerialNumber, input: [u8; 20]) -> Self {
        Self::with_slot(keys.activation_slot(), serial, input)
    }

    /// With the activation key, 16 bytes, for the chip with this serial number;
    /// `input` is the host's part of the nonce.
    #[must_use]
    pub fn with_key(activation_key: &[u8; 16], serial: SerialNumber, input: [u8; 20]) -> Self {
        Self::with_slot(activation_key, serial, input)
    }

    /// The beginning of the slot's 32 bytes that count, zeros behind it.
    fn with_slot(slot: &[u8], serial: SerialNumber, input: [u8; 20]) -> Self {
        let mut key = Box::new(Zeroizing::new([0; 32]));
        for (to, from) in key.iter_mut().zip(slot) {
            *to = *from;
        }
        Self {
            key,
            serial,
            input,
            phase: Phase::Nonce,
            tries: 0,
        }
    }

    fn start(&mut self) -> Next<Activation, Failure> {
        self.phase = Phase::Nonce;
        self.tries = self.tries.saturating_add(1);
        Next::send(&self.nonce())
    }

    const fn nonce(&self) -> RandomNonce {
        RandomNonce {
            input: self.input,
            seed: SeedUpdate::Automatic,
        }
    }

    /// The proof: the MAC that `CheckMac` computes from key and nonce.
    fn check(&self, random: &[u8; 32]) -> CheckMac {
        let nonce = self.nonce();
        let mut check = CheckMac {
            blocks: Blocks::KeyThenTempKey(SourceFlag::Random),
            otp: OtpPart::None,
            slot: slot::ACTIVATION_KEY,
            challenge: [0; 32],
            response: [0; 32],
            other_data: [0; 13],
        };
        let input = MacInput {
            first: &self.key,
            second: &random_nonce(random, &self.input, nonce.seed),
            otp: &[0; 64],
            serial: &self.serial,
        };
        check.response = check_mac_response(CommandHeader::of(&check), &input, &check.other_data);
        check
    }

    fn answered(&mut self, payload: &[u8]) -> Result<Next<Activation, Failure>, DecodeError> {
        Ok(match self.phase {
            Phase::Nonce => {
                let random = self.nonce().decode(payload)?;
                self.phase = Phase::Check;
                Next::send(&self.check(&random))
            }
            Phase::Check => match payload {
                [0x00] => {
                    self.phase = Phase::Latch;
                    Next::send(&InfoLatch::Set)
                }
                _ => Next::Done(Ok(Activation::WrongKey)),
            },
            Phase::Latch if InfoLatch::Set.decode(payload)? => Next::Done(Ok(Activation::Active)),
            Phase::Latch => Next::Done(Ok(Activation::WrongKey)),
        })
    }
}

impl core::fmt::Debug for Activate {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Activate")
            .field("phase", &self.phase)
            .finish_non_exhaustive()
    }
}

impl Procedure for Activate {
    type Output = Activation;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Activation, Failure> {
        match answer {
            Answer::Start => self.start(),
            Answer::Payload(payload) => match self.answered(payload) {
                Ok(next) => next,
                Err(error) => Next::failed(error.into()),
            },
            Answer::Failed(failure) if self.tries < TRIES && failure.may_have_lost_state() => {
                self.start()
            }
            Answer::Failed(failure) => Next::failed(failure),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::String;

    use atecc::error::Cause;
    use atecc::{Opcode, Status};

    use super::*;

    const LOST: Failure = Cause::Status {
        opcode: Opcode::CheckMac,
        parameters: [0; 3],
        status: Status::Execution,
    }
    .before_execution();

    fn activate() -> Activate {
        Activate::with_key(&[0xA5; 16], SerialNumber([1; 9]), [7; 20])
    }

    /// Answers until it ends, the failure of each `CheckMac` among them; how
    /// many nonces were asked for, and what came of it.
    fn nonces(failure: Failure) -> (usize, Failure) {
        let mut activate = activate();
        let mut answer = Answer::Start;
        let mut nonces = 0;
        loop {
            match activate.resume(answer) {
                Next::Send(request) if request.opcode() == Opcode::Nonce => {
                    nonces += 1;
                    answer = Answer::Payload(&[0x33; 32]);
                }
                Next::Send(_) => answer = Answer::Failed(failure),
                Next::Done(result) => return (nonces, result.unwrap_err()),
            }
        }
    }

    #[test]
    fn begun_again_when_the_nonce_may_be_lost_three_times_in_all() {
        assert_eq!(nonces(LOST), (3, LOST));
        let bus = Cause::Bus.of_unknown_fate();
        assert_eq!(nonces(bus), (1, bus));
    }

    /// CheckMac says 0, and the latch is read back: bit 0 of the first byte.
    #[test]
    fn active_when_the_latch_says_so() {
        for (latch, expected) in [(1, Activation::Active), (0, Activation::WrongKey)] {
            let mut activate = activate();
            let latch = [latch, 0, 0, 0];
            let mut last = activate.resume(Answer::Start);
            for answer in [&[0x33; 32][..], &[0x00], &latch] {
                assert!(matches!(last, Next::Send(_)));
                last = activate.resume(Answer::Payload(answer));
            }
            let Next::Done(result) = last else {
                panic!("all is answered");
            };
            assert_eq!(result, Ok(expected));
        }
    }

    #[test]
    fn the_key_is_not_shown() {
        let shown: String = format!("{:?}", activate());
        assert_eq!(shown, "Activate { phase: Nonce, .. }");
    }
}
