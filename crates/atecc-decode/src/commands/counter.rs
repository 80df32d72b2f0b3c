//! `Counter`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{Counter, CounterId, CounterMode};

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::Labels;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let mode = match frame.param1 {
        0x00 => CounterMode::Read,
        0x01 => CounterMode::Increment,
        _ => return Err(frame.wrong_mode()),
    };
    let counter = id(frame.param2).ok_or_else(|| frame.wrong_param2())?;
    Ok(Counter { mode, counter }.into())
}

pub(super) const fn id(param2: u16) -> Option<CounterId> {
    match param2 {
        0 => Some(CounterId::Zero),
        1 => Some(CounterId::One),
        _ => None,
    }
}

impl Known for Counter {
    fn words(&self, _: &dyn Labels) -> String {
        let mode = match self.mode {
            CounterMode::Read => "read",
            CounterMode::Increment => "increment",
        };
        format!("Counter {}, {mode}", self.counter as u8)
    }
}
