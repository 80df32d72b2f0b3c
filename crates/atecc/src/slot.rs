//! The 16 slots of the data zone.
//! Source: ATECC508A datasheet, "ATECC508A EEPROM Data Zone".

/// One of the 16 data-zone slots.
///
/// ```
/// use atecc::Slot;
///
/// let slot = Slot::S8;
/// assert_eq!((slot.index(), slot.size()), (8, 416));
/// assert!(Slot::new(16).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub struct Slot(u8);

/// A slot number past 15.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("slot {0} does not exist: the chip has slots 0 to 15")]
pub struct SlotOutOfRange(pub u8);

impl Slot {
    /// Slot 0: 36 bytes.
    pub const S0: Self = Self(0);
    /// Slot 1: 36 bytes.
    pub const S1: Self = Self(1);
    /// Slot 2: 36 bytes.
    pub const S2: Self = Self(2);
    /// Slot 3: 36 bytes.
    pub const S3: Self = Self(3);
    /// Slot 4: 36 bytes.
    pub const S4: Self = Self(4);
    /// Slot 5: 36 bytes.
    pub const S5: Self = Self(5);
    /// Slot 6: 36 bytes.
    pub const S6: Self = Self(6);
    /// Slot 7: 36 bytes.
    pub const S7: Self = Self(7);
    /// Slot 8: 416 bytes.
    pub const S8: Self = Self(8);
    /// Slot 9: 72 bytes.
    pub const S9: Self = Self(9);
    /// Slot 10: 72 bytes.
    pub const S10: Self = Self(10);
    /// Slot 11: 72 bytes.
    pub const S11: Self = Self(11);
    /// Slot 12: 72 bytes.
    pub const S12: Self = Self(12);
    /// Slot 13: 72 bytes.
    pub const S13: Self = Self(13);
    /// Slot 14: 72 bytes.
    pub const S14: Self = Self(14);
    /// Slot 15: 72 bytes.
    pub const S15: Self = Self(15);

    /// All slots, in order.
    pub const ALL: [Self; 16] = [
        Self::S0,
        Self::S1,
        Self::S2,
        Self::S3,
        Self::S4,
        Self::S5,
        Self::S6,
        Self::S7,
        Self::S8,
        Self::S9,
        Self::S10,
        Self::S11,
        Self::S12,
        Self::S13,
        Self::S14,
        Self::S15,
    ];

    /// # Errors
    /// [`SlotOutOfRange`] when `index` is 16 or more.
    pub const fn new(index: u8) -> Result<Self, SlotOutOfRange> {
        if index < 16 {
            Ok(Self(index))
        } else {
            Err(SlotOutOfRange(index))
        }
    }

    /// The slot that four bits name: ReadKey, WriteKey, AuthKey and the like.
    /// Higher bits are not looked at.
    #[must_use]
    pub const fn from_nibble(bits: u8) -> Self {
        Self(bits & 0x0F)
    }

    /// 0 to 15.
    #[must_use]
    pub const fn index(self) -> u8 {
        self.0
    }

    /// Size in bytes: 36, 416 (slot 8) or 72.
    #[must_use]
    pub const fn size(self) -> usize {
        match self.0 {
            0..=7 => 36,
            8 => 416,
            _ => 72,
        }
    }

    /// Number of 32-byte blocks, the last one shorter in all slots but 8.
    #[must_use]
    pub const fn blocks(self) -> u8 {
        match self.0 {
            0..=7 => 2,
            8 => 13,
            _ => 3,
        }
    }
}

impl core::fmt::Display for Slot {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "slot {}", self.0)
    }
}

const _: () = {
    let mut total = 0;
    let mut index = 0;
    while index < 16 {
        total += Slot(index).size();
        assert!(Slot(index).size().div_ceil(32) == Slot(index).blocks() as usize);
        index += 1;
    }
    assert!(total == 1208, "the slots tile the data zone");
};

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sixteen_and_no_more() {
        assert_eq!(Slot::new(15), Ok(Slot::S15));
        assert_eq!(Slot::new(16), Err(SlotOutOfRange(16)));
        for (index, slot) in Slot::ALL.iter().enumerate() {
            assert_eq!(usize::from(slot.index()), index);
        }
    }

    #[test]
    fn four_bits_are_a_slot() {
        for byte in 0..=u8::MAX {
            assert_eq!(Slot::from_nibble(byte).index(), byte % 16);
        }
    }
}
