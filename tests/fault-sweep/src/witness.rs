//! A look into the chip's memory at each of its changes.
//!
//! The chain is judged twice: by the crates' own reader, from the bytes in the
//! slots, and by other parsers, from its DER and from the private key in
//! slot 0.

use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use atecc::{ConfigZone, PublicKey};
use atecc_emulator::{Bus, Image, ImageFileError, Slot, Store};
use nerves_key::Snapshot;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::{DerSignature, VerifyingKey};
use p256::elliptic_curve::sec1::ToSec1Point;
use x509_cert::der::{Decode, Encode};

use tests_station::Station;
use tests_vector_runner::{holds, same};

/// The store of a chip that keeps nothing and watches each data lock. Clones
/// share what they find.
#[derive(Clone, Debug)]
pub(super) struct Witness {
    expected: Expected,
    seen: Arc<Mutex<Seen>>,
}

#[derive(Debug, Default)]
struct Seen {
    findings: Vec<String>,
    /// The last content whose chain was verified.
    verified: Option<Image>,
}

/// What a locked chip has to hold.
#[derive(Clone, Debug)]
struct Expected {
    serial: String,
    signer: Vec<u8>,
}

impl Expected {
    fn of(station: &Station) -> Self {
        let serial = station.request.serial.as_ref();
        Self {
            serial: serial.map_or_else(String::new, |serial| serial.as_str().into()),
            signer: station.certificate.as_der().to_vec(),
        }
    }
}

impl Witness {
    /// For a chip that `station` provisions.
    pub(super) fn new(station: &Station) -> Self {
        Self {
            expected: Expected::of(station),
            seen: Arc::default(),
        }
    }

    /// What was wrong at the instant of a data lock, or of a change after it.
    pub(super) fn findings(&self) -> Vec<String> {
        self.seen().findings.clone()
    }

    /// Whether a chip that is data locked holds a verified chain.
    ///
    /// # Errors
    /// What does not verify.
    pub(super) fn judge(&self, image: &Image) -> Result<(), Box<dyn Error>> {
        let mut seen = self.seen();
        let known = seen.verified.as_ref().is_some_and(|verified| {
            let mut slots = (0..16).filter_map(Slot::new);
            verified.otp() == image.otp()
                && verified.serial() == image.serial()
                && slots.all(|slot| verified.slot(slot) == image.slot(slot))
        });
        if !known && ConfigZone(*image.config()).data_lock().is_locked() {
            chain(image, &self.expected)?;
            seen.verified = Some(image.clone());
        }
        Ok(())
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Store for Witness {
    fn commit(&mut self, image: &Image) -> Result<(), ImageFileError> {
        if let Err(error) = self.judge(image) {
            let finding = format!("locked, but {error}");
            self.seen().findings.push(finding);
        }
        Ok(())
    }
}

/// Whether a chip that is data locked holds a verified chain of `station`'s.
///
/// # Errors
/// What does not verify.
pub(super) fn verified_chain(bus: &Bus, station: &Station) -> Result<(), Box<dyn Error>> {
    let image = bus.image(0).ok_or("the bus has no chip")?;
    Witness::new(station).judge(&image)
}

/// The public half of the private key in slot 0.
///
/// # Errors
/// Where there is none.
pub(super) fn device_key(image: &Image) -> Result<atecc_x509::PublicKey, Box<dyn Error>> {
    let slot = Slot::new(0).ok_or("no such slot")?;
    // Four bytes of padding come before the scalar.
    let scalar = image.slot(slot).get(4..36).ok_or("slot 0 is short")?;
    let secret = p256::SecretKey::from_slice(scalar)?;
    let point = secret.public_key().to_sec1_point(false);
    let key = point.as_bytes().get(1..).unwrap_or_default();
    Ok(atecc_x509::PublicKey::from_bytes(key.try_into()?))
}

fn chain(image: &Image, expected: &Expected) -> Result<(), Box<dyn Error>> {
    let slot = |index| {
        let slot = Slot::new(index).ok_or("no such slot")?;
        Ok::<_, Box<dyn Error>>(image.slot(slot))
    };
    let public_key = *device_key(image)?.as_bytes();
    let point = [&[0x04], public_key.as_slice()].concat();
    let certificate = |index| Ok::<_, Box<dyn Error>>(slot(index)?.first_chunk().copied());
    let snapshot = Snapshot {
        config: ConfigZone(*image.config()),
        otp: Some(*image.otp()),
        device_certificate: certificate(10)?,
        signer_public_key: certificate(11)?,
        signer_certificate: certificate(12)?,
        public_key: Some(PublicKey(public_key)),
        eui: None,
    };
    let identity = snapshot.identity()?;
    let serial = identity.otp.manufacturer_serial();
    same("serial", serial, expected.serial.as_bytes())?;
    let signer = identity.signer_certificate.as_der();
    holds("the signer's own certificate", signer == expected.signer)?;
    let signer = x509_cert::Certificate::from_der(signer)?;
    let device = x509_cert::Certificate::from_der(identity.device_certificate.as_der())?;
    same("key", sec1(&device)?, &point)?;
    let signature = device.signature().as_bytes().ok_or("no whole bytes")?;
    VerifyingKey::from_sec1_bytes(sec1(&signer)?)?.verify(
        &device.tbs_certificate().to_der()?,
        &DerSignature::from_bytes(signature)?,
    )?;
    Ok(())
}

fn sec1(certificate: &x509_cert::Certificate) -> Result<&[u8], Box<dyn Error>> {
    let info = certificate.tbs_certificate().subject_public_key_info();
    let bits = &info.subject_public_key;
    Ok(bits.as_bytes().ok_or("no whole bytes")?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::SETUPS;

    /// What the witness has to find, made by hand.
    #[test]
    fn a_broken_chain_is_found() {
        for setup in SETUPS {
            let mut station = setup.station();
            let witness = Witness::new(&station);
            let bus = setup.bus(witness.clone());
            station.provision(&bus).unwrap();
            let finished = bus.image(0).unwrap();
            assert_eq!(witness.findings(), [] as [String; 0]);
            // Another key, serial, device or signer certificate.
            for (slot, at) in [(0, 35), (10, 3), (11, 3), (12, 66)] {
                let mut image = finished.clone();
                image.slot_mut(Slot::new(slot).unwrap())[at] ^= 1;
                let mut witness = Witness::new(&station);
                witness.judge(&image).unwrap_err();
                witness.commit(&image).unwrap();
                assert_eq!(witness.findings().len(), 1, "{setup}: slot {slot}");
                // Nothing is wrong while it can still be written.
                let mut config = *image.config();
                config[86] = 0x55;
                let open = image.with_config(config).unwrap();
                Witness::new(&station).judge(&open).unwrap();
            }
            station.request.serial = None;
            Witness::new(&station).judge(&finished).unwrap_err();
        }
    }
}
