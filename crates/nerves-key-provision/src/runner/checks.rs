//! What the chip's answers have to be.

use atecc::{ConfigZone, Slot};
use atecc_x509::SignatureBytes;
use nerves_key::{Activation, Snapshot};

use super::task::Output;
use super::{Event, Runner, x509};
use crate::plan::other_signer;
use crate::{Plan, Possession, RunError, Step};

impl<F: FnMut(Event<'_>)> Runner<'_, F> {
    /// Judge what the chip gave for `step`.
    pub(super) fn complete(&mut self, step: &Step, output: &Output) -> Result<(), RunError> {
        match (step, output) {
            (Step::CheckChip, Output::Config(zone)) => same_chip(&self.expected(), zone),
            (Step::CheckKey, Output::Key(key)) if self.public_key != Some(*key) => {
                Err(RunError::KeyChanged)
            }
            (Step::CheckConfig, Output::Config(zone)) => same_config(&self.plan.config, zone),
            (Step::CheckLocks, Output::Config(zone)) => self.check_locks(zone),
            (Step::ReadPublicKey, Output::Key(key))
                if self.plan.device_key.known() != Some(x509(key)) =>
            {
                Err(RunError::KeyChanged)
            }
            (Step::CreateKey | Step::ReadPublicKey, Output::Key(key)) => {
                self.public_key = Some(*key);
                Ok(())
            }
            (Step::ProveKey, Output::Signature(signature)) => self.check_proof(*signature),
            (Step::Activate, Output::Activation(Activation::WrongKey)) => {
                Err(RunError::ActivationKey)
            }
            (Step::VerifyChain, _) => self.verify_chain(),
            (Step::ReadBack, Output::Snapshot(snapshot)) => self.check_read_back(snapshot),
            (Step::ReadSlots, Output::Differs(Some(slot))) => Err(RunError::ReadBackSlot(*slot)),
            _ => Ok(()),
        }
    }

    fn check_proof(&mut self, signature: [u8; 64]) -> Result<(), RunError> {
        let key = self
            .x509_key()
            .ok_or(RunError::OutOfOrder(Step::ProveKey))?;
        key.verify(&self.challenge(), &SignatureBytes::from_bytes(signature))
            .map_err(RunError::Possession)?;
        if !self.data_locked() {
            self.possession = Some(Possession::Proved);
        }
        Ok(())
    }

    /// The identity that a reader will find in these very bytes.
    fn verify_chain(&self) -> Result<(), RunError> {
        let image = self
            .image
            .as_ref()
            .ok_or(RunError::OutOfOrder(Step::VerifyChain))?;
        let as_locked = Snapshot {
            config: self.plan.config,
            otp: Some(*self.plan.otp.bytes()),
            device_certificate: Some(image.device_certificate),
            signer_public_key: Some(image.signer_public_key),
            signer_certificate: Some(image.signer_certificate),
            public_key: self.public_key,
            eui: None,
        };
        as_locked.identity()?;
        Ok(())
    }

    fn check_read_back(&mut self, snapshot: &Snapshot) -> Result<(), RunError> {
        read_back("OTP zone", snapshot.otp.as_ref(), self.plan.otp.bytes())?;
        if let Some(image) = &self.image {
            for (what, read, wrote) in [
                (
                    "device certificate",
                    &snapshot.device_certificate,
                    &image.device_certificate,
                ),
                (
                    "signer public key",
                    &snapshot.signer_public_key,
                    &image.signer_public_key,
                ),
                (
                    "signer certificate",
                    &snapshot.signer_certificate,
                    &image.signer_certificate,
                ),
            ] {
                read_back(what, read.as_ref(), wrote)?;
            }
        }
        if let Some(key) = &self.public_key {
            read_back("public key", snapshot.public_key.as_ref(), key)?;
        }
        let Plan {
            signer,
            accepted_signer,
            ..
        } = self.plan;
        if other_signer(snapshot, signer, *accepted_signer)?.is_some() {
            return Err(RunError::OtherSigner);
        }
        self.identity = Some(snapshot.identity()?);
        self.public_key = snapshot.public_key;
        Ok(())
    }

    fn check_locks(&mut self, zone: &ConfigZone) -> Result<(), RunError> {
        let slot_locked = |slot: &Slot| zone.slot_lock(*slot).is_locked();
        let mut keys = self.plan.layout.locked_slots().iter();
        let mut planned = self.plan.locked_by_steps();
        if zone.config_lock().is_locked()
            && zone.data_lock().is_locked()
            && keys.all(slot_locked)
            && planned.all(slot_locked)
        {
            self.config = Some(*zone);
            Ok(())
        } else {
            Err(RunError::NotLocked)
        }
    }
}

/// A refusal is no difference.
fn read_back<T: PartialEq>(
    what: &'static str,
    read: Option<&T>,
    wrote: &T,
) -> Result<(), RunError> {
    match read {
        None => Err(RunError::NotShown(what)),
        Some(read) if read == wrote => Ok(()),
        Some(_) => Err(RunError::ReadBack(what)),
    }
}

fn same_chip(planned: &ConfigZone, found: &ConfigZone) -> Result<(), RunError> {
    match first_difference(planned, found) {
        Some((offset, ..)) => Err(RunError::Changed { offset }),
        None => Ok(()),
    }
}

fn same_config(planned: &ConfigZone, found: &ConfigZone) -> Result<(), RunError> {
    match first_difference(planned, found) {
        Some((offset, wrote, read)) => Err(RunError::Config {
            offset,
            wrote,
            read,
        }),
        None => Ok(()),
    }
}

fn first_difference(planned: &ConfigZone, found: &ConfigZone) -> Option<(usize, u8, u8)> {
    let pairs = planned.0.iter().zip(&found.0).enumerate();
    pairs
        .map(|(offset, (planned, found))| (offset, *planned, *found))
        .find(|(_, planned, found)| planned != found)
}
