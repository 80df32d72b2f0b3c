//! A session with a token, through the library's functions.

use std::path::{Path, PathBuf};
use std::string::ToString;
use std::vec::Vec;

use atecc_x509::{PublicKey, SignatureBytes};
use cryptoki::context::{CInitializeArgs, CInitializeFlags, Pkcs11};
use cryptoki::mechanism::Mechanism;
use cryptoki::object::{Attribute, AttributeType, ObjectClass, ObjectHandle};
use cryptoki::session::{Session, UserType};
use cryptoki::slot::TokenInfo;
use cryptoki::types::AuthPin;

use super::persistent::{Module, TokenSession};
use super::token::{key_id, matches, refused_login};
use super::{Pkcs11Error, Pkcs11Uri};

/// Before the point in `CKA_EC_POINT`: an OCTET STRING of 65 bytes, and the
/// mark of an uncompressed point. Source: PKCS#11 v2.40, section 2.3.3.
const POINT: [u8; 3] = [0x04, 0x41, 0x04];

/// A library that is loaded.
#[derive(Debug)]
pub(super) struct LoadedModule {
    library: Pkcs11,
    path: PathBuf,
}

/// A library that is initialized, until it is dropped: initialized anew, it
/// looks for its tokens again.
#[derive(Debug)]
struct Initialized(Pkcs11);

/// A session with the token that a URI names, and what the token says of itself.
#[derive(Debug)]
pub(super) struct ModuleSession {
    // Closed before the library is finalized.
    session: Session,
    info: TokenInfo,
    _library: Initialized,
}

/// A private key of P-256.
#[derive(Debug)]
pub(super) struct TokenKey {
    handle: ObjectHandle,
    public_key: Option<PublicKey>,
}

impl LoadedModule {
    /// # Errors
    /// [`Pkcs11Error::Module`], [`Pkcs11Error::LinkedStatically`].
    pub(super) fn load(path: &Path) -> Result<Self, Pkcs11Error> {
        let path = path.to_path_buf();
        // Musl's dlopen is there all the same, and always fails.
        if cfg!(all(target_env = "musl", target_feature = "crt-static")) {
            return Err(Pkcs11Error::LinkedStatically(path));
        }
        match Pkcs11::new(&path) {
            Ok(library) => Ok(Self { library, path }),
            Err(source) => Err(Pkcs11Error::Module { path, source }),
        }
    }
}

impl Drop for Initialized {
    fn drop(&mut self) {
        // The next one that initializes it is told what is wrong.
        drop(self.0.clone().finalize());
    }
}

impl Module for LoadedModule {
    type Session = ModuleSession;

    fn open(&self, uri: &Pkcs11Uri) -> Result<ModuleSession, Pkcs11Error> {
        let arguments = CInitializeArgs::new(CInitializeFlags::OS_LOCKING_OK);
        if let Err(source) = self.library.initialize(arguments) {
            let path = self.path.clone();
            return Err(Pkcs11Error::Module { path, source });
        }
        let library = Initialized(self.library.clone());
        let (mut matching, mut present) = (Vec::new(), Vec::new());
        for slot in self.library.get_slots_with_initialized_token()? {
            let info = self.library.get_token_info(slot)?;
            present.push(info.label().to_string());
            if matches(uri, slot, &info) {
                matching.push((slot, info));
            }
        }
        let found = matching.len();
        match matching.pop() {
            Some((slot, info)) if found == 1 => Ok(ModuleSession {
                session: self.library.open_ro_session(slot)?,
                info,
                _library: library,
            }),
            _ => Err(Pkcs11Error::Token { found, present }),
        }
    }
}

impl TokenSession for ModuleSession {
    type Key = TokenKey;

    fn info(&self) -> &TokenInfo {
        &self.info
    }

    fn log_in(&self, pin: Option<&str>) -> Result<(), Pkcs11Error> {
        let pin = pin.map(AuthPin::from);
        match self.session.login(UserType::User, pin.as_ref()) {
            Ok(()) => Ok(()),
            Err(error) => refused_login(&self.info, error),
        }
    }

    fn find_key(&self, uri: &Pkcs11Uri) -> Result<TokenKey, Pkcs11Error> {
        let session = &self.session;
        let token = || self.info.label().to_string();
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
        let [handle] = *keys else {
            let (token, found) = (token(), keys.len());
            return Err(Pkcs11Error::Key { token, found });
        };
        let attributes = [AttributeType::EcParams, AttributeType::Id];
        let id = key_id(&self.info, session.get_attributes(handle, &attributes)?)?;
        let public = match id {
            Some(id) => [Attribute::Class(ObjectClass::PUBLIC_KEY), Attribute::Id(id)].into(),
            None => wanted(ObjectClass::PUBLIC_KEY),
        };
        Ok(TokenKey {
            handle,
            public_key: public_key(session, &public)?,
        })
    }

    fn public_key(key: &TokenKey) -> Option<PublicKey> {
        key.public_key
    }

    fn sign(&self, key: &TokenKey, digest: &[u8; 32]) -> Result<SignatureBytes, Pkcs11Error> {
        let signature = self.session.sign(&Mechanism::Ecdsa, key.handle, digest)?;
        match signature.as_slice().try_into() {
            Ok(bytes) => Ok(SignatureBytes::from_bytes(bytes).with_long_s()),
            Err(_) => Err(Pkcs11Error::Signature(signature.len())),
        }
    }
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
