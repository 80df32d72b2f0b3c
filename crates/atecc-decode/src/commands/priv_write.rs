//! `PrivWrite`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{PrivWrite, PrivateKeyData};

use super::{Known, Parsed};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let key = match frame.param1 {
        0x00 => clear(frame)?,
        0x40 => {
            let (cipher, mac) = frame.two()?;
            PrivateKeyData::Encrypted { cipher, mac }
        }
        _ => return Err(frame.wrong_mode()),
    };
    let slot = frame.slot();
    Ok(PrivWrite { slot, key }.into())
}

/// Four bytes of padding and the scalar; then a MAC that the chip ignores, and
/// that an ATECC508A may do without *(unconfirmed)*.
fn clear(frame: &Frame<'_>) -> Result<PrivateKeyData, crate::CommandError> {
    if frame.data.len() == 36 {
        let (_, scalar) = frame.two::<4, 32>()?;
        return Ok(PrivateKeyData::Clear(scalar));
    }
    let (value, _) = frame.two::<36, 32>()?;
    let value = Frame {
        data: &value,
        ..*frame
    };
    let (_, scalar) = value.two::<4, 32>()?;
    Ok(PrivateKeyData::Clear(scalar))
}

impl Known for PrivWrite {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = Labelled(labels, self.slot);
        let how = match self.key {
            PrivateKeyData::Clear(_) => "in the clear",
            PrivateKeyData::Encrypted { .. } => "encrypted",
        };
        format!("PrivWrite, private key to {slot}, {how}")
    }
}
