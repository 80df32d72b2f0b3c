//! The I/O buffers behind the bus: input FIFO, output and its read pointer.
//!
//! Source: ATECC508A datasheet, sections 6.2 to 6.6.

use crate::command::Status;
use crate::crc::crc;

/// The longest group, and the size of the input buffer. Source: ATECC508A
/// datasheet, section 9.1.
const LONGEST_GROUP: usize = 155;
/// The shortest group: count, one byte, CRC.
const SHORTEST_GROUP: usize = 4;

/// Whether the chip pulls SDA low in the ninth clock.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Ack {
    Ack,
    Nack,
}

/// What the first byte of a write says about the others.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Word {
    /// The address was acknowledged and nothing followed yet.
    Awaited,
    Reset,
    Sleep,
    Idle,
    Command,
    /// A reserved value; the byte was not acknowledged (unconfirmed).
    Reserved,
}

/// What a STOP asks the chip to do.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(super) enum Effect {
    None,
    Sleep,
    Idle,
    /// A complete group has arrived.
    Execute(Vec<u8>),
}

/// Input and output of one chip.
pub(super) struct Port {
    input: Vec<u8>,
    output: Vec<u8>,
    pointer: usize,
    word: Word,
    /// Whether the last START was for this chip. One that falls asleep and
    /// wakes in the middle of a transaction has no part in the rest of it.
    addressed: bool,
    /// The first write after a read rewinds the pointer.
    was_read: bool,
}

impl Port {
    /// The port of a chip that has just woken up and says `status`.
    pub(super) fn awake(status: Status) -> Self {
        Self {
            input: Vec::new(),
            output: group(&[status as u8]),
            pointer: 0,
            word: Word::Awaited,
            addressed: false,
            was_read: false,
        }
    }

    /// The address was acknowledged for a write.
    pub(super) fn start_write(&mut self) {
        self.addressed = true;
        self.word = Word::Awaited;
        if std::mem::take(&mut self.was_read) {
            self.rewind();
        }
    }

    /// The address was acknowledged for a read.
    pub(super) fn start_read(&mut self) {
        self.addressed = true;
        self.was_read = true;
    }

    /// Make the response readable from its first byte again.
    pub(super) fn rewind(&mut self) {
        self.pointer = 0;
    }

    /// One byte from the host.
    pub(super) fn receive(&mut self, byte: u8) -> Ack {
        if !self.addressed {
            return Ack::Nack;
        }
        match self.word {
            Word::Awaited => {
                self.word = match byte {
                    0x00 => Word::Reset,
                    0x01 => Word::Sleep,
                    0x02 => Word::Idle,
                    0x03 => Word::Command,
                    _ => Word::Reserved,
                };
                if self.word == Word::Reserved {
                    Ack::Nack
                } else {
                    Ack::Ack
                }
            }
            Word::Command if self.input.len() < self.expected() => {
                self.input.push(byte);
                Ack::Ack
            }
            // Bytes beyond `count`. Section 6.2 says ignored, 6.6 says NACK.
            Word::Command | Word::Reserved => Ack::Nack,
            Word::Reset | Word::Sleep | Word::Idle => Ack::Ack,
        }
    }

    /// One byte to the host; 0xFF past the end, for ever.
    ///
    /// While a command is only partly received, 0xFF (unconfirmed: another
    /// passage of the datasheet says NACK).
    pub(super) fn transmit(&mut self) -> u8 {
        if !self.addressed || !self.input.is_empty() {
            return 0xFF;
        }
        let byte = self.output.get(self.pointer).copied();
        self.pointer = self.pointer.saturating_add(1).min(self.output.len());
        byte.unwrap_or(0xFF)
    }

    /// STOP: what the bytes since the START mean.
    pub(super) fn stop(&mut self) -> Effect {
        self.addressed = false;
        match std::mem::replace(&mut self.word, Word::Awaited) {
            Word::Reset => {
                self.input.clear();
                self.rewind();
                Effect::None
            }
            Word::Sleep => Effect::Sleep,
            Word::Idle => Effect::Idle,
            Word::Command if self.is_complete() => Effect::Execute(std::mem::take(&mut self.input)),
            Word::Awaited | Word::Reserved | Word::Command => Effect::None,
        }
    }

    /// The response of a finished command.
    pub(super) fn respond(&mut self, payload: &[u8]) {
        self.output = group(payload);
        self.pointer = 0;
    }

    /// How many bytes the FIFO takes: one until `count` is known. A count of
    /// 0 counts itself.
    fn expected(&self) -> usize {
        self.input
            .first()
            .map_or(1, |count| usize::from(*count).clamp(1, LONGEST_GROUP))
    }

    /// Complete when `count` bytes are in. An impossible count is answered at
    /// once, because that many bytes can never arrive.
    fn is_complete(&self) -> bool {
        self.input.first().is_some_and(|count| {
            usize::from(*count) > LONGEST_GROUP || self.input.len() >= self.expected()
        })
    }
}

/// Whether `count` is that of a possible group.
pub(super) fn is_possible(count: u8) -> bool {
    (SHORTEST_GROUP..=LONGEST_GROUP).contains(&usize::from(count))
}

/// `payload` between its count and its CRC.
fn group(payload: &[u8]) -> Vec<u8> {
    // The longest payload is 152 bytes, so the count always fits.
    let count = u8::try_from(payload.len() + 3).unwrap_or(u8::MAX);
    let mut group = vec![count];
    group.extend_from_slice(payload);
    group.extend_from_slice(&crc(&group));
    group
}
