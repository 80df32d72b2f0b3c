//! Where `Read` and `Write` go: Param2 and the zone bits of Param1.
//!
//! Configuration and OTP zone: `block << 3 | word`. Data zone:
//! `block << 8 | slot << 3 | word`. A block has 32 bytes, a word 4.
//! Source: ATECC508A datasheet, "Address Encoding".

use crate::Slot;
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup};

/// The three EEPROM zones.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Zone {
    /// Configuration, 128 bytes.
    Config = 0,
    /// One-time programmable, 64 bytes.
    Otp = 1,
    /// Data, 16 slots.
    Data = 2,
}

impl core::fmt::Display for Zone {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Config => "configuration zone",
            Self::Otp => "OTP zone",
            Self::Data => "data zone",
        })
    }
}

/// A block or word past the end of its zone or slot.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// No such 32-byte block.
    #[error("block {block} is outside {region}: it has {limit}")]
    Block {
        /// The block asked for.
        block: u8,
        /// How many there are.
        limit: u8,
        /// The zone, or the slot of the data zone.
        region: Region,
    },
    /// No such 4-byte word.
    #[error("word {word} is outside {region}: it has {limit}")]
    Word {
        /// The word asked for, counted from the start of the zone or slot.
        word: u8,
        /// How many there are.
        limit: u8,
        /// The zone, or the slot of the data zone.
        region: Region,
    },
}

/// A zone that is addressed as a whole, or a slot.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "defmt", derive(defmt::Format))]
pub enum Region {
    /// Configuration zone.
    Config,
    /// OTP zone.
    Otp,
    /// One slot of the data zone.
    Slot(Slot),
}

impl Region {
    /// Size in bytes.
    #[must_use]
    pub const fn size(self) -> usize {
        match self {
            Self::Config => 128,
            Self::Otp => 64,
            Self::Slot(slot) => slot.size(),
        }
    }

    /// The zone it lies in.
    #[must_use]
    pub const fn zone(self) -> Zone {
        match self {
            Self::Config => Zone::Config,
            Self::Otp => Zone::Otp,
            Self::Slot(_) => Zone::Data,
        }
    }

    const fn param2(self, block: u8, word: u8) -> u16 {
        match self {
            Self::Config | Self::Otp => (block << 3 | word) as u16,
            Self::Slot(slot) => (block as u16) << 8 | (slot.index() << 3 | word) as u16,
        }
    }
}

/// Region, block and word that Param2 names; `zone` is Param1 without its other
/// bits.
#[cfg(feature = "parse")]
fn parts(group: &CommandGroup<'_>, zone: u8) -> Result<(Region, u8, u8), CommandError> {
    let [low, high] = group.param2.to_le_bytes();
    let word = low & 0x07;
    match zone {
        0 => Ok((Region::Config, low >> 3, word)),
        1 => Ok((Region::Otp, low >> 3, word)),
        2 => Ok((Region::Slot(Slot::from_nibble(low >> 3)), high, word)),
        _ => Err(group.wrong_mode()),
    }
}

impl core::fmt::Display for Region {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::Slot(slot) => slot.fmt(f),
            region => region.zone().fmt(f),
        }
    }
}

/// A 32-byte block that exists.
///
/// ```
/// use atecc::{BlockAddress, Region, Slot};
///
/// let slot = Region::Slot(Slot::S10); // 72 bytes: three blocks.
/// assert!(BlockAddress::new(slot, 2).is_ok());
/// assert!(BlockAddress::new(slot, 3).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct BlockAddress {
    region: Region,
    block: u8,
}

impl BlockAddress {
    /// Block `block` of `region`. The last block of a slot may be shorter than
    /// 32 bytes: reads are filled with zeros, writes lose what is past the end.
    ///
    /// # Errors
    /// [`AddressError::Block`] past the last block.
    pub const fn new(region: Region, block: u8) -> Result<Self, AddressError> {
        #[expect(clippy::cast_possible_truncation, reason = "at most 13 blocks")]
        let limit = region.size().div_ceil(32) as u8;
        if block < limit {
            Ok(Self { region, block })
        } else {
            Err(AddressError::Block {
                block,
                limit,
                region,
            })
        }
    }

    /// The zone or slot.
    #[must_use]
    pub const fn region(self) -> Region {
        self.region
    }

    /// Its number in the region, from 0.
    #[must_use]
    pub const fn block(self) -> u8 {
        self.block
    }

