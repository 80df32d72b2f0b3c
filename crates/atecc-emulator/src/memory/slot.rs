//! The 16 slots of the data zone. Source: ATECC508A datasheet, Table 2-1.

use std::ops::Range;

/// Bytes of slots 0 to 7.
const SMALL: usize = 36;
/// Bytes of slot 8.
const LARGE: usize = 416;
/// Bytes of slots 9 to 15: room for a public key with its padding.
const MEDIUM: usize = 72;

const _: () = assert!(8 * SMALL + LARGE + 7 * MEDIUM == super::DATA_SIZE);

/// One of the 16 data slots.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Slot(u8);

impl Slot {
    /// Slot `index`, which must be below 16.
    #[must_use]
    pub const fn new(index: u8) -> Option<Self> {
        if index < 16 { Some(Self(index)) } else { None }
    }

    /// The slot that Param2 selects: its high bits do not count.
    #[must_use]
    pub const fn of_param2(param2: u16) -> Self {
        Self(param2.to_le_bytes()[0] & 0x0F)
    }

    /// The slot in the low nibble of `byte`.
    pub(crate) const fn of_nibble(byte: u8) -> Self {
        Self(byte & 0x0F)
    }

    /// All slots, in order.
    pub fn all() -> impl Iterator<Item = Self> {
        (0..16).map(Self)
    }

    /// 0 to 15.
    #[must_use]
    pub const fn index(self) -> u8 {
        self.0
    }

    /// Bytes of this slot: 36, 416 or 72.
    #[must_use]
    pub const fn size(self) -> usize {
        match self.0 {
            0..=7 => SMALL,
            8 => LARGE,
            _ => MEDIUM,
        }
    }

    /// Whether a public key fits.
    pub(crate) const fn holds_public_key(self) -> bool {
        self.0 >= 8
    }

    /// Where the slot lies in the data zone.
    pub(crate) const fn range(self) -> Range<usize> {
        let n = self.0 as usize;
        let start = match self.0 {
            0..=8 => n * SMALL,
            _ => 8 * SMALL + LARGE + (n - 9) * MEDIUM,
        };
        start..start + self.size()
    }
}

#[cfg(test)]
mod tests {
    use super::Slot;

    #[test]
    fn slots_tile_the_zone() {
        let mut end = 0;
        for slot in Slot::all() {
            assert_eq!(slot.range().start, end, "{slot:?}");
            assert_eq!(slot.range().len(), slot.size(), "{slot:?}");
            end = slot.range().end;
        }
        assert_eq!(end, 1208);
        assert_eq!(Slot::new(16), None);
    }
}
