//! `Read`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{ReadBlock, ReadWord};
use atecc::{BlockAddress, Place, Slot, WordAddress};

use super::{Known, Parsed};
use crate::frame::{CommandError, Frame};
use crate::hex::{Hex, Short};
use crate::labels::{LabelledPlace, Labels};

/// Param1 bit 7: 32 bytes instead of 4.
pub(super) const BLOCK: u8 = 0x80;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    if frame.param1 & BLOCK == 0 {
        let address = word(frame, frame.param1)?;
        Ok(ReadWord { address }.into())
    } else {
        let address = block(frame, frame.param1 & !BLOCK)?;
        Ok(ReadBlock { address }.into())
    }
}

/// Zone or slot, 32-byte block and word in it. Configuration and OTP:
/// `block << 3 | word`; data: `block << 8 | slot << 3 | word`. Source:
/// ATECC508A datasheet, "Address Encoding".
fn address(frame: &Frame<'_>, zone: u8) -> Result<(Place, u8, u8), CommandError> {
    let [low, high] = frame.param2.to_le_bytes();
    let word = low & 0x07;
    match zone {
        0 => Ok((Place::Config, low >> 3, word)),
        1 => Ok((Place::Otp, low >> 3, word)),
        2 => Ok((Place::Slot(Slot::from_nibble(low >> 3)), high, word)),
        _ => Err(frame.wrong_mode()),
    }
}

/// The block that Param2 names; the word in it is ignored.
pub(super) fn block(frame: &Frame<'_>, zone: u8) -> Result<BlockAddress, CommandError> {
    let (place, block, _) = address(frame, zone)?;
    let address = BlockAddress::new(place, block);
    address.ok().ok_or_else(|| frame.wrong_param2())
}

/// The word that Param2 names.
pub(super) fn word(frame: &Frame<'_>, zone: u8) -> Result<WordAddress, CommandError> {
    let (place, block, word) = address(frame, zone)?;
    let address = block
        .checked_mul(8)
        .and_then(|first| first.checked_add(word))
        .and_then(|word| WordAddress::new(place, word).ok());
    address.ok_or_else(|| frame.wrong_param2())
}

pub(super) fn block_words(address: BlockAddress, labels: &dyn Labels) -> String {
    let place = LabelledPlace(labels, address.place());
    format!("{place}, block {} (32 bytes)", address.block())
}

pub(super) fn word_words(address: WordAddress, labels: &dyn Labels) -> String {
    let place = LabelledPlace(labels, address.place());
    format!("{place}, word {} (4 bytes)", address.word())
}

impl Known for ReadBlock {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("Read {}", block_words(self.address, labels))
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("data {}", Short(response))
    }
}

impl Known for ReadWord {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("Read {}", word_words(self.address, labels))
    }

    fn answer(&self, response: &[u8; 4]) -> String {
        format!("data {}", Hex(response))
    }
}
