//! `pkcs11:` URIs. Source: RFC 7512, sections 2.3 and 2.4.
//!
//! What would select a token or key and is not supported is refused: an
//! ignored attribute could select another key.

mod redacted;
#[cfg(test)]
mod tests;

use core::fmt;
use core::str::FromStr;
use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;

use zeroize::Zeroizing;

use redacted::{names_a_pin, shown};

/// A private key in a token: `pkcs11:token=NAME;object=NAME?module-path=FILE`.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Pkcs11Uri {
    /// `module-path`: the PKCS#11 library.
    pub module: PathBuf,
    /// `token`: its label.
    pub token: Option<String>,
    /// `manufacturer` of the token.
    pub manufacturer: Option<String>,
    /// `model` of the token.
    pub model: Option<String>,
    /// `serial` of the token.
    pub serial: Option<String>,
    /// `slot-id`.
    pub slot_id: Option<u64>,
    /// `object`: the key's label, `CKA_LABEL`.
    pub object: Option<String>,
    /// `id`: the key's `CKA_ID`.
    pub id: Option<Vec<u8>>,
    /// `pin-value` or `pin-source`.
    pub pin: Option<PinSource>,
}

/// Where the PIN is. The PIN itself is never shown, and zeroized when dropped.
#[derive(Clone, Eq, PartialEq)]
pub enum PinSource {
    /// In the URI. Other users of the computer can see it there.
    Value(Zeroizing<String>),
    /// In a file, without the line's end.
    File(PathBuf),
}

/// Why a text is no usable `pkcs11:` URI.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum Pkcs11UriError {
    /// Another scheme.
    #[error("a PKCS#11 URI begins with pkcs11:")]
    Scheme,
    /// Not `name=value`. It may be a PIN, so it is counted and not quoted.
    #[error("attribute {0} is not of the form name=value")]
    Form(usize),
    /// An attribute that is not supported, as far as its name is one.
    #[error(
        "{0:?} is not supported: token, manufacturer, model, serial, slot-id, object, id, \
         type=private, and after a question mark module-path, pin-value, pin-source are"
    )]
    Attribute(String),
    /// Given twice.
    #[error("{0:?} is given twice")]
    Twice(String),
    /// A `%` without two hex digits, or no UTF-8.
    #[error("the value of {0} is not percent-encoded UTF-8")]
    Encoding(String),
    /// Another type of object.
    #[error("type is not private: it is no private key")]
    Type,
    /// Not a number.
    #[error("slot-id is no number: {0}")]
    Slot(core::num::ParseIntError),
    /// A PIN within another attribute, where it would be shown.
    #[error(
        "the value of {0} holds a PIN: pin-value and pin-source stand behind the question mark, \
         separated by &"
    )]
    MisplacedPin(String),
    /// No PKCS#11 library.
    #[error(
        "it names no PKCS#11 library: add ?module-path=FILE, \
         such as /usr/lib/softhsm/libsofthsm2.so"
    )]
    NoModule,
    /// Neither label nor ID: any key would do.
    #[error("it names no key: add object=LABEL or id=%01")]
    NoKey,
    /// A program instead of a file.
    #[error("pin-source is no file")]
    PinSource,
}

impl FromStr for Pkcs11Uri {
    type Err = Pkcs11UriError;

