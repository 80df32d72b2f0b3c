//! Addresses with seven bits, or with the direction after them.

use alloc::vec::Vec;

use super::wire::Direction;

/// How a program prints addresses.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Width {
    Seven,
    /// The last bit is the direction, or zero.
    Eight,
}

impl Width {
    /// By all the addresses of a capture: eight bits when one is above 0x7F. Else
    /// seven when one is written although it is odd, or read although it is even.
    /// Else eight when an odd one is read and the even one before it written.
    /// `None` when nothing of this is so.
    pub(super) fn of(addresses: impl Iterator<Item = (u8, Direction)>) -> Option<Self> {
        let addresses: Vec<_> = addresses.collect();
        let is_odd = |address: u8| address & 1 == 1;
        let is_read = |direction| direction == Direction::Read;
        if addresses.iter().any(|(address, _)| *address > 0x7F) {
            return Some(Self::Eight);
        }
        if addresses
            .iter()
            .any(|(address, direction)| is_odd(*address) != is_read(*direction))
        {
            return Some(Self::Seven);
        }
        let is_pair = |(address, direction): &(u8, Direction)| {
            is_read(*direction) && addresses.contains(&(address ^ 1, Direction::Write))
        };
        addresses.iter().any(is_pair).then_some(Self::Eight)
    }

    /// Seven bits of what is printed.
    pub(super) fn address(self, printed: u8) -> u8 {
        match self {
            Self::Seven => printed,
            Self::Eight => printed >> 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Width;
    use crate::import::wire::Direction::{Read, Write};

    #[test]
    fn widths() {
        for (addresses, width) in [
            (&[(0xC0, Write), (0xC1, Read)][..], Some(Width::Eight)),
            // The direction bit can be shown as zero.
            (&[(0xC0, Write), (0xC0, Read)], Some(Width::Eight)),
            (
                &[(0x00, Write), (0x60, Write), (0x60, Read)],
                Some(Width::Seven),
            ),
            (&[(0x35, Write), (0x35, Read)], Some(Width::Seven)),
            // 0x35 with its direction bit.
            (
                &[(0x00, Write), (0x6A, Write), (0x6B, Read)],
                Some(Width::Eight),
            ),
            // Another chip shows that these are two.
            (
                &[(0x6A, Write), (0x6B, Read), (0x60, Read)],
                Some(Width::Seven),
            ),
            (&[(0x6A, Write)], None),
            (&[(0x6B, Read)], None),
            (&[], None),
        ] {
            let found = Width::of(addresses.iter().copied());
            assert_eq!(found, width, "{addresses:02x?}");
        }
    }
}
