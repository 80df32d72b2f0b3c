//! Commands and responses, found again in the actions of any host.
//!
//! Hosts split reads, read again, rewind and poll each in their own way. What
//! they have in common: something makes the chip fill its response buffer (a
//! wake pulse or a command), and reads then empty it from the front. A rewind
//! starts at the front again. Past the end a chip sends FF, or in another read
//! starts over (seen on an ATECC508A), so what is read there and is neither is
//! the answer to something that the source left out. So is a sound group that is
//! another one than before.

use alloc::vec::Vec;

use crate::word_address::{COMMAND, REWIND};
use crate::{Ack, Action, Line};

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

    /// Whether it is the beginning of `whole` and not all of a group.
    fn begins(&self, whole: &[u8]) -> bool {
        self.group().is_none() && begins_like(&self.bytes, whole)
    }

    /// Whether a read without a rewind before it belongs to this one: the rest
    /// of the group, or what is past its end.
    fn goes_on_with(&self, bytes: &[u8]) -> bool {
        if self.group().is_some() {
            return bytes.iter().all(|byte| *byte == PAST_THE_END);
        }
        // A log need not show that it began again.
        let whole = |bytes: &[u8]| {
            let bytes = bytes.to_vec();
            let lines = Vec::new();
            Self { bytes, lines }.group().is_some_and(is_sound)
        };
        !whole(bytes) || whole(&[&self.bytes[..], bytes].concat())
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
    let mut all = Vec::new();
    // Reads before any cause have none.
    let mut open = Open::default();
    for (line, entry) in lines.iter().enumerate() {
        let cause = match &entry.action {
            Action::Wake => Cause::Wake,
            Action::Write {
                address: to,
                bytes,
                ack: Ack::All,
            } if *to == address => match bytes.split_first() {
                Some((&COMMAND, group)) => Cause::Command(group.to_vec()),
                Some((&REWIND, [])) if !entry.redacted.contains(&0) => {
                    open.rewound = true;
                    continue;
                }
                // Sleep and idle among them.
                _ => continue,
            },
            Action::Read {
                address: from,
                bytes,
                ack: Ack::All,
            } if *from == address => {
                open.read(line, bytes);
                continue;
            }
            Action::Write { .. } | Action::Read { .. } | Action::Delay(_) => continue,
        };
        core::mem::replace(&mut open, Open::new(cause, line)).close(&mut all);
    }
    open.close(&mut all);
    all
}

/// All that was read until the buffer was filled again, as far as is known.
#[derive(Default)]
struct Open {
    /// And its line.
    cause: Option<(Cause, usize)>,
    readings: Vec<Piece>,
    rewound: bool,
}

/// A reading, and whether it was certainly from the front.
struct Piece {
    reading: Reading,
    rewound: bool,
}

impl Open {
    fn new(cause: Cause, line: usize) -> Self {
        Self {
            cause: Some((cause, line)),
            readings: Vec::new(),
            rewound: true,
        }
    }

    fn read(&mut self, line: usize, bytes: &[u8]) {
        let rewound = core::mem::take(&mut self.rewound) || self.readings.is_empty();
        match self.readings.last_mut() {
            Some(last) if !rewound && last.reading.goes_on_with(bytes) => {
                last.reading.add(line, bytes);
            }
            _ => {
                let mut reading = Reading::default();
                reading.add(line, bytes);
                self.readings.push(Piece { reading, rewound });
            }
        }
    }

