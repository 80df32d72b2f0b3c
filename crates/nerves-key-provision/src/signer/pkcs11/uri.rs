//! `pkcs11:` URIs. Source: RFC 7512, sections 2.3 and 2.4.
//!
//! What would select a token or key and is not supported is refused: an
//! ignored attribute could select another key.

use core::fmt;
use core::str::FromStr;
use std::borrow::ToOwned;
use std::path::PathBuf;
use std::string::String;
use std::vec::Vec;

use zeroize::Zeroizing;

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
    /// `text` for a message: of every `pkcs11:` URI in it, also one that cannot
    /// be read, only the values of attributes that say which key it is. From
    /// the first PIN on, and where anything else stands, there are dots.
    #[must_use]
    pub fn redacted(text: &str) -> String {
        let lower = text.to_ascii_lowercase();
        let Some((before, uri)) = lower
            .find("pkcs11:")
            .and_then(|at| text.split_at_checked(at + "pkcs11:".len()))
        else {
            return match pin_in(text).and_then(|at| text.split_at_checked(at)) {
                Some((before, _)) => before.to_owned() + DOTS,
                None => text.to_owned(),
            };
        };
        let mut redacted = before.to_owned();
        for part in uri.split_inclusive([';', '?', '&']) {
            let attribute = part.trim_end_matches([';', '?', '&']);
            let end = part.strip_prefix(attribute).unwrap_or_default();
            let (name, value) = attribute.split_once('=').unwrap_or(("", attribute));
            let public = PUBLIC.contains(&name) && !names_a_pin(value) || attribute.is_empty();
            if public {
                redacted.push_str(part);
                continue;
            }
            if is_name(name) {
                redacted.push_str(name);
                redacted.push('=');
            }
            redacted.push_str(DOTS);
            if !is_name(name) || name.contains("pin") {
                // What is behind it may belong to it.
                break;
            }
            redacted.push_str(end);
        }
        redacted
    }

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

/// What takes a secret's place.
const DOTS: &str = "...";

/// Attributes whose values are no secrets.
const PUBLIC: [&str; 9] = [
    "token",
    "manufacturer",
    "model",
    "serial",
    "slot-id",
    "object",
    "id",
    "type",
    "module-path",
];

/// Whether `name` is one that an attribute may have.
fn is_name(name: &str) -> bool {
    !name.is_empty() && name.bytes().all(|b| b.is_ascii_lowercase() || b == b'-')
}

/// The name of an attribute for a message, unless it is none.
fn shown(name: &str) -> &str {
    if is_name(name) { name } else { DOTS }
}

fn names_a_pin(value: &str) -> bool {
    pin_in(value).is_some()
}

