//! Certificates made without a chip's run: each signature is verified under the
//! certificate of who was to sign.

use std::convert::Infallible;

use atecc::SerialNumber;
use atecc_emulator::{Bus, Chip};
use atecc_x509::{DateTime, Format, PublicKey, SignatureBytes};
use nerves_key_provision::{
    CertificateSigner, DeviceSubject, IssueError, KeySigner, SigningRequest, create_auxiliary,
    create_device, self_signed,
};
use nerves_key_schema::ManufacturerSerial;
use tests_fault_sweep::SETUPS;
use tests_station::Station;

/// A signer that answers whatever it is given for.
struct Wrong(fn(&[u8; 32]) -> SignatureBytes);

/// What is no signature of anything.
fn garbage(_digest: &[u8; 32]) -> SignatureBytes {
    SignatureBytes::from_bytes([0x5A; 64])
}

/// A good signature, of another key than the certificate's.
fn of_another_key(digest: &[u8; 32]) -> SignatureBytes {
    let other = KeySigner::from_bytes(&[0x43; 32]).unwrap();
    other.sign_digest(digest).unwrap()
}

/// Of the right key, over something else.
fn over_something_else(_digest: &[u8; 32]) -> SignatureBytes {
    let right = KeySigner::from_bytes(&[0x42; 32]).unwrap();
    right.sign_digest(&[0xAA; 32]).unwrap()
}

const WRONG: [fn(&[u8; 32]) -> SignatureBytes; 3] = [garbage, of_another_key, over_something_else];

impl CertificateSigner for Wrong {
    type Error = Infallible;

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Infallible> {
        Ok(self.0(&request.digest))
    }
}

fn now() -> DateTime {
    DateTime::new(2026, 12, 6, 10, 20, 30).unwrap()
}

#[test]
fn a_signer_certificate() {
    let key = KeySigner::from_bytes(&[0x42; 32]).unwrap().public_key();
    for wrong in WRONG {
        let made = self_signed(key, now(), 5, Format::V0, |digest| {
            Ok::<_, Infallible>(wrong(digest))
        });
        assert!(matches!(made, Err(IssueError::Signature(_))), "{made:?}");
    }
}

#[test]
fn a_device_certificate() {
    let station = SETUPS[0].station();
    let device = DeviceSubject {
        public_key: PublicKey::from_bytes([0x5A; 64]),
        chip: SerialNumber([1; 9]),
        serial: &ManufacturerSerial::new("N1").unwrap(),
    };
    for wrong in WRONG {
        let signer = &station.request.signer;
        let made = create_device(&device, signer, &mut Wrong(wrong), now(), Format::V0);
        assert!(matches!(made, Err(IssueError::Signature(_))), "{made:?}");
    }
}

#[test]
fn an_auxiliary_certificate() {
    for setup in SETUPS {
        let bus = Bus::with_chip(Chip::blank(setup.revision));
        let mut station = setup.station();
        station.provision(&bus).unwrap();
        let identity = Station::snapshot(&bus).unwrap().identity().unwrap();
        for wrong in WRONG {
            let signer = &station.request.signer;
            let made = create_auxiliary(&identity, signer, &mut Wrong(wrong), now(), Format::V0);
            assert!(matches!(made, Err(IssueError::Signature(_))), "{setup}");
        }
    }
}
