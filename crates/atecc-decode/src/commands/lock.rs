//! `Lock`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{Lock, LockTarget};

use super::{Known, Parsed};
use crate::any_command::{Unexpressed, Untyped};
use crate::frame::{Frame, slot_of};
use crate::labels::{Labelled, Labels};

/// Param1 bit 7: the chip does not check the CRC. Source: ATECC508A datasheet,
/// "Lock Command".
const UNCHECKED: u8 = 0x80;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let crc = frame.param2;
    let target = match frame.param1 & !UNCHECKED {
        0x00 => LockTarget::Config { crc },
        0x01 => LockTarget::Data { crc },
        mode if mode & 0x43 == 0x02 => LockTarget::Slot(slot_of(mode >> 2)),
        _ => return Err(frame.wrong_mode()),
    };
    let command = Lock { target }.into();
    if frame.param1 & UNCHECKED == 0 {
        Ok(command)
    } else {
        Ok(Untyped::like(frame, command, Unexpressed::LockUnchecked).into())
    }
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