    /// Readings of one answer are of one exchange; another sound answer is that
    /// to something else.
    fn close(self, all: &mut Vec<Exchange>) {
        let mut answer: Option<Vec<u8>> = None;
        let mut readings: Vec<Reading> = Vec::new();
        let mut cause = self.cause;
        for Piece { reading, rewound } in self.readings {
            let sound = reading.group().filter(|group| is_sound(group));
            let same = match (&answer, sound) {
                (Some(answer), Some(sound)) => answer == sound,
                // Past the end nothing else is read.
                (Some(answer), None) => rewound || begins_like(&reading.bytes, answer),
                (None, _) => rewound || readings.iter().all(|one| one.begins(&reading.bytes)),
            };
            if !same {
                let began = readings.iter().rev().take_while(|one| {
                    let of_the_answer = answer.as_ref().is_some_and(|answer| one.begins(answer));
                    one.begins(&reading.bytes) && !of_the_answer
                });
                let began = readings.split_off(readings.len() - began.count());
                finish(&mut cause, core::mem::replace(&mut readings, began), all);
                answer = None;
            }
            if answer.is_none() {
                answer = sound.map(<[u8]>::to_vec);
            }
            readings.push(reading);
        }
        finish(&mut cause, readings, all);
    }
}

/// An exchange with this cause, which it takes; without one it is of nothing
/// that is known, or the answer of a wake.
fn finish(cause: &mut Option<(Cause, usize)>, readings: Vec<Reading>, all: &mut Vec<Exchange>) {
    let first = readings.first().and_then(|reading| reading.lines.first());
    let unrecorded = first.map(|line| (Cause::Unrecorded, *line));
    let Some((cause, line)) = cause.take().or(unrecorded) else {
        return;
    };
    let mut exchange = Exchange {
        cause,
        line,
        readings,
    };
    if exchange.cause == Cause::Unrecorded && exchange.response() == Some(&AWAKE) {
        exchange.cause = Cause::Wake;
    }
    all.push(exchange);
}

/// Whether `bytes` are the beginning of `whole`, or all of it and what a chip
/// sends past its end.
fn begins_like(bytes: &[u8], whole: &[u8]) -> bool {
    let end = bytes.len().min(whole.len());
    let (begin, past) = bytes.split_at(end);
    whole.starts_with(begin) && past.iter().all(|byte| *byte == PAST_THE_END)
}

/// Whether count and CRC of a group are right. Source: ATECC508A datasheet,
/// section 9.1.3: polynomial 8005, bits from the least significant one, low byte
/// last but one.
fn is_sound(group: &[u8]) -> bool {
    let Some((covered, crc)) = group.split_last_chunk() else {
        return false;
    };
    let bits = covered
        .iter()
        .flat_map(|byte| (0..8).map(move |bit| byte >> bit & 1));
    let computed = bits.fold(0_u16, |crc, bit| {
        let top = crc >> 15;
        crc << 1 ^ if top == u16::from(bit) { 0 } else { 0x8005 }
    });
    u16::from_le_bytes(*crc) == computed
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
        // A host that rewinds, and one whose rewinds are not shown.
        let pieces = [read(&[0x04]), rewind(), read(&[0x04, 0x00, 0x03, 0x40])];
        let after = [vec![info(), read(&REVISION), rewind()], pieces.to_vec()].concat();
        assert_eq!(found(&after), [command(0, 1), (Cause::Unrecorded, 3, 2)]);
        let after = [info(), read(&REVISION[..1]), read(&REVISION)];
        assert_eq!(found(&after), [command(0, 2)]);
        // Past the end, started over, or rewound: the same answer. So is one
        // that came damaged.
        let damaged = [&REVISION[..4], &[0x12], &REVISION[5..]].concat();
        for (again, readings) in [
            (vec![read(&[0xFF; 9])], 1),
            (vec![read(&[REVISION[0]]), read(&REVISION[1..])], 2),
            (vec![rewind(), read(&REVISION)], 2),
            (vec![rewind(), read(&damaged)], 2),
        ] {
            let lines = [vec![info(), read(&REVISION)], again].concat();
            assert_eq!(found(&lines), [command(0, readings)]);
        }
        let after = [info(), read(&damaged), rewind(), read(&REVISION)];
        assert_eq!(found(&after), [command(0, 2)]);
        let after = [info(), read(&REVISION), read(&damaged)];
        assert_eq!(found(&after), [command(0, 1), lone(2)]);
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
