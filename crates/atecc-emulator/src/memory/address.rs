//! Param2 of `Read` and `Write`. Source: ATECC508A datasheet, section 9.1.4.

use std::ops::Range;

use super::Slot;

/// What one `Read` or `Write` touches.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Area {
    /// Bytes of the configuration zone.
    Config(Range<usize>),
    /// Bytes of the OTP zone.
    Otp(Range<usize>),
    /// Bytes of one slot. Shorter than the access in a slot's last block.
    Data(Slot, Range<usize>),
}

/// Bytes in one access.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Width {
    /// Param1 bit 7 is 0: one word.
    Word,
    /// Param1 bit 7 is 1: one block.
    Block,
}

impl Width {
    pub(crate) const fn of_param1(param1: u8) -> Self {
        if param1 & 0x80 == 0 {
            Self::Word
        } else {
            Self::Block
        }
    }

    pub(crate) const fn bytes(self) -> usize {
        match self {
            Self::Word => 4,
            Self::Block => 32,
        }
    }
}

impl Area {
    /// The area that Param1 (zone and width) and Param2 (address) name, or
    /// `None` when there is none.
    pub(crate) fn new(param1: u8, param2: u16) -> Option<Self> {
        let width = Width::of_param1(param1);
        let [low, high] = param2.to_le_bytes();
        match param1 & 0x03 {
            0 if param2 < 0x20 => Some(Self::Config(within(low >> 3, low, width))),
            1 if param2 < 0x10 => Some(Self::Otp(within(low >> 3, low, width))),
            2 if low < 0x80 => {
                let slot = Slot::of_nibble(low >> 3);
                let area = within(high, low, width);
                let real = area.start..area.end.min(slot.size());
                (real.start < real.end).then_some(Self::Data(slot, real))
            }
            _ => None,
        }
    }
}

/// The bytes of `block`, or of the word in the low bits of `low` therein.
fn within(block: u8, low: u8, width: Width) -> Range<usize> {
    let block = 32 * usize::from(block);
    let start = match width {
        Width::Word => block + 4 * usize::from(low & 0x07),
        Width::Block => block,
    };
    start..start + width.bytes()
}

#[cfg(test)]
mod tests {
    use super::{Area, Slot};

    fn data(slot: u8, range: std::ops::Range<usize>) -> Area {
        Area::Data(Slot::of_nibble(slot), range)
    }

    #[test]
    fn configuration_and_otp() {
        assert_eq!(Area::new(0x00, 0x15), Some(Area::Config(84..88)));
        assert_eq!(Area::new(0x80, 0x15), Some(Area::Config(64..96)));
        assert_eq!(Area::new(0x00, 0x1F), Some(Area::Config(124..128)));
        assert_eq!(Area::new(0x00, 0x20), None);
        assert_eq!(Area::new(0x81, 0x08), Some(Area::Otp(32..64)));
        assert_eq!(Area::new(0x01, 0x10), None);
        assert_eq!(Area::new(0x03, 0x00), None);
    }

    #[test]
    fn data_slots() {
        assert_eq!(Area::new(0x82, 0x0020), Some(data(4, 0..32)));
        assert_eq!(Area::new(0x02, 0x0258), Some(data(11, 64..68)));
        // The last block of a slot is short; words past it do not exist.
        assert_eq!(Area::new(0x82, 0x0100), Some(data(0, 32..36)));
        assert_eq!(Area::new(0x02, 0x0101), None);
        assert_eq!(Area::new(0x82, 0x0250), Some(data(10, 64..72)));
        assert_eq!(Area::new(0x02, 0x0251), Some(data(10, 68..72)));
        assert_eq!(Area::new(0x02, 0x0252), None);
        assert_eq!(Area::new(0x82, 0x0C40), Some(data(8, 384..416)));
        assert_eq!(Area::new(0x82, 0x0D40), None);
        assert_eq!(Area::new(0x82, 0x0200), None);
        assert_eq!(Area::new(0x82, 0x0080), None);
    }
}
