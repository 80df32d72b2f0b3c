//! The two monotonic counters, as the configuration zone has them.
//!
//! Source: cryptoauthlib `calib_write.c`: two 16-bit unary numbers, then two
//! binary ones that count their revolutions, all big-endian.

use atecc::ConfigZone;

/// A counter's value, 0 to 2 097 151.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Counter(pub u32);

impl Counter {
    /// The value at which it stops.
    pub const LAST: Self = Self(2_097_151);

    /// Where the two counters begin in the configuration zone.
    pub(crate) const OFFSETS: [usize; 2] = [52, 60];

    /// `Counter0` of a zone.
    pub(crate) fn zero_of(zone: &ConfigZone) -> Self {
        let [at, _] = Self::OFFSETS;
        Self::from_bytes(Self::bytes_at(zone, at))
    }

    /// The eight bytes from `at` on.
    pub(crate) fn bytes_at(zone: &ConfigZone, at: usize) -> [u8; 8] {
        [0, 1, 2, 3, 4, 5, 6, 7].map(|next| zone.byte(at + next))
    }

    /// The eight bytes of a value.
    #[must_use]
    pub const fn to_bytes(self) -> [u8; 8] {
        let past = self.0.saturating_sub(16);
        let [_, _, x0, x1] = (self.0 / 32).to_be_bytes();
        let [_, _, y0, y1] = (past / 32).to_be_bytes();
        let [_, _, a0, a1] = unary(self.0 % 32).to_be_bytes();
        let [_, _, b0, b1] = unary(past % 32).to_be_bytes();
        [a0, a1, b0, b1, x0, x1, y0, y1]
    }

    /// The value of eight bytes; any other than a counter's give some value too.
    #[must_use]
    pub const fn from_bytes(bytes: [u8; 8]) -> Self {
        let [a0, a1, b0, b1, x0, x1, y0, y1] = bytes;
        let left = u16::from_be_bytes([a0, a1]);
        let right = u16::from_be_bytes([b0, b1]);
        let [left_turns, right_turns] =
            [u16::from_be_bytes([x0, x1]), u16::from_be_bytes([y0, y1])];
        Self(if left != 0 {
            left_turns as u32 * 32 + left.count_zeros()
        } else {
            right_turns as u32 * 32 + 16 + right.count_zeros()
        })
    }
}

/// 16 ones, of which the first `count` have been cleared.
const fn unary(count: u32) -> u32 {
    0xFFFF >> count
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_values() {
        for (bytes, value) in [
            ([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], 0),
            ([0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], 1),
            ([0x00, 0x01, 0xFF, 0xFF, 0, 0, 0, 0], 15),
            ([0x00, 0x00, 0xFF, 0xFF, 0, 0, 0, 0], 16),
            ([0x00, 0x00, 0x00, 0x01, 0, 0, 0, 0], 31),
            ([0xFF, 0xFF, 0x00, 0x00, 0, 1, 0, 0], 32),
            ([0x00, 0x00, 0xFF, 0xFF, 0, 1, 0, 1], 48),
            ([0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF], 2_097_151),
        ] {
            assert_eq!(Counter::from_bytes(bytes), Counter(value));
            assert_eq!(Counter(value).to_bytes(), bytes);
        }
    }
}
