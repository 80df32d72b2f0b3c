//! The 16 slots of the data zone.
//! Source: ATECC508A datasheet, "ATECC508A EEPROM Data Zone".

/// One of the 16 data-zone slots.
///
/// ```
/// use atecc::Slot;
///
/// let slot = Slot::new(8)?;
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
    /// All slots; `Slot::ALL[n]` is slot n.
    pub const ALL: [Self; 16] = {
        let mut all = [Self(0); 16];
        let mut index = 0;
        while index < 16 {
            #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler")]
            {
                all[index as usize] = Self(index);
            }
            index += 1;
        }
        all
    };

    /// # Errors
    /// [`SlotOutOfRange`] when `index` is 16 or more.
    pub const fn new(index: u8) -> Result<Self, SlotOutOfRange> {
        if index < 16 {
            Ok(Self(index))
        } else {
            Err(SlotOutOfRange(index))
        }
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
        assert_eq!(Slot::new(15), Ok(Slot::ALL[15]));
        assert_eq!(Slot::new(16), Err(SlotOutOfRange(16)));
        for (index, slot) in Slot::ALL.iter().enumerate() {
            assert_eq!(usize::from(slot.index()), index);
        }
    }
}
