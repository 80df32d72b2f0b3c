//! `KDF`.

use alloc::format;
use alloc::string::String;

use atecc::Slot;
use atecc::commands::{
    HkdfKey, HkdfMessage, Kdf, KdfFunction, KdfSource, KdfTarget, PrfKeyLength, PrfResult,
};

use super::aes::{block, block_words};
use super::{Known, Parsed};
use crate::any_command::{Unexpressed, Untyped};
use crate::frame::Frame;
use crate::labels::{Labelled, Labels};

pub(super) fn parse<'a>(frame: &Frame<'a>) -> Parsed<'a> {
    let mode = frame.param1;
    let [source_slot, target_slot] = frame.param2.to_le_bytes();
    let source = match mode & 0x03 {
        0 => KdfSource::TempKey,
        1 => KdfSource::TempKeyUpper,
        2 => KdfSource::Slot(Slot::from_nibble(source_slot)),
        _ => KdfSource::AlternateKeyBuffer,
    };
    let target = match mode >> 2 & 0x07 {
        0 => KdfTarget::TempKey,
        1 => KdfTarget::TempKeyUpper,
        2 => KdfTarget::Slot(Slot::from_nibble(target_slot)),
        3 => KdfTarget::AlternateKeyBuffer,
        4 => KdfTarget::Output,
        5 => KdfTarget::EncryptedOutput,
        _ => return Err(frame.wrong_mode()),
    };
    let (details, message) = frame
        .data
        .split_first_chunk::<4>()
        .ok_or_else(|| frame.wrong_length())?;
    let [.., length] = *details;
    let function = match mode >> 5 {
        0 => prf(*details, message),
        1 => KdfFunction::Aes {
            key: block(details[0]),
            message: message
                .try_into()
                .ok()
                .ok_or_else(|| frame.wrong_length())?,
        },
        2 => hkdf(*details, message),
        _ => return Err(frame.wrong_mode()),
    };
    let aes = matches!(function, KdfFunction::Aes { .. });
    if !aes && usize::from(length) != message.len() {
        return Err(frame.wrong_length());
    }
    Ok(match Kdf::new(source, target, function) {
        Ok(command) => command.into(),
        Err(_) => Untyped::unlike(frame, Unexpressed::Message(message.len())).into(),
    })
}

fn prf(details: [u8; 4], message: &[u8]) -> KdfFunction<'_> {
    let [low, result, ..] = details;
    KdfFunction::Prf {
        key: match low & 0x03 {
            0 => PrfKeyLength::Bytes16,
            1 => PrfKeyLength::Bytes32,
            2 => PrfKeyLength::Bytes48,
            _ => PrfKeyLength::Bytes64,
        },
        result: match result & 0x07 {
            0x00 => PrfResult::Bytes32,
            0x03 => PrfResult::Split,
            _ => PrfResult::Bytes64,
        },
        message,
    }
}

fn hkdf(details: [u8; 4], message: &[u8]) -> KdfFunction<'_> {
    let [low, slot, ..] = details;
    KdfFunction::Hkdf {
        key: match low & 0x04 {
            0 => HkdfKey::Source,
            _ => HkdfKey::Zero,
        },
        message: match low & 0x03 {
            0 => HkdfMessage::Slot(Slot::from_nibble(slot)),
            1 => HkdfMessage::TempKey,
            2 => HkdfMessage::Input(message),
            _ => HkdfMessage::Iv(message),
        },
    }
}

impl Known for Kdf<'_> {
    fn words(&self, labels: &dyn Labels) -> String {
        let slot = |slot| format!("{}", Labelled(labels, slot));
        let source = match self.source() {
            KdfSource::TempKey => "TempKey".into(),
            KdfSource::TempKeyUpper => "upper TempKey".into(),
            KdfSource::Slot(at) => slot(at),
            KdfSource::AlternateKeyBuffer => "alternate key buffer".into(),
        };
        let target = match self.target() {
            KdfTarget::TempKey => "TempKey".into(),
            KdfTarget::TempKeyUpper => "upper TempKey".into(),
            KdfTarget::Slot(at) => slot(at),
            KdfTarget::AlternateKeyBuffer => "alternate key buffer".into(),
            KdfTarget::Output => "output".into(),
            KdfTarget::EncryptedOutput => "output, encrypted".into(),
        };
        let function = match self.function() {
            KdfFunction::Prf { message, .. } => format!("PRF ({} bytes in)", message.len()),
            KdfFunction::Aes { key, .. } => format!("AES, key {}", block_words(key)),
            KdfFunction::Hkdf { message, .. } => match message {
                HkdfMessage::Slot(at) => format!("HKDF of {}", slot(at)),
                HkdfMessage::TempKey => "HKDF of TempKey".into(),
                HkdfMessage::Input(message) => format!("HKDF ({} bytes in)", message.len()),
                HkdfMessage::Iv(message) => format!("HKDF with IV ({} bytes in)", message.len()),
            },
        };
        format!("KDF {function}, from {source} to {target}")
    }
}
