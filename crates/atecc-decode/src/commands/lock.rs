//! `Lock`.

use alloc::format;
use alloc::string::String;

use atecc::Slot;
use atecc::commands::{Lock, LockTarget, LockWithoutCrc};

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let crc = frame.param2;
    let target = match frame.param1 {
        0x00 => LockTarget::Config { crc },
        0x01 => LockTarget::Data { crc },
        0x80 => return Ok(LockWithoutCrc::Config.into()),
        0x81 => return Ok(LockWithoutCrc::Data.into()),
        mode if mode & 0x43 == 0x02 => LockTarget::Slot(Slot::from_nibble(mode >> 2)),
        _ => return Err(frame.wrong_mode()),
    };
    Ok(Lock { target }.into())
}

impl Known for Lock {
    fn words(&self, labels: &dyn Labels) -> String {
        match self.target {
            LockTarget::Config { crc } => format!("Lock configuration (CRC {crc:04X})"),
            LockTarget::Data { crc } => format!("Lock data and OTP (CRC {crc:04X})"),
            LockTarget::Slot(slot) => format!("Lock {}", Labelled(labels, slot)),
        }
    }
}

impl Known for LockWithoutCrc {
    fn words(&self, _labels: &dyn Labels) -> String {
        match self {
            Self::Config => "Lock configuration without check of a CRC",
            Self::Data => "Lock data and OTP without check of a CRC",
        }
        .into()
    }
}
