//! What a token says of itself, of a PIN and of a key means.

#[cfg(test)]
pub(super) mod tests;

use std::string::{String, ToString};
use std::vec::Vec;

use cryptoki::error::{Error as CryptokiError, RvError};
use cryptoki::object::Attribute;
use cryptoki::slot::{Slot, TokenInfo};

use super::{Pkcs11Error, Pkcs11Uri};

/// `OBJECT IDENTIFIER 1.2.840.10045.3.1.7`, prime256v1, as `CKA_EC_PARAMS` has
/// it. Source: RFC 5480, section 2.1.1.1; PKCS#11 v2.40, section 2.3.3.
const PRIME256V1: [u8; 10] = [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

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

impl Login {
    pub(super) fn new(info: &TokenInfo) -> Self {
        match (info.login_required(), info.protected_authentication_path()) {
            (false, _) => Self::None,
            (true, true) => Self::AtTheToken,
            (true, false) => Self::Pin,
        }
    }
}

/// Whether a wrong PIN was given since the last right one.
pub(super) fn counts_wrong_pin(info: &TokenInfo) -> bool {
    info.user_pin_count_low() || info.user_pin_final_try() || info.user_pin_locked()
}

/// What a login that failed with `error` means.
pub(super) fn refused_login(info: &TokenInfo, error: CryptokiError) -> Result<(), Pkcs11Error> {
    let token = || info.label().to_string();
    let CryptokiError::Pkcs11(code, _) = &error else {
        return Err(error.into());
    };
    Err(match code {
        RvError::PinIncorrect | RvError::PinInvalid | RvError::PinLenRange => {
            Pkcs11Error::WrongPin {
                token: token(),
                last_try: info.user_pin_final_try(),
            }
        }
        RvError::PinLocked => Pkcs11Error::PinLocked(token()),
        // `SoftHSM` read its file between two writes of another process.
        RvError::UserPinNotInitialized if info.user_pin_initialized() => {
            Pkcs11Error::PinDenied(token())
        }
        // Another session of this process has.
        RvError::UserAlreadyLoggedIn => return Ok(()),
        _ => error.into(),
    })
}

/// The ID of a key with these attributes, where it has one.
///
/// # Errors
/// [`Pkcs11Error::NotP256`].
pub(super) fn key_id(
    info: &TokenInfo,
    attributes: Vec<Attribute>,
) -> Result<Option<Vec<u8>>, Pkcs11Error> {
    let mut id = None;
    for attribute in attributes {
        match attribute {
            Attribute::EcParams(curve) if curve != PRIME256V1 => {
                return Err(Pkcs11Error::NotP256(info.label().to_string()));
            }
            Attribute::Id(bytes) if !bytes.is_empty() => id = Some(bytes),
            _ => {}
        }
    }
    Ok(id)
}

/// Whether `uri` names this token.
pub(super) fn matches(uri: &Pkcs11Uri, slot: Slot, info: &TokenInfo) -> bool {
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
