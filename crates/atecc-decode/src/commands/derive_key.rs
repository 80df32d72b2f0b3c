//! `DeriveKey`.

use alloc::format;
use alloc::string::String;

use atecc::commands::DeriveKey;

use super::{Known, Parsed, origin, source_flag};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    if frame.param1 & !0x04 != 0 {
        return Err(frame.wrong_mode());
    }
    let mac = match frame.data {
        [] => None,
        _ => Some(frame.exactly()?),
    };
    let command = DeriveKey {
        target: frame.slot(),
        temp_key: source_flag(frame.param1),
        mac,
    };
    Ok(command.into())
}

impl Known for DeriveKey {
    fn words(&self, labels: &dyn Labels) -> String {
        let target = Labelled(labels, self.target);
        let mac = match self.mac {
            Some(_) => ", authorized by a MAC",
            None => "",
        };
        format!(
            "DeriveKey into {target} from {}{mac}",
            origin(self.temp_key)
        )
    }
}
