//! The log of cryptoauthlib's HAL on an ESP32, with its lines for the bytes
//! enabled, as ESP-IDF prints it:
//!
//! ```text
//! D (231710) HAL_I2C: txdata: 0x3ffc9e30 , txlength: 8
//! I (231730) HAL_I2C: 0x3ffc9e30   03 07 30 00 00 00 03 5d   |..0....]|
//! I (232750) HAL_I2C: 04 11 33 43
//! ```
//!
//! A dump after `txdata` was sent, any other was received. Sources:
//! `hal_esp32_i2c.c` of cryptoauthlib; pull request 173 of
//! Azure-Samples/iot-middleware-freertos-samples.
//!
//! What the log does not tell: to whom, so that the caller has to say it; what
//! was acknowledged; when it was on the bus, as the times are those of printing;
//! and the address of a wake pulse. cryptoauthlib wakes by a general call with
//! the byte 01 (`calib_wakeup_i2c`) and reads the answer at once; the same byte
//! puts the chip to sleep, which does not answer then. So 01 before a read is a
//! wake pulse.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::error::{at, field};
use super::value::bare_hex;
use super::wire::{line, taken_as_acknowledged};
use super::{ImportError, Malformed};
use crate::{Ack, Action, Line};

const TAG: &str = "HAL_I2C: ";

/// Second byte of the general call, and the word address of sleep.
const ONE: [u8; 1] = [0x01];

/// Bytes in a full line of a dump. Source: `BYTES_PER_LINE` of ESP-IDF's log.
const FULL: usize = 16;

/// The actions of a HAL that talks to the chip at `address`, without times.
///
/// # Errors
/// [`ImportError`].
pub fn lines(text: &str, address: u8) -> Result<Vec<Line>, ImportError> {
    let (mut log, mut last) = (Log::default(), 1);
    for (number, text) in (1..).zip(text.lines()) {
        last = number;
        if let Some(said) = said(text) {
            log.line(number, said).map_err(at(number))?;
        }
    }
    log.end_of_write().map_err(at(last))?;
    if log.transfers.is_empty() {
        return Err(at(last)(Malformed::Nothing));
    }
    let mut lines = Vec::new();
    let mut transfers = log.transfers.into_iter().peekable();
    while let Some(transfer) = transfers.next() {
        let answered = transfers
            .peek()
            .is_some_and(|next| matches!(next.kind, Kind::Read { .. }));
        let line = transfer.line(address, answered);
        lines.push(line.map_err(at(transfer.number))?);
    }
    taken_as_acknowledged(&mut lines, "the log");
    Ok(lines)
}

/// Whether a line is one of the HAL's.
pub(super) fn is_event(line: &str) -> bool {
    said(line).is_some()
}

/// What follows the tag, without the colours of a terminal.
fn said(line: &str) -> Option<&str> {
    let (before, after) = line.split_once(TAG)?;
    let printed = before.trim_end().ends_with(')');
    let after = after.split('\u{1b}').next().unwrap_or(after);
    printed.then_some(after.trim())
}

#[derive(Default)]
struct Log {
    transfers: Vec<Transfer>,
}

struct Transfer {
    number: usize,
    kind: Kind,
    bytes: Vec<u8>,
}

enum Kind {
    Write {
        length: usize,
    },
    Read {
        /// Where the next line of its dump would be.
        next: Option<u64>,
        /// The last line had all the bytes that a line has.
        full: bool,
    },
}

impl Log {
    fn line(&mut self, number: usize, said: &str) -> Result<(), Malformed> {
        if let Some(rest) = said.strip_prefix("txdata: ") {
            self.end_of_write()?;
            let length = length(rest)?;
            self.transfers.push(Transfer {
                number,
                kind: Kind::Write { length },
                bytes: Vec::new(),
            });
            return Ok(());
        }
        match Dump::parse(said)? {
            Some(dump) => self.dump(number, &dump),
            None => Ok(()),
        }
    }

    /// The bytes that are announced are there.
    fn end_of_write(&self) -> Result<(), Malformed> {
        match self.transfers.last() {
            Some(Transfer {
                kind: Kind::Write { length },
                bytes,
                ..
            }) if bytes.len() != *length => Err(Malformed::Missing {
                what: "txdata without as many bytes after it as txlength says",
                remedy: "enable ESP_LOG_BUFFER_HEXDUMP in hal_i2c_send, and do not cut the log",
            }),
            _ => Ok(()),
        }
    }

