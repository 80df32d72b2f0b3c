//! What a token that fails is asked again, and what it is not.

use std::cell::RefCell;
use std::format;
use std::rc::Rc;
use std::vec;
use std::vec::Vec;

use cryptoki::context::Function;
use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki_sys::{CKF_LOGIN_REQUIRED, CKF_USER_PIN_COUNT_LOW};

use super::super::Pkcs11ErrorKind;
use super::super::token::tests::token_info;
use super::*;

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Call {
    Open,
    LogIn,
    FindKey,
    Sign,
}

const CALLS: [Call; 4] = [Call::Open, Call::LogIn, Call::FindKey, Call::Sign];

/// A token that does as it is told, and remembers what it was asked.
#[derive(Clone, Debug)]
struct Fake(Rc<RefCell<Told>>, TokenInfo);

impl Default for Fake {
    fn default() -> Self {
        Self(Rc::default(), token_info(CKF_LOGIN_REQUIRED))
    }
}

#[derive(Debug, Default)]
struct Told {
    calls: Vec<Call>,
    /// The signatures to come; ones after them.
    signatures: Vec<[u8; 64]>,
    /// What the next such call comes to, first to last.
    failures: Vec<(Call, Pkcs11Error)>,
}

impl Fake {
    fn failing(failures: Vec<(Call, Pkcs11Error)>) -> Self {
        let fake = Self::default();
        fake.0.borrow_mut().failures = failures;
        fake
    }

    fn call(&self, call: Call) -> Result<(), Pkcs11Error> {
        let mut told = self.0.borrow_mut();
        told.calls.push(call);
        match told.failures.first() {
            Some((at, _)) if *at == call => Err(told.failures.remove(0).1),
            _ => Ok(()),
        }
    }

    fn asked(&self, call: Call) -> usize {
        let told = self.0.borrow();
        told.calls.iter().filter(|made| **made == call).count()
    }

    /// Open the token, log in and sign.
    fn sign(&self) -> Result<SignatureBytes, Pkcs11Error> {
        self.signer()?.sign(&[0; 32])
    }

    fn signer(&self) -> Result<SigningToken<Self>, Pkcs11Error> {
        OpenToken::open(self.clone(), &Pkcs11Uri::default(), &NO_PAUSES)?.signer(Some("1234"))
    }
}

const NO_PAUSES: [Duration; PAUSES.len()] = [Duration::ZERO; PAUSES.len()];

impl Module for Fake {
    type Session = Self;

    fn open(&self, _: &Pkcs11Uri) -> Result<Self, Pkcs11Error> {
        self.call(Call::Open)?;
        Ok(self.clone())
    }
}

impl TokenSession for Fake {
    type Key = ();

    fn info(&self) -> &TokenInfo {
        &self.1
    }

    fn log_in(&self, pin: Option<&str>) -> Result<(), Pkcs11Error> {
        assert_eq!(pin, Some("1234"));
        self.call(Call::LogIn)
    }

    fn find_key(&self, _: &Pkcs11Uri) -> Result<(), Pkcs11Error> {
        self.call(Call::FindKey)
    }

    fn public_key((): &()) -> Option<PublicKey> {
        None
    }

    fn sign(&self, (): &(), _: &[u8; 32]) -> Result<SignatureBytes, Pkcs11Error> {
        self.call(Call::Sign)?;
        let signatures = &mut self.0.borrow_mut().signatures;
        let next = (!signatures.is_empty()).then(|| signatures.remove(0));
        Ok(SignatureBytes::from_bytes(next.unwrap_or([1; 64])))
    }
}

fn code(code: RvError) -> Pkcs11Error {
    CryptokiError::Pkcs11(code, Function::Sign).into()
}

fn wrong_pin() -> Pkcs11Error {
    Pkcs11Error::WrongPin {
        token: "fake".into(),
        last_try: false,
    }
}

fn absent(present: &[&str]) -> Pkcs11Error {
    Pkcs11Error::Token {
        found: 0,
        present: present.iter().map(|label| (*label).into()).collect(),
    }
}