    fn from_str(text: &str) -> Result<Self, Pkcs11UriError> {
        let rest = text.strip_prefix("pkcs11:").ok_or(Pkcs11UriError::Scheme)?;
        let (path, query) = rest.split_once('?').unwrap_or((rest, ""));
        let mut uri = Self::default();
        let mut seen = Vec::new();
        for (part, separator, set) in [
            (path, ';', Self::set_path as fn(&mut Self, &str, &str) -> _),
            (query, '&', Self::set_query),
        ] {
            for attribute in part.split(separator).filter(|part| !part.is_empty()) {
                let (name, value) = attribute
                    .split_once('=')
                    .ok_or(Pkcs11UriError::Form(seen.len() + 1))?;
                if !name.starts_with("pin-") && names_a_pin(value) {
                    return Err(Pkcs11UriError::MisplacedPin(shown(name).into()));
                }
                if seen.contains(&name) {
                    return Err(Pkcs11UriError::Twice(name.into()));
                }
                seen.push(name);
                set(&mut uri, name, value)?;
            }
        }
        if uri.module.as_os_str().is_empty() {
            return Err(Pkcs11UriError::NoModule);
        }
        if uri.object.is_none() && uri.id.is_none() {
            return Err(Pkcs11UriError::NoKey);
        }
        Ok(uri)
    }
}

impl Pkcs11Uri {
    fn set_path(&mut self, name: &str, value: &str) -> Result<(), Pkcs11UriError> {
        match name {
            "token" => self.token = Some(text(name, value)?),
            "manufacturer" => self.manufacturer = Some(text(name, value)?),
            "model" => self.model = Some(text(name, value)?),
            "serial" => self.serial = Some(text(name, value)?),
            "object" => self.object = Some(text(name, value)?),
            "id" => self.id = Some(bytes(name, value)?),
            "slot-id" => {
                self.slot_id = Some(value.parse().map_err(Pkcs11UriError::Slot)?);
            }
            "type" if value == "private" => {}
            "type" => return Err(Pkcs11UriError::Type),
            _ => return Err(Pkcs11UriError::Attribute(shown(name).into())),
        }
        Ok(())
    }

    fn set_query(&mut self, name: &str, value: &str) -> Result<(), Pkcs11UriError> {
        match name {
            "module-path" => self.module = text(name, value)?.into(),
            "pin-value" if self.pin.is_none() => {
                self.pin = Some(PinSource::Value(Zeroizing::new(text(name, value)?)));
            }
            "pin-source" if self.pin.is_none() => {
                self.pin = Some(PinSource::File(pin_file(&text(name, value)?)?));
            }
            // RFC 7512, section 2.4: at most one of them.
            "pin-value" | "pin-source" => return Err(Pkcs11UriError::Twice(name.into())),
            _ => return Err(Pkcs11UriError::Attribute(shown(name).into())),
        }
        Ok(())
    }
}

/// A path, or a `file:` URI of this computer.
fn pin_file(source: &str) -> Result<PathBuf, Pkcs11UriError> {
    let path = match source.split_once(':') {
        Some(("file", path)) => path.strip_prefix("//").unwrap_or(path),
        Some(_) => "",
        None => source,
    };
    if path.is_empty() || path.starts_with('|') {
        return Err(Pkcs11UriError::PinSource);
    }
    Ok(path.into())
}

fn text(name: &str, value: &str) -> Result<String, Pkcs11UriError> {
    match String::from_utf8(bytes(name, value)?) {
        Ok(text) => Ok(text),
        Err(_) => Err(Pkcs11UriError::Encoding(name.into())),
    }
}

fn bytes(name: &str, value: &str) -> Result<Vec<u8>, Pkcs11UriError> {
    let digit = |byte: Option<u8>| char::from(byte?).to_digit(16);
    // It may be a PIN, and a vector that grows leaves copies of it behind.
    let mut bytes = Vec::with_capacity(value.len());
    let mut rest = value.bytes();
    while let Some(byte) = rest.next() {
        let decoded = match byte {
            b'%' => match (digit(rest.next()), digit(rest.next())) {
                (Some(high), Some(low)) => u8::try_from(high << 4 | low).ok(),
                _ => None,
            },
            byte => Some(byte),
        };
        bytes.push(decoded.ok_or_else(|| Pkcs11UriError::Encoding(name.into()))?);
    }
    Ok(bytes)
}

impl fmt::Debug for PinSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Value(_) => f.write_str("Value(..)"),
            Self::File(path) => f.debug_tuple("File").field(path).finish(),
        }
    }
}
