//! A token that is asked again after what may pass.
//!
//! Tokens have several users. `SoftHSM` writes the token's file at each login;
//! whoever reads it at that moment finds no token, or a damaged one, and is
//! helped by nothing but initializing the library anew. Each try is therefore
//! made with a new session of a library that was finalized.
//!
//! A PIN is another matter: wrong ones lock the token, and some libraries answer
//! them as they answer trouble, and count them nowhere. One that was refused is
//! never given again; one of which nothing is known is given once more, unless
//! the token counts a wrong one; and nobody is asked a second time at a pad.

use core::fmt;
use std::boxed::Box;
use std::string::{String, ToString};
use std::time::Duration;

use atecc_x509::{PublicKey, SignatureBytes};
use zeroize::Zeroizing;

use super::{Pkcs11Error, Pkcs11Uri};

/// Before each further try.
pub(super) const PAUSES: [Duration; 6] = [
    Duration::from_millis(50),
    Duration::from_millis(100),
    Duration::from_millis(200),
    Duration::from_millis(300),
    Duration::from_millis(400),
    Duration::from_millis(500),
];

/// What a token asks of its user.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Login {
    /// Nothing.
    None,
    /// A PIN, on a pad of its own.
    AtTheToken,
    /// A PIN, from this program.
    Pin,
}

/// A library that is loaded: cryptoki's, or a test's.
pub(super) trait Module: fmt::Debug {
    type Session: TokenSession;

    /// A session with the token that `uri` names, of a library that is
    /// initialized for it.
    fn open(&self, uri: &Pkcs11Uri) -> Result<Self::Session, Pkcs11Error>;
}

/// A session with a token. Dropped, it is closed and the library finalized.
pub(super) trait TokenSession: fmt::Debug {
    type Key: fmt::Debug;

    fn label(&self) -> &str;
    fn login(&self) -> Login;
    /// Whether a wrong PIN was given since the last right one.
    fn counts_wrong_pin(&self) -> bool;
    fn log_in(&self, pin: Option<&str>) -> Result<(), Pkcs11Error>;
    fn find_key(&self, uri: &Pkcs11Uri) -> Result<Self::Key, Pkcs11Error>;
    fn public_key(key: &Self::Key) -> Option<PublicKey>;
    fn sign(&self, key: &Self::Key, digest: &[u8; 32]) -> Result<SignatureBytes, Pkcs11Error>;
}

/// A session that is logged in, and the key in it.
type Keyed<S> = (S, <S as TokenSession>::Key);

/// A token, opened and not logged in to.
#[derive(Debug)]
pub(super) struct OpenToken<M: Module> {
    module: M,
    uri: Pkcs11Uri,
    pauses: &'static [Duration],
    session: M::Session,
}

/// A token that signs.
#[derive(Debug)]
pub(super) struct SigningToken<M: Module> {
    module: M,
    uri: Pkcs11Uri,
    pauses: &'static [Duration],
    pin: Option<Pin>,
    trial: PinTrial,
    label: String,
    public_key: Option<PublicKey>,
    state: State<M::Session>,
}

#[derive(Debug)]
enum State<S: TokenSession> {
    Open(S, S::Key),
    /// To be opened again.
    Failed,
    /// Not to be opened again: that was refused once.
    Refused,
}

/// Not shown, and zeroized when dropped.
struct Pin(Zeroizing<String>);

impl fmt::Debug for Pin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pin(..)")
    }
}

/// What came of the PIN when it was given last.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum PinTrial {
    Untried,
    Accepted,
    /// The token failed before it said anything about it.
    Unknown,
    /// And once more.
    UnknownTwice,
}

impl<M: Module> OpenToken<M> {
    pub(super) fn open(
        module: M,
        uri: &Pkcs11Uri,
        pauses: &'static [Duration],
    ) -> Result<Self, Pkcs11Error> {
        let session = again(pauses, || module.open(uri))?;
        Ok(Self {
            module,
            uri: uri.clone(),
            pauses,
            session,
        })
    }

    pub(super) const fn session(&self) -> &M::Session {
        &self.session
    }

    /// Log in and find the key.
    pub(super) fn signer(self, pin: Option<&str>) -> Result<SigningToken<M>, Pkcs11Error> {
        let mut token = SigningToken {
            label: self.session.label().to_string(),
            module: self.module,
            uri: self.uri,
            pauses: self.pauses,
            pin: pin.map(|pin| Pin(Zeroizing::new(pin.into()))),
            trial: PinTrial::Untried,
            public_key: None,
            state: State::Failed,
        };
        let mut session = Some(self.session);
        let (session, key) = again(token.pauses, || token.connect(session.take()))?;
        token.public_key = M::Session::public_key(&key);
        token.state = State::Open(session, key);
        Ok(token)
    }
}