#[test]
fn trouble_that_passes_is_outlasted_wherever_it_strikes() {
    let troubles: [fn() -> Pkcs11Error; 8] = [
        || code(RvError::GeneralError),
        || code(RvError::FunctionFailed),
        || code(RvError::DeviceError),
        || code(RvError::DeviceRemoved),
        || code(RvError::TokenNotPresent),
        || code(RvError::SessionCount),
        || code(RvError::SessionHandleInvalid),
        || absent(&[]),
    ];
    for (trouble, call) in troubles
        .iter()
        .flat_map(|trouble| CALLS.map(|call| (trouble, call)))
        // A PIN is not given so often.
        .filter(|(_, call)| *call != Call::LogIn)
    {
        for times in 0..=PAUSES.len() {
            let fake = Fake::failing((0..times).map(|_| (call, trouble())).collect());
            let signature = fake.sign();
            assert!(signature.is_ok(), "{call:?} {times}: {signature:?}");
            assert_eq!(fake.asked(call), times + 1, "{call:?}");
            // A new session each time.
            assert_eq!(fake.asked(Call::Open), times + 1, "{call:?}");
        }
        let fake = Fake::failing((0..20).map(|_| (call, trouble())).collect());
        let error = fake.sign().unwrap_err();
        assert_eq!(error.kind(), Pkcs11ErrorKind::Passing, "{error}");
        assert!(error.to_string().ends_with("(the last of 7 tries)"));
        assert_eq!(fake.asked(call), 7, "{call:?}");
    }
}

#[test]
fn what_does_not_pass_is_not_tried_again() {
    for (given, kind) in [
        (RvError::PinIncorrect, Pkcs11ErrorKind::Input),
        (RvError::PinLocked, Pkcs11ErrorKind::Input),
        (RvError::PinExpired, Pkcs11ErrorKind::Input),
        (RvError::UserNotLoggedIn, Pkcs11ErrorKind::Input),
        (RvError::MechanismInvalid, Pkcs11ErrorKind::Input),
        (RvError::ArgumentsBad, Pkcs11ErrorKind::Input),
        (RvError::FunctionCanceled, Pkcs11ErrorKind::Token),
        (RvError::FipsSelfTestFailed, Pkcs11ErrorKind::Token),
        (RvError::VendorDefined(0x8000_0001), Pkcs11ErrorKind::Token),
    ] {
        for call in CALLS {
            let fake = Fake::failing(vec![(call, code(given))]);
            let error = fake.sign().unwrap_err();
            assert_eq!(error.kind(), kind, "{given:?}");
            assert_eq!(fake.asked(call), 1, "{given:?} {call:?}");
        }
    }
}

#[test]
fn a_wrong_pin_is_given_once() {
    let fake = Fake::failing(vec![(Call::LogIn, wrong_pin())]);
    assert!(matches!(fake.sign(), Err(Pkcs11Error::WrongPin { .. })));
    assert_eq!(fake.asked(Call::LogIn), 1);
    let failures = [code(RvError::DeviceError), wrong_pin()];
    let fake = Fake::failing(failures.map(|error| (Call::LogIn, error)).into());
    assert!(matches!(fake.sign(), Err(Pkcs11Error::WrongPin { .. })));
    assert_eq!(fake.asked(Call::LogIn), 2);
}

/// A library may answer a wrong PIN as it answers trouble, and count it
/// nowhere.
#[test]
fn a_pin_of_which_nothing_is_known_is_given_once_more() {
    let failing = |times| {
        let trouble = || (Call::LogIn, code(RvError::FunctionFailed));
        Fake::failing((0..times).map(|_| trouble()).collect())
    };
    let once = failing(1);
    assert!(once.sign().is_ok());
    assert_eq!(once.asked(Call::LogIn), 2);
    let always = failing(20);
    let error = always.sign().unwrap_err();
    assert!(matches!(error, Pkcs11Error::PinInDoubt(_)), "{error}");
    assert_eq!(always.asked(Call::LogIn), 2);
}

/// It may have been the PIN at which the token failed.
#[test]
fn a_pin_is_not_given_again_where_the_token_counts_a_wrong_one() {
    let counting = token_info(CKF_LOGIN_REQUIRED | CKF_USER_PIN_COUNT_LOW);
    let mut fake = Fake::failing(vec![(Call::LogIn, code(RvError::GeneralError))]);
    fake.1 = counting.clone();
    let error = fake.sign().unwrap_err();
    assert!(matches!(error, Pkcs11Error::PinInDoubt(_)), "{error}");
    assert_eq!(fake.asked(Call::LogIn), 1);
    // Of a right one nothing is in doubt.
    let mut fake = Fake::failing(vec![(Call::Sign, code(RvError::GeneralError))]);
    fake.1 = counting;
    assert!(fake.sign().is_ok());
    assert_eq!(fake.asked(Call::LogIn), 2);
}

