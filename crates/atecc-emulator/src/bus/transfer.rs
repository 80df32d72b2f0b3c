//! One transaction on the wire, from START to STOP.

use embedded_hal::i2c::Operation;

use super::line::{Level, Line, LowPulse};
use super::{Acked, BusError, LogEntry, OtherDevice, ReplyFault, Shared, WriteFault};
use crate::chip::{Ack, Chip, Direction, WAKE_LOW};
use crate::fault::LostReply;

/// Whether the chips answer at all.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Audience {
    /// They do.
    Listening,
    /// They see the line, so that it may wake them, but acknowledge nothing.
    Silent,
}

/// One START or repeated START with what follows it.
pub(super) struct Segment<'a, 'b> {
    pub(super) address: u8,
    /// All of one direction.
    pub(super) operations: &'a mut [Operation<'b>],
}

/// As embedded-hal demands, adjacent operations of one direction are one
/// segment, and a change of direction is a repeated START.
pub(super) fn segments<'a, 'b>(
    address: u8,
    operations: &'a mut [Operation<'b>],
) -> Vec<Segment<'a, 'b>> {
    operations
        .chunk_by_mut(|a, b| direction(a) == direction(b))
        .map(|operations| Segment {
            address,
            operations,
        })
        .collect()
}

/// The transaction under way.
pub(super) struct Transfer<'a> {
    pub(super) shared: &'a mut Shared,
    pub(super) line: Line,
    pub(super) number: u64,
    /// Of the segment under way.
    pub(super) address: u8,
    pub(super) audience: Audience,
}

