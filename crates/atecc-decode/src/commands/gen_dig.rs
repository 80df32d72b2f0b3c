//! `GenDig`.

use alloc::format;
use alloc::string::String;

use atecc::commands::{DigSource, GenDig, Half, Quarter};

use super::{Known, Parsed, counter};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

/// Param2 bit 15.
const BIT_15: u16 = 0x8000;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let [low, _] = frame.param2.to_le_bytes();
    let source = match (frame.param1, frame.param2) {
        (0, 0) => DigSource::Config(Quarter::First),
        (0, 1) => DigSource::Config(Quarter::Second),
        (0, 2) => DigSource::Config(Quarter::Third),
        (0, 3) => DigSource::Config(Quarter::Fourth),
        (1, 0) => DigSource::Otp(Half::First),
        (1, 1) => DigSource::Otp(Half::Second),
        (2, BIT_15..) => DigSource::TransportKey(frame.param2 & !BIT_15),
        (2, _) if frame.data.is_empty() => DigSource::Data(frame.slot()),
        (2, _) => DigSource::DataNoMac(frame.slot(), frame.exactly()?),
        (3, BIT_15..) => DigSource::SharedNonceLast {
            location: low,
            nonce: frame.exactly()?,
        },
        (3, _) => DigSource::SharedNonce {
            location: low,
            nonce: frame.exactly()?,
        },
        (4, id) => {
            let id = counter::id(id).ok_or_else(|| frame.wrong_param2())?;
            DigSource::Counter(id)
        }
        (5, _) => DigSource::KeyConfig(frame.slot()),
        (0 | 1, _) => return Err(frame.wrong_param2()),
        _ => return Err(frame.wrong_mode()),
    };
    Ok(GenDig { source }.into())
}

impl Known for GenDig {
    fn words(&self, labels: &dyn Labels) -> String {
        match self.source {
            DigSource::Config(block) => format!("GenDig of configuration, block {}", block as u8),
            DigSource::Otp(block) => format!("GenDig of OTP, block {}", block as u8),
            DigSource::Data(slot) | DigSource::DataNoMac(slot, _) => {
                format!("GenDig of {}", Labelled(labels, slot))
            }
            DigSource::TransportKey(id) => format!("GenDig of transport key {id}"),
            DigSource::SharedNonce { .. } => "GenDig of a shared nonce, before TempKey".into(),
            DigSource::SharedNonceLast { .. } => "GenDig of a shared nonce, after TempKey".into(),
            DigSource::Counter(counter) => format!("GenDig of counter {}", counter as u8),
            DigSource::KeyConfig(slot) => {
                format!("GenDig of the configuration of {}", Labelled(labels, slot))
            }
        }
    }
}
