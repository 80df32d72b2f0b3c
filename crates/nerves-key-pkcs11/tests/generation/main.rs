//! The `cryptoki` crate has the shared object make keys: in slot 2 of a TrustFLEX
//! part, where the configuration file allows it, and nowhere else.

use std::path::Path;

use atecc_emulator::{DATA_SIZE, Image, Slot};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::Session;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};

/// TrustFLEX for TLS. Source: public projects; it is as the TFLXTLS data sheet's
/// table of slots has it.
const TFLXTLS: &str = "\
    012321a10000600307d31d31016145006c000001850082008520852085208f46\
    8f0f9f8f0f0f8f0f0f0f0f0f0f0f0f0f0d1f0f0fffffffff00000000ffffffff\
    00000000000003f700697600000000000000000000000000ffff0e6000000000\
    5300530073007300730038007c001c003c001a003c0030003c00300012003000";

/// prime256v1. Source: RFC 5480, section 2.1.1.1.
const P256: [u8; 10] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

/// A part with a key in slot 0, as a file.
fn part(path: &Path) {
    let byte = |at: usize| u8::from_str_radix(&TFLXTLS[2 * at..2 * at + 2], 16).unwrap();
    let mut otp = [0; 64];
    otp[..8].copy_from_slice(b"MKMwyhP1");
    let mut image = Image::from_zones(std::array::from_fn(byte), otp, [0; DATA_SIZE]).unwrap();
    image.slot_mut(Slot::new(0).unwrap())[4..36].fill(0x11);
    image.save(path).unwrap();
}

fn public_key(session: &Session, object: ObjectHandle) -> VerifyingKey {
    let attributes = session.get_attributes(object, &[AttributeType::EcPoint]);
    let Ok([Attribute::EcPoint(point)]) = attributes.as_deref() else {
        panic!("no point: {attributes:?}");
    };
    VerifyingKey::from_sec1_bytes(&point[2..]).unwrap()
}

#[test]
fn a_client_has_a_key_made_where_it_is_allowed() {
    let directory = tempfile::tempdir().unwrap();
    let image = directory.path().join("part.img");
    part(&image);
    let configuration = directory.path().join("pkcs11.conf");
    let lines = format!(
        "scan = no\nslot 1 = emu:{}\nlabel 1 = gateway\ngenerate 1 = 0, 2\n",
        image.display()
    );
    std::fs::write(&configuration, lines).unwrap();
    // SAFETY: this binary has this one test, and no other thread yet.
    unsafe { std::env::set_var("NERVES_KEY_PKCS11_CONF", configuration) };

    let here = std::env::current_exe().unwrap();
    let client = Pkcs11::new(here.with_file_name("libnerves_key_pkcs11.so")).unwrap();
    let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
    client.initialize(arguments).unwrap();
    let slot = client.get_slots_with_initialized_token().unwrap()[0];
    let info = client.get_token_info(slot).unwrap();
    assert_eq!((info.label(), info.write_protected()), ("gateway", false));
    let session = client.open_rw_session(slot).unwrap();
    let make = |session: &Session, label: &str| {
        let public = [
            Attribute::EcParams(P256.to_vec()),
            Attribute::Token(true),
            Attribute::Verify(true),
            Attribute::Label(label.into()),
        ];
        let private = [
            Attribute::Token(true),
            Attribute::Private(true),
            Attribute::Sensitive(true),
            Attribute::Sign(true),
        ];
        session.generate_key_pair(&Mechanism::EccKeyPairGen, &public, &private)
    };

    let (public, private) = make(&session, "1 slot 2").unwrap();
    let key = public_key(&session, public);
    let signature = session.sign(&Mechanism::Ecdsa, private, &[7; 32]).unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    key.verify_prehash(&[7; 32], &signature).unwrap();
    let by_id = [
        Attribute::Class(ObjectClass::PRIVATE_KEY),
        Attribute::Id(b"1.2".to_vec()),
    ];
    assert_eq!(session.find_objects(&by_id).unwrap(), [private]);

    for (label, expected) in [
        // The chip's configuration forbids it, whatever the file says.
        ("1", RvError::TokenWriteProtected),
        // The file does not allow it.
        ("1 slot 3", RvError::TokenWriteProtected),
        ("a name of its own", RvError::AttributeValueInvalid),
    ] {
        match make(&session, label) {
            Err(Error::Pkcs11(found, _)) => {
                assert_eq!(found.to_string(), expected.to_string(), "{label}");
            }
            other => panic!("{label}: {other:?}"),
        }
    }
    let read_only = client.open_ro_session(slot).unwrap();
    let refused = make(&read_only, "1 slot 2").unwrap_err();
    assert!(
        matches!(refused, Error::Pkcs11(RvError::SessionReadOnly, _)),
        "{refused}"
    );
    let signature = session.sign(&Mechanism::Ecdsa, private, &[8; 32]).unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    key.verify_prehash(&[8; 32], &signature).unwrap();
}