impl<M: Module> SigningToken<M> {
    pub(super) const fn public_key(&self) -> Option<PublicKey> {
        self.public_key
    }

    /// Sign once. What may pass is followed by a new session.
    pub(super) fn sign(&mut self, digest: &[u8; 32]) -> Result<SignatureBytes, Pkcs11Error> {
        again(self.pauses, || self.try_to_sign(digest))
    }

    fn try_to_sign(&mut self, digest: &[u8; 32]) -> Result<SignatureBytes, Pkcs11Error> {
        // Until it has signed, it is taken for lost.
        let (session, key) = match core::mem::replace(&mut self.state, State::Refused) {
            State::Open(session, key) => (session, key),
            State::Failed => self.connect(None).inspect_err(|error| {
                if error.may_pass() {
                    self.state = State::Failed;
                }
            })?,
            State::Refused => return Err(Pkcs11Error::Lost(self.label.clone())),
        };
        let signature = session.sign(&key, digest);
        self.state = match &signature {
            Err(error) if error.may_pass() => State::Failed,
            _ => State::Open(session, key),
        };
        signature
    }

    /// Log in and find the key, in `session` or a new one.
    fn connect(&mut self, session: Option<M::Session>) -> Result<Keyed<M::Session>, Pkcs11Error> {
        let session = match session {
            Some(session) => session,
            None => self.module.open(&self.uri)?,
        };
        let login = session.login();
        if login != Login::None {
            let in_doubt = match self.trial {
                PinTrial::Untried | PinTrial::Accepted => false,
                PinTrial::Unknown => login == Login::AtTheToken || session.counts_wrong_pin(),
                PinTrial::UnknownTwice => true,
            };
            if in_doubt {
                return Err(Pkcs11Error::PinInDoubt(self.label.clone()));
            }
            self.trial = match self.trial {
                PinTrial::Unknown => PinTrial::UnknownTwice,
                _ => PinTrial::Unknown,
            };
            session.log_in(self.pin.as_ref().map(|pin| pin.0.as_str()))?;
            self.trial = PinTrial::Accepted;
        }
        let key = session.find_key(&self.uri)?;
        Ok((session, key))
    }
}

/// What `attempt` says at last: as often as there are pauses, and once more,
/// for as long as it may say something else the next time.
pub(super) fn again<T>(
    pauses: &[Duration],
    mut attempt: impl FnMut() -> Result<T, Pkcs11Error>,
) -> Result<T, Pkcs11Error> {
    let mut tries = 1;
    loop {
        let last = match attempt() {
            Err(error) if error.may_pass() => error,
            result => return result,
        };
        let Some(pause) = pauses.get(tries - 1) else {
            let last = Box::new(last);
            return Err(Pkcs11Error::Lasting { tries, last });
        };
        std::thread::sleep(*pause);
        tries += 1;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;
    use std::format;
    use std::rc::Rc;
    use std::vec;
    use std::vec::Vec;

    use cryptoki::context::Function;
    use cryptoki::error::{Error as CryptokiError, RvError};

    use super::super::Pkcs11ErrorKind;
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
    #[derive(Clone, Debug, Default)]
    struct Fake(Rc<RefCell<Told>>);

    #[derive(Debug, Default)]
    struct Told {
        calls: Vec<Call>,
        /// What the next such call comes to, first to last.
        failures: Vec<(Call, Pkcs11Error)>,
        wrong_pins: usize,
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

        fn label(&self) -> &'static str {
            "fake"
        }

        fn login(&self) -> Login {
            Login::Pin
        }

        fn counts_wrong_pin(&self) -> bool {
            self.0.borrow().wrong_pins > 0
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
            Ok(SignatureBytes::from_bytes([1; 64]))
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
        let fake = Fake::failing(vec![(Call::LogIn, code(RvError::GeneralError))]);
        fake.0.borrow_mut().wrong_pins = 1;
        let error = fake.sign().unwrap_err();
        assert!(matches!(error, Pkcs11Error::PinInDoubt(_)), "{error}");
        assert_eq!(fake.asked(Call::LogIn), 1);
        // Of a right one nothing is in doubt.
        let fake = Fake::failing(vec![(Call::Sign, code(RvError::GeneralError))]);
        fake.0.borrow_mut().wrong_pins = 1;
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
}
