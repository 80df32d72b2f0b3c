//! What a provisioning did.

use atecc::{ConfigZone, PublicKey};
use atecc_x509::Certificate;
use nerves_key_schema::Otp;

/// A finished NervesKey, as it was read back.
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
