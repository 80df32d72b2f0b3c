//! `SecureBoot`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{Afterwards, Protection, SecureBoot, SecureBootMode};

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::Labels;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let (mode, digest) = match frame.param1 & 0x3F {
        0x05 => {
            let (digest, signature) = frame.two()?;
            (SecureBootMode::Full(signature), digest)
        }
        0x06 => (SecureBootMode::Stored, frame.exactly()?),
        0x07 => {
            let (digest, signature) = frame.two()?;
            (SecureBootMode::FullCopy(signature), digest)
        }
        _ => return Err(frame.wrong_mode()),
    };
    let protection = match frame.param1 & 0x80 {
        0 => Protection::Clear,
        _ => Protection::Encrypted,
    };
    let afterwards = match frame.param1 & 0x40 {
        0 => Afterwards::Nothing,
        _ => Afterwards::Prohibit,
    };
    let command = SecureBoot {
        mode,
        digest,
        protection,
        afterwards,
    };
    Ok(command.into())
}

impl Known for SecureBoot {
    fn words(&self, _: &dyn Labels) -> String {
        let mode = match self.mode {
            SecureBootMode::Full(_) => "Full",
            SecureBootMode::Stored => "FullStore",
            SecureBootMode::FullCopy(_) => "FullCopy",
        };
        let protection = match self.protection {
            Protection::Clear => "",
            Protection::Encrypted => ", digest encrypted",
        };
        let afterwards = match self.afterwards {
            Afterwards::Nothing => "",
            Afterwards::Prohibit => ", prohibited afterwards",
        };
        format!("SecureBoot {mode}{protection}{afterwards}")
    }
}
