//! Commands and responses, found again in the actions of any host.
//!
//! Hosts split reads, read again, rewind and poll each in their own way. What
//! they have in common: something makes the chip fill its response buffer (a
//! wake pulse or a command), and reads then empty it from the front. A rewind
//! starts at the front again.

use alloc::vec::Vec;

use crate::{Ack, Action, Line};

/// Word addresses. Source: ATECC508A datasheet, "Word Address Values".
const REWIND: u8 = 0x00;
const COMMAND: u8 = 0x03;

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
    /// A wake pulse, or what came before the transcript begins.
    Wake,
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
    let mut all: Vec<Exchange> = Vec::new();
    let mut rewound = true;
    for (line, entry) in lines.iter().enumerate() {
        let (cause, read) = match &entry.action {
            Action::Wake => (Some(Cause::Wake), None),
            Action::Write {
                address: to,
                bytes,
                ack: Ack::All,
            } if *to == address => match bytes.split_first() {
                Some((&COMMAND, group)) => (Some(Cause::Command(group.to_vec())), None),
                Some((&REWIND, [])) => {
                    rewound = true;
                    continue;
                }
                // Sleep and idle among them.
                _ => continue,
            },
            Action::Read {
                address: from,
                bytes,
                ack: Ack::All,
            } if *from == address => (None, Some(bytes)),
            Action::Write { .. } | Action::Read { .. } | Action::Delay(_) => continue,
        };
        if let Some(cause) = cause {
            rewound = true;
            all.push(Exchange {
                cause,
                line,
                readings: Vec::new(),
            });
        }
        if let Some(bytes) = read {
            if all.is_empty() {
                all.push(Exchange {
                    cause: Cause::Wake,
                    line,
                    readings: Vec::new(),
                });
            }
            let Some(exchange) = all.last_mut() else {
                continue;
            };
            if rewound {
                exchange.readings.push(Reading::default());
                rewound = false;
            }
            if let Some(reading) = exchange.readings.last_mut() {
                reading.bytes.extend_from_slice(bytes);
                reading.lines.push(line);
            }
        }
    }
    all
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
