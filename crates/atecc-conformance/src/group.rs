//! A command group, cut open.

use atecc::{Opcode, crc16, parse_group};

/// The parts of a command group.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Group<'a> {
    pub(crate) opcode: Opcode,
    pub(crate) p1: u8,
    pub(crate) p2: u16,
    pub(crate) data: &'a [u8],
}

impl<'a> Group<'a> {
    /// `None` when it is no sound group of a known command.
    pub(crate) fn cut(bytes: &'a [u8]) -> Option<Self> {
        let body = parse_group(bytes).ok()?;
        let ([opcode, p1, low, high], data) = body.split_first_chunk()?;
        Some(Self {
            opcode: Opcode::from_byte(*opcode)?,
            p1: *p1,
            p2: u16::from_le_bytes([*low, *high]),
            data,
        })
    }

    /// Where `Read` and `Write` go. Source: ATECC508A datasheet, "Address
    /// Encoding".
    pub(crate) fn target(&self) -> Option<Target> {
        let len = if self.p1 & 0x80 == 0 { 4 } else { 32 };
        let [low, high] = self.p2.to_le_bytes();
        let (place, block) = match self.p1 & 0x03 {
            0 => (Place::Config, low >> 3),
            1 => (Place::Otp, low >> 3),
            2 => (Place::Slot(low >> 3 & 0x0F), high),
            _ => return None,
        };
        let word = if len == 4 { low & 7 } else { 0 };
        let offset = usize::from(block) * 32 + usize::from(word) * 4;
        Some(Target { place, offset, len })
    }

    /// The slot that Param2 names.
    pub(crate) const fn slot(&self) -> u8 {
        self.p2.to_le_bytes()[0] & 0x0F
    }
}

/// A group around `body`: count before it, CRC after it.
pub(crate) fn seal(body: &[u8]) -> Vec<u8> {
    let count = u8::try_from(body.len() + 3).unwrap_or(u8::MAX);
    let mut group = vec![count];
    group.extend_from_slice(body);
    group.extend_from_slice(&crc16(&group).to_le_bytes());
    group
}

/// A command as group.
pub(crate) fn command(opcode: Opcode, p1: u8, p2: u16, data: &[u8]) -> Vec<u8> {
    let [low, high] = p2.to_le_bytes();
    seal(&[&[opcode as u8, p1, low, high], data].concat())
}

/// A part of a chip's memory.
#[derive(Clone, Copy, Debug, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub(crate) enum Place {
    Config,
    Otp,
    Slot(u8),
}

/// What one `Read` or `Write` reaches.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Target {
    pub(crate) place: Place,
    pub(crate) offset: usize,
    pub(crate) len: usize,
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the vendor's log of an ATECC508A.
    #[test]
    fn nonce_of_a_real_host() {
        let bytes = [0x07, 0x40, 0x00, 0x00, 0x00, 0x00, 0x05];
        let group = Group::cut(&bytes).unwrap();
        assert_eq!((group.opcode, group.p1, group.p2), (Opcode::GenKey, 0, 0));
        assert_eq!(command(Opcode::GenKey, 0, 0, &[]), bytes);
    }

    #[test]
    fn addresses() {
        let target = |p1, p2| {
            let bytes = command(Opcode::Read, p1, p2, &[]);
            Group::cut(&bytes).unwrap().target()
        };
        let at = |place, offset, len| Some(Target { place, offset, len });
        assert_eq!(target(0x80, 0x0018), at(Place::Config, 96, 32));
        assert_eq!(target(0x00, 0x0015), at(Place::Config, 84, 4));
        assert_eq!(target(0x02, 0x0250), at(Place::Slot(10), 64, 4));
        assert_eq!(target(0x82, 0x0158), at(Place::Slot(11), 32, 32));
        assert_eq!(target(0x81, 0x0008), at(Place::Otp, 32, 32));
        assert_eq!(target(0x03, 0), None);
    }
}
