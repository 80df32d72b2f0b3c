//! One frame without its surroundings, as somebody copied it off a screen.

use alloc::format;
use alloc::string::String;

use crate::any_command::AnyCommand;
use crate::explain::{damaged, damaged_request};
use crate::frame::CommandError;
use crate::labels::Labels;
use crate::response::{payload, untyped};

/// What a frame seems to be.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(
    feature = "serde",
    derive(serde::Serialize),
    serde(rename_all = "kebab-case")
)]
pub enum FrameKind {
    /// A word address alone: rewind, sleep, idle.
    WordAddress,
    /// A command.
    Command,
    /// A response.
    Response,
    /// A group with a wrong count or CRC, or no group.
    Damaged,
}

/// A frame, explained.
#[derive(Clone, Debug, Eq, PartialEq)]
#[cfg_attr(feature = "serde", derive(serde::Serialize))]
pub struct FrameText {
    /// What it seems to be.
    pub kind: FrameKind,
    /// In words.
    pub text: String,
}

/// Explain one frame: a command with or without its word address 03, a
/// response, or a word address alone. A sound group that can be a command is
/// taken for one.
#[must_use]
pub fn explain_frame(bytes: &[u8], labels: &dyn Labels) -> FrameText {
    let word = match bytes {
        [0x00] => "rewind: read the response again from its beginning",
        [0x01] => "sleep",
        [0x02] => "idle",
        _ => return group(bytes, labels),
    };
    FrameText {
        kind: FrameKind::WordAddress,
        text: word.into(),
    }
}

fn group(bytes: &[u8], labels: &dyn Labels) -> FrameText {
    let bare = match bytes {
        // A count of 3 is none.
        [0x03, rest @ ..] => rest,
        bytes => bytes,
    };
    let addressed = bare.len() != bytes.len();
    let (kind, text) = match (AnyCommand::parse(bare), payload(bare)) {
        (Ok(command), _) => (FrameKind::Command, command.explain(labels)),
        (Err(CommandError::NoRoom(_) | CommandError::Opcode(_)), Ok(payload)) if !addressed => {
            (FrameKind::Response, untyped(payload))
        }
        (Err(error), Ok(payload)) if !addressed => (
            FrameKind::Response,
            format!("{} (no command: {error})", untyped(payload)),
        ),
        (Err(_), Err(error)) if !addressed && bare.len() < 7 => {
            (FrameKind::Damaged, damaged(&error))
        }
        (Err(error), _) => (FrameKind::Damaged, damaged_request(bare, &error, labels)),
    };
    FrameText { kind, text }
}
