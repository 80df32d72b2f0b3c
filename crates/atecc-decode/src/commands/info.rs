//! `Info`.

use alloc::format;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use atecc::commands::{InfoGpio, InfoKeyValid, InfoLatch, InfoRevision, InfoState};

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let [low, _] = frame.param2.to_le_bytes();
    Ok(match frame.param1 {
        0x00 => InfoRevision.into(),
        0x01 => InfoKeyValid { slot: frame.slot() }.into(),
        0x02 => InfoState.into(),
        0x03 => InfoGpio { driver: low }.into(),
        // Param2 bit 1: write; bit 0: what.
        0x04 => match low & 0x03 {
            0x02 => InfoLatch::Clear,
            0x03 => InfoLatch::Set,
            _ => InfoLatch::Read,
        }
        .into(),
        _ => return Err(frame.wrong_mode()),
    })
}

impl Known for InfoRevision {
    fn words(&self, _: &dyn Labels) -> String {
        "Info revision".into()
    }
}

/// Whether something holds: the first of four bytes.
fn first_of_four(holds: bool) -> Vec<u8> {
    vec![u8::from(holds), 0, 0, 0]
}

impl Known for InfoKeyValid {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("Info, key valid in {}", Labelled(labels, self.slot))
    }
    fn payload(response: &bool) -> Vec<u8> {
        first_of_four(*response)
    }
    fn answer(&self, response: &bool) -> String {
        if *response { "valid" } else { "not valid" }.into()
    }
}

impl Known for InfoState {
    fn words(&self, _: &dyn Labels) -> String {
        "Info state".into()
    }
}

impl Known for InfoGpio {
    fn words(&self, _: &dyn Labels) -> String {
        format!("Info GPIO, driver {:02X}", self.driver)
    }
}

impl Known for InfoLatch {
    fn words(&self, _: &dyn Labels) -> String {
        match self {
            Self::Read => "Info, read persistent latch",
            Self::Clear => "Info, clear persistent latch",
            Self::Set => "Info, set persistent latch",
        }
        .into()
    }
    fn payload(response: &bool) -> Vec<u8> {
        first_of_four(*response)
    }
    fn answer(&self, response: &bool) -> String {
        if *response {
            "latch set"
        } else {
            "latch clear"
        }
        .into()
    }
}
