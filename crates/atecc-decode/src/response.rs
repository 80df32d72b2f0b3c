//! Response groups: `count | payload .. | crc low, high`. A payload of one
//! byte is a status, but for the few commands whose answer it is. Source:
//! ATECC508A datasheet, "Status/Error Codes".

use alloc::format;
use alloc::string::String;

use atecc::command::DecodeError;
use atecc::group::{GroupError, parse_group};
use atecc::{Command, Status};

use crate::hex::Short;

/// Bytes that are no answer to the command.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum ResponseError {
    /// Count or CRC is wrong.
    #[error(transparent)]
    Group(#[from] GroupError),
    /// Bytes after the end that the count byte names.
    #[error("count byte {count}, but {got} bytes")]
    Trailing {
        /// The count byte.
        count: u8,
        /// How many bytes there are.
        got: usize,
    },
    /// A sound group of a length that the command does not answer.
    #[error(transparent)]
    Decode(#[from] DecodeError),
}

/// The payload of a group that is sound and nothing more.
pub(crate) fn payload(group: &[u8]) -> Result<&[u8], ResponseError> {
    let payload = parse_group(group)?;
    match *group {
        [count, ..] if group.len() != usize::from(count) => {
            let got = group.len();
            Err(ResponseError::Trailing { count, got })
        }
        _ => Ok(payload),
    }
}

/// What a payload is to a command.
pub(crate) enum Decoded<R> {
    Status(Status),
    Answer(R),
}

/// Decode as a driver does: one byte is a status unless it is the answer.
pub(crate) fn decode<C: Command>(
    command: &C,
    payload: &[u8],
) -> Result<Decoded<C::Response>, ResponseError> {
    let expect = command.expect();
    let answer = match *payload {
        [byte] => {
            let status = Status::from_byte(byte);
            if expect.is_answer(status) {
                true
            } else {
                return Ok(Decoded::Status(status));
            }
        }
        _ => expect.takes(payload.len()),
    };
    if answer {
        Ok(Decoded::Answer(command.decode(payload)?))
    } else {
        let (opcode, got) = (C::OPCODE, payload.len());
        let expected = usize::from(expect.payload_len());
        let wrong = DecodeError {
            opcode,
            expected,
            got,
        };
        Err(wrong.into())
    }
}

/// A status in words.
pub(crate) fn status(status: Status) -> String {
    let byte = status.byte();
    match status {
        Status::Success => "success".into(),
        Status::AfterWake => format!("awake ({byte:02X})"),
        Status::Unknown(_) => format!("status {byte:02X} unknown"),
        _ => format!("status {byte:02X} {}", status.name()),
    }
}

/// A payload without a type.
pub(crate) fn untyped(payload: &[u8]) -> String {
    match payload {
        [byte] => status(Status::from_byte(*byte)),
        _ => format!("{} bytes {}", payload.len(), Short(payload)),
    }
}
