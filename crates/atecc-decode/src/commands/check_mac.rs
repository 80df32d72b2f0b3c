//! `CheckMac`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{Blocks, CheckMac, OtpPart};

use super::{Known, Parsed, origin, source_flag};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let mode = frame.param1;
    if mode & !0x27 != 0 {
        return Err(frame.wrong_mode());
    }
    let (challenge, rest): ([u8; 32], [u8; 45]) = frame.two()?;
    let rest = Frame {
        data: &rest,
        ..*frame
    };
    let (response, other_data) = rest.two()?;
    let blocks = match mode & 0x03 {
        0x00 => Blocks::KeyThenChallenge,
        0x01 => Blocks::KeyThenTempKey(source_flag(mode)),
        0x02 => Blocks::TempKeyThenChallenge(source_flag(mode)),
        _ => Blocks::TempKeyTwice(source_flag(mode)),
    };
    let otp = match mode & 0x20 {
        0 => OtpPart::None,
        _ => OtpPart::First8,
    };
    let slot = frame.slot();
    let command = CheckMac {
        blocks,
        otp,
        slot,
        challenge,
        response,
        other_data,
    };
    Ok(command.into())
}

impl Known for CheckMac {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        let otp = match self.otp {
            OtpPart::None => "",
            OtpPart::First8 => ", OTP included",
        };
        match self.blocks {
            Blocks::KeyThenChallenge => format!("CheckMac with {slot} over a challenge{otp}"),
            Blocks::KeyThenTempKey(flag) => {
                format!("CheckMac with {slot} over {}{otp}", origin(flag))
            }
            Blocks::TempKeyThenChallenge(flag) => {
                format!("CheckMac with {} over a challenge{otp}", origin(flag))
            }
            Blocks::TempKeyTwice(flag) => {
                format!("CheckMac with {} over itself{otp}", origin(flag))
            }
        }
    }
}
