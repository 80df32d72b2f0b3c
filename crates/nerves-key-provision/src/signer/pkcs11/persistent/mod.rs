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

#[cfg(test)]
mod tests;

use core::fmt;
use std::boxed::Box;
use std::string::{String, ToString};
use std::time::Duration;

use atecc_x509::{PublicKey, SignatureBytes};
use cryptoki::slot::TokenInfo;
use zeroize::Zeroizing;

use super::token::{Login, counts_wrong_pin};
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

/// How often a token signs one digest. Of 512 signatures about one has an R
/// that the Elixir library cannot read.
const TRIES: usize = 4;

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

    fn info(&self) -> &TokenInfo;
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

    pub(super) fn info(&self) -> &TokenInfo {
        self.session.info()
    }

    /// Log in and find the key.
    pub(super) fn signer(self, pin: Option<&str>) -> Result<SigningToken<M>, Pkcs11Error> {
        let mut token = SigningToken {
            label: self.session.info().label().to_string(),
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

    /// Sign until the Elixir library can read the result, for as long as the
    /// signatures differ and [`TRIES`] times at most.
    pub(super) fn sign_readable(
        &mut self,
        digest: &[u8; 32],
    ) -> Result<SignatureBytes, Pkcs11Error> {
        let mut signature = self.sign(digest)?;
        for _ in 1..TRIES {
            if signature.is_readable_by_reference() {
                break;
            }
            let last = core::mem::replace(&mut signature, self.sign(digest)?);
            if signature == last {
                break;
            }
        }
        Ok(signature)
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
        let login = Login::new(session.info());
        if login != Login::None {
            let in_doubt = match self.trial {
                PinTrial::Untried | PinTrial::Accepted => false,
                PinTrial::Unknown => login == Login::AtTheToken || counts_wrong_pin(session.info()),
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
