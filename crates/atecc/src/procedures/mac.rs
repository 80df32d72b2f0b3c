//! MACs with a key in a slot: over a nonce that both sides took part in, and
//! over bytes of the host's choice.

use super::Prepared;
use crate::commands::{
    IncludeSerial, LoadNonce, Mac, MacBlocks, MacOtp, NonceTarget, RandomNonce, SeedUpdate,
    SourceFlag,
};
use crate::procedure::{Answer, Next, Once};
use crate::{Failure, Procedure, Slot};

/// Random nonce, then MAC with the key in a slot: proof that the chip knows
/// the key now.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::procedures::ChallengeMac;
///
/// let ask = ChallengeMac::new(Slot::S4, [0x11; 20]);
/// // Whoever knows the key computes the same of `random`: `host::mac`.
/// assert_ne!(device.run(ask)?.mac, device.run(ask)?.mac);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct ChallengeMac {
    mac: Mac,
    procedure: Prepared<Once<RandomNonce>, Mac>,
}

/// What [`ChallengeMac`] gives, for the host to compute the same.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct ChallengeResponse {
    /// The chip's random number.
    pub random: [u8; 32],
    /// The MAC.
    pub mac: [u8; 32],
}

impl ChallengeMac {
    /// With the key in `slot`; `input` is the host's part of the nonce.
    #[must_use]
    pub fn new(slot: Slot, input: [u8; 20]) -> Self {
        let mac = Mac {
            blocks: MacBlocks::KeyThenTempKey(SourceFlag::Random),
            otp: MacOtp::None,
            serial: IncludeSerial::Whole,
            slot,
        };
        let nonce = RandomNonce {
            input,
            seed: SeedUpdate::Automatic,
        };
        Self {
            mac,
            procedure: Prepared::new(Once(nonce), mac),
        }
    }

    /// The command whose parameters the MAC covers.
    #[must_use]
    pub const fn command(&self) -> &Mac {
        &self.mac
    }

    /// For a key whose slot has no `LimitedUse`; see
    /// [`Prepared::with_unlimited_key`].
    #[must_use]
    pub fn with_unlimited_key(self) -> Self {
        let procedure = self.procedure.with_unlimited_key();
        Self { procedure, ..self }
    }
}

impl Procedure for ChallengeMac {
    type Output = ChallengeResponse;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<ChallengeResponse, Failure> {
        let next = self.procedure.resume(answer);
        next.map(|(random, mac)| ChallengeResponse { random, mac })
    }
}

/// MAC over 32 bytes of the host's choice: the same bytes give the same MAC,
/// so that it may serve as a key that only this chip can make again.
///
/// The bytes go by way of `TempKey`, and no part of the serial number that
/// differs between generic parts is in the message, as in the `NervesKey`
/// libraries (atecc508a 1.4 `request.ex`, `mac_deterministic`).
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::procedures::DeterministicMac;
///
/// let mac = DeterministicMac::new(Slot::S4, [0x5A; 32]);
/// assert_eq!(device.run(mac)?, device.run(mac)?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct DeterministicMac(Prepared<Once<LoadNonce>, Mac>);

impl DeterministicMac {
    /// With the key in `slot`.
    #[must_use]
    pub fn new(slot: Slot, value: [u8; 32]) -> Self {
        let load = LoadNonce {
            target: NonceTarget::TempKey,
            value,
        };
        let mac = Mac {
            blocks: MacBlocks::KeyThenTempKey(SourceFlag::Input),
            otp: MacOtp::None,
            serial: IncludeSerial::Fixed,
            slot,
        };
        Self(Prepared::new(Once(load), mac))
    }

    /// For a key whose slot has no `LimitedUse`; see
    /// [`Prepared::with_unlimited_key`].
    #[must_use]
    pub fn with_unlimited_key(self) -> Self {
        Self(self.0.with_unlimited_key())
    }
}

impl Procedure for DeterministicMac {
    type Output = [u8; 32];
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<[u8; 32], Failure> {
        self.0.resume(answer).map(|((), mac)| mac)
    }
}
