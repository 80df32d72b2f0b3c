//! `Verify`.

use alloc::format;
use alloc::string::String;

use atecc::PublicKey;
use atecc::commands::{
    DigestSource, Validate, ValidityChange, Verdict, Verify, VerifyAnswer, VerifyKey,
};

use super::{Known, Parsed};
use crate::answer::Answer;
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

/// Param2 of an external verification: P-256.
const P256: u16 = 0x0004;

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let mode = frame.param1;
    if mode & !0xA7 != 0 {
        return Err(frame.wrong_mode());
    }
    let slot = frame.slot();
    let (signature, key) = match mode & 0x07 {
        0x00 => (frame.exactly()?, VerifyKey::Stored(slot)),
        0x01 => (frame.exactly()?, VerifyKey::ValidateExternal(slot)),
        0x02 if frame.param2 != P256 => return Err(frame.wrong_param2()),
        0x02 => {
            let (signature, key) = frame.two()?;
            (signature, VerifyKey::External(PublicKey(key)))
        }
        0x03 => return validate(frame, ValidityChange::Validate),
        0x07 => return validate(frame, ValidityChange::Invalidate),
        _ => return Err(frame.wrong_mode()),
    };
    let source = match mode & 0x20 {
        0 => DigestSource::TempKey,
        _ => DigestSource::MessageDigestBuffer,
    };
    let command = Verify {
        key,
        source,
        signature,
        answer: answer(frame),
    };
    Ok(command.into())
}

fn answer(frame: &Frame<'_>) -> VerifyAnswer {
    match frame.param1 & 0x80 {
        0 => VerifyAnswer::Status,
        _ => VerifyAnswer::Mac,
    }
}

const fn answer_words(answer: VerifyAnswer) -> &'static str {
    match answer {
        VerifyAnswer::Status => "",
        VerifyAnswer::Mac => ", MAC asked for",
    }
}

fn validate<'a>(frame: &Frame<'a>, change: ValidityChange) -> Parsed<'a> {
    let (signature, other_data) = frame.two()?;
    let slot = frame.slot();
    let command = Validate {
        change,
        slot,
        signature,
        other_data,
        answer: answer(frame),
    };
    Ok(command.into())
}

impl Known for Verify {
    fn words(&self, labels: &dyn Labels) -> String {
        let key = match self.key {
            VerifyKey::External(_) => "Verify external, key in the command".into(),
            VerifyKey::Stored(slot) => {
                format!("Verify stored, key in {}", Labelled(labels, slot))
            }
            VerifyKey::ValidateExternal(slot) => {
                format!("Verify, validate external, {}", Labelled(labels, slot))
            }
        };
        let source = match self.source {
            DigestSource::TempKey => "",
            DigestSource::MessageDigestBuffer => ", message digest buffer",
        };
        let answer = answer_words(self.answer);
        format!("{key}{source}{answer}")
    }
}

impl Known for Validate {
    fn words(&self, labels: &dyn Labels) -> String {
        let change = match self.change {
            ValidityChange::Validate => "validate",
            ValidityChange::Invalidate => "invalidate",
        };
        let answer = answer_words(self.answer);
        format!("Verify, {change} {}{answer}", Labelled(labels, self.slot))
    }

    fn answer(&self, response: &Verdict) -> String {
        match response {
            Verdict::Good => "signature verified, validity changed".into(),
            Verdict::Bad | Verdict::GoodIfMac(_) => response.words(),
        }
    }
}
