//! The annotations of sigrok's I2C decoder, which sigrok-cli, PulseView and
//! DSView print: `Start`, `Address write: 60`, `ACK`, `Data write: 03`.
//!
//! Its option `address_format` is `shifted`, seven bits, or `unshifted`, with the
//! direction bit. The first is the default of sigrok, the second that of DSView.
//! Source: decoders/i2c/pd.py of libsigrokdecode.

use alloc::string::ToString;
use alloc::vec::Vec;

use super::Malformed;
use super::address::Width;
use super::error::field;
use super::value::bare_hex;
use super::wire::{Bit, Direction, Wire};
use crate::{Line, Time};

const HEX: &str = "two hexadecimal digits: decode in that format";

/// Whether an annotation tells nothing that another does not: single bits, and
/// the words `Read` and `Write` alone.
pub(super) fn is_repetition(annotation: &str) -> bool {
    matches!(annotation, "0" | "1" | "Bit" | "Read" | "Write")
}

/// How wide the addresses among the annotations are, or `default` where they do
/// not tell.
pub(super) fn width<'a>(annotations: impl Iterator<Item = &'a str>, default: Width) -> Width {
    let addresses = annotations.filter_map(|annotation| {
        let (name, value) = annotation.split_once(": ")?;
        let direction = match name {
            "Address write" => Direction::Write,
            "Address read" => Direction::Read,
            _ => return None,
        };
        Some((bare_hex(value.trim())?, direction))
    });
    Width::of(addresses).unwrap_or(default)
}

/// The decoder whose lines are taken: two are two buses, or one bus twice.
#[derive(Default)]
pub(super) struct OneDecoder<'a>(Option<&'a str>);

impl<'a> OneDecoder<'a> {
    pub(super) fn check(&mut self, name: &'a str) -> Result<(), Malformed> {
        match self.0.replace(name) {
            Some(other) if other != name => {
                Err(Malformed::Decoders(other.to_string(), name.to_string()))
            }
            _ => Ok(()),
        }
    }
}

pub(super) struct Annotations {
    width: Width,
    wire: Wire,
    /// What the next ACK or NACK is for.
    pending: Option<Pending>,
}

enum Pending {
    Address(Option<Time>, u8, Direction),
    Byte(u8),
}

impl Annotations {
    pub(super) fn new(width: Width) -> Self {
        Self {
            width,
            wire: Wire::default(),
            pending: None,
        }
    }

    pub(super) fn push(&mut self, time: Option<Time>, annotation: &str) -> Result<(), Malformed> {
        let (name, value) = annotation.split_once(": ").unwrap_or((annotation, ""));
        let value = value.trim();
        if self.pending.is_some() && !matches!(name, "ACK" | "NACK") {
            return Err(Malformed::Unacknowledged);
        }
        match name {
            "Start" | "Start repeat" => self.wire.start(time),
            "Stop" => self.wire.stop(),
            "ACK" => self.acknowledge(Bit::Ack),
            "NACK" => self.acknowledge(Bit::Nack),
            "Address write" => self.address(time, value, Direction::Write),
            "Address read" => self.address(time, value, Direction::Read),
            "Data write" | "Data read" => {
                let byte = bare_hex(value).ok_or_else(|| field("data", value, HEX))?;
                self.pending = Some(Pending::Byte(byte));
                Ok(())
            }
            _ => Err(Malformed::Event(annotation.to_string())),
        }
    }

    pub(super) fn finish(self) -> Result<Vec<Line>, Malformed> {
        if self.pending.is_some() {
            return Err(Malformed::Unacknowledged);
        }
        self.wire.finish()
    }

    fn address(
        &mut self,
        time: Option<Time>,
        value: &str,
        direction: Direction,
    ) -> Result<(), Malformed> {
        let address = bare_hex(value).ok_or_else(|| field("address", value, HEX))?;
        let address = self.width.address(address);
        self.pending = Some(Pending::Address(time, address, direction));
        Ok(())
    }

    fn acknowledge(&mut self, bit: Bit) -> Result<(), Malformed> {
        match self.pending.take() {
            Some(Pending::Address(time, address, direction)) => {
                self.wire.address(time, address, direction, bit)
            }
            Some(Pending::Byte(byte)) => self.wire.byte(byte, bit),
            None => Err(Malformed::Stray),
        }
    }
}