/// Where `pin-value`, `pin-source` or the like is named, also in other
/// spellings.
fn pin_in(text: &str) -> Option<usize> {
    let lower = text.to_ascii_lowercase();
    lower.match_indices("pin").find_map(|(at, pin)| {
        let rest = lower.get(at + pin.len()..)?;
        let rest = rest.strip_prefix("%2d").unwrap_or(rest);
        let rest = rest.trim_start_matches(['-', '_', ' ']);
        (rest.starts_with("value") || rest.starts_with("source")).then_some(at)
    })
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

#[cfg(test)]
mod tests {
    use std::format;
    use std::string::ToString;

    use super::*;

    #[test]
    fn the_attributes() {
        // After the examples of RFC 7512, section 3.
        let text = "pkcs11:token=The%20Software%20PKCS%2311%20Softtoken;manufacturer=Snake%20Oil,\
                    %20Inc.;model=1.0;serial=42;object=my-certificate;type=private;\
                    id=%69%95%3E%5C%F4%BD%EC%91;slot-id=3?pin-source=file:/etc/token_pin&\
                    module-path=/mnt/libmy-pkcs11.so";
        let uri: Pkcs11Uri = text.parse().unwrap();
        let expected = Pkcs11Uri {
            module: "/mnt/libmy-pkcs11.so".into(),
            token: Some("The Software PKCS#11 Softtoken".into()),
            manufacturer: Some("Snake Oil, Inc.".into()),
            model: Some("1.0".into()),
            serial: Some("42".into()),
            slot_id: Some(3),
            object: Some("my-certificate".into()),
            id: Some([0x69, 0x95, 0x3E, 0x5C, 0xF4, 0xBD, 0xEC, 0x91].into()),
            pin: Some(PinSource::File("/etc/token_pin".into())),
        };
        assert_eq!(uri, expected);
    }

    #[test]
    fn a_pin_is_not_shown() {
        let uri: Pkcs11Uri = "pkcs11:object=k?module-path=m&pin-value=s%33cret"
            .parse()
            .unwrap();
        assert_eq!(
            uri.pin,
            Some(PinSource::Value(Zeroizing::new("s3cret".into())))
        );
        assert!(!format!("{uri:?}").contains("s3cret"));
        assert!(format!("{uri:?}").contains("Value(..)"));
        let file = PinSource::File("/etc/pin".into());
        assert_eq!(format!("{file:?}"), "File(\"/etc/pin\")");
    }

    /// However a URI goes wrong, its PIN is in no message.
    #[test]
    fn no_error_quotes_a_pin() {
        for text in [
            "pkcs11:object=k?module-path=m&pin-value=31415&foo=1",
            "pkcs11:object=k?pin-value=31415",
            "pkcs11:object=k?module-path=m&pin-value:31415",
            "pkcs11:object=k?module-path=m&31415",
            "pkcs11:object=k?module-path=m&pinvalue=31415",
            "pkcs11:object=k?module-path=m&PIN-VALUE=31415",
            "pkcs11:object=k?module-path=m&pin_value=31415",
            "pkcs11:object=k?module-path=m&pin%2Dvalue=31415",
            "pkcs11:object=k?module-path=m&pin-value:31415=6",
            "pkcs11:object=k;pin-value=31415?module-path=m",
            "pkcs11:object=k?module-path=m?pin-value=31415",
            "pkcs11:object=k?module-path=m;pin-value=31415",
            "pkcs11:object=k;slot-id=3&pin-value=31415?module-path=m",
            "pkcs11:object=k;type=pin-value=31415?module-path=m",
            "pkcs11:object=k?module-path=m&pin-value=%zz31415",
            "pkcs11:object=k?module-path=m&pin-value=1&pin-value=31415",
            "pkcs11:object=k?module-path=m&pin-source=|echo 31415",
            "pkcs11:object=k?module-path=m&pin-source=data:31415",
            "PKCS11:object=k?module-path=m&pin-value=31415",
            " pkcs11:object=k?module-path=m&pin-value=31415",
            "pkcs11:object=k?module-path=m&pin-value=31;31415&31415",
            "object=k?module-path=m&pin-value=31415",
            "--signer-key=pkcs11:object=k?pin-value=31415",
        ] {
            let error = text.parse::<Pkcs11Uri>().unwrap_err().to_string();
            assert!(!error.contains("31415"), "{text}: {error}");
            let redacted = Pkcs11Uri::redacted(text);
            assert!(!redacted.contains("31415"), "{text}: {redacted}");
        }
    }

    #[test]
    fn what_is_no_secret_is_shown() {
        let uri = "pkcs11:token=a%20b;object=k?module-path=/lib/spin.so&pin-value=1";
        assert_eq!(
            Pkcs11Uri::redacted(uri),
            "pkcs11:token=a%20b;object=k?module-path=/lib/spin.so&pin-value=..."
        );
        // An unknown attribute hides its own value; what is none hides the rest.
        for (text, shown) in [
            ("pkcs11:a=1;token=t", "pkcs11:a=...;token=t"),
            ("pkcs11:a1=1;token=t", "pkcs11:..."),
            ("pkcs11:object=k;31415;token=t", "pkcs11:object=k;..."),
            ("pkcs11:a-pin=1;token=t", "pkcs11:a-pin=..."),
        ] {
            assert_eq!(Pkcs11Uri::redacted(text), shown);
        }
        for text in ["signer.key", "pkcs11:object=k?module-path=m", "", "pin"] {
            assert_eq!(Pkcs11Uri::redacted(text), text);
        }
    }

    #[test]
    fn pin_files() {
        for (source, path) in [
            ("pin", "pin"),
            ("/etc/pin", "/etc/pin"),
            ("file:///etc/pin", "/etc/pin"),
        ] {
            let uri: Pkcs11Uri = format!("pkcs11:object=k?module-path=m&pin-source={source}")
                .parse()
                .unwrap();
            assert_eq!(uri.pin, Some(PinSource::File(path.into())), "{source}");
        }
    }

    #[test]
    fn wrong_ones_say_why() {
        for (text, part) in [
            ("file:x", "begins with pkcs11:"),
            ("pkcs11:object=k", "module-path"),
            ("pkcs11:token=t?module-path=m", "names no key"),
            ("pkcs11:object?module-path=m", "name=value"),
            ("pkcs11:object=k;object=l?module-path=m", "twice"),
            (
                "pkcs11:object=k?module-path=m&pin-value=1&pin-source=f",
                "twice",
            ),
            (
                "pkcs11:object=k?module-path=m&pin-source=f&pin-value=1",
                "\"pin-value\" is given twice",
            ),
            ("pkcs11:object=k;token=t;x?module-path=m", "attribute 3 "),
            ("pkcs11:object=%6?module-path=m", "percent"),
            ("pkcs11:object=%zz?module-path=m", "percent"),
            ("pkcs11:object=%FF?module-path=m", "percent"),
            (
                "pkcs11:object=k;type=public?module-path=m",
                "no private key",
            ),
            ("pkcs11:object=k;slot-id=x?module-path=m", "no number"),
            (
                "pkcs11:object=k;library-version=3?module-path=m",
                "library-version",
            ),
            ("pkcs11:object=k?module-name=m", "module-name"),
            (
                "pkcs11:object=k?module-path=m&pin-source=|pinentry",
                "no file",
            ),
            (
                "pkcs11:object=k?module-path=m&pin-source=https:x",
                "no file",
            ),
        ] {
            let error = text.parse::<Pkcs11Uri>().unwrap_err().to_string();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
