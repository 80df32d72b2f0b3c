//! What a Bus Pirate prints in its I2C mode, to a person who types:
//!
//! ```text
//! I2C>[0xC0 0x03 0x07 0x30 0 0 0 0x03 0x5D]
//! I2C START BIT
//! WRITE: 0xC0 ACK
//! WRITE: 0x03 ACK
//! I2C STOP BIT
//! I2C>[0xC1 rr]
//! I2C START BIT
//! WRITE: 0xC1 ACK
//! READ: 0x07
//! READ:  ACK 0x00
//! NACK
//! I2C STOP BIT
//! ```
//!
//! or from its sniffer, `+` for ACK and `-` for NACK:
//!
//! ```text
//! [0xC0+0x03+0x07+][0xC1-][0xC1+0x04+0x11+0x33+0x43-]
//! ```
//!
//! Later firmware says `I2C START`, `TX:`, `RX:` and several bytes in a line, as
//! HydraBus does; the sniffer of pigpio leaves out `0x`. Addresses have eight
//! bits always. Sources: `BusPirate/Bus_Pirate` issue 54; gist
//! r043v/2bddb7167a93803bb9aa; the chapter "I2C" of HackTricks;
//! hydrabus/hydrafw pull request 58; the crate `i2c_parser` for pigpio.
//!
//! What was typed is no traffic: it has no answers. There are no times.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::error::{at, field};
use super::value::{bare_hex, has_byte, hex_byte};
use super::wire::{Bit, Direction, Wire};
use super::{ImportError, Malformed};
use crate::Line;

/// The actions.
///
/// # Errors
/// [`ImportError`].
pub fn lines(text: &str) -> Result<Vec<Line>, ImportError> {
    let (mut terminal, mut typed, mut last) = (Terminal::default(), false, 1);
    for (number, line) in (1..).zip(text.lines()) {
        last = number;
        typed |= is_typed(line);
        terminal.line(line.trim()).map_err(at(number))?;
    }
    terminal.acknowledged().map_err(at(last))?;
    terminal.wire.finish().map_err(|malformed| {
        at(last)(match malformed {
            Malformed::Nothing if typed => Malformed::Missing {
                what: "what was typed at a Bus Pirate, without what it answered",
                remedy: "copy the lines from I2C START to I2C STOP as well",
            },
            other => other,
        })
    })
}

/// Whether a line is one of a transfer, or asks for one.
pub(super) fn is_event(line: &str) -> bool {
    let trimmed = line.trim();
    condition(trimmed).is_some() || begins_sniffed(trimmed) || is_typed(line) || has_bytes(trimmed)
}

/// `WRITE: 0xC0 ACK` or `READ:  ACK 0x00`.
fn has_bytes(line: &str) -> bool {
    after_direction(line).is_some_and(|(_, words)| has_byte(words))
}

/// What follows the word of a direction.
fn after_direction(line: &str) -> Option<(Direction, &str)> {
    const WORDS: [(&str, Direction); 4] = [
        ("WRITE:", Direction::Write),
        ("TX:", Direction::Write),
        ("READ:", Direction::Read),
        ("RX:", Direction::Read),
    ];
    WORDS
        .into_iter()
        .find_map(|(word, direction)| Some((direction, line.strip_prefix(word)?)))
}

/// `I2C>[0xC0 0x03]`.
fn is_typed(line: &str) -> bool {
    let typed = line.trim().strip_prefix("I2C>");
    typed.is_some_and(|typed| typed.trim_start().starts_with(['[', '{']))
}

