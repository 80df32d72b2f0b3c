//! `GenKey`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{CreateTempKey, DigestPublicKey, GenKey, GenKeyMode};

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

/// Param2 that stands for TempKey. Source: cryptoauthlib `calib_genkey.c`.
const TEMP_KEY: u16 = 0xFFFF;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let mode = match frame.param1 {
        0x00 => GenKeyMode::Public,
        0x04 if frame.param2 == TEMP_KEY => return Ok(CreateTempKey.into()),
        0x04 => GenKeyMode::Create,
        0x08 => GenKeyMode::PublicDigest,
        0x0C => GenKeyMode::CreateDigest,
        // Bit 4 makes bits 3 and 2 irrelevant.
        0x10 | 0x14 | 0x18 | 0x1C => return digest(frame),
        _ => return Err(frame.wrong_mode()),
    };
    let slot = frame.slot();
    Ok(GenKey { mode, slot }.into())
}

fn digest<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let other_data = match frame.data {
        [] => None,
        _ => Some(frame.exactly()?),
    };
    let slot = frame.slot();
    Ok(DigestPublicKey { slot, other_data }.into())
}

impl Known for GenKey {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        match self.mode {
            GenKeyMode::Public => format!("GenKey, public key of {slot}"),
            GenKeyMode::Create => format!("GenKey, create private key in {slot}"),
            GenKeyMode::PublicDigest => {
                format!("GenKey, public key of {slot}, digest to TempKey")
            }
            GenKeyMode::CreateDigest => {
                format!("GenKey, create private key in {slot}, digest to TempKey")
            }
        }
    }
}

impl Known for DigestPublicKey {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        format!("GenKey, digest of the public key in {slot} to TempKey")
    }
}

impl Known for CreateTempKey {
    fn words(&self, _: &dyn Labels) -> String {
        "GenKey, create private key in TempKey".into()
    }
}
