//! `UpdateExtra`.

use alloc::format;
use alloc::string::String;

use atecc::commands::UpdateExtra;

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let value = u8::try_from(frame.param2);
    Ok(match (frame.param1, value) {
        (0x00, Ok(value)) => UpdateExtra::UserExtra(value),
        (0x01, Ok(value)) => UpdateExtra::SelectorOrAddress(value),
        (0x00 | 0x01, Err(_)) => return Err(frame.wrong_param2()),
        // Bit 1 makes bit 0 irrelevant.
        (0x02 | 0x03, _) => UpdateExtra::UseKey(frame.slot()),
        _ => return Err(frame.wrong_mode()),
    }
    .into())
}

impl Known for UpdateExtra {
    fn words(&self, labels: &dyn Labels) -> String {
        match self {
            Self::UserExtra(value) => format!("UpdateExtra, UserExtra to {value:02X}"),
            Self::SelectorOrAddress(value) => {
                format!("UpdateExtra, Selector or I2C address to {value:02X}")
            }
            Self::UseKey(slot) => {
                format!("UpdateExtra, use up one use of {}", Labelled(labels, *slot))
            }
        }
    }
}
