//! Numbers as transcripts write them.

use core::fmt;

const NS_PER_US: u64 = 1_000;

/// Nanoseconds, written as microseconds with as many decimals as it takes.
pub(super) struct Microseconds(pub(super) u64);

impl fmt::Display for Microseconds {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (whole, part) = (self.0 / NS_PER_US, self.0 % NS_PER_US);
        if part == 0 {
            write!(f, "{whole}")
        } else {
            // A decimal more is a factor of ten less.
            let (digits, width) = match (part % 100, part % 10) {
                (0, _) => (part / 100, 1),
                (_, 0) => (part / 10, 2),
                _ => (part, 3),
            };
            write!(f, "{whole}.{digits:0width$}")
        }
    }
}

/// The nanoseconds that a number of microseconds means.
pub(super) fn nanoseconds(text: &str) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let part_ns = match part.len() {
        1 => decimal(part)? * 100,
        2 => decimal(part)? * 10,
        3 => decimal(part)?,
        _ => return None,
    };
    decimal(whole)?.checked_mul(NS_PER_US)?.checked_add(part_ns)
}

/// Digits alone: `parse` would also take a sign.
pub(super) fn decimal(text: &str) -> Option<u64> {
    let digits = text.bytes().all(|byte| byte.is_ascii_digit());
    digits.then(|| text.parse().ok())?
}

/// The byte of two hexadecimal digits.
pub(super) fn hex(text: &str) -> Option<u8> {
    let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    digits.then(|| u8::from_str_radix(text, 16).ok())?
}