#[test]
fn a_token_that_was_lost_and_refuses_the_pin_is_not_given_it_again() {
    let fake = Fake::failing(vec![
        (Call::Sign, code(RvError::DeviceRemoved)),
        (Call::LogIn, wrong_pin()),
    ]);
    let mut signer = fake.signer().unwrap();
    let error = signer.sign(&[0; 32]).unwrap_err();
    assert!(matches!(error, Pkcs11Error::WrongPin { .. }), "{error}");
    let error = signer.sign(&[0; 32]).unwrap_err();
    assert!(matches!(error, Pkcs11Error::Lost(_)), "{error}");
    assert_eq!(fake.asked(Call::LogIn), 2);
}

#[test]
fn a_token_that_was_away_signs_when_it_is_back() {
    let fake = Fake::failing(
        (0..7)
            .map(|_| (Call::Sign, code(RvError::TokenNotPresent)))
            .collect(),
    );
    let mut signer = fake.signer().unwrap();
    assert!(signer.sign(&[0; 32]).is_err());
    assert!(signer.sign(&[0; 32]).is_ok());
}

/// A token beside others may be left out for a moment; nobody's PIN is at
/// stake. At last it is the URI that is wrong.
#[test]
fn a_token_that_is_not_among_others_is_looked_for_again() {
    let fake = Fake::failing(vec![(Call::Open, absent(&["other"]))]);
    assert!(fake.sign().is_ok());
    let failures = (0..20).map(|_| (Call::Open, absent(&["other"]))).collect();
    let fake = Fake::failing(failures);
    let error = fake.sign().unwrap_err();
    assert_eq!(error.kind(), Pkcs11ErrorKind::Input, "{error}");
    assert_eq!(fake.asked(Call::LogIn), 0);
}

#[test]
fn the_pin_is_not_shown() {
    let shown = format!("{:?}", Fake::default().signer().unwrap());
    assert!(!shown.contains("1234"), "{shown}");
}

/// What does not pass says nothing against the session.
#[test]
fn a_session_outlives_what_does_not_pass() {
    let fake = Fake::default();
    let mut signer = fake.signer().unwrap();
    let failures = vec![(Call::Sign, Pkcs11Error::Signature(63))];
    fake.0.borrow_mut().failures = failures;
    signer.sign(&[0; 32]).unwrap_err();
    signer.sign(&[0; 32]).unwrap();
    assert_eq!((fake.asked(Call::Open), fake.asked(Call::LogIn)), (1, 1));
}

#[test]
fn a_pin_is_not_shown() {
    let pin = Pin(Zeroizing::new("31415".to_owned()));
    assert_eq!(format!("{pin:?}"), "Pin(..)");
}

/// An R below 2^247: the Elixir library misreads what DER makes of it.
fn unreadable(last: u8) -> [u8; 64] {
    let mut bytes = [1; 64];
    bytes[0] = 0;
    bytes[1] = 0;
    bytes[63] = last;
    bytes
}

#[test]
fn a_signature_that_cannot_be_read_is_made_anew() {
    let sign = |signatures: &[[u8; 64]]| {
        let fake = Fake::default();
        fake.0.borrow_mut().signatures = signatures.to_vec();
        let signature = fake.signer().unwrap().sign_readable(&[0; 32]).unwrap();
        (*signature.as_bytes(), fake.asked(Call::Sign))
    };
    assert!(!SignatureBytes::from_bytes(unreadable(1)).is_readable_by_reference());
    assert_eq!(sign(&[]), ([1; 64], 1));
    assert_eq!(sign(&[unreadable(1), unreadable(2)]), ([1; 64], 3));
    // A token that gives the same again would go on doing so.
    assert_eq!(sign(&[unreadable(1); 4]), (unreadable(1), 2));
    let differing = [1, 2, 3, 4].map(unreadable);
    assert_eq!(sign(&differing), (unreadable(4), 4));
}
