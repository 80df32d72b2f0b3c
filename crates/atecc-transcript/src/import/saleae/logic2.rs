//! The table of Logic 2.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::super::error::{at, field};
use super::super::table::{fields, place, rows};
use super::super::value::{Since, hex_byte, scaled};
use super::super::wire::{Bit, Direction, Wire};
use super::super::{ImportError, Malformed};
use super::{HEX, SECONDS};
use crate::{Line, Time};

/// Where the columns are.
pub(super) struct Columns {
    kind: usize,
    time: usize,
    ack: usize,
    address: usize,
    read: usize,
    data: usize,
}

impl Columns {
    pub(super) fn of(header: &str) -> Option<Self> {
        let names = fields(header);
        Some(Self {
            kind: place(&names, "type")?,
            time: place(&names, "start_time")?,
            ack: place(&names, "ack")?,
            address: place(&names, "address")?,
            read: place(&names, "read")?,
            data: place(&names, "data")?,
        })
    }
}

pub(super) fn lines(columns: &Columns, text: &str) -> Result<Vec<Line>, ImportError> {
    let (mut wire, mut since, mut last) = (Wire::default(), Since::default(), 1);
    for (number, row) in rows(text) {
        last = number;
        event(columns, &row, &mut wire, &mut since).map_err(at(number))?;
    }
    wire.finish().map_err(at(last))
}

fn event(
    columns: &Columns,
    row: &[&str],
    wire: &mut Wire,
    since: &mut Since,
) -> Result<(), Malformed> {
    let value = |place: usize| row.get(place).copied().unwrap_or("");
    let at = time(since, value(columns.time))?;
    match value(columns.kind) {
        "start" => wire.start(Some(at)),
        "stop" => wire.stop(),
        "address" => {
            let text = value(columns.address);
            let address = hex_byte(text).filter(|address| *address < 0x80);
            let wanted = "seven bits in hexadecimal, such as 0x60: export it so";
            let address = address.ok_or_else(|| field("address", text, wanted))?;
            let direction = match value(columns.read) {
                "true" => Direction::Read,
                "false" => Direction::Write,
                other => return Err(field("read", other, "true or false")),
            };
            let bit = acknowledge(value(columns.ack))?;
            wire.address(Some(at), address, direction, bit)
        }
        "data" => {
            let text = value(columns.data);
            let byte = hex_byte(text).ok_or_else(|| field("data", text, HEX))?;
            wire.byte(byte, acknowledge(value(columns.ack))?)
        }
        kind => Err(Malformed::Event(kind.to_string())),
    }
}

fn time(since: &mut Since, text: &str) -> Result<Time, Malformed> {
    let ns = scaled(text, SECONDS).ok_or_else(|| field("start_time", text, "seconds"))?;
    since.time(ns).ok_or(Malformed::Backwards)
}

fn acknowledge(text: &str) -> Result<Bit, Malformed> {
    match text {
        "true" => Ok(Bit::Ack),
        "false" => Ok(Bit::Nack),
        _ => Err(field("ack", text, "true or false")),
    }
}