    fn dump(&mut self, number: usize, dump: &Dump) -> Result<(), Malformed> {
        let Some(last) = self.transfers.last_mut() else {
            return Err(Malformed::Missing {
                what: "bytes without direction: no line with txdata is before them",
                remedy: "enable ESP_LOGD(TAG, \"txdata: ..\") in hal_i2c_send with the level debug \
                         for HAL_I2C, and begin the log at such a line",
            });
        };
        let follows = match &mut last.kind {
            Kind::Write { length } => last.bytes.len() < *length,
            Kind::Read { next, full } => *full && (dump.place.is_none() || dump.place == *next),
        };
        if follows {
            last.bytes.extend_from_slice(&dump.bytes);
            if let Kind::Read { next, full } = &mut last.kind {
                *next = dump.next();
                *full = dump.bytes.len() == FULL;
            }
            return self.not_too_many();
        }
        self.transfers.push(Transfer {
            number,
            kind: Kind::Read {
                next: dump.next(),
                full: dump.bytes.len() == FULL,
            },
            bytes: dump.bytes.clone(),
        });
        Ok(())
    }

    fn not_too_many(&self) -> Result<(), Malformed> {
        match self.transfers.last() {
            Some(Transfer {
                kind: Kind::Write { length },
                bytes,
                ..
            }) if bytes.len() > *length => {
                let many = bytes.len().to_string();
                Err(field(
                    "bytes after txdata",
                    &many,
                    "as many as txlength says",
                ))
            }
            _ => Ok(()),
        }
    }
}

impl Transfer {
    fn line(&self, address: u8, answered: bool) -> Result<Line, Malformed> {
        let bytes = self.bytes.clone();
        let ack = Ack::All;
        let is_write = matches!(self.kind, Kind::Write { .. });
        if is_write && bytes == ONE && answered {
            return line(None, Action::Wake);
        }
        let is_one = is_write && bytes == ONE;
        let action = if is_write {
            Action::Write {
                address,
                bytes,
                ack,
            }
        } else {
            Action::Read {
                address,
                bytes,
                ack,
            }
        };
        let mut line = line(None, action)?;
        if is_one {
            let comment = "or a wake pulse without answer: the log has no addresses";
            line.comment = Some(comment.to_string());
        }
        Ok(line)
    }
}

/// `0x3ffc9e30 , txlength: 8`.
fn length(rest: &str) -> Result<usize, Malformed> {
    let text = rest.split_once("txlength:").map_or("", |(_, text)| text);
    let text = text.split_whitespace().next().unwrap_or("");
    text.parse()
        .ok()
        .filter(|length| *length > 0)
        .ok_or_else(|| field("txlength", text, "a number of bytes, one at least"))
}

/// A line of `ESP_LOG_BUFFER_HEX` or, with its place in memory and its text, of
/// `ESP_LOG_BUFFER_HEXDUMP`.
struct Dump {
    place: Option<u64>,
    bytes: Vec<u8>,
}

impl Dump {
    /// `None` when a line says something else.
    fn parse(said: &str) -> Result<Option<Self>, Malformed> {
        let words = said.split('|').next().unwrap_or(said);
        let looks_so = looks_like_bytes(words);
        let mut words = words.split_whitespace().peekable();
        let place = words
            .peek()
            .and_then(|word| word.strip_prefix("0x"))
            .and_then(|digits| u64::from_str_radix(digits, 16).ok());
        if place.is_some() {
            words.next();
        } else if words.peek().is_none_or(|word| byte(word).is_none()) && !looks_so {
            return Ok(None);
        }
        let bytes: Vec<u8> = words
            .map(|word| byte(word).ok_or_else(|| field("bytes", word, "two hexadecimal digits")))
            .collect::<Result<_, _>>()?;
        if bytes.is_empty() || bytes.len() > FULL {
            return Err(field("bytes", said, "1 to 16 bytes"));
        }
        Ok(Some(Self { place, bytes }))
    }

    fn next(&self) -> Option<u64> {
        self.place?.checked_add(16)
    }
}

/// A damaged dump would be missing unseen: all of two characters, or all but the
/// first, and one of them at least is a byte.
fn looks_like_bytes(words: &str) -> bool {
    let mut rest = words.split_whitespace();
    let first = rest.next().unwrap_or("");
    let is_short = |word: &str| word.len() <= 2;
    (is_short(first) || first.starts_with("0x"))
        && rest.clone().all(is_short)
        && rest.any(|word| byte(word).is_some())
}

fn byte(word: &str) -> Option<u8> {
    bare_hex(word).filter(|_| word.len() == 2)
}

#[cfg(test)]
mod tests {
    use alloc::string::String;

    use super::*;

    const SAMPLE: &str = include_str!("../../tests/captures/esp-idf.txt");

