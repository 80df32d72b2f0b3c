//! `MAC`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{Mac, MacBlocks};

use super::{Known, Parsed, mac_otp, mac_otp_words, origin, serial, serial_words, source_flag};
use crate::frame::Frame;
use crate::hex::Short;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let mode = frame.param1;
    if mode & !0x77 != 0 {
        return Err(frame.wrong_mode());
    }
    let blocks = match mode & 0x03 {
        0x00 => MacBlocks::KeyThenChallenge(frame.exactly()?),
        0x01 => MacBlocks::KeyThenTempKey(source_flag(mode)),
        0x02 => MacBlocks::TempKeyThenChallenge(source_flag(mode), frame.exactly()?),
        _ => MacBlocks::TempKeyTwice(source_flag(mode)),
    };
    let command = Mac {
        blocks,
        otp: mac_otp(mode),
        serial: serial(mode),
        slot: frame.slot(),
    };
    Ok(command.into())
}

impl Known for Mac {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        let otp = mac_otp_words(self.otp);
        let more = format!("{otp}{}", serial_words(self.serial));
        match self.blocks {
            MacBlocks::KeyThenChallenge(_) => format!("MAC with {slot} over a challenge{more}"),
            MacBlocks::KeyThenTempKey(flag) => {
                format!("MAC with {slot} over {}{more}", origin(flag))
            }
            MacBlocks::TempKeyThenChallenge(flag, _) => {
                format!("MAC with {} over a challenge{more}", origin(flag))
            }
            MacBlocks::TempKeyTwice(flag) => {
                format!("MAC with {} over itself{more}", origin(flag))
            }
        }
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("MAC {}", Short(response))
    }
}
