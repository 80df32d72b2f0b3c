//! One group or word address without its surroundings, as somebody copied it off
//! a screen.
//!
//! Without its word address a command looks as an answer does: count, bytes,
//! CRC. A counter at 2 and a Read of configuration word 0 are the same seven
//! bytes. What can be both is said to be both.

use alloc::format;
use alloc::string::{String, ToString};

use atecc::parse::CommandError;
use atecc::word_address::{IDLE, RESET, SLEEP};
use atecc::{ConfigZone, Revision};

use crate::any_command::AnyCommand;
use crate::explain::{damaged, damaged_request, silent};
use crate::labels::Labels;
use crate::response::{payload, untyped};

/// What bytes off a bus seem to be.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
pub enum BytesKind {
    /// A word address alone: rewind, sleep, idle.
    WordAddress,
    /// A command.
    Command,
    /// A response.
    Response,
    /// A command without its word address, or a response: nothing tells.
    Undecided,
    /// A group with a wrong count or CRC, or no group.
    Damaged,
}

/// Bytes off a bus, explained.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct ExplainedBytes {
    /// What it seems to be.
    pub kind: BytesKind,
    /// In words.
    pub text: String,
}

/// Explain the bytes of one transfer or line: a command with or without its word
/// address 03, a response, or a word address alone.
#[must_use]
pub fn explain_bytes(bytes: &[u8], labels: &dyn Labels) -> ExplainedBytes {
    let word = match bytes {
        [RESET] => "rewind: read the response again from its beginning",
        [SLEEP] => "sleep",
        [IDLE] => "idle",
        _ => return group(bytes, labels),
    };
    ExplainedBytes {
        kind: BytesKind::WordAddress,
        text: word.into(),
    }
}

fn group(bytes: &[u8], labels: &dyn Labels) -> ExplainedBytes {
    let (kind, text) = match bytes {
        // A count of 3 is none.
        [0x03, bare @ ..] => addressed(bare, labels),
        bare => unaddressed(bare, labels),
    };
    ExplainedBytes { kind, text }
}

/// With the word address it can only be a command.
fn addressed(group: &[u8], labels: &dyn Labels) -> (BytesKind, String) {
    match AnyCommand::parse(group) {
        Ok(command) => (BytesKind::Command, command.explain(labels)),
        Err(error) => (BytesKind::Damaged, damaged_request(group, &error, labels)),
    }
}

fn unaddressed(group: &[u8], labels: &dyn Labels) -> (BytesKind, String) {
    if let Some(text) = silent(group) {
        return (BytesKind::Damaged, text);
    }
    let command = AnyCommand::parse(group);
    let answer = match payload(group) {
        Ok(answer) => answer,
        Err(_) if command.is_ok() => &[],
        Err(error) if group.len() < 7 => return (BytesKind::Damaged, damaged(&error)),
        Err(_) => {
            let text = command.map_or_else(
                |error| damaged_request(group, &error, labels),
                |command| command.explain(labels),
            );
            return (BytesKind::Damaged, text);
        }
    };
    // What a host would not send just so, no chip takes.
    let exact = command.as_ref().ok();
    let exact = exact.filter(|command| command.group() == group);
    match (exact, is_answer(answer)) {
        (_, true) if telling(answer).is_some() => (BytesKind::Response, of_answer(answer)),
        (Some(command), false) => (BytesKind::Command, command.explain(labels)),
        (Some(command), true) => (
            BytesKind::Undecided,
            format!(
                "a command without its word address 03: {}; or an answer: {}",
                command.explain(labels),
                of_answer(answer)
            ),
        ),
        (None, true) => (BytesKind::Response, of_answer(answer)),
        (None, false) => {
            let text = of_answer(answer);
            match command {
                Ok(command) => (BytesKind::Command, command.explain(labels)),
                Err(CommandError::NoRoom(_) | CommandError::Opcode(_)) => {
                    (BytesKind::Response, text)
                }
                Err(error) => (BytesKind::Response, format!("{text} (no command: {error})")),
            }
        }
    }
}

/// Whether a chip answers so many bytes to anything. Source: ATECC508A
/// datasheet, chapter 9; for AES, KDF and the context of SHA cryptoauthlib.
fn is_answer(payload: &[u8]) -> bool {
    match (payload.len(), payload.first_chunk::<4>()) {
        (1 | 4 | 16 | 32 | 64 | 96, _) => true,
        // A context: bytes so far, eight words, what does not fill a block.
        (len @ 36..=99, Some(count)) => {
            u32::from_le_bytes(*count) % 64 == u32::try_from(len - 36).unwrap_or(u32::MAX)
        }
        _ => false,
    }
}

/// Bytes, and what they show by themselves.
fn of_answer(payload: &[u8]) -> String {
    match telling(payload) {
        Some(words) => format!("{}: {words}", untyped(payload)),
        None => untyped(payload),
    }
}

/// What only one answer begins with.
fn telling(payload: &[u8]) -> Option<String> {
    match payload {
        [0x00, 0x00, 0x50 | 0x60, _] => {
            let revision = Revision::from_bytes(*payload.first_chunk()?);
            Some(revision.to_string())
        }
        // Every serial number begins so, and no host pauses by this selector.
        [0x01, 0x23, _, _] => Some("configuration word 0, a serial number".into()),
        [0x01, 0x23, _, _, 0x00, 0x00, 0x50 | 0x60, _, ..] if payload.len() == 32 => {
            Some(block_0(payload))
        }
        _ => None,
    }
}

/// Configuration block 0, which has the chip's identity.
fn block_0(block: &[u8]) -> String {
    let mut zone = ConfigZone([0; 128]);
    for (to, from) in zone.0.iter_mut().zip(block) {
        *to = *from;
    }
    format!(
        "configuration block 0: serial number {}, {}, address 0x{:02X}",
        zone.serial_number(),
        zone.revision(),
        zone.i2c_address()
    )
}
