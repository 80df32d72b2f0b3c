//! Signers whose key is in a PKCS#11 token: an HSM, a smart card, a service.
//!
//! The key never leaves the token, which signs digests (`CKM_ECDSA`). It is
//! made there by the token's own tools.

mod uri;

use std::format;
use std::path::PathBuf;
use std::string::{String, ToString};
use std::vec::Vec;

use atecc_x509::{NotOnCurve, PublicKey, SignatureBytes};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::{Slot, TokenInfo};
use cryptoki::types::AuthPin;

use super::{CertificateSigner, SigningRequest};

pub use uri::{PinSource, Pkcs11Uri, Pkcs11UriError};

/// `OBJECT IDENTIFIER 1.2.840.10045.3.1.7`, prime256v1, as `CKA_EC_PARAMS` has
/// it. Source: RFC 5480, section 2.1.1.1; PKCS#11 v2.40, section 2.3.3.
const PRIME256V1: [u8; 10] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

/// Before the point in `CKA_EC_POINT`: an OCTET STRING of 65 bytes, and the
/// mark of an uncompressed point. Source: PKCS#11 v2.40, section 2.3.3.
const POINT: [u8; 3] = [0x04, 0x41, 0x04];

/// How often a token signs one digest. Of 512 signatures about one has an R
/// that the Elixir library cannot read.
const TRIES: usize = 4;

/// A token, opened and not logged in to.
#[derive(Debug)]
pub struct Pkcs11Token {
    session: Session,
    info: TokenInfo,
}

/// A private key in a token.
#[derive(Debug)]
pub struct Pkcs11Signer {
    session: Session,
    key: ObjectHandle,
    public_key: Option<PublicKey>,
}

