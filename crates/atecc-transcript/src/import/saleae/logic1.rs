//! The table of Logic 1.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::super::address::Width;
use super::super::error::{at, field};
use super::super::table::{fields, place, rows};
use super::super::value::{Since, hex_byte, scaled};
use super::super::wire::{Bit, Direction, Wire};
use super::super::{ImportError, Malformed};
use super::{HEX, SECONDS};
use crate::{Line, Time};

/// Where the columns are.
pub(super) struct Columns {
    time: usize,
    packet: usize,
    address: usize,
    data: usize,
    direction: usize,
    ack: usize,
}

impl Columns {
    pub(super) fn of(header: &str) -> Option<Self> {
        let names = fields(header);
        Some(Self {
            time: place(&names, "Time [s]")?,
            packet: place(&names, "Packet ID")?,
            address: place(&names, "Address")?,
            data: place(&names, "Data")?,
            direction: place(&names, "Read/Write")?,
            ack: place(&names, "ACK/NAK")?,
        })
    }
}

/// One byte, or an address that was not acknowledged.
struct Row {
    number: usize,
    at: Time,
    packet: String,
    /// As it is printed: with a direction bit or without.
    address: u8,
    direction: Direction,
    data: Option<u8>,
    bit: Bit,
}

pub(super) fn lines(columns: &Columns, text: &str) -> Result<Vec<Line>, ImportError> {
    let mut since = Since::default();
    let rows = rows(text)
        .map(|(number, row)| read(columns, &mut since, number, &row).map_err(at(number)))
        .collect::<Result<Vec<_>, _>>()?;
    let addresses = rows.iter().map(|row| (row.address, row.direction));
    let width = Width::of(addresses).unwrap_or(Width::Seven);
    let (mut wire, mut last) = (Wire::default(), 1);
    let mut open = None;
    for row in rows {
        last = row.number;
        let address = width.address(row.address);
        let begin = |wire: &mut Wire, bit| wire.address(Some(row.at), address, row.direction, bit);
        match row.data {
            None => {
                begin(&mut wire, Bit::Nack).map_err(at(last))?;
                // Bytes that follow nevertheless are in a packet of their own.
                open = None;
            }
            Some(byte) => {
                let packet = Some((row.packet, address, row.direction));
                if packet != open {
                    begin(&mut wire, Bit::Ack).map_err(at(last))?;
                    open = packet;
                }
                wire.byte(byte, row.bit).map_err(at(last))?;
            }
        }
    }
    wire.finish().map_err(at(last))
}

fn read(
    columns: &Columns,
    since: &mut Since,
    number: usize,
    row: &[&str],
) -> Result<Row, Malformed> {
    let value = |place: usize| row.get(place).copied().unwrap_or("");
    let time = value(columns.time);
    let ns = scaled(time, SECONDS).ok_or_else(|| field("Time [s]", time, "seconds"))?;
    let address = value(columns.address);
    let data = value(columns.data);
    Ok(Row {
        number,
        at: since.time(ns).ok_or(Malformed::Backwards)?,
        packet: value(columns.packet).to_string(),
        address: hex_byte(address).ok_or_else(|| field("Address", address, HEX))?,
        direction: match value(columns.direction) {
            "Read" => Direction::Read,
            "Write" => Direction::Write,
            other => return Err(field("Read/Write", other, "Read or Write")),
        },
        data: match data {
            "" => None,
            _ => Some(hex_byte(data).ok_or_else(|| field("Data", data, HEX))?),
        },
        bit: match value(columns.ack) {
            "ACK" => Bit::Ack,
            "NAK" => Bit::Nack,
            other => return Err(field("ACK/NAK", other, "ACK or NAK")),
        },
    })
}
