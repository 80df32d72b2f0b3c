//! `Nonce`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{
    FixedNonce, LoadNonce, LoadNonce64, NonceTarget, NonceTarget64, RandomNonce,
};

use super::{Known, Parsed, random};
use crate::frame::Frame;
use crate::hex::Short;
use crate::labels::Labels;

/// Param2 bit 15: TempKey in place of a random number.
const FIXED: u16 = 0x8000;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    if frame.param2 & !FIXED != 0 {
        return Err(frame.wrong_param2());
    }
    if let Some(seed) = random::seed(frame.param1) {
        let input = frame.exactly()?;
        return Ok(match frame.param2 {
            FIXED => FixedNonce { input, seed }.into(),
            _ => RandomNonce { input, seed }.into(),
        });
    }
    let load = |target| {
        let value = frame.exactly()?;
        Ok(LoadNonce { target, value }.into())
    };
    let load64 = |target| {
        let value = frame.exactly()?;
        Ok(LoadNonce64 { target, value }.into())
    };
    match frame.param1 {
        0x03 => load(NonceTarget::TempKey),
        0x43 => load(NonceTarget::MessageDigestBuffer),
        0x83 => load(NonceTarget::AlternateKeyBuffer),
        0x23 => load64(NonceTarget64::TempKey),
        0x63 => load64(NonceTarget64::MessageDigestBuffer),
        _ => Err(frame.wrong_mode()),
    }
}

impl Known for LoadNonce {
    fn words(&self, _: &dyn Labels) -> String {
        match self.target {
            NonceTarget::TempKey => "Nonce, pass-through, 32 bytes to TempKey",
            NonceTarget::MessageDigestBuffer => {
                "Nonce, pass-through, 32 bytes to the message digest buffer"
            }
            NonceTarget::AlternateKeyBuffer => {
                "Nonce, pass-through, 32 bytes to the alternate key buffer"
            }
        }
        .into()
    }
}

impl Known for LoadNonce64 {
    fn words(&self, _: &dyn Labels) -> String {
        match self.target {
            NonceTarget64::TempKey => "Nonce, pass-through, 64 bytes to TempKey",
            NonceTarget64::MessageDigestBuffer => {
                "Nonce, pass-through, 64 bytes to the message digest buffer"
            }
        }
        .into()
    }
}

impl Known for RandomNonce {
    fn words(&self, _: &dyn Labels) -> String {
        let seed = random::seed_words(self.seed);
        format!("Nonce, random, 20 bytes in{seed}")
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("RandOut {}", Short(response))
    }
}

impl Known for FixedNonce {
    fn words(&self, _: &dyn Labels) -> String {
        "Nonce, computed from TempKey, 20 bytes in".into()
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("TempKey {}", Short(response))
    }
}
