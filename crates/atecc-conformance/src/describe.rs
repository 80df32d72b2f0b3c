//! Descriptions of groups, for messages.

use atecc::Opcode;
use atecc_decode::{AnyCommand, NoLabels};
use atecc_transcript::Cause;

use crate::judgement::hex;

/// The command's name in the datasheet.
pub(crate) fn name(group: &[u8]) -> &'static str {
    let opcode = group.get(1).and_then(|byte| Opcode::from_byte(*byte));
    opcode.map_or("unknown command", Opcode::name)
}

/// What an answer is to.
pub(crate) fn cause(cause: &Cause) -> &'static str {
    match cause {
        Cause::Command(group) => name(group),
        Cause::Wake => "wake",
        Cause::Unrecorded => "answer",
    }
}

/// A response to `command`: its bytes, and what they say.
pub(crate) fn response(command: Option<&[u8]>, response: &[u8]) -> String {
    let said = command
        .and_then(|command| AnyCommand::parse(command).ok())
        .and_then(|command| {
            let response = command.parse_response(response).ok()?;
            Some(command.explain_response(&response))
        });
    match said {
        Some(said) => format!("{} ({said})", hex(response)),
        None => hex(response),
    }
}

/// A command: its bytes, and what it asks for.
pub(crate) fn command(group: &[u8]) -> String {
    match AnyCommand::parse(group) {
        Ok(command) => format!("{} ({})", hex(group), command.explain(&NoLabels)),
        Err(_) => hex(group),
    }
}
