//! Parts with keys in other slots than 0: what is shown, and what each key does.
//!
//! Expectations are the policies that data sheets and recordings have for the
//! slots; keys are put into the memory of the emulated part, and the `p256` crate
//! knows their public halves, verifies and agrees.

mod generation;
mod part;
mod uses;

use cryptoki_sys as ck;
use nerves_key_pkcs11_core::mechanism::{Ecdh1, Mechanism};
use nerves_key_pkcs11_core::session::Session;
use p256::ecdh::diffie_hellman;
use p256::elliptic_curve::sec1::ToSec1Point;

use part::{TFLXTLS, TNGTLS, get, labelled, objects, part, scalar, session, sign, verifies, zone};

const YES: Option<u8> = Some(1);
const NO: Option<u8> = Some(0);

/// Slot, label, id, `CKA_SIGN`, `CKA_DERIVE`.
type Row = (u8, &'static str, &'static [u8], Option<u8>, Option<u8>);

const KEYS: [Row; 5] = [
    (0, "1", b"1", YES, YES),
    (1, "1 slot 1", b"1.1", NO, NO),
    (2, "1 slot 2", b"1.2", YES, YES),
    (3, "1 slot 3", b"1.3", YES, YES),
    (4, "1 slot 4", b"1.4", YES, YES),
];

/// Every key is there with these names and uses, and does them.
fn check(session: &Session, rows: &[Row]) {
    assert_eq!(objects(session, ck::CKO_PRIVATE_KEY).len(), rows.len());
    assert_eq!(objects(session, ck::CKO_PUBLIC_KEY).len(), rows.len());
    for (slot, label, id, signs, derives) in rows {
        let key = part::private(session, label);
        let public = labelled(session, ck::CKO_PUBLIC_KEY, label).unwrap();
        let said = |object, kind| get(session, object, kind).unwrap().first().copied();
        assert_eq!(get(session, key, ck::CKA_ID).unwrap(), *id);
        assert_eq!(get(session, public, ck::CKA_ID).unwrap(), *id);
        assert_eq!(said(key, ck::CKA_SIGN), *signs, "{label}");
        assert_eq!(said(key, ck::CKA_DERIVE), *derives, "{label}");
        let theirs = scalar(*slot).verifying_key().to_sec1_point(false);
        let point = get(session, public, ck::CKA_EC_POINT).unwrap();
        assert_eq!(point[2..], *theirs.as_bytes(), "{label}");

        let digest = [0x50 + slot; 32];
        match sign(session, key, digest) {
            Ok(signature) => {
                assert_eq!(*signs, YES, "{label}");
                for (other, ..) in rows {
                    let verified = verifies(scalar(*other).verifying_key(), digest, signature);
                    assert_eq!(verified, other == slot, "{label}, key of slot {other}");
                }
            }
            Err(error) => {
                assert_eq!(*signs, NO, "{label}: {}", error.explained());
                assert_eq!(error.rv(), ck::CKR_KEY_FUNCTION_NOT_PERMITTED);
                assert!(
                    error.to_string().contains("no external signatures"),
                    "{error}"
                );
            }
        }
        match secret(session, key) {
            Ok(secret) => {
                let ours = p256::SecretKey::from_slice(&[0x77; 32]).unwrap();
                let theirs = p256::PublicKey::from_sec1_bytes(&point[2..]).unwrap();
                let expected = diffie_hellman(ours.to_nonzero_scalar(), theirs.as_affine());
                assert_eq!(secret, expected.raw_secret_bytes().to_vec(), "{label}");
                assert_eq!(*derives, YES, "{label}");
            }
            Err(rv) => {
                assert_eq!(
                    (rv, *derives),
                    (ck::CKR_KEY_FUNCTION_NOT_PERMITTED, NO),
                    "{label}"
                );
            }
        }
    }
}

fn secret(session: &Session, key: ck::CK_OBJECT_HANDLE) -> Result<Vec<u8>, ck::CK_RV> {
    let ours = p256::SecretKey::from_slice(&[0x77; 32]).unwrap();
    let public = ours.public_key().to_sec1_point(false);
    let mechanism = Mechanism::Ecdh1(Ecdh1 {
        kdf: ck::CKD_NULL,
        shared: &[],
        public: public.as_bytes(),
    });
    let derived = session.derive(mechanism, key, &[]);
    let derived = derived.map_err(|error| error.rv())?;
    Ok(get(session, derived, ck::CKA_VALUE).unwrap())
}

#[test]
fn a_trust_and_go_part_has_five_keys() {
    let bus = part(zone(TNGTLS), b"KQp2ZkD8", &[0, 1, 2, 3, 4]);
    check(&session(&bus), &KEYS);
}

#[test]
fn a_trust_flex_part_has_five_keys() {
    let bus = part(zone(TFLXTLS), b"MKMwyhP1", &[0, 1, 2, 3, 4]);
    check(&session(&bus), &KEYS);
}

/// Its certified key is that of slot 1; the labels are by slot as everywhere.
#[test]
fn the_key_of_a_lorawan_part_is_in_slot_1() {
    let bus = part(part::tnglora(), b"jsMu7iYO", &[1]);
    check(&session(&bus), &[(1, "1 slot 1", b"1.1", YES, YES)]);
    let bus = part(part::tnglora(), b"jsMu7iYO", &[0, 1, 3]);
    let rows = [KEYS[0], (1, "1 slot 1", b"1.1", YES, YES), KEYS[3]];
    check(&session(&bus), &rows);
}

/// A slot for a private key that holds none is no object.
#[test]
fn a_slot_without_a_key_is_not_shown() {
    let bus = part(zone(TNGTLS), b"KQp2ZkD8", &[0, 3]);
    check(&session(&bus), &[KEYS[0], KEYS[3]]);
    let bus = part(zone(TNGTLS), b"KQp2ZkD8", &[]);
    check(&session(&bus), &[]);
}

/// A key verifies what it has signed and nothing else.
#[test]
fn public_keys_verify_for_their_own_slot() {
    let bus = part(zone(TNGTLS), b"KQp2ZkD8", &[0, 2]);
    let session = session(&bus);
    let digest = [0x33; 32];
    let signature = sign(&session, part::private(&session, "1 slot 2"), digest).unwrap();
    for (label, expected) in [("1", Some(ck::CKR_SIGNATURE_INVALID)), ("1 slot 2", None)] {
        let key = labelled(&session, ck::CKO_PUBLIC_KEY, label).unwrap();
        let plain = Some(Mechanism::Plain(ck::CKM_ECDSA));
        session.verify_begin(plain, key).unwrap();
        let input = nerves_key_pkcs11_core::session::Input::Whole(&digest);
        let verified = session.verify(input, &signature);
        assert_eq!(verified.err().map(|error| error.rv()), expected, "{label}");
        let error = session.sign_begin(plain, key).unwrap_err();
        assert_eq!(error.rv(), ck::CKR_KEY_TYPE_INCONSISTENT);
    }
}
