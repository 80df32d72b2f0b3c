//! What the chip of a device row holds, and what it gives back.

use std::error::Error;

use atecc_x509::{
    Certificate, CompressedCertificate, Name, NervesKeySigner, Part, PublicKey, RoundTripError,
    SerialTextError, compress, decompress, round_trip,
};
use nerves_key_schema::{BoardName, DataImage, ManufacturerSerial, Otp};

use super::device::Device;
use super::row::needless_zero;
use tests_vector_runner::{Outcome, holds, same};

/// The board name of every row.
const BOARD: &str = "NervesKey";

/// How the chip's memory relates to what ours writes and reads.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Stored {
    AsTheReference,
    /// The serial ends with zero bytes, which are read as padding.
    ZerosLost,
    /// The reference writes no serial of this length; ours does.
    LongSerial,
}

impl Device {
    /// OTP zone and lock CRC are as ours; the device certificate comes back
    /// from slot 10 and the serial of the OTP zone.
    pub(super) fn storage(
        &self,
        certificate: &Certificate,
        signer_key: &PublicKey,
    ) -> Result<Stored, Box<dyn Error>> {
        let serial = &self.manufacturer_sn.0;
        let otp = match &self.otp {
            // Nothing was compressed, so nothing was stored.
            None => return Ok(Stored::AsTheReference),
            Some(Outcome::Raised { .. }) => {
                holds("a serial that fits is not written", serial.len() > 32)?;
                let text = std::str::from_utf8(serial).unwrap_or_default();
                let Ok(serial) = ManufacturerSerial::stored(text) else {
                    return Ok(Stored::AsTheReference); // Refused by both.
                };
                let otp = Otp::new(&BoardName::stored(BOARD)?, &serial, &[])?;
                self.comes_back(&otp, certificate, signer_key)?;
                return Ok(Stored::LongSerial);
            }
            Some(Outcome::Value(otp)) => Otp::from_bytes(otp.array()?)?,
        };
        let image = DataImage {
            volatile_keys: None,
            device_certificate: self.slot(10)?,
            signer_public_key: self.slot(11)?,
            signer_certificate: self.slot(12)?,
        };
        // As on the wire: the low byte first.
        let crc = self.data_lock_crc.as_ref().ok_or("no data_lock_crc")?;
        same(
            "data_lock_crc",
            image.lock_crc(otp.as_bytes()).to_le_bytes(),
            crc.array()?,
        )?;
        same("board name", otp.board_name(), BOARD.as_bytes())?;
        if let Ok(serial) =
            ManufacturerSerial::stored(std::str::from_utf8(serial).unwrap_or_default())
        {
            let ours = Otp::new(&BoardName::stored(BOARD)?, &serial, &[])?;
            same("otp", ours, otp)?;
        }
        let lost = serial.ends_with(&[0]);
        let equal = self
            .read_back_device_equal
            .ok_or("no read_back_device_equal")?;
        let explained = lost || needless_zero(&self.slot(10)?[..64]) || !self.row.dates_fit()?;
        same("reason for read_back_device_equal", explained, !equal)?;
        if lost {
            self.zeros_are_lost(&otp, certificate, signer_key)?;
            return Ok(Stored::ZerosLost);
        }
        self.comes_back(&otp, certificate, signer_key)?;
        Ok(Stored::AsTheReference)
    }

    /// As one value, or else as the reference splits it. What was stored with
    /// clamped dates is another certificate whatever is done.
    fn comes_back(
        &self,
        otp: &Otp,
        certificate: &Certificate,
        signer_key: &PublicKey,
    ) -> Result<(), Box<dyn Error>> {
        let serial = otp.manufacturer_serial();
        same("serial in the otp", serial, &self.manufacturer_sn.0)?;
        let plain = Some(Name::from_stored_serial(serial));
        let split = Name::as_the_reference_splits(serial);
        for subject in [plain, split].into_iter().flatten() {
            let read = decompress(&self.stored()?, &self.definition(subject, *signer_key)?)?;
            if read.verify(signer_key).is_ok() {
                return same("certificate read", &read, certificate);
            }
        }
        holds(
            "no certificate that is read verifies",
            !self.row.dates_fit()?,
        )
    }

    /// Slots 10 to 12 are read; whether ours gives the signer back and the
    /// reference does not, which only its integers explain. Where neither does,
    /// ours would not have stored it.
    pub(super) fn signer_differs(&self, signer_key: &PublicKey) -> Result<bool, Box<dyn Error>> {
        same("slot 10", self.slot(10)?, self.stored()?.to_bytes())?;
        let slot_11 = self.slot(11)?;
        same("slot 11", signer_key.to_nerves_key_slot(), slot_11)?;
        let public_key = PublicKey::from_nerves_key_slot(&slot_11)?;
        let slot_12 = self.slot(12)?;
        let original = Certificate::from_pem(&self.signer_pem)?;
        original.verify(&public_key)?;
        let signer = NervesKeySigner { public_key };
        let read = decompress(&CompressedCertificate::from_bytes(&slot_12)?, &signer);
        let theirs = self.read_back_signer_equal.unwrap_or(true);
        if read.as_ref() == Ok(&original) {
            let integers = needless_zero(&slot_12[..64]);
            same("reason for read_back_signer_equal", integers, !theirs)?;
            return Ok(!theirs);
        }
        same("read_back_signer_equal", false, theirs)?;
        let refused = compress(&original, &signer, atecc_x509::Format::V0).is_err();
        holds("a signer that is stored does not come back", refused)?;
        Ok(false)
    }

    /// Such a serial is not issued: from the chip comes a shorter one.
    fn zeros_are_lost(
        &self,
        otp: &Otp,
        certificate: &Certificate,
        signer_key: &PublicKey,
    ) -> Result<(), Box<dyn Error>> {
        let serial = std::str::from_utf8(&self.manufacturer_sn.0)?;
        same(
            "refusal",
            Name::from_serial(serial),
            Err(SerialTextError::EndsWithZero.into()),
        )?;
        if !self.row.dates_fit()? {
            return Ok(()); // Nothing comes back in any case.
        }
        let read = Name::from_stored_serial(otp.manufacturer_serial());
        let read = self.definition(read, *signer_key)?;
        match round_trip(certificate, &read) {
            Err(RoundTripError::Differs {
                part: Part::Subject,
                ..
            }) => Ok(()),
            other => Err(format!("the lost zeros are not noticed: {other:?}").into()),
        }
    }

    pub(super) fn stored(&self) -> Result<CompressedCertificate, Box<dyn Error>> {
        match &self.row.compressed {
            Outcome::Value(bytes) => Ok(CompressedCertificate::from_bytes(&bytes.array()?)?),
            Outcome::Raised { raises } => Err(format!("not compressed: {raises}").into()),
        }
    }

    fn slot(&self, number: u8) -> Result<[u8; 72], Box<dyn Error>> {
        let Some(Outcome::Value(slots)) = &self.slots else {
            return Err("no slots".into());
        };
        slots
            .iter()
            .find(|slot| slot.slot == number)
            .ok_or("a slot is missing")?
            .data
            .array()
    }
}
