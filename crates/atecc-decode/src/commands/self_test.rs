//! `SelfTest`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{Engines, SelfTest};

use super::{Known, Parsed};
use crate::answer::engines;
use crate::frame::Frame;
use crate::labels::Labels;

/// Each engine has one bit.
const ENGINES: [Engines; 5] = [
    Engines::RNG,
    Engines::ECDSA,
    Engines::ECDH,
    Engines::AES,
    Engines::SHA,
];

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    // Bit 1 stands for nothing, but the library's "all" has it: cryptoauthlib
    // `calib_command.h`.
    if frame.param1 & !0x3F != 0 {
        return Err(frame.wrong_mode());
    }
    let tests = ENGINES
        .into_iter()
        .filter(|engine| frame.param1 & engine.bits() != 0)
        .fold(Engines::NONE, Engines::and);
    Ok(SelfTest { tests }.into())
}

impl Known for SelfTest {
    fn words(&self, _: &dyn Labels) -> String {
        if self.tests.is_empty() {
            "SelfTest, earlier failures".into()
        } else {
            format!("SelfTest of {}", engines(self.tests))
        }
    }
}
