//! Commands and responses, found again in the actions of any host.
//!
//! Hosts split reads, read again, rewind and poll each in their own way. What
//! they have in common: something makes the chip fill its response buffer (a
//! wake pulse or a command), and reads then empty it from the front. A rewind
//! starts at the front again. Past the end a chip sends FF, or in another read
//! starts over (seen on an ATECC508A), so what is read there and is neither is
//! the answer to something that the source left out.

use alloc::vec::Vec;

use crate::{Ack, Action, Line};

/// Word addresses. Source: ATECC508A datasheet, "Word Address Values".
const REWIND: u8 = 0x00;
const COMMAND: u8 = 0x03;
/// What a chip answers after a wake, and to nothing else. Source: ATECC508A
/// datasheet, "Status/Error Codes".
const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];
/// Source: ATECC508A datasheet, section 6.6.
const PAST_THE_END: u8 = 0xFF;

/// What filled the response buffer, and what was read from it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Exchange {
    /// What filled the buffer.
    pub cause: Cause,
    /// Index of its line.
    pub line: usize,
    /// From the front of the buffer, once and after each rewind.
    pub readings: Vec<Reading>,
}

/// What fills a chip's response buffer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Cause {
    /// A wake pulse, or one that is not shown and was answered as one is.
    Wake,
    /// Nothing that the transcript shows.
    Unrecorded,
    /// A command group, from its count to its CRC.
    Command(Vec<u8>),
}

/// One or more reads that follow each other from the front of the buffer.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Reading {
    /// All that was read.
    pub bytes: Vec<u8>,
    /// Index of the line of each read.
    pub lines: Vec<usize>,
}

impl Reading {
    fn add(&mut self, line: usize, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
        self.lines.push(line);
    }

    /// Count byte to CRC, without what was read past them. `None` when the
    /// reading is shorter than its count says.
    #[must_use]
    pub fn group(&self) -> Option<&[u8]> {
        let count = usize::from(*self.bytes.first()?);
        self.bytes.get(..count)
    }
}

impl Exchange {
    /// The response group: the last reading that is whole.
    #[must_use]
    pub fn response(&self) -> Option<&[u8]> {
        self.readings.iter().rev().find_map(Reading::group)
    }
}

/// The exchanges with the chip at `address`, in order. What goes to other
/// addresses, sleeps and idles are in none; a command that was not wholly
/// acknowledged did not reach the chip and is in none either.
#[must_use]
pub fn exchanges(address: u8, lines: &[Line]) -> Vec<Exchange> {
    let mut found = Found::default();
    for (line, entry) in lines.iter().enumerate() {
        match &entry.action {
            Action::Wake => found.begin(Cause::Wake, line),
            Action::Write {
                address: to,
                bytes,
                ack: Ack::All,
            } if *to == address => match bytes.split_first() {
                Some((&COMMAND, group)) => found.begin(Cause::Command(group.to_vec()), line),
                Some((&REWIND, [])) => found.front = Front::Rewound,
                // Sleep and idle among them.
                _ => {}
            },
            Action::Read {
                address: from,
                bytes,
                ack: Ack::All,
            } if *from == address => found.read(line, bytes),
            Action::Write { .. } | Action::Read { .. } | Action::Delay(_) => {}
        }
    }
    for exchange in &mut found.all {
        if exchange.cause == Cause::Unrecorded && exchange.response() == Some(&AWAKE) {
            exchange.cause = Cause::Wake;
        }
    }
    found.all
}

/// How the next read, or the reading under way, came to the front of the buffer.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum Front {
    /// By a rewind, or by what filled the buffer.
    #[default]
    Rewound,
    /// It goes on with a reading of which nothing else is known.
    GoesOn,
    /// It goes on with one that seems to have started over.
    StartedOver,
}

#[derive(Default)]
struct Found {
    all: Vec<Exchange>,
    front: Front,
}

impl Found {
    fn begin(&mut self, cause: Cause, line: usize) {
        self.front = Front::Rewound;
        self.all.push(Exchange {
            cause,
            line,
            readings: Vec::new(),
        });
    }

    fn read(&mut self, line: usize, bytes: &[u8]) {
        let Some(open) = self.all.last_mut() else {
            return self.unrecorded(line, Reading::default(), bytes);
        };
        match (self.front, open.readings.last()) {
            (Front::Rewound, _) | (_, None) => {
                open.readings.push(Reading::default());
                self.front = Front::GoesOn;
            }
            (_, Some(last)) if last.group().is_some() => {
                let whole = last.group().unwrap_or_default();
                if begins_like(bytes, whole) {
                    open.readings.push(Reading::default());
                    self.front = Front::StartedOver;
                } else if bytes.iter().any(|byte| *byte != PAST_THE_END) {
                    return self.unrecorded(line, Reading::default(), bytes);
                }
            }
            (Front::StartedOver, Some(last)) => {
                let again = [&last.bytes[..], bytes].concat();
                let whole = open.readings.iter().rev().skip(1).find_map(Reading::group);
                // It only looked like that.
                if !whole.is_some_and(|whole| begins_like(&again, whole))
                    && let Some(begun) = open.readings.pop()
                {
                    return self.unrecorded(line, begun, bytes);
                }
            }
            (Front::GoesOn, Some(_)) => {}
        }
        if let Some(reading) = open.readings.last_mut() {
            reading.add(line, bytes);
        }
    }