    fn actions(text: &str) -> String {
        let lines = lines(text, 0x60).expect("a log");
        let without = |line: &Line| Line {
            comment: None,
            ..line.clone()
        };
        let lines = lines.iter().map(|line| without(line).to_string());
        lines.collect::<String>().replace("-            ", "")
    }

    const WANTED: &str = "wake\n\
                          read 60 04 113343\n\
                          write 60 03 07 30 00 0000 035d\n\
                          rewind 60\n\
                          read 60 07 00006002 8038\n\
                          sleep 60\n";

    #[test]
    fn dumps_become_actions() {
        let spaced = |text: &str| text.replace(' ', "");
        assert_eq!(spaced(&actions(SAMPLE)), spaced(WANTED));
        let hex_only: String = SAMPLE
            .lines()
            .map(|line| match line.split_once("0x3ffc9e34   ") {
                Some((before, after)) => {
                    let bytes = after.split('|').next().unwrap_or("");
                    format!("\u{1b}[0;32m{before}{bytes}\u{1b}[0m\n")
                }
                None => format!("{line}\n"),
            })
            .collect();
        assert_ne!(hex_only, SAMPLE);
        assert_eq!(actions(&hex_only), actions(SAMPLE));
        let lines = lines(SAMPLE, 0x60).expect("a log");
        let comments: Vec<_> = lines
            .iter()
            .filter_map(|line| line.comment.clone())
            .collect();
        assert_eq!(
            comments,
            [
                "the log does not tell whether bytes were acknowledged; all are taken as \
                 acknowledged",
                "or a wake pulse without answer: the log has no addresses"
            ]
        );
    }

    #[test]
    fn a_dump_of_several_lines_is_one_transfer() {
        let byte = |byte: usize| format!("{byte:02x} ");
        let sixteen: String = (0..16).map(byte).collect();
        let tail: String = (16..19).map(byte).collect();
        let write = format!(
            "D (1) HAL_I2C: txdata: 0x10 , txlength: 19\n\
             I (1) HAL_I2C: 0x00000010   {sixteen} |a|b|\n\
             I (1) HAL_I2C: 0x00000020   {tail}   |...|\n"
        );
        let joined = format!(
            "{write}I (2) HAL_I2C: 0x00000040   {sixteen} |.|\nI (2) HAL_I2C: 0x00000050   {tail}\n"
        );
        let lengths = |text: &str| -> Vec<usize> {
            let lines = lines(text, 0x60).expect("a log");
            lines.iter().map(|line| line.action.bytes().len()).collect()
        };
        assert_eq!(lengths(&joined), [19, 19]);
        assert_eq!(
            lengths(&joined.replace("0x00000050", "0x00000040")),
            [19, 16, 3]
        );
        let hex = format!("{write}I (2) HAL_I2C: {sixteen}\nI (2) HAL_I2C: {tail}\n");
        assert_eq!(lengths(&hex), [19, 19]);
    }

    #[test]
    fn what_lacks_a_direction_is_refused() {
        let dumps: String = SAMPLE
            .lines()
            .filter(|line| !line.contains("txdata"))
            .flat_map(|line| [line, "\n"])
            .collect();
        for (text, line, part) in [
            (dumps, 4, "bytes without direction"),
            (String::new(), 1, "nothing that passed"),
            (
                SAMPLE.lines().take(4).collect::<Vec<_>>().join("\n"),
                4,
                "txdata without",
            ),
            (
                SAMPLE.replace("length: 8", "length: 9"),
                9,
                "txdata without",
            ),
            (
                SAMPLE.replace("length: 8", "length: 7"),
                8,
                "bytes after txdata \"8\"",
            ),
            (
                SAMPLE.replace("length: 8", "length: 0"),
                7,
                "txlength \"0\"",
            ),
            (SAMPLE.replace("length: 8", "len: 8"), 7, "txlength \"\""),
            (SAMPLE.replace("04 11 33", "04 1x 33"), 6, "bytes \"1x\""),
            (SAMPLE.replace("04 11 33 43", ""), 6, "1 to 16 bytes"),
            (
                SAMPLE.replace("0x3ffc9e34   04 11", "0x3ffc9eg4   04 11"),
                6,
                "bytes \"0x3ffc9eg4\"",
            ),
            (
                SAMPLE.replace("0x3ffc9e34   04 11", "0g 11"),
                6,
                "bytes \"0g\"",
            ),
        ] {
            let error = lines(&text, 0x60).expect_err(part);
            assert!(error.to_string().contains(part), "{error}");
            assert_eq!(error.line, line, "{error}");
        }
        let address = lines(SAMPLE, 0xC0).expect_err("eight bits").to_string();
        assert!(address.contains("seven-bit"), "{address}");
    }
}
