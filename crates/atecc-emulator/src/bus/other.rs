//! Devices of another kind on the bus, which a search for chips must not
//! disturb.
//!
//! They know no word addresses and no groups: what is written to them is a
//! state of their outputs. So it is kept that they were written to, and what.

/// A device that is no chip of this family.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct OtherDevice {
    address: u8,
    reads: Reads,
    writes: Vec<Vec<u8>>,
}

/// What a device of another kind does with a read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Reads {
    /// It does not acknowledge it: a display, say, that only takes writes.
    None,
    /// The byte that was last written, or this one, over and over. Sources:
    /// PCF8574 datasheet, "I2C Interface"; TCA9548A datasheet, "Control
    /// Register".
    Latch(u8),
    /// Four bytes over and over.
    Pattern([u8; 4]),
}

impl OtherDevice {
    /// At this seven-bit address.
    #[must_use]
    pub const fn new(address: u8, reads: Reads) -> Self {
        Self {
            address,
            reads,
            writes: Vec::new(),
        }
    }

    pub(super) fn writes(&self) -> impl Iterator<Item = (u8, Vec<u8>)> {
        self.writes
            .iter()
            .map(|bytes| (self.address, bytes.clone()))
    }

    pub(super) const fn is_at(&self, address: u8) -> bool {
        self.address == address
    }

    pub(super) const fn answers_reads(&self) -> bool {
        !matches!(self.reads, Reads::None)
    }

    pub(super) fn written(&mut self, bytes: &[u8]) {
        self.writes.push(bytes.to_vec());
    }

    /// Byte number `index` of a read.
    pub(super) fn read(&self, index: usize) -> u8 {
        match self.reads {
            Reads::None => 0xFF,
            Reads::Latch(first) => {
                let last = self.writes.iter().rev().find_map(|bytes| bytes.last());
                last.copied().unwrap_or(first)
            }
            Reads::Pattern(bytes) => bytes[index % bytes.len()],
        }
    }
}
