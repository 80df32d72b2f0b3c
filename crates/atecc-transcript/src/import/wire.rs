//! From START, addresses, bytes and STOP to actions.

use alloc::vec::Vec;

use super::Malformed;
use crate::{Ack, Action, Line, Time};

/// Which way bytes go.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Direction {
    Write,
    Read,
}

/// Whether an address or a byte was acknowledged.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Bit {
    Ack,
    Nack,
}

/// Makes an action of each address and the bytes after it.
#[derive(Debug, Default)]
pub(super) struct Wire {
    done: Vec<Line>,
    /// The time of a START that no address has followed yet.
    start: Option<Time>,
    open: Option<Open>,
}

#[derive(Debug)]
struct Open {
    at: Option<Time>,
    address: u8,
    direction: Direction,
    address_bit: Bit,
    bytes: Vec<u8>,
    /// Index of the first byte that was not acknowledged.
    refused: Option<usize>,
}

impl Wire {
    /// START, repeated or not.
    pub(super) fn start(&mut self, at: Option<Time>) -> Result<(), Malformed> {
        self.stop()?;
        self.start = at;
        Ok(())
    }

    /// STOP, or the end of the recording.
    pub(super) fn stop(&mut self) -> Result<(), Malformed> {
        self.start = None;
        if let Some(open) = self.open.take() {
            self.done.push(open.line()?);
        }
        Ok(())
    }

    /// `at` counts when there was no START.
    pub(super) fn address(
        &mut self,
        at: Option<Time>,
        address: u8,
        direction: Direction,
        address_bit: Bit,
    ) -> Result<(), Malformed> {
        let start = self.start.take();
        self.stop()?;
        self.open = Some(Open {
            at: start.or(at),
            address,
            direction,
            address_bit,
            bytes: Vec::new(),
            refused: None,
        });
        Ok(())
    }

    pub(super) fn byte(&mut self, byte: u8, bit: Bit) -> Result<(), Malformed> {
        let open = self.open.as_mut().ok_or(Malformed::Stray)?;
        if bit == Bit::Nack && open.refused.is_none() {
            open.refused = Some(open.bytes.len());
        }
        open.bytes.push(byte);
        Ok(())
    }

    pub(super) fn finish(mut self) -> Result<Vec<Line>, Malformed> {
        self.stop()?;
        if self.done.is_empty() {
            return Err(Malformed::Nothing);
        }
        Ok(self.done)
    }
}

impl Open {
    fn line(self) -> Result<Line, Malformed> {
        let Self {
            at,
            address,
            bytes,
            refused,
            ..
        } = self;
        let action = match (self.direction, self.address_bit) {
            (Direction::Write, Bit::Nack) => refused_write(address, bytes, Ack::NoAddress),
            (Direction::Write, Bit::Ack) => Action::Write {
                address,
                ack: refused.map_or(Ack::All, |count| {
                    u16::try_from(count).map_or(Ack::Unknown, Ack::Bytes)
                }),
                bytes,
            },
            // What is read from nobody is nothing.
            (Direction::Read, Bit::Nack) => Action::Read {
                address,
                bytes: Vec::new(),
                ack: Ack::NoAddress,
            },
            // It is the host that does not acknowledge the last byte.
            (Direction::Read, Bit::Ack) => Action::Read {
                address,
                bytes,
                ack: Ack::All,
            },
        };
        line(at, action)
    }
}

/// A write to address 0 that nobody acknowledges is a wake pulse.
pub(super) fn refused_write(address: u8, bytes: Vec<u8>, ack: Ack) -> Action<Vec<u8>> {
    if address == 0 {
        Action::Wake
    } else {
        Action::Write {
            address,
            bytes,
            ack,
        }
    }
}

/// Notes in the first write that is taken as acknowledged that its source does
/// not say so.
pub(super) fn taken_as_acknowledged(lines: &mut [Line], source: &str) {
    let first = lines.iter_mut().find(|line| {
        matches!(&line.action, Action::Write { bytes, ack: Ack::All, .. } if !bytes.is_empty())
    });
    if let Some(line) = first {
        let comment = alloc::format!(
            "{source} does not tell whether bytes were acknowledged; all are taken as acknowledged"
        );
        line.comment.get_or_insert(comment);
    }
}

/// A line without comment, if a bus can do so.
pub(super) fn line(at: Option<Time>, action: Action<Vec<u8>>) -> Result<Line, Malformed> {
    action.check(&(0..0))?;
    Ok(Line {
        at,
        action,
        redacted: 0..0,
        comment: None,
    })
}