    pub(crate) const fn zone(self) -> Zone {
        self.region.zone()
    }

    pub(crate) const fn param2(self) -> u16 {
        self.region.param2(self.block, 0)
    }

    /// The block that Param2 names; the word in it is ignored. `zone` is Param1
    /// without its other bits.
    #[cfg(feature = "parse")]
    pub(crate) fn from_group(group: &CommandGroup<'_>, zone: u8) -> Result<Self, CommandError> {
        let (region, block, _) = parts(group, zone)?;
        let address = Self::new(region, block);
        address.ok().ok_or_else(|| group.wrong_param2())
    }
}

impl core::fmt::Display for BlockAddress {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} block {}", self.region, self.block)
    }
}

/// A 4-byte word that exists.
///
/// ```
/// use atecc::{Region, WordAddress};
///
/// let word = WordAddress::new(Region::Config, 21)?; // Bytes 84 to 87.
/// assert_eq!(word.word(), 21);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WordAddress {
    region: Region,
    word: u8,
}

impl WordAddress {
    /// Word `word` of `region`, counted from its start: byte offset / 4.
    ///
    /// # Errors
    /// [`AddressError::Word`] past the last word.
    pub const fn new(region: Region, word: u8) -> Result<Self, AddressError> {
        #[expect(clippy::cast_possible_truncation, reason = "at most 104 words")]
        let limit = (region.size() / 4) as u8;
        if word < limit {
            Ok(Self { region, word })
        } else {
            Err(AddressError::Word {
                word,
                limit,
                region,
            })
        }
    }

    /// The zone or slot.
    #[must_use]
    pub const fn region(self) -> Region {
        self.region
    }

    /// Its number in the region, from 0: byte offset / 4.
    #[must_use]
    pub const fn word(self) -> u8 {
        self.word
    }

    pub(crate) const fn zone(self) -> Zone {
        self.region.zone()
    }

    pub(crate) const fn param2(self) -> u16 {
        self.region.param2(self.word / 8, self.word % 8)
    }

    /// The word that Param2 names. `zone` is Param1 without its other bits.
    #[cfg(feature = "parse")]
    pub(crate) fn from_group(group: &CommandGroup<'_>, zone: u8) -> Result<Self, CommandError> {
        let (region, block, word) = parts(group, zone)?;
        let address = block
            .checked_mul(8)
            .and_then(|first| first.checked_add(word))
            .and_then(|word| Self::new(region, word).ok());
        address.ok_or_else(|| group.wrong_param2())
    }
}

impl core::fmt::Display for WordAddress {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{} word {}", self.region, self.word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn param2_of_the_datasheet() {
        let word = |region, word| WordAddress::new(region, word).map(WordAddress::param2);
        let block = |region, block| BlockAddress::new(region, block).map(BlockAddress::param2);
        // Configuration word 4 holds the I2C address, word 21 the lock bytes.
        assert_eq!(word(Region::Config, 4), Ok(0x0004));
        assert_eq!(word(Region::Config, 21), Ok(0x0015));
        assert_eq!(block(Region::Config, 3), Ok(0x0018));
        assert_eq!(block(Region::Otp, 1), Ok(0x0008));
        // Slot 10: two full blocks, then words 16 and 17 in block 2.
        assert_eq!(block(Region::Slot(Slot::S10), 1), Ok(0x0150));
        assert_eq!(word(Region::Slot(Slot::S10), 17), Ok(0x0251));
        assert_eq!(block(Region::Slot(Slot::S8), 12), Ok(0x0C40));
    }

    #[test]
    fn nothing_past_the_end() {
        for region in [Region::Config, Region::Otp]
            .into_iter()
            .chain(Slot::ALL.map(Region::Slot))
        {
            let blocks = u8::try_from(region.size().div_ceil(32)).unwrap();
            let words = u8::try_from(region.size() / 4).unwrap();
            assert!(BlockAddress::new(region, blocks - 1).is_ok());
            assert!(WordAddress::new(region, words - 1).is_ok());
            assert_eq!(
                BlockAddress::new(region, blocks),
                Err(AddressError::Block {
                    block: blocks,
                    limit: blocks,
                    region
                })
            );
            assert_eq!(
                WordAddress::new(region, words),
                Err(AddressError::Word {
                    word: words,
                    limit: words,
                    region
                })
            );
        }
    }
}
