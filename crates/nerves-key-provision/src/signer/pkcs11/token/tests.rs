//! Of flags, codes and attributes. Source: PKCS#11 v2.40, sections 3.2, 5.6 and
//! 2.3.3.

use cryptoki::context::Function;
use cryptoki_sys::{
    CK_FLAGS, CK_TOKEN_INFO, CKF_LOGIN_REQUIRED, CKF_PROTECTED_AUTHENTICATION_PATH,
    CKF_USER_PIN_COUNT_LOW, CKF_USER_PIN_FINAL_TRY, CKF_USER_PIN_INITIALIZED, CKF_USER_PIN_LOCKED,
};

use super::*;

/// A token called `fake` with these flags.
pub(in super::super) fn token_info(flags: CK_FLAGS) -> TokenInfo {
    let mut info = CK_TOKEN_INFO {
        label: [b' '; 32],
        flags,
        ..CK_TOKEN_INFO::default()
    };
    info.label[..4].copy_from_slice(b"fake");
    info.try_into().unwrap()
}

#[test]
fn who_asks_for_a_pin() {
    let pad = CKF_PROTECTED_AUTHENTICATION_PATH;
    for (flags, login) in [
        (0, Login::None),
        (pad, Login::None),
        (CKF_LOGIN_REQUIRED, Login::Pin),
        (CKF_LOGIN_REQUIRED | pad, Login::AtTheToken),
    ] {
        assert_eq!(Login::new(&token_info(flags)), login, "{flags:x}");
    }
}

#[test]
fn each_flag_of_a_wrong_pin_counts() {
    for flag in [
        CKF_USER_PIN_COUNT_LOW,
        CKF_USER_PIN_FINAL_TRY,
        CKF_USER_PIN_LOCKED,
    ] {
        assert!(counts_wrong_pin(&token_info(flag)), "{flag:x}");
    }
    let others = CKF_LOGIN_REQUIRED | CKF_USER_PIN_INITIALIZED;
    assert!(!counts_wrong_pin(&token_info(others)));
}

#[test]
fn what_a_refused_login_means() {
    let refused = |flags, code| {
        let error = CryptokiError::Pkcs11(code, Function::Login);
        refused_login(&token_info(flags), error)
    };
    for code in [
        RvError::PinIncorrect,
        RvError::PinInvalid,
        RvError::PinLenRange,
    ] {
        for (flags, expected) in [(0, false), (CKF_USER_PIN_FINAL_TRY, true)] {
            match refused(flags, code) {
                Err(Pkcs11Error::WrongPin { token, last_try }) => {
                    assert_eq!((token.as_str(), last_try), ("fake", expected));
                }
                other => panic!("{code:?}: {other:?}"),
            }
        }
    }
    let locked = refused(0, RvError::PinLocked);
    assert!(matches!(locked, Err(Pkcs11Error::PinLocked(_))));
    refused(0, RvError::UserAlreadyLoggedIn).unwrap();
    // Without a PIN of the user it is as it says; with one it is a race.
    let without = refused(0, RvError::UserPinNotInitialized);
    assert!(!matches!(without, Ok(()) | Err(Pkcs11Error::PinDenied(_))));
    let with = refused(CKF_USER_PIN_INITIALIZED, RvError::UserPinNotInitialized);
    assert!(matches!(with, Err(Pkcs11Error::PinDenied(_))));
}

#[test]
fn a_key_of_another_curve_is_refused_and_an_empty_id_is_none() {
    let info = token_info(0);
    // RFC 5480, section 2.1.1.1: secp256r1 and secp384r1.
    let p256 = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];
    let p384 = [0x06, 0x05, 0x2B, 0x81, 0x04, 0x00, 0x22];
    let curve = |curve: &[u8]| Attribute::EcParams(curve.into());
    let id = |id: &[u8]| Attribute::Id(id.into());
    let found = key_id(&info, [curve(&p256), id(&[1])].into()).unwrap();
    assert_eq!(found, Some([1].into()));
    assert_eq!(key_id(&info, [curve(&p256), id(&[])].into()).unwrap(), None);
    let other = key_id(&info, [curve(&p384), id(&[1])].into());
    assert!(matches!(other, Err(Pkcs11Error::NotP256(_))), "{other:?}");
}
