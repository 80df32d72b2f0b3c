//! Numbers as other programs write them.

use core::num::NonZeroU64;

use super::Malformed;
use super::error::field;
use crate::Time;

const NS_PER_S: i128 = 1_000_000_000;

/// A decimal number, with a fraction, an exponent or a sign, times ten to the
/// power of `scale`, and cut to an integer.
pub(super) fn scaled(text: &str, scale: i32) -> Option<i128> {
    let (mantissa, exponent) = text.split_once(['e', 'E']).unwrap_or((text, "0"));
    let exponent: i32 = exponent.parse().ok()?;
    let (negative, mantissa) = match mantissa.strip_prefix('-') {
        Some(mantissa) => (true, mantissa),
        None => (false, mantissa),
    };
    let (whole, part) = mantissa.split_once('.').unwrap_or((mantissa, ""));
    let digits = || whole.bytes().chain(part.bytes());
    if whole.is_empty() || digits().any(|digit| !digit.is_ascii_digit()) {
        return None;
    }
    let mut value = 0_i128;
    for digit in digits() {
        let digit = i128::from(digit - b'0');
        value = value.checked_mul(10)?.checked_add(digit)?;
    }
    let power = scale
        .checked_add(exponent)?
        .checked_sub(i32::try_from(part.len()).ok()?)?;
    let ten = 10_i128.checked_pow(power.unsigned_abs());
    value = match ten {
        Some(ten) if power >= 0 => value.checked_mul(ten)?,
        Some(ten) => value / ten,
        None if power < 0 || value == 0 => 0,
        None => return None,
    };
    Some(if negative { -value } else { value })
}

/// `0x60`: a byte.
pub(super) fn hex_byte(text: &str) -> Option<u8> {
    let digits = text.strip_prefix("0x").or(text.strip_prefix("0X"))?;
    bare_hex(digits)
}

/// `60`: a byte.
pub(super) fn bare_hex(digits: &str) -> Option<u8> {
    let fits = matches!(digits.len(), 1 | 2) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    fits.then(|| u8::from_str_radix(digits, 16).ok())?
}

/// Whether one of the words is a byte, as [`hex_byte`] knows it.
pub(super) fn has_byte(line: &str) -> bool {
    let mut words = line.split_whitespace();
    words.any(|word| hex_byte(word).is_some())
}

/// `780-3300`: the first and the last sample of something.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub(super) struct Samples {
    pub(super) first: u64,
    pub(super) last: u64,
}

impl Samples {
    pub(super) fn parse(text: &str) -> Result<Self, Malformed> {
        let numbers = text
            .split_once('-')
            .and_then(|(first, last)| Some((first.parse().ok()?, last.parse().ok()?)));
        let (first, last) = numbers
            .ok_or_else(|| field("sample numbers", text, "two numbers, such as 780-3300"))?;
        Ok(Self { first, last })
    }
}

/// Times since the first one.
#[derive(Debug, Default)]
pub(super) struct Since {
    first: Option<i128>,
    latest: i128,
}

impl Since {
    /// Nanoseconds of a source's own count; `None` when they go back, or are
    /// more than 584 years.
    pub(super) fn time(&mut self, ns: i128) -> Option<Time> {
        let first = *self.first.get_or_insert(ns);
        let since = ns.checked_sub(first)?;
        if since < self.latest {
            return None;
        }
        self.latest = since;
        u64::try_from(since).ok().map(Time)
    }

    /// The time of the first sample; `None` when the rate is not known.
    pub(super) fn sample(
        &mut self,
        samples: Samples,
        rate_hz: Option<NonZeroU64>,
    ) -> Result<Option<Time>, Malformed> {
        let Some(rate) = rate_hz else {
            return Ok(None);
        };
        let ns = i128::from(samples.first) * NS_PER_S / i128::from(rate.get());
        self.time(ns).map(Some).ok_or(Malformed::Backwards)
    }
}

#[cfg(test)]
mod tests {
    use super::{hex_byte, scaled};

    #[test]
    fn decimals() {
        for (text, value) in [
            ("0", Some(0)),
            ("1.5", Some(1_500_000_000)),
            ("-0.892847542", Some(-892_847_542)),
            ("8.67916667e-05", Some(86_791)),
            ("4e-8", Some(40)),
            ("1e3", Some(1_000_000_000_000)),
            ("1e-99", Some(0)),
            ("1e99", None),
            ("1e2147483647", None),
            ("1e-2147483648", Some(0)),
            ("340282366920938463463374607431768211456", None),
            (".5", None),
            ("+1", None),
            ("", None),
            ("1.2.3", None),
            ("1e", None),
        ] {
            assert_eq!(scaled(text, 9), value, "{text}");
        }
    }

    #[test]
    fn bytes() {
        assert_eq!(hex_byte("0x60"), Some(0x60));
        assert_eq!(hex_byte("0xA"), Some(0x0A));
        assert_eq!(hex_byte("60"), None);
        assert_eq!(hex_byte("0x100"), None);
        assert_eq!(hex_byte("0x"), None);
    }
}
