//! `AES`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{Aes, AesGfm, AesKey, AesMode, KeyBlock};

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let block = block(frame.param1 >> 6);
    let mode = match frame.param1 & 0x3F {
        0x00 => AesMode::Encrypt,
        0x01 => AesMode::Decrypt,
        0x03 if matches!(block, KeyBlock::First) => {
            let (h, input) = frame.two()?;
            return Ok(AesGfm { h, input }.into());
        }
        _ => return Err(frame.wrong_mode()),
    };
    let key = match frame.param2 {
        0xFFFF => AesKey::TempKey(block),
        _ => AesKey::Slot(frame.slot(), block),
    };
    let input = frame.exactly()?;
    Ok(Aes { mode, key, input }.into())
}

pub(super) const fn block(bits: u8) -> KeyBlock {
    match bits & 0x03 {
        0 => KeyBlock::First,
        1 => KeyBlock::Second,
        2 => KeyBlock::Third,
        _ => KeyBlock::Fourth,
    }
}

pub(super) const fn block_words(block: KeyBlock) -> &'static str {
    match block {
        KeyBlock::First => "bytes 0 to 15",
        KeyBlock::Second => "bytes 16 to 31",
        KeyBlock::Third => "bytes 32 to 47",
        KeyBlock::Fourth => "bytes 48 to 63",
    }
}

impl Known for Aes {
    fn words(&self, labels: &dyn Labels) -> String {
        let mode = match self.mode {
            AesMode::Encrypt => "encrypt",
            AesMode::Decrypt => "decrypt",
        };
        match self.key {
            AesKey::Slot(slot, block) => {
                let slot = Labelled(labels, slot);
                format!("AES {mode} with {slot}, {}", block_words(block))
            }
            AesKey::TempKey(block) => {
                format!("AES {mode} with TempKey, {}", block_words(block))
            }
        }
    }
}

impl Known for AesGfm {
    fn words(&self, _: &dyn Labels) -> String {
        "AES GFM multiply (16 bytes)".into()
    }
}
