//! `SHA`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{
    DigestTarget, ShaContext, ShaEnd, ShaPiece, ShaPublic, ShaReadContext, ShaStart, ShaUpdate,
    ShaWriteContext,
};

use super::{Known, Parsed};
use crate::frame::{CommandError, Frame};
use crate::hex::Short;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    // Bits 7 and 6 are the target of an end; there is no target 2. Other modes
    // ignore them.
    let target = match frame.param1 >> 6 {
        0 => DigestTarget::TempKey,
        1 => DigestTarget::MessageDigestBuffer,
        3 => DigestTarget::OutputOnly,
        _ => return Err(frame.wrong_mode()),
    };
    Ok(match frame.param1 & 0x3F {
        0x00 => ShaStart::Sha256.into(),
        0x01 => {
            length_is_param2(frame)?;
            let piece = piece(frame)?;
            ShaUpdate { piece }.into()
        }
        0x02 => end(frame, target)?,
        0x03 => ShaPublic { slot: frame.slot() }.into(),
        0x04 => match frame.param2 {
            0xFFFF => ShaStart::HmacTempKey,
            _ => ShaStart::Hmac(frame.slot()),
        }
        .into(),
        0x05 => end(frame, DigestTarget::Hmac508)?,
        0x06 => ShaReadContext.into(),
        0x07 => {
            length_is_param2(frame)?;
            let context = ShaContext::new(frame.data);
            let context = context.ok().ok_or_else(|| frame.wrong_length())?;
            ShaWriteContext { context }.into()
        }
        _ => return Err(frame.wrong_mode()),
    })
}

/// Param2 is the length of the data; 0 may stand for it *(unconfirmed)*, as
/// the field's Elixir library sends it.
fn end<'a>(frame: &Frame<'a>, target: DigestTarget) -> Parsed<'a> {
    if frame.param2 != 0 {
        length_is_param2(frame)?;
    }
    let piece = piece(frame)?;
    Ok(ShaEnd { piece, target }.into())
}

fn length_is_param2(frame: &Frame<'_>) -> Result<(), CommandError> {
    if usize::from(frame.param2) == frame.data.len() {
        Ok(())
    } else {
        Err(frame.wrong_param2())
    }
}

fn piece<'a>(frame: &Frame<'a>) -> Result<ShaPiece<'a>, CommandError> {
    let piece = ShaPiece::new(frame.data);
    piece.ok().ok_or_else(|| frame.wrong_length())
}

impl Known for ShaStart {
    fn words(&self, labels: &dyn Labels) -> String {
        match self {
            Self::Sha256 => "SHA start".into(),
            Self::Hmac(slot) => format!("SHA start of HMAC with {}", Labelled(labels, *slot)),
            Self::HmacTempKey => "SHA start of HMAC with TempKey".into(),
        }
    }
}

impl Known for ShaUpdate<'_> {
    fn words(&self, _: &dyn Labels) -> String {
        format!("SHA update, {} bytes in", atecc::Command::param2(self))
    }
}

impl Known for ShaEnd<'_> {
    fn words(&self, _: &dyn Labels) -> String {
        let target = match self.target {
            DigestTarget::TempKey => "SHA end, digest to TempKey",
            DigestTarget::MessageDigestBuffer => "SHA end, digest to the message digest buffer",
            DigestTarget::OutputOnly => "SHA end",
            DigestTarget::Hmac508 => "SHA end of HMAC",
        };
        format!("{target}, {} bytes in", atecc::Command::param2(self))
    }

    fn answer(&self, response: &[u8; 32]) -> String {
        format!("digest {}", Short(response))
    }
}

impl Known for ShaPublic {
    fn words(&self, labels: &dyn Labels) -> String {
        format!("SHA of the public key in {}", Labelled(labels, self.slot))
    }
}

impl Known for ShaReadContext {
    fn words(&self, _: &dyn Labels) -> String {
        "SHA read context".into()
    }
}

impl Known for ShaWriteContext {
    fn words(&self, _: &dyn Labels) -> String {
        let len = self.context.as_bytes().len();
        format!("SHA write context, {len} bytes in")
    }
}