impl Transfer<'_> {
    /// From START to STOP; nothing at all when there are no segments.
    pub(super) fn run(mut self, segments: &mut [Segment<'_, '_>]) -> (Line, Result<(), BusError>) {
        let mut addressed = Vec::new();
        let outcome = segments.iter_mut().try_for_each(|segment| {
            self.address = segment.address;
            self.segment(segment.operations, &mut addressed)
        });
        if !segments.is_empty() {
            let pulse = self.line.stop();
            self.wake(pulse);
        }
        for chip in chosen(&mut self.shared.chips, &addressed) {
            chip.stop(self.line.now());
        }
        (self.line, outcome)
    }

    fn segment(
        &mut self,
        operations: &mut [Operation<'_>],
        addressed: &mut Vec<usize>,
    ) -> Result<(), BusError> {
        let direction = operations.first().map_or(Direction::Write, direction);
        let mut entry = LogEntry {
            transaction: self.number,
            at: self.line.now(),
            address: self.address,
            direction,
            bytes: Vec::new(),
            acked: Acked::Nothing,
        };
        let active = self.start(direction);
        addressed.extend_from_slice(&active);
        let outcome = if active.is_empty() && !self.is_others(direction) {
            Err(BusError::AddressNack(self.address))
        } else {
            entry.acked = Acked::All;
            match direction {
                Direction::Write => self.send(operations, &active, &mut entry),
                Direction::Read => {
                    self.fetch(operations, &active, &mut entry);
                    Ok(())
                }
            }
        };
        if let Some(observer) = &mut self.shared.observer {
            (observer.0)(&entry);
        }
        if let Some(log) = &mut self.shared.log {
            log.push(entry);
        }
        outcome
    }

    /// START and address. The chips that acknowledged it.
    fn start(&mut self, direction: Direction) -> Vec<usize> {
        let pulse = self.line.start();
        self.wake(pulse);
        let now = self.line.now();
        let mut active = Vec::new();
        if self.audience == Audience::Listening && !self.loses_address(direction) {
            for (index, chip) in self.shared.chips.iter_mut().enumerate() {
                if chip.start(now, self.address, direction) == Ack::Ack {
                    active.push(index);
                }
            }
        }
        let ninth = if active.is_empty() && !self.is_others(direction) {
            Level::High
        } else {
            Level::Low
        };
        let pulse = self.line.byte(
            self.address << 1 | u8::from(direction == Direction::Read),
            ninth,
        );
        self.wake(pulse);
        active
    }

    /// Whether a device of another kind acknowledges this.
    fn is_others(&self, direction: Direction) -> bool {
        let listening = self.audience == Audience::Listening;
        let mut others = self.shared.others.iter();
        listening
            && others.any(|other| {
                let takes = direction == Direction::Write || other.answers_reads();
                other.is_at(self.address) && takes
            })
    }

    fn others(&mut self, address: u8) -> impl Iterator<Item = &mut OtherDevice> {
        let others = self.shared.others.iter_mut();
        others.filter(move |other| other.is_at(address))
    }

    fn send(
        &mut self,
        operations: &[Operation<'_>],
        active: &[usize],
        entry: &mut LogEntry,
    ) -> Result<(), BusError> {
        let sent: Vec<u8> = operations
            .iter()
            .flat_map(|operation| match operation {
                Operation::Write(bytes) => *bytes,
                Operation::Read(_) => &[],
            })
            .copied()
            .collect();
        let heard = self.garble(&sent);
        let address = self.address;
        for other in self.others(address) {
            other.written(&heard);
        }
        for (index, (byte, heard)) in sent.iter().zip(&heard).enumerate() {
            let now = self.line.now();
            let mut ninth = if self.is_others(Direction::Write) {
                Level::Low
            } else {
                Level::High
            };
            for chip in chosen(&mut self.shared.chips, active) {
                if chip.receive(now, *heard) == Ack::Ack {
                    ninth = Level::Low;
                }
            }
            let pulse = self.line.byte(*heard, ninth);
            self.wake(pulse);
            entry.bytes.push(*byte);
            let last = index + 1 == sent.len();
            if ninth == Level::High || last && self.take(WriteFault::AckLost) {
                entry.acked = Acked::Bytes(index);
                return Err(BusError::DataNack {
                    address: self.address,
                    byte: index,
                });
            }
        }
        Ok(())
    }

    /// What chips hear of a write when the script has it changed.
    fn garble(&mut self, sent: &[u8]) -> Vec<u8> {
        let mut heard = sent.to_vec();
        self.shared.awaiting_write.retain(|fault| match *fault {
            WriteFault::Corrupted { byte, mask } => match heard.get_mut(byte) {
                Some(byte) => {
                    *byte ^= mask;
                    false
                }
                None => true,
            },
            WriteFault::Refused | WriteFault::AckLost => true,
        });
        heard
    }

    /// Whether the script has `fault` waiting, which is then over.
    fn take(&mut self, fault: WriteFault) -> bool {
        let waiting = &mut self.shared.awaiting_write;
        let at = waiting.iter().position(|other| *other == fault);
        at.map(|at| waiting.remove(at)).is_some()
    }

    fn fetch(&mut self, operations: &mut [Operation<'_>], active: &[usize], entry: &mut LogEntry) {
        let length = operations.iter().map(read_length).sum();
        for index in 0..length {
            // Several chips of one address pull the line low together.
            let now = self.line.now();
            let byte = chosen(&mut self.shared.chips, active)
                .fold(0xFF, |line, chip| line & chip.transmit(now));
            let address = self.address;
            let byte = self
                .others(address)
                .fold(byte, |line, other| line & other.read(index));
            // The host acknowledges all bytes but the last one.
            let ninth = if index + 1 == length {
                Level::High
            } else {
                Level::Low
            };
            let pulse = self.line.byte(byte, ninth);
            self.wake(pulse);
            entry.bytes.push(byte);
        }
        self.spoil(&mut entry.bytes);
        let mut rest = entry.bytes.as_slice();
        for operation in operations {
            if let Operation::Read(buffer) = operation {
                let (here, later) = rest.split_at(buffer.len());
                buffer.copy_from_slice(here);
                rest = later;
            }
        }
    }

    /// Any long low pulse wakes; as a general call it is a wake token.
    fn wake(&mut self, pulse: Option<LowPulse>) {
        let Some(pulse) = pulse.filter(|pulse| pulse.length >= WAKE_LOW) else {
            return;
        };
        for chip in &mut self.shared.chips {
            if self.address == 0 {
                chip.wake_token(pulse.end);
            } else {
                chip.wake(pulse.end);
            }
        }
    }

    /// Whether the script has this address unacknowledged, which a chip would
    /// have acknowledged.
    fn loses_address(&mut self, direction: Direction) -> bool {
        let (now, address) = (self.line.now(), self.address);
        let mut chips = self.shared.chips.iter_mut();
        if !chips.any(|chip| chip.would_answer(now, address, direction)) {
            return false;
        }
        match direction {
            Direction::Write => self.take(WriteFault::Refused),
            Direction::Read => {
                let waiting = &mut self.shared.awaiting_reply;
                let lost = ReplyFault::Lost(LostReply::Nack);
                let at = waiting.iter().position(|fault| *fault == lost);
                at.map(|at| waiting.remove(at)).is_some()
            }
        }
    }

    /// Apply what the script has for the bytes of an answered read.
    fn spoil(&mut self, bytes: &mut [u8]) {
        if let Some(last) = bytes.last_mut() {
            *last ^= self.shared.interference;
        }
        self.shared.awaiting_reply.retain(|fault| match *fault {
            ReplyFault::Lost(LostReply::Blank) => {
                bytes.fill(0xFF);
                false
            }
            ReplyFault::Lost(LostReply::Nack) => true,
            ReplyFault::Corrupted { byte, mask } => match bytes.get_mut(byte) {
                Some(byte) => {
                    *byte ^= mask;
                    false
                }
                None => true,
            },
        });
    }
}

/// The chips with the numbers in `active`.
fn chosen<'c>(chips: &'c mut [Chip], active: &'c [usize]) -> impl Iterator<Item = &'c mut Chip> {
    let numbered = chips.iter_mut().enumerate();
    numbered
        .filter(|(index, _)| active.contains(index))
        .map(|(_, chip)| chip)
}

fn direction(operation: &Operation<'_>) -> Direction {
    match operation {
        Operation::Write(_) => Direction::Write,
        Operation::Read(_) => Direction::Read,
    }
}

fn read_length(operation: &Operation<'_>) -> usize {
    match operation {
        Operation::Write(_) => 0,
        Operation::Read(buffer) => buffer.len(),
    }
}
