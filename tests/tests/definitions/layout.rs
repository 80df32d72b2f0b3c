//! A layout of one's own on an emulated chip, from the definition file to a
//! certificate that is read back: the key in slot 2, the 72 bytes in slot 8.

use atecc::commands::LockTarget;
use atecc::crc::Crc16;
use atecc::procedures::{
    CreateKey, LockAndConfirm, ReadConfig, ReadRegion, SignDigest, WriteRegion,
};
use atecc::{Device, Region, Slot};
use atecc_certdef::{Defined, Values};
use atecc_emulator::{Bus, Chip, Revision};
use atecc_x509::{
    CompressedCertificate, DateTime, Format, PublicKey, SignatureBytes, Validity, decompress,
    round_trip,
};
use p256::ecdsa::SigningKey;
use p256::ecdsa::signature::hazmat::PrehashSigner;

use super::definition;

const SIGNER_ID: u16 = 0x00C4;

fn slot(index: u8) -> Slot {
    Slot::new(index).unwrap()
}

struct Signer(SigningKey);

impl Signer {
    fn public_key(&self) -> PublicKey {
        let point = self.0.verifying_key().to_sec1_point(false);
        PublicKey::from_bytes(point.as_bytes()[1..].try_into().unwrap())
    }

    fn sign(&self, digest: &[u8; 32]) -> SignatureBytes {
        let signature: p256::ecdsa::Signature = self.0.sign_prehash(digest).unwrap();
        SignatureBytes::from_bytes(signature.to_bytes().into())
    }
}

/// The definition for a chip with this serial number and key.
fn defined(serial_number: atecc::SerialNumber, key: atecc::PublicKey, signer: &Signer) -> Defined {
    let file = definition("tests/definitions/example-inc-device.toml");
    let values = Values {
        device_sn: Some(*serial_number.as_bytes()),
        signer_public_key: Some(signer.public_key()),
        ..Values::new(PublicKey::from(key))
    };
    file.with(values).unwrap()
}

#[test]
fn provisioned_and_read_back() {
    let signer = Signer(SigningKey::from_bytes(&[0x42; 32].into()).unwrap());
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let mut device = Device::new(bus.i2c(), bus.delay());

    // The configuration as the factory has it, which suits.
    let config = device.run(ReadConfig::new()).unwrap();
    let target = LockTarget::Config { crc: config.crc() };
    device.run(LockAndConfirm::new(target)).unwrap();

    // The key, and a certificate of it.
    let key = device.run(CreateKey::new(slot(2))).unwrap();
    let chip = defined(config.serial_number(), key, &signer);
    let now = DateTime::new(2026, 3, 15, 9, 15, 0).unwrap();
    let validity = Validity::issued_at(now, 20).unwrap();
    let tbs = chip.issue(validity, Format::V0, SIGNER_ID).unwrap();
    let certificate = tbs.assemble(&signer.sign(&tbs.digest()));
    let compressed = round_trip(&certificate, &chip).unwrap().to_bytes();

    // Slots 3 to 15 hold no private key here; they and the OTP zone are locked
    // as they are written.
    let mut crc = Crc16::new();
    for index in 3..16 {
        let mut bytes = vec![0; slot(index).size()];
        if index == 8 {
            bytes[..72].copy_from_slice(&compressed);
        }
        crc.update(&bytes);
        let write = WriteRegion::new(Region::Slot(slot(index)), bytes).unwrap();
        device.run(write).unwrap();
    }
    crc.update(&[0; 64]);
    device
        .run(WriteRegion::new(Region::Otp, [0; 64]).unwrap())
        .unwrap();
    let target = LockTarget::Data { crc: crc.finish() };
    device.run(LockAndConfirm::new(target)).unwrap();

    // Another program, another day: nothing but the chip and the file.
    let mut device = Device::new(bus.i2c(), bus.delay());
    let config = device.run(ReadConfig::new()).unwrap();
    let key = device.run(public_key()).unwrap();
    let chip = defined(config.serial_number(), key, &signer);
    let stored = device
        .run(ReadRegion::<72>::new(Region::Slot(slot(8))))
        .unwrap();
    let stored = CompressedCertificate::from_bytes(&stored).unwrap();
    assert_eq!(stored.signer_id, SIGNER_ID);
    let read = decompress(&stored, &chip).unwrap();
    assert_eq!(read, certificate);
    read.verify(&signer.public_key()).unwrap();
    assert_eq!(read.issuer_text(), "O=Example Inc, CN=Example Signer 00C4");
    // And the chip proves to be the one that it is of.
    let digest = [0x5A; 32];
    let signature = device.run(SignDigest::new(slot(2), digest)).unwrap();
    let key = read.public_key().unwrap();
    key.verify(&digest, &SignatureBytes::from_bytes(signature))
        .unwrap();
}

fn public_key() -> atecc::procedure::Once<atecc::commands::GenKey> {
    atecc::procedure::Once(atecc::commands::GenKey {
        mode: atecc::commands::GenKeyMode::Public,
        slot: slot(2),
    })
}
