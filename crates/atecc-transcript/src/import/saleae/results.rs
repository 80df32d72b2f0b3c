//! The column "Decoded Protocol Result" of Logic 1.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::super::address::Width;
use super::super::error::{at, field};
use super::super::value::{Since, hex_byte, scaled};
use super::super::wire::{Bit, Direction, Wire};
use super::super::{ImportError, Malformed};
use super::{HEX, SECONDS};
use crate::{Line, Time};

const COLUMN: &str = "Decoded Protocol Result";

const SETUPS: [(&str, Direction); 2] = [
    ("Setup Write to [", Direction::Write),
    ("Setup Read to [", Direction::Read),
];

pub(super) fn is_line(line: &str) -> bool {
    before_setup(line).is_some()
}

/// What is before `Setup Write to [`: the other columns, with a comma at their
/// end, or nothing.
fn before_setup(line: &str) -> Option<&str> {
    let place = SETUPS.iter().find_map(|(words, _)| line.find(words))?;
    let before = line.get(..place)?.trim_end_matches('"');
    let whole = before.trim().is_empty() || before.ends_with(',');
    whole.then_some(before)
}

/// The columns before the result, as the first row with an address has them.
struct Columns<'a> {
    count: usize,
    /// Time and name come before the result; some leave them out.
    time: bool,
    analyzer: Option<&'a str>,
}

impl<'a> Columns<'a> {
    fn of(text: &'a str) -> Option<Self> {
        let before = text.lines().find_map(before_setup)?;
        let before = before.strip_suffix(',').unwrap_or(before);
        let names: Vec<&str> = before.split(',').map(str::trim).collect();
        Some(match names.as_slice() {
            [""] => Self {
                count: 0,
                time: false,
                analyzer: None,
            },
            [.., analyzer] => Self {
                count: names.len(),
                time: names.len() > 1,
                analyzer: Some(analyzer),
            },
            [] => return None,
        })
    }
}

struct Row {
    number: usize,
    at: Option<Time>,
    content: Content,
    bit: Bit,
}

enum Content {
    /// As it is printed: with a direction bit or without.
    Address(u8, Direction),
    Byte(u8),
}

pub(super) fn lines(text: &str) -> Result<Vec<Line>, ImportError> {
    let columns = Columns::of(text).ok_or_else(|| at(1)(Malformed::Columns))?;
    let mut since = Since::default();
    let mut rows = Vec::new();
    for (number, line) in (1..).zip(text.lines()) {
        if let Some(row) = read(&columns, &mut since, number, line).map_err(at(number))? {
            rows.push(row);
        }
    }
    let addresses = rows.iter().filter_map(|row| match row.content {
        Content::Address(address, direction) => Some((address, direction)),
        Content::Byte(_) => None,
    });
    let width = Width::of(addresses).unwrap_or(Width::Seven);
    let (mut wire, mut last) = (Wire::default(), 1);
    for row in rows {
        last = row.number;
        match row.content {
            Content::Address(address, direction) => {
                wire.address(row.at, width.address(address), direction, row.bit)
            }
            Content::Byte(byte) => wire.byte(byte, row.bit),
        }
        .map_err(at(last))?;
    }
    wire.finish().map_err(at(last))
}

/// `None` for what is no result of this analyzer.
fn read(
    columns: &Columns<'_>,
    since: &mut Since,
    number: usize,
    line: &str,
) -> Result<Option<Row>, Malformed> {
    if line.trim().is_empty() || line.contains(COLUMN) {
        return Ok(None);
    }
    // The result is the last column, and may itself contain a comma.
    let fields: Vec<&str> = line.splitn(columns.count + 1, ',').map(str::trim).collect();
    let Some((result, before)) = fields.split_last() else {
        return Ok(None);
    };
    if before.len() != columns.count {
        return Err(field(
            "row",
            line,
            "as long as the first one with an address",
        ));
    }
    if before.last().copied() != columns.analyzer {
        return Ok(None);
    }
    let at = match before.first() {
        Some(time) if columns.time => {
            let ns = scaled(time, SECONDS).ok_or_else(|| field("Time [s]", time, "seconds"))?;
            Some(since.time(ns).ok_or(Malformed::Backwards)?)
        }
        _ => None,
    };
    let result = result.trim_matches('"').trim();
    let (what, acknowledge) = result
        .rsplit_once(" + ")
        .ok_or_else(|| Malformed::Event(result.to_string()))?;
    let bit = match acknowledge {
        "ACK" => Bit::Ack,
        "NAK" => Bit::Nack,
        other => return Err(field("acknowledge", other, "ACK or NAK")),
    };
    let setup = SETUPS
        .iter()
        .find_map(|(words, direction)| Some((what.strip_prefix(words)?, *direction)));
    let content = match setup {
        Some((rest, direction)) => {
            let digits = rest.strip_suffix(']').unwrap_or(rest);
            Content::Address(value(digits, "address")?, direction)
        }
        None => Content::Byte(value(what, "data")?),
    };
    Ok(Some(Row {
        number,
        at,
        content,
        bit,
    }))
}

/// `0x60`, or `v (0x76)` and `'244' (0xF4)`: ASCII and hexadecimal.
fn value(text: &str, column: &'static str) -> Result<u8, Malformed> {
    let digits = match text
        .strip_suffix(')')
        .and_then(|text| text.rsplit_once('('))
    {
        Some((_, digits)) => digits,
        None => text,
    };
    hex_byte(digits).ok_or_else(|| field(column, text, HEX))
}
