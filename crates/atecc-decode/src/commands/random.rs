//! `Random`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{Random, SeedUpdate};

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::hex::Short;
use crate::labels::Labels;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let seed = seed(frame.param1).ok_or_else(|| frame.wrong_mode())?;
    Ok(Random { seed }.into())
}

pub(super) const fn seed(param1: u8) -> Option<SeedUpdate> {
    match param1 {
        0x00 => Some(SeedUpdate::Automatic),
        0x01 => Some(SeedUpdate::Never),
        _ => None,
    }
}

pub(super) const fn seed_words(seed: SeedUpdate) -> &'static str {
    match seed {
        SeedUpdate::Automatic => "",
        SeedUpdate::Never => ", no seed update",
    }
}

impl Known for Random {
    fn words(&self, _: &dyn Labels) -> String {
        format!("Random, 32 bytes{}", seed_words(self.seed))
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        if *response == Self::TEST_PATTERN {
            "test pattern FFFF0000: configuration is not locked".into()
        } else {
            format!("random {}", Short(response))
        }
    }
}
