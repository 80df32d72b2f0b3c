//! `Sign`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{DigestSource, InternalPurpose, Sign, SignInternal};

use super::{Known, Parsed, serial, serial_words};
use crate::frame::Frame;
use crate::hex::Short;
use crate::labels::{Labelled, Labels};

/// Param1 bit 7: a digest from outside.
const EXTERNAL: u8 = 0x80;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let (mode, slot) = (frame.param1, frame.slot());
    if mode & !0xE1 != 0 {
        return Err(frame.wrong_mode());
    }
    let buffer = mode & 0x20 != 0;
    if mode & EXTERNAL != 0 {
        let source = if buffer {
            DigestSource::MessageDigestBuffer
        } else {
            DigestSource::TempKey
        };
        return Ok(Sign { source, slot }.into());
    }
    let purpose = match mode & 0x01 {
        0 => InternalPurpose::Any,
        _ => InternalPurpose::Invalidate,
    };
    let serial = serial(mode);
    let command = SignInternal {
        slot,
        serial,
        purpose,
    };
    Ok(command.into())
}

impl Known for Sign {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        match self.source {
            DigestSource::TempKey => format!("Sign external message with {slot}"),
            DigestSource::MessageDigestBuffer => {
                format!("Sign external message in the message digest buffer with {slot}")
            }
        }
    }

    fn answer(&self, response: &[u8; 64]) -> String {
        format!("signature {}", Short(response))
    }
}

impl Known for SignInternal {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        let purpose = match self.purpose {
            InternalPurpose::Any => "",
            InternalPurpose::Invalidate => ", to invalidate",
        };
        let serial = serial_words(self.serial);
        format!("Sign internal message with {slot}{purpose}{serial}")
    }

    fn answer(&self, response: &[u8; 64]) -> String {
        format!("signature {}", Short(response))
    }
}