/// `I2C>`, or `i2c1>` of HydraBus, and what is typed there.
fn is_prompt(line: &str) -> bool {
    line.split_once('>')
        .is_some_and(|(mode, _)| !mode.is_empty() && !mode.contains(char::is_whitespace))
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Condition {
    Start,
    Stop,
}

fn condition(line: &str) -> Option<Condition> {
    match line {
        "I2C START BIT" | "I2C START" | "I2C REPEATED START" => Some(Condition::Start),
        "I2C STOP BIT" | "I2C STOP" => Some(Condition::Stop),
        _ => None,
    }
}

/// `[0xC0+` or `[C0+`: an address with its acknowledge.
fn begins_sniffed(line: &str) -> bool {
    let Some(rest) = line.strip_prefix('[') else {
        return false;
    };
    let digits = rest.split(['+', '-']).next().unwrap_or("");
    digits.len() < rest.len() && sniffed_byte(digits).is_some()
}

fn sniffed_byte(digits: &str) -> Option<u8> {
    hex_byte(digits).or_else(|| bare_hex(digits).filter(|_| digits.len() == 2))
}

#[derive(Default)]
struct Terminal {
    wire: Wire,
    state: State,
    /// The last byte that was written, until its acknowledge.
    written: Option<u8>,
    /// `WRITE:` or `READ:`, until another.
    words: Option<Direction>,
}

#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
enum State {
    /// After STOP, or before the first START.
    #[default]
    Idle,
    /// After START: the next byte is an address.
    Addressing,
    Transfer(Direction),
}

impl Terminal {
    fn line(&mut self, line: &str) -> Result<(), Malformed> {
        match condition(line) {
            Some(Condition::Start) => return self.start(),
            Some(Condition::Stop) => return self.stop(),
            None => {}
        }
        if begins_sniffed(line) {
            return self.sniffed(line);
        }
        if let Some((direction, words)) = after_direction(line) {
            self.acknowledged()?;
            self.words = Some(direction);
            return self.words(direction, words);
        }
        let passed_over = line.is_empty() || is_prompt(line) || line.contains("arning");
        match (self.words, self.state) {
            _ if passed_over => Ok(()),
            (_, State::Idle) if !has_byte(line) => Ok(()),
            (Some(direction), State::Addressing | State::Transfer(_)) => {
                self.words(direction, line)
            }
            _ => Err(Malformed::Event(line.to_string())),
        }
    }

    fn start(&mut self) -> Result<(), Malformed> {
        self.acknowledged()?;
        self.state = State::Addressing;
        self.words = None;
        self.wire.start(None)
    }

    fn stop(&mut self) -> Result<(), Malformed> {
        self.acknowledged()?;
        self.state = State::Idle;
        self.words = None;
        self.wire.stop()
    }

    /// No byte waits for its acknowledge.
    fn acknowledged(&self) -> Result<(), Malformed> {
        match self.written {
            Some(_) => Err(Malformed::Unacknowledged),
            None => Ok(()),
        }
    }

    /// `0xC0 ACK 0x03 NACK`. The acknowledges of what is read are the Bus
    /// Pirate's own.
    fn words(&mut self, direction: Direction, words: &str) -> Result<(), Malformed> {
        for word in words.split_whitespace() {
            let bit = match word {
                "ACK" => Bit::Ack,
                "NACK" => Bit::Nack,
                _ => {
                    self.acknowledged()?;
                    let wanted = "hexadecimal, such as 0xC0, ACK or NACK";
                    let byte = hex_byte(word).ok_or_else(|| field("byte", word, wanted))?;
                    match direction {
                        Direction::Write => self.written = Some(byte),
                        Direction::Read => self.byte(Direction::Read, byte, Bit::Ack)?,
                    }
                    continue;
                }
            };
            match (direction, self.written.take()) {
                (Direction::Write, Some(byte)) => self.byte(Direction::Write, byte, bit)?,
                (Direction::Write, None) => return Err(Malformed::Stray),
                (Direction::Read, _) => {}
            }
        }
        Ok(())
    }

    /// A byte that the Bus Pirate sent or received.
    fn byte(&mut self, direction: Direction, byte: u8, bit: Bit) -> Result<(), Malformed> {
        match (self.state, direction) {
            (State::Idle, _) | (State::Addressing, Direction::Read) => Err(Malformed::Stray),
            (State::Addressing, Direction::Write) => self.address(byte, bit),
            (State::Transfer(addressed), _) if addressed != direction => Err(Malformed::Missing {
                what: "bytes in the other direction than the address says",
                remedy: "an even address is written, an odd one read, after a START of its own",
            }),
            (State::Transfer(_), _) => self.wire.byte(byte, bit),
        }
    }

    /// Eight bits.
    fn address(&mut self, byte: u8, bit: Bit) -> Result<(), Malformed> {
        let direction = match byte & 1 {
            0 => Direction::Write,
            _ => Direction::Read,
        };
        self.state = State::Transfer(direction);
        self.wire.address(None, byte >> 1, direction, bit)
    }

    fn sniffed(&mut self, line: &str) -> Result<(), Malformed> {
        let mut rest = line;
        while let Some(first) = rest.chars().next() {
            if let Some(after) = rest.strip_prefix('[') {
                self.start()?;
                rest = after;
            } else if let Some(after) = rest.strip_prefix(']') {
                self.stop()?;
                rest = after;
            } else if first.is_whitespace() {
                rest = rest.trim_start();
            } else {
                let end = rest.find(['+', '-']).unwrap_or(rest.len());
                let (digits, after) = rest.split_at(end);
                let wanted = "a byte in hexadecimal with + or - after it";
                let byte = sniffed_byte(digits).ok_or_else(|| field("byte", digits, wanted))?;
                let bit = match after.chars().next() {
                    Some('+') => Bit::Ack,
                    Some(_) => Bit::Nack,
                    None => return Err(Malformed::Unacknowledged),
                };
                rest = after.get(1..).unwrap_or("");
                match self.state {
                    State::Idle => return Err(Malformed::Stray),
                    State::Addressing => self.address(byte, bit)?,
                    State::Transfer(_) => self.wire.byte(byte, bit)?,
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
