//! `HMAC`.

use alloc::format;
use alloc::string::String;

use atecc::commands::Hmac;

use super::{Known, Parsed, mac_otp, mac_otp_words, origin, serial, serial_words, source_flag};
use crate::frame::Frame;
use crate::hex::Short;
use crate::labels::{Labelled, Labels};

/// Those that are not always zero.
const BITS: u8 = 0x74;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    if frame.param1 & !BITS != 0 {
        return Err(frame.wrong_mode());
    }
    let command = Hmac {
        slot: frame.slot(),
        temp_key: source_flag(frame.param1),
        otp: mac_otp(frame.param1),
        serial: serial(frame.param1),
    };
    Ok(command.into())
}

impl Known for Hmac {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        let (otp, serial) = (mac_otp_words(self.otp), serial_words(self.serial));
        format!(
            "HMAC with {slot} over {}{otp}{serial}",
            origin(self.temp_key)
        )
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("HMAC {}", Short(response))
    }
}
