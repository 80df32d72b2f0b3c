//! Groups with redacted bytes, damaged groups, and what they say.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt::Write;

use atecc::Status;
use atecc::crc::crc16;
use atecc::group::GroupError;
use atecc::parse::CommandError;

use super::Outcome;
use crate::any_command::{AnyCommand, AnyResponse};
use crate::labels::Labels;
use crate::response::{ResponseError, payload, untyped};

/// Bytes, some of which may be redacted.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(super) struct Bytes {
    pub(super) bytes: Vec<u8>,
    pub(super) hidden: Vec<bool>,
}

impl Bytes {
    pub(super) fn push(&mut self, bytes: &[u8], hidden: impl Fn(usize) -> bool) {
        self.bytes.extend_from_slice(bytes);
        self.hidden.extend((0..bytes.len()).map(hidden));
    }

    pub(super) fn is_hidden(&self) -> bool {
        self.hidden.contains(&true)
    }

    /// Two digits for each byte; `..` for one that is redacted.
    pub(super) fn hex(&self) -> String {
        let mut text = String::new();
        for (byte, hidden) in self.bytes.iter().zip(&self.hidden) {
            let _ = if *hidden {
                write!(text, "..")
            } else {
                write!(text, "{byte:02x}")
            };
        }
        text
    }

    /// The first `count` of them.
    pub(super) fn cut(mut self, count: usize) -> Self {
        self.bytes.truncate(count);
        self.hidden.truncate(count);
        self
    }

    /// The group with a CRC that fits, where its own is redacted.
    fn sound(&self) -> Vec<u8> {
        let mut bytes = self.bytes.clone();
        let crc = bytes.split_last_chunk_mut::<2>();
        if let (Some(true), Some((covered, crc))) = (self.hidden.last(), crc) {
            *crc = crc16(covered).to_le_bytes();
        }
        bytes
    }
}

/// A request in words.
pub(super) fn request(group: &Bytes, labels: &dyn Labels) -> (String, Outcome) {
    let sound = group.sound();
    let redacted = if group.is_hidden() { ", redacted" } else { "" };
    match AnyCommand::parse(&sound) {
        Ok(command) => (
            format!("{}{redacted}", command.explain(labels)),
            Outcome::Unread,
        ),
        Err(error) => (damaged_request(&sound, &error, labels), Outcome::Damaged),
    }
}

/// What a damaged command says, and what it would have meant.
pub(crate) fn damaged_request(group: &[u8], error: &CommandError, labels: &dyn Labels) -> String {
    if let CommandError::Group(GroupError::Crc { got, computed }) = *error {
        let mut mended = group.to_vec();
        if let Some((_, crc)) = mended.split_last_chunk_mut::<2>() {
            *crc = computed.to_le_bytes();
        }
        let meant = AnyCommand::parse(&mended)
            .map_or_else(|error| error.to_string(), |command| command.explain(labels));
        return format!("{meant}; {}", bad_crc(got, computed));
    }
    format!("no command: {error}")
}

/// The CRC as it stands on the wire, low byte first.
fn bad_crc(got: u16, computed: u16) -> String {
    let ([a, b], [c, d]) = (got.to_le_bytes(), computed.to_le_bytes());
    format!("bad CRC: is {a:02x} {b:02x}, should be {c:02x} {d:02x}")
}

/// A response in words. Without a command, its bytes.
pub(super) fn response(group: &Bytes, command: Option<&Bytes>) -> (String, Outcome) {
    if group.is_hidden() {
        let len = group.bytes.len().saturating_sub(3);
        return (format!("{len} bytes, redacted"), Outcome::Ok);
    }
    if let Some(text) = silent(&group.bytes) {
        return (text, Outcome::Damaged);
    }
    let sound = command.map(Bytes::sound);
    match sound.as_deref().map(AnyCommand::parse) {
        Some(Ok(command)) => typed(&command, &group.bytes),
        Some(Err(_)) | None => match payload(&group.bytes) {
            Ok(payload) => (untyped(payload), of_status(payload)),
            Err(error) => (damaged(&error), Outcome::Damaged),
        },
    }
}

/// What no chip says: ones are what the pull-ups leave.
pub(crate) fn silent(group: &[u8]) -> Option<String> {
    let ones = !group.is_empty() && group.iter().all(|byte| *byte == 0xFF);
    ones.then(|| "all ones: nobody drove SDA".into())
}

/// What follows a wake, in words.
pub(super) fn wake(group: &[u8]) -> (String, Outcome) {
    if let Some(text) = silent(group) {
        return (text, Outcome::Damaged);
    }
    match payload(group) {
        Ok(payload @ [0x11]) => (untyped(payload), Outcome::Ok),
        Ok(payload) => (untyped(payload), Outcome::Failed),
        Err(error) => (damaged(&error), Outcome::Damaged),
    }
}

fn typed(command: &AnyCommand<'_>, group: &[u8]) -> (String, Outcome) {
    match command.parse_response(group) {
        Ok(response) => {
            let outcome = match &response {
                AnyResponse::Status(_) => Outcome::Failed,
                response => of_status(&response.payload()),
            };
            let note = match &response {
                AnyResponse::Status(Status::Success) => ", but an answer belongs here",
                _ => "",
            };
            (
                format!("{}{note}", command.explain_response(&response)),
                outcome,
            )
        }
        Err(error) => (damaged(&error), Outcome::Damaged),
    }
}

/// One byte that is not zero is a failure: of the command, of a comparison, or
/// of a self test.
const fn of_status(payload: &[u8]) -> Outcome {
    match payload {
        [byte] if *byte != 0 => Outcome::Failed,
        _ => Outcome::Ok,
    }
}

/// A response that is none.
pub(crate) fn damaged(error: &ResponseError) -> String {
    match error {
        ResponseError::Group(GroupError::Crc { got, computed }) => bad_crc(*got, *computed),
        error => error.to_string(),
    }
}
