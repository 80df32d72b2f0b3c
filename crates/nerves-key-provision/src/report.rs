//! What a provisioning did.

use atecc::{ConfigZone, PublicKey};
use atecc_x509::Certificate;
use nerves_key_schema::Otp;

/// A finished NervesKey, as it was read back; what the data lock's CRC has compared may
/// be as it was written.
#[derive(Clone, Debug)]
pub struct Report {
    /// The configuration zone, every lock set.
    pub config: ConfigZone,
    /// The OTP zone.
    pub otp: Otp,
    /// The device's public key.
    pub public_key: PublicKey,
    /// The device certificate, rebuilt from the chip.
    pub device_certificate: Certificate,
    /// The signer certificate, rebuilt from the chip.
    pub signer_certificate: Certificate,
    /// Where the key was born.
    pub key_origin: KeyOrigin,
    /// The key that this run replaced by a new one, where the chip held one. A
    /// certificate that was issued for it is nobody's.
    pub replaced_key: Option<PublicKey>,
    /// Whether the key was proved before the data lock; `None` when the data
    /// were locked by an earlier run. After it, it always was.
    pub possession_before_lock: Option<Possession>,
}

/// Whether a chip signed before its data zone was locked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Possession {
    /// It did, and the signature verified.
    Proved,
    /// It answered "execution error". The reference's driver expects Sign to
    /// work in that state; silicon may not do so *(unconfirmed)*.
    Refused,
}

/// Where a device key was born, as far as a run knows.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[non_exhaustive]
pub enum KeyOrigin {
    /// In the chip, in this run.
    ThisRun,
    /// In the chip, in an earlier run, as a record says.
    EarlierRun,
    /// Before the signing request that named it.
    Request,
    /// Nobody knows: it was certified and locked in before.
    Unknown,
}

impl KeyOrigin {
    /// One word, stable for programs.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::ThisRun => "this-run",
            Self::EarlierRun => "earlier-run",
            Self::Request => "request",
            Self::Unknown => "unknown",
        }
    }
}

impl core::fmt::Display for KeyOrigin {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::ThisRun => "made in the chip by this run",
            Self::EarlierRun => "made in the chip by an earlier run",
            Self::Request => "the one that the signing request named",
            Self::Unknown => "not known to be made in the chip: it was locked in before",
        })
    }
}
