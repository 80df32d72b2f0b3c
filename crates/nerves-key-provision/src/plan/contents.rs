//! What is in a plan: its parts, the bytes of its steps, and its text.

use alloc::vec::Vec;

use atecc::{ConfigZone, Slot};
use atecc_x509::{CheckedSigner, PublicKey, Validity};
use data_encoding::HEXLOWER;
use nerves_key::Stage;
use nerves_key_schema::{ConfigWrite, DataImage, Layout, Otp, slot};

use super::Plan;
use crate::{DeviceKey, KeyOrigin, Step};

impl Plan {
    /// The steps that remain, in order; none for a finished chip. What runs such a
    /// plan tries the activation key of the volatile layout, where one was given.
    #[must_use]
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// The stage that the plan starts from.
    #[must_use]
    pub const fn stage(&self) -> Stage {
        self.stage
    }

    /// The layout that the chip gets.
    #[must_use]
    pub const fn layout(&self) -> Layout {
        self.layout
    }

    /// The configuration zone as it will be locked.
    #[must_use]
    pub const fn config(&self) -> &ConfigZone {
        &self.config
    }

    /// The OTP zone as it will be locked.
    #[must_use]
    pub const fn otp(&self) -> &Otp {
        &self.otp
    }

    /// The manufacturer serial.
    #[must_use]
    pub fn serial(&self) -> &str {
        &self.serial
    }

    /// The signer certificate.
    #[must_use]
    pub const fn signer(&self) -> &CheckedSigner {
        &self.signer
    }

    /// Validity of the device certificate to be issued.
    #[must_use]
    pub const fn validity(&self) -> Validity {
        self.validity
    }

    /// The key that the chip holds and the plan replaces by a new one.
    #[must_use]
    pub const fn replaced_key(&self) -> Option<PublicKey> {
        self.replaced_key
    }

    /// Where `key`, the device's when the plan is done, was born.
    #[must_use]
    pub fn key_origin(&self, key: &PublicKey) -> KeyOrigin {
        match self.device_key {
            DeviceKey::Recorded(known) if known == *key => KeyOrigin::EarlierRun,
            DeviceKey::Answered(known) if known == *key => KeyOrigin::Request,
            _ if self.steps.contains(&Step::CreateKey) => KeyOrigin::ThisRun,
            _ => KeyOrigin::Unknown,
        }
    }

    /// The bytes that a step writes, where the plan knows and shows them: not
    /// those of the device certificate, which is issued for a key that the
    /// chip is yet to make or to show, and not the secrets.
    #[must_use]
    pub fn bytes(&self, step: &Step) -> Option<Vec<u8>> {
        match step {
            Step::WriteConfig(ConfigWrite::Word(_, data)) => Some(data.to_vec()),
            Step::WriteConfig(ConfigWrite::Block(_, data)) => Some(data.to_vec()),
            Step::WriteOtp => Some(self.otp.as_bytes().to_vec()),
            Step::WriteSlot(slot::DEVICE_CERTIFICATE) => None,
            Step::WriteSlot(slot) => self.image([0; 72]).slot(*slot).map(<[u8]>::to_vec),
            _ => None,
        }
    }

    /// The slots with this compressed device certificate.
    pub(crate) fn image(&self, device_certificate: [u8; 72]) -> DataImage<'_> {
        DataImage {
            volatile_keys: self.volatile_keys.as_deref(),
            device_certificate,
            signer_public_key: self.signer.signer.public_key.to_nerves_key_slot(),
            signer_certificate: self.signer.compressed.to_bytes(),
        }
    }

    /// The slots that the plan locks.
    pub(crate) fn locked_by_steps(&self) -> impl Iterator<Item = &Slot> {
        self.steps.iter().filter_map(|step| match step {
            Step::LockSlot(slot) => Some(slot),
            _ => None,
        })
    }

    /// Whether the signer has yet to issue the device certificate.
    #[must_use]
    pub fn needs_signature(&self) -> bool {
        self.steps.contains(&Step::IssueCertificate)
    }

    /// Whether the activation key that was given has to be that of a finished chip.
    pub(crate) fn has_key_to_try(&self) -> bool {
        self.steps.is_empty() && self.layout == Layout::Volatile && self.volatile_keys.is_some()
    }

    /// Whether anything that remains cannot be undone.
    #[must_use]
    pub fn is_irreversible(&self) -> bool {
        self.steps.iter().any(Step::is_irreversible)
    }
}

impl core::fmt::Display for Plan {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.steps.is_empty() {
            return f.write_str("nothing to do\n");
        }
        for (index, step) in self.steps.iter().enumerate() {
            let mark = if step.is_irreversible() { "!!" } else { "  " };
            write!(f, "{mark} {:>2}. {step}", index + 1)?;
            match self.bytes(step) {
                Some(bytes) if bytes.iter().all(|byte| *byte == 0) => {
                    writeln!(f, ": {} zeros", bytes.len())?;
                }
                Some(bytes) => writeln!(f, ": {}", HEXLOWER.encode(&bytes))?,
                None => writeln!(f)?,
            }
        }
        f.write_str("!! cannot be undone\n")
    }
}
