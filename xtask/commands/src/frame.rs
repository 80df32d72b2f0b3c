//! A command as it is on the bus.

use atecc::parse::CommandGroup;
use serde::{Deserialize, Serialize};

/// Opcode, parameters, data.
#[derive(Clone, Debug, Default, Deserialize, Eq, Ord, PartialEq, PartialOrd, Serialize)]
pub(super) struct Frame {
    pub(super) opcode: u8,
    pub(super) param1: u8,
    pub(super) param2: u16,
    pub(super) data: Vec<u8>,
    /// What the chip's state makes of it, where that decides on the mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) state: Option<String>,
}

impl Frame {
    /// With data that do not matter but for their length.
    pub(super) fn new(opcode: u8, param1: u8, param2: u16, len: usize) -> Self {
        Self {
            opcode,
            param1,
            param2,
            data: vec![0; len],
            state: None,
        }
    }

    /// From a write to the bus: word address 0x03, then a sound group.
    pub(super) fn from_write(bytes: &[u8]) -> Option<Self> {
        let [0x03, group @ ..] = bytes else {
            return None;
        };
        CommandGroup::parse(group).ok().map(Self::from)
    }

    /// From opcode, parameters and data.
    pub(super) fn from_body(bytes: &[u8]) -> Option<Self> {
        CommandGroup::from_body(bytes).ok().map(Self::from)
    }

    /// As [`Frame::from_write`] takes it.
    pub(super) fn to_write(&self) -> Vec<u8> {
        let count = u8::try_from(7 + self.data.len()).unwrap_or(u8::MAX);
        let [low, high] = self.param2.to_le_bytes();
        let head = [count, self.opcode, self.param1, low, high];
        let group = [&head, &self.data[..]].concat();
        let crc = atecc::crc::crc16(&group).to_le_bytes();
        [&[0x03], &group[..], &crc].concat()
    }
}

impl From<CommandGroup<'_>> for Frame {
    fn from(group: CommandGroup<'_>) -> Self {
        Self {
            opcode: group.opcode as u8,
            param1: group.param1,
            param2: group.param2,
            data: group.data.to_vec(),
            state: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn to_the_bus_and_back() {
        let frame = Frame {
            data: vec![1, 2, 3, 4, 5],
            ..Frame::new(0x47, 0x02, 0x0005, 0)
        };
        // Source: recordings/rusty-608a-sha-5byte.json.
        let bytes = [
            0x03, 0x0C, 0x47, 0x02, 0x05, 0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x75, 0xB0,
        ];
        assert_eq!(frame.to_write(), bytes);
        assert_eq!(Frame::from_write(&bytes), Some(frame));
        assert_eq!(Frame::from_write(&bytes[1..]), None);
    }
}
