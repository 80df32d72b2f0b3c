//! The digest of a plan: SHA-256 of a text with one line for each step.
//!
//! ```text
//! nerves-key plan 1
//! chip 0123DAC6C3FE1B75EE
//! serial N1234
//! layout standard
//! write-config word-4 C000AA00
//! lock-config 03AD
//! ```
//!
//! First come format and version, the chip's serial number, the manufacturer
//! serial and the layout, then the steps in their order: name, place, bytes in
//! upper-case hex. Every line ends with a line feed. A serial is written as it
//! is, between `serial ` and the line's end; it holds no line feed, or the plan
//! differs in its OTP bytes anyway.
//!
//! Covered is what is known before a run: which chip, which steps, and all
//! bytes that they write or lock. Not covered are the key, which the chip has
//! yet to make or to show, and with it slot 10; the time: the certificate's
//! date is that of the run; and the secrets of the volatile layout, which a
//! digest could give away.

use alloc::format;
use alloc::string::String;

use data_encoding::HEXUPPER;
use nerves_key_schema::ConfigWrite;
use sha2::{Digest, Sha256};

use crate::{Plan, Step};

impl Plan {
    /// SHA-256 over [`Self::canonical`]: equal for plans that do the same.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        Sha256::digest(self.canonical()).into()
    }

    /// The text that the digest is of, as the module documents it.
    #[must_use]
    pub fn canonical(&self) -> String {
        let mut text = format!(
            "nerves-key plan 1\nchip {}\nserial {}\nlayout {}\n",
            self.config().serial_number(),
            self.serial(),
            self.layout()
        );
        for step in self.steps() {
            text.push_str(step.name());
            if let Some(place) = step.place() {
                text.push(' ');
                text.push_str(&place);
            }
            if let Some(bytes) = self.bytes(step) {
                text.push(' ');
                text.push_str(&HEXUPPER.encode(&bytes));
            }
            text.push('\n');
        }
        text
    }
}

impl Step {
    /// Where it works, stable for programs: `word-4` or `block-1` of the
    /// configuration, the number of a slot, or the CRC of a lock in hex.
    #[must_use]
    pub fn place(&self) -> Option<String> {
        match self {
            Self::WriteConfig(ConfigWrite::Word(address, _)) => {
                Some(format!("word-{}", address.word()))
            }
            Self::WriteConfig(ConfigWrite::Block(address, _)) => {
                Some(format!("block-{}", address.block()))
            }
            Self::LockConfig { crc } => Some(format!("{crc:04X}")),
            Self::WriteSlot(slot) | Self::WriteSecret(slot) | Self::LockSlot(slot) => {
                Some(format!("{}", slot.index()))
            }
            _ => None,
        }
    }

    /// A name of the kind of step, stable for programs.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::CheckChip => "check-chip",
            Self::WriteConfig(_) => "write-config",
            Self::CheckConfig => "check-config",
            Self::LockConfig { .. } => "lock-config",
            Self::CreateKey => "create-key",
            Self::ReadPublicKey => "read-public-key",
            Self::ProveKey => "prove-key",
            Self::IssueCertificate => "issue-certificate",
            Self::WriteOtp => "write-otp",
            Self::WriteSlot(_) => "write-slot",
            Self::WriteSecret(_) => "write-secret",
            Self::Activate => "activate",
            Self::VerifyChain => "verify-chain",
            Self::LockData => "lock-data",
            Self::ReadBack => "read-back",
            Self::ReadSlots => "read-slots",
            Self::LockSlot(_) => "lock-slot",
            Self::CheckLocks => "check-locks",
        }
    }
}