/// Why a token does not sign.
#[derive(Debug, thiserror::Error)]
pub enum Pkcs11Error {
    /// The library cannot be used.
    #[error("PKCS#11 library {}: {}", path.display(), in_short(source))]
    Module {
        /// The library.
        path: PathBuf,
        /// Why.
        source: CryptokiError,
    },
    /// No token is the one asked for, or several are.
    #[error("{} the one asked for; there is {}", count(*found, "token"), list(present))]
    Token {
        /// How many match.
        found: usize,
        /// The labels of all.
        present: Vec<String>,
    },
    /// The PIN is wrong.
    #[error("token {token:?}: the PIN is wrong{}", if *last_try { "; one try is left" } else { "" })]
    WrongPin {
        /// The token's label.
        token: String,
        /// Whether the token locks itself after another wrong one.
        last_try: bool,
    },
    /// The PIN was wrong too often.
    #[error("token {0:?}: the PIN is locked")]
    PinLocked(String),
    /// No private key is the one asked for, or several are.
    #[error("token {token:?}: {} the one asked for", count(*found, "private key"))]
    Key {
        /// The token's label.
        token: String,
        /// How many match.
        found: usize,
    },
    /// The key is of another kind.
    #[error("token {0:?}: the key is not one of P-256")]
    NotP256(String),
    /// The public key object holds no point.
    #[error("the public key in the token: {0}")]
    Point(#[from] NotOnCurve),
    /// The signature has another length than R and S.
    #[error("the token gave a signature of {0} bytes instead of 64")]
    Signature(usize),
    /// The token, or the library.
    #[error("PKCS#11: {}", in_short(_0))]
    Other(#[from] CryptokiError),
}

impl Pkcs11Token {
    /// Open the token that `uri` names.
    ///
    /// # Errors
    /// [`Pkcs11Error`] when the library cannot be loaded, or there is not
    /// exactly one such token.
    pub fn open(uri: &Pkcs11Uri) -> Result<Self, Pkcs11Error> {
        let module = |source| Pkcs11Error::Module {
            path: uri.module.clone(),
            source,
        };
        let library = Pkcs11::new(&uri.module).map_err(module)?;
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        library.initialize(arguments).map_err(module)?;
        let (mut matching, mut present) = (Vec::new(), Vec::new());
        for slot in library.get_slots_with_initialized_token()? {
            let info = library.get_token_info(slot)?;
            present.push(info.label().to_string());
            if matches(uri, slot, &info) {
                matching.push((slot, info));
            }
        }
        let found = matching.len();
        match matching.pop() {
            Some((slot, info)) if found == 1 => Ok(Self {
                session: library.open_ro_session(slot)?,
                info,
            }),
            _ => Err(Pkcs11Error::Token { found, present }),
        }
    }

    /// The token's label.
    #[must_use]
    pub fn label(&self) -> &str {
        self.info.label()
    }

    /// Whether [`Self::signer`] needs a PIN: the token asks for one and has no
    /// pad of its own to enter it.
    #[must_use]
    pub fn wants_pin(&self) -> bool {
        self.info.login_required() && !self.info.protected_authentication_path()
    }

    /// Log in and find the key that `uri` names.
    ///
    /// # Errors
    /// [`Pkcs11Error`] when the PIN is wrong, or there is not exactly one such
    /// key of P-256.
    pub fn signer(self, uri: &Pkcs11Uri, pin: Option<&str>) -> Result<Pkcs11Signer, Pkcs11Error> {
        if self.info.login_required() {
            self.log_in(pin)?;
        }
        let Self { session, info } = self;
        let token = || info.label().to_string();
        let wanted = |class| {
            let label = uri.object.as_ref();
            let label = label.map(|label| Attribute::Label(label.clone().into_bytes()));
            let id = uri.id.clone().map(Attribute::Id);
            [Attribute::Class(class)]
                .into_iter()
                .chain(label)
                .chain(id)
                .collect::<Vec<_>>()
        };
        let keys = session.find_objects(&wanted(ObjectClass::PRIVATE_KEY))?;
        let [key] = *keys else {
            let (token, found) = (token(), keys.len());
            return Err(Pkcs11Error::Key { token, found });
        };
        let mut id = None;
        for attribute in
            session.get_attributes(key, &[AttributeType::EcParams, AttributeType::Id])?
        {
            match attribute {
                Attribute::EcParams(curve) if curve != PRIME256V1 => {
                    return Err(Pkcs11Error::NotP256(token()));
                }
                Attribute::Id(bytes) if !bytes.is_empty() => id = Some(bytes),
                _ => {}
            }
        }
        let public = match id {
            Some(id) => [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Id(id)].into(),
            None => wanted(ObjectClass::PUBLIC_KEY),
        };
        let public_key = public_key(&session, &public)?;
        Ok(Pkcs11Signer {
            session,
            key,
            public_key,
        })
    }

    fn log_in(&self, pin: Option<&str>) -> Result<(), Pkcs11Error> {
        let pin = pin.map(AuthPin::from);
        let token = || self.info.label().to_string();
        let code = match self.session.login(UserType::User, pin.as_ref()) {
            Ok(()) => return Ok(()),
            Err(CryptokiError::Pkcs11(code, function)) => (code, function),
            Err(error) => return Err(error.into()),
        };
        Err(match code {
            (RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange, _) => {
                Pkcs11Error::WrongPin {
                    token: token(),
                    last_try: self.info.user_pin_final_try(),
                }
            }
            (RvError::PinLocked, _) => Pkcs11Error::PinLocked(token()),
            // Another session of this process has.
            (RvError::UserAlreadyLoggedIn, _) => return Ok(()),
            (code, function) => CryptokiError::Pkcs11(code, function).into(),
        })
    }
}

impl Pkcs11Signer {
    /// The public half, where the token has it beside the private key: with
    /// the same `CKA_ID`, or else the same label.
    #[must_use]
    pub const fn public_key(&self) -> Option<PublicKey> {
        self.public_key
    }

    /// Have the token sign a digest: R then S. It signs anew until the Elixir
    /// library can read the result, for as long as its signatures differ and
    /// four times at most.
    ///
    /// # Errors
    /// [`Pkcs11Error`], the token's.
    pub fn sign_digest(&self, digest: &[u8; 32]) -> Result<SignatureBytes, Pkcs11Error> {
        let mut signature = self.sign_digest_once(digest)?;
        for _ in 1..TRIES {
            if signature.is_readable_by_reference() {
                break;
            }
            let last = core::mem::replace(&mut signature, self.sign_digest_once(digest)?);
            if signature == last {
                break;
            }
        }
        Ok(signature)
    }

    fn sign_digest_once(&self, digest: &[u8; 32]) -> Result<SignatureBytes, Pkcs11Error> {
        let signature = self.session.sign(&Mechanism::Ecdsa, self.key, digest)?;
        match signature.as_slice().try_into() {
            Ok(bytes) => Ok(SignatureBytes::from_bytes(bytes).with_long_s()),
            Err(_) => Err(Pkcs11Error::Signature(signature.len())),
        }
    }
}

impl CertificateSigner for Pkcs11Signer {
    type Error = Pkcs11Error;

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Pkcs11Error> {
        self.sign_digest(&request.digest)
    }
}

fn matches(uri: &Pkcs11Uri, slot: Slot, info: &TokenInfo) -> bool {
    let same = |asked: &Option<String>, found: &str| match asked {
        Some(asked) => asked == found,
        None => true,
    };
    same(&uri.token, info.label())
        && same(&uri.manufacturer, info.manufacturer_id())
        && same(&uri.model, info.model())
        && same(&uri.serial, info.serial_number())
        && uri.slot_id.is_none_or(|asked| asked == slot.id())
}

/// The point of the only public key object that matches.
fn public_key(session: &Session, wanted: &[Attribute]) -> Result<Option<PublicKey>, Pkcs11Error> {
    let [key] = *session.find_objects(wanted)? else {
        return Ok(None);
    };
    for attribute in session.get_attributes(key, &[AttributeType::EcPoint])? {
        if let Attribute::EcPoint(der) = attribute {
            let point = der.strip_prefix(&POINT).map(<[u8; 64]>::try_from);
            if let Some(Ok(point)) = point {
                return Ok(Some(PublicKey::on_curve(point)?));
            }
        }
    }
    Ok(None)
}

/// The function and the code, as the standard names them: the library's own
/// words quote it at length.
fn in_short(error: &CryptokiError) -> String {
    match error {
        CryptokiError::Pkcs11(code, function) => format!("C_{function:?}: {code:?}"),
        CryptokiError::LibraryLoading(error) => error.to_string(),
        error => error.to_string(),
    }
}

fn count(found: usize, what: &str) -> String {
    match found {
        0 => format!("no {what} is"),
        found => format!("{found} {what}s are"),
    }
}

fn list(labels: &[String]) -> String {
    match labels {
        [] => "no token at all".into(),
        labels => format!("{labels:?}"),
    }
}
