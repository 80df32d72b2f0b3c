//! The `cryptoki` crate as a client of the shared object.

#[path = "../support/mod.rs"]
mod support;

use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass};
use cryptoki::session::UserType;
use cryptoki::types::AuthPin;
use p256::ecdsa::signature::Verifier;
use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};

/// Cargo builds the library next to its tests.
fn load() -> Pkcs11 {
    let here = std::env::current_exe().unwrap();
    Pkcs11::new(here.with_file_name("libnerves_key_pkcs11.so")).unwrap()
}

#[test]
fn a_client_finds_the_key_by_token_label_and_signs() {
    let directory = tempfile::tempdir().unwrap();
    let configuration = support::configured(directory.path());
    // SAFETY: this binary has this one test, and no other thread yet.
    unsafe { std::env::set_var("NERVES_KEY_PKCS11_CONF", configuration) };

    let client = load();
    client
        .initialize(CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK))
        .unwrap();
    let slots = client.get_slots_with_initialized_token().unwrap();
    let slot = *slots
        .first()
        .expect("the finished chip; the other is blank");
    assert_eq!(slots.len(), 1);
    assert_eq!(client.get_token_info(slot).unwrap().label(), "1");

    let session = client.open_ro_session(slot).unwrap();
    let pin = AuthPin::new("anything".into());
    session.login(UserType::User, Some(&pin)).unwrap();
    let find = |class| {
        let template = [Attribute::Class(class), Attribute::Id(b"1".to_vec())];
        *session.find_objects(&template).unwrap().first().unwrap()
    };
    let (private, public, certificate) = (
        find(ObjectClass::PRIVATE_KEY),
        find(ObjectClass::PUBLIC_KEY),
        find(ObjectClass::CERTIFICATE),
    );

    let attributes = session.get_attributes(public, &[AttributeType::EcPoint]);
    let Ok([Attribute::EcPoint(point)]) = attributes.as_deref() else {
        panic!("no point: {attributes:?}");
    };
    let key = VerifyingKey::from_sec1_bytes(&point[2..]).unwrap();
    let attributes = session.get_attributes(certificate, &[AttributeType::Value]);
    let Ok([Attribute::Value(der)]) = attributes.as_deref() else {
        panic!("no certificate: {attributes:?}");
    };
    let certified = atecc_x509::Certificate::from_der(der.clone()).unwrap();
    assert_eq!(certified.public_key().unwrap().to_sec1(), point[2..]);

    let signature = session.sign(&Mechanism::Ecdsa, private, &[7; 32]).unwrap();
    let signature = Signature::from_slice(&signature).unwrap();
    key.verify_prehash(&[7; 32], &signature).unwrap();

    let message = b"a message in two parts";
    session.sign_init(&Mechanism::EcdsaSha256, private).unwrap();
    session.sign_update(&message[..9]).unwrap();
    session.sign_update(&message[9..]).unwrap();
    let signature = session.sign_final().unwrap();
    key.verify(message, &Signature::from_slice(&signature).unwrap())
        .unwrap();
    let verify =
        |message: &[u8]| session.verify(&Mechanism::EcdsaSha256, public, message, &signature);
    verify(message).unwrap();
    assert!(verify(b"another one").is_err());

    let mut random = [0; 40];
    session.generate_random_slice(&mut random).unwrap();
    assert_ne!(random[..20], random[20..]);
}
