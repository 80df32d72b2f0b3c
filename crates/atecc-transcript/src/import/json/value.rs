//! What stands in the members.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use serde_json::Number;

use crate::Time;
use crate::import::Malformed;
use crate::import::error::field;
use crate::import::value::{Since, bare_hex, scaled};

/// Microseconds to nanoseconds.
pub(super) const MICROSECONDS: i32 = 3;

pub(super) fn nanoseconds(t_us: &Number) -> Result<i128, Malformed> {
    let text = t_us.to_string();
    scaled(&text, MICROSECONDS).ok_or_else(|| field("t_us", &text, "microseconds"))
}

pub(super) fn time(since: &mut Since, t_us: Option<&Number>) -> Result<Option<Time>, Malformed> {
    let Some(t_us) = t_us else {
        return Ok(None);
    };
    since
        .time(nanoseconds(t_us)?)
        .map(Some)
        .ok_or(Malformed::Backwards)
}

pub(super) fn seven_bits(text: &str) -> Result<u8, Malformed> {
    let address = bare_hex(text).filter(|address| *address < 0x80);
    address.ok_or_else(|| field("addr", text, "seven bits in hexadecimal, such as 60"))
}

pub(super) fn hex(text: &str) -> Result<Vec<u8>, Malformed> {
    let pair = |pair: &[u8]| bare_hex(core::str::from_utf8(pair).ok()?).filter(|_| pair.len() == 2);
    let bytes: Option<Vec<u8>> = text.as_bytes().chunks(2).map(pair).collect();
    bytes.ok_or_else(|| field("bytes", text, "pairs of hexadecimal digits"))
}

pub(super) fn single_line(text: &str) -> String {
    text.replace(char::is_control, " ").trim().to_string()
}

pub(super) fn comment(text: &str) -> Option<String> {
    Some(single_line(text)).filter(|comment| !comment.is_empty())
}

pub(super) fn filled(text: &str) -> String {
    comment(text).unwrap_or_else(|| "unknown".to_string())
}

pub(super) fn identifier(text: &str) -> String {
    let fits = |character: char| match character.to_ascii_lowercase() {
        letter @ ('a'..='z' | '0'..='9') => letter,
        _ => '-',
    };
    filled(text).chars().map(fits).collect()
}

/// A date that is a day; others are none that can be compared.
pub(super) fn day(text: &str) -> Option<String> {
    let form = "0000-00-00";
    let digits = |(byte, form): (u8, u8)| byte == form || (form == b'0' && byte.is_ascii_digit());
    let fits = text.len() == form.len() && text.bytes().zip(form.bytes()).all(digits);
    fits.then(|| text.to_string())
}
