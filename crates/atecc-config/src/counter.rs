//! The two monotonic counters, as the configuration zone has them.
//!
//! Source: cryptoauthlib `calib_write.c`: two 16-bit unary numbers, then two
//! binary ones that count their revolutions, all big-endian.

/// A counter's value, 0 to 2 097 151.
#[derive(Clone, Copy, Debug, Eq, Ord, PartialEq, PartialOrd)]
pub struct Counter(pub u32);

impl Counter {
    /// The value at which it stops.
    pub const LAST: Self = Self(2_097_151);

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
        }
    }
}
