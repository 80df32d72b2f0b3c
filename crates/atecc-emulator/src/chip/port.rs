//! The I/O buffers behind the bus: input FIFO, output and its read pointer.
//!
//! Source: ATECC508A datasheet, sections 6.2 to 6.6. What a 508 does with
//! reserved word addresses, and at the end of its output, comes from a printed
//! table of `i2cdump`: for each of the words 04 to FF, written and followed by a
//! repeated START, it read one byte, and got those of the wake group over and
//! over. A 608 is taken to be like it (unconfirmed).

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
    /// A reserved value: acknowledged, without effect.
    Reserved,
}

/// What a chip says to a read while a command is only partly received: the
/// datasheet has both, and which one silicon does is not known (unconfirmed).
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum PartialRead {
    /// Acknowledged, and FF for ever. Section 6.6.
    #[default]
    Blank,
    /// Not acknowledged. Section 6.5.
    Nack,
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
    /// Where the pointer was before the write under way rewound it.
    rewound_from: Option<usize>,
    pub(super) partial_read: PartialRead,
}

impl Port {
    /// The port of a chip that has not woken up yet.
    pub(super) const fn new() -> Self {
        Self {
            input: Vec::new(),
            output: Vec::new(),
            pointer: 0,
            word: Word::Awaited,
            addressed: false,
            was_read: false,
            rewound_from: None,
            partial_read: PartialRead::Blank,
        }
    }

    /// The chip has just woken up and says `status`.
    pub(super) fn awake(&mut self, status: Status) {
        *self = Self {
            output: group(&[status as u8]),
            partial_read: self.partial_read,
            ..Self::new()
        };
    }

    /// The address was acknowledged for a write.
    pub(super) fn start_write(&mut self) {
        self.addressed = true;
        self.word = Word::Awaited;
        self.rewound_from = std::mem::take(&mut self.was_read).then_some(self.pointer);
        if self.rewound_from.is_some() {
            self.rewind();
        }
    }

    /// Whether the address is acknowledged for a read.
    pub(super) fn can_be_read(&self) -> bool {
        self.input.is_empty() || self.partial_read == PartialRead::Blank
    }

    /// The address was acknowledged for a read. One that begins at the end of
    /// the output starts over; within a read that end is for ever.
    pub(super) fn start_read(&mut self) {
        self.addressed = true;
        self.was_read = true;
        if self.input.is_empty() && self.pointer >= self.output.len() {
            self.rewind();
        }
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
                if let (Word::Reserved, Some(pointer)) = (self.word, self.rewound_from.take()) {
                    self.pointer = pointer;
                    self.was_read = true;
                }
                Ack::Ack
            }
            Word::Command if self.input.len() < self.expected() => {
                self.input.push(byte);
                Ack::Ack
            }
            // Bytes beyond `count`. Section 6.2 says ignored, 6.6 says NACK. A
            // program that always sends 151 bytes works on real parts, but its
            // host ignores what is not acknowledged: open (unconfirmed).
            Word::Command => Ack::Nack,
            Word::Reset | Word::Sleep | Word::Idle | Word::Reserved => Ack::Ack,
        }
    }

    /// One byte to the host; 0xFF past the end, and while a command is only
    /// partly received.
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
