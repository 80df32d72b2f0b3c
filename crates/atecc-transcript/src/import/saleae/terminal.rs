//! The terminal of Logic 2.

use alloc::vec::Vec;

use super::super::error::{at, field};
use super::super::value::{has_byte, hex_byte};
use super::super::wire::{Bit, Direction, Wire, taken_as_acknowledged};
use super::super::{ImportError, Malformed};
use super::HEX;
use crate::Line;

pub(super) fn is_line(line: &str) -> bool {
    split(line).is_some_and(|(_, rest)| rest.starts_with("0x"))
}

/// What follows `write to ` or `read to `.
fn split(line: &str) -> Option<(Direction, &str)> {
    let line = line.trim();
    let write = line.strip_prefix("write to ");
    let read = line.strip_prefix("read to ");
    write
        .map(|rest| (Direction::Write, rest))
        .or(read.map(|rest| (Direction::Read, rest)))
}

pub(super) fn lines(text: &str) -> Result<Vec<Line>, ImportError> {
    let (mut wire, mut last) = (Wire::default(), 1);
    for (number, line) in (1..).zip(text.lines()) {
        last = number;
        if let Some((direction, rest)) = split(line) {
            transfer(&mut wire, direction, rest).map_err(at(number))?;
        } else if has_byte(line) && has_word_of_transfer(line) {
            return Err(at(number)(Malformed::Event(line.trim().into())));
        }
    }
    let mut lines = wire.finish().map_err(at(last))?;
    taken_as_acknowledged(&mut lines, "the terminal");
    Ok(lines)
}

/// Whether a line has a word that a transfer has. Other analyzers, such as that
/// of SPI, print their bytes in the same terminal without these.
fn has_word_of_transfer(line: &str) -> bool {
    const WORDS: [&str; 6] = ["write", "read", "ack", "nak", "nack", "data:"];
    let mut words = line.split_whitespace();
    words.any(|word| WORDS.iter().any(|known| word.eq_ignore_ascii_case(known)))
}

/// `0x60 ack data: 0x03 0x07`.
fn transfer(wire: &mut Wire, direction: Direction, rest: &str) -> Result<(), Malformed> {
    let mut words = rest.split_whitespace();
    let address = words.next().unwrap_or("");
    let wanted = "seven bits in hexadecimal, such as 0x60: export it so";
    let address = hex_byte(address)
        .filter(|address| *address < 0x80)
        .ok_or_else(|| field("address", address, wanted))?;
    let bit = match words.next() {
        Some("ack") => Bit::Ack,
        Some("nak") => Bit::Nack,
        other => return Err(field("acknowledge", other.unwrap_or(""), "ack or nak")),
    };
    wire.address(None, address, direction, bit)?;
    match words.next() {
        None => return Ok(()),
        Some("data:") => {}
        Some(other) => return Err(field("line", other, "data: and bytes after ack or nak")),
    }
    for word in words {
        let byte = hex_byte(word).ok_or_else(|| field("data", word, HEX))?;
        wire.byte(byte, Bit::Ack)?;
    }
    Ok(())
}
