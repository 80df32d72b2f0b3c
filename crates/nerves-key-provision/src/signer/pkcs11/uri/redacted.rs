//! What of a URI may be shown.

use std::borrow::ToOwned;
use std::string::String;

use super::Pkcs11Uri;

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
pub(super) fn shown(name: &str) -> &str {
    if is_name(name) { name } else { DOTS }
}

pub(super) fn names_a_pin(value: &str) -> bool {
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