    /// A read that belongs to nothing, with what was read of it before.
    fn unrecorded(&mut self, line: usize, mut reading: Reading, bytes: &[u8]) {
        reading.add(line, bytes);
        self.front = Front::GoesOn;
        self.all.push(Exchange {
            cause: Cause::Unrecorded,
            line: reading.lines.first().copied().unwrap_or(line),
            readings: Vec::from([reading]),
        });
    }
}

/// Whether `bytes` are the beginning of `whole`, or all of it and what a chip
/// sends past its end.
fn begins_like(bytes: &[u8], whole: &[u8]) -> bool {
    let end = bytes.len().min(whole.len());
    let (begin, past) = bytes.split_at(end);
    whole.starts_with(begin) && past.iter().all(|byte| *byte == PAST_THE_END)
}

#[cfg(test)]
mod tests {
    use alloc::vec;

    use super::*;

    fn line(action: Action<Vec<u8>>) -> Line {
        Line {
            at: None,
            action,
            redacted: 0..0,
            comment: None,
        }
    }

    fn write(address: u8, bytes: &[u8], ack: Ack) -> Line {
        let bytes = bytes.to_vec();
        line(Action::Write {
            address,
            bytes,
            ack,
        })
    }

    fn read(address: u8, bytes: &[u8], ack: Ack) -> Line {
        let bytes = bytes.to_vec();
        line(Action::Read {
            address,
            bytes,
            ack,
        })
    }

    /// `Info` and its answer by an ATECC608A. Source: a recording of a real
    /// part.
    const INFO: [u8; 8] = [0x03, 0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];
    const REVISION: [u8; 7] = [0x07, 0x00, 0x00, 0x60, 0x02, 0x80, 0x38];

    #[test]
    fn split_reads_are_joined_and_rewinds_begin_anew() {
        let lines = [
            line(Action::Wake),
            read(0x60, &[], Ack::NoAddress),
            read(0x60, &[0x04, 0x11, 0x33, 0x43], Ack::All),
            write(0x60, &INFO, Ack::All),
            read(0x60, &REVISION[..1], Ack::All),
            read(0x60, &REVISION[1..], Ack::All),
            write(0x60, &[0x00], Ack::All),
            read(0x60, &[0x07, 0x00, 0x00], Ack::All),
            write(0x60, &[0x01], Ack::All),
        ];
        let all = exchanges(0x60, &lines);
        assert_eq!(all.len(), 2);
        assert_eq!(all[0].cause, Cause::Wake);
        assert_eq!(all[0].response(), Some(&[0x04, 0x11, 0x33, 0x43][..]));
        assert_eq!(all[1].cause, Cause::Command(INFO[1..].to_vec()));
        assert_eq!(all[1].line, 3);
        assert_eq!(all[1].readings[0].lines, vec![4, 5]);
        assert_eq!(all[1].readings[1].group(), None);
        assert_eq!(all[1].response(), Some(&REVISION[..]));
    }

    #[test]
    fn what_nothing_asked_for_is_an_exchange_of_its_own() {
        // The word with the lock bytes.
        const LOCKS: [u8; 7] = [0x07, 0x00, 0x00, 0x00, 0x00, 0x03, 0xAD];
        const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];
        let read = |bytes: &[u8]| read(0x60, bytes, Ack::All);
        let rewind = || write(0x60, &[0x00], Ack::All);
        let found = |lines: &[Line]| -> Vec<(Cause, usize, usize)> {
            let all = exchanges(0x60, lines);
            let told = |one: Exchange| (one.cause, one.line, one.readings.len());
            all.into_iter().map(told).collect()
        };
        let lone = |line| (Cause::Unrecorded, line, 1);
        assert_eq!(found(&[read(&LOCKS)]), [lone(0)]);
        // In pieces, and the count like that of the answer before.
        let pieces = [
            read(&AWAKE),
            read(&LOCKS[..1]),
            read(&LOCKS[1..]),
            read(&REVISION),
        ];
        assert_eq!(found(&pieces), [(Cause::Wake, 0, 1), lone(1), lone(3)]);
        let pieces = [read(&LOCKS), read(&REVISION[..1]), read(&REVISION[1..])];
        assert_eq!(found(&pieces), [lone(0), lone(1)]);
        // After a command, and the wake after that.
        let info = || write(0x60, &INFO, Ack::All);
        let after = [info(), read(&REVISION), read(&LOCKS), read(&AWAKE)];
        let command = |line, readings| (Cause::Command(INFO[1..].to_vec()), line, readings);
        let told = found(&after);
        assert_eq!(told, [command(0, 1), lone(2), (Cause::Wake, 3, 1)]);
        // Past the end, started over, or rewound: the same answer.
        for (again, readings) in [
            (vec![read(&[0xFF; 9])], 1),
            (vec![read(&[REVISION[0]]), read(&REVISION[1..])], 2),
            (vec![rewind(), read(&LOCKS)], 2),
        ] {
            let lines = [vec![info(), read(&REVISION)], again].concat();
            assert_eq!(found(&lines), [command(0, readings)]);
        }
    }

    #[test]
    fn other_chips_and_refused_commands_are_in_none() {
        let lines = [
            read(0x60, &[0x04, 0x11, 0x33, 0x43], Ack::All),
            write(0x60, &INFO, Ack::NoAddress),
            write(0x60, &INFO, Ack::Bytes(3)),
            write(0x35, &INFO, Ack::All),
            read(0x35, &REVISION, Ack::All),
        ];
        let all = exchanges(0x60, &lines);
        assert_eq!(all.len(), 1);
        assert_eq!(all[0].cause, Cause::Wake);
    }
}
