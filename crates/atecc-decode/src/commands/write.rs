//! `Write`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{WriteBlock, WriteEncrypted, WriteWord, ZoneState};

use super::read::{BLOCK, block, block_words, word, word_words};
use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::Labels;

/// Param1 bit 6.
const ENCRYPTED: u8 = 0x40;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let zone = frame.param1 & !(BLOCK | ENCRYPTED);
    match (frame.param1 & (BLOCK | ENCRYPTED), frame.data.len()) {
        (0, _) => {
            let address = word(frame, zone)?;
            let data = frame.exactly()?;
            Ok(WriteWord { address, data }.into())
        }
        (BLOCK, 32) => {
            let address = block(frame, zone)?;
            let data = frame.exactly()?;
            Ok(WriteBlock { address, data }.into())
        }
        // Once the zone is locked, the MAC alone tells that the bytes are
        // encrypted.
        (BLOCK, _) => encrypted(frame, zone, ZoneState::Locked),
        (ENCRYPTED, _) => Err(frame.wrong_mode()),
        _ => encrypted(frame, zone, ZoneState::Unlocked),
    }
}

fn encrypted<'a>(frame: &Frame<'a>, zone: u8, zone_state: ZoneState) -> Parsed<'a> {
    let address = block(frame, zone)?;
    let (cipher, mac) = frame.two()?;
    let command = WriteEncrypted {
        address,
        zone_state,
        cipher,
        mac,
    };
    Ok(command.into())
}

impl Known for WriteBlock {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("Write {}", block_words(self.address, labels))
    }
}

impl Known for WriteEncrypted {
    fn words(&self, labels: &dyn Labels) -> String {
        let block = block_words(self.address, labels);
        format!("Write {block}, encrypted")
    }
}

impl Known for WriteWord {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("Write {}", word_words(self.address, labels))
    }
}
