//! `Pause`.

use alloc::format;
use alloc::string::String;

use atecc::commands::Pause;

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::Labels;

#[expect(clippy::unnecessary_wraps, reason = "as every other command's")]
pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let selector = frame.param1;
    Ok(Pause { selector }.into())
}

impl Known for Pause {
    fn words(&self, _: &dyn Labels) -> String {
        format!("Pause all but selector {:02X}", self.selector)
    }
}
