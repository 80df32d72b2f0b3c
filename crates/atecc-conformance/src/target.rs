//! What a command reaches in a chip's memory.

use atecc::parse::CommandGroup;

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

impl Target {
    /// Where `Read` and `Write` go, whether or not there is such a place.
    /// Source: ATECC508A datasheet, "Address Encoding".
    pub(crate) fn from_group(group: &CommandGroup<'_>) -> Option<Self> {
        let len = if group.param1 & 0x80 == 0 { 4 } else { 32 };
        let [low, high] = group.param2.to_le_bytes();
        let (place, block) = match group.param1 & 0x03 {
            0 => (Place::Config, low >> 3),
            1 => (Place::Otp, low >> 3),
            2 => (Place::Slot(low >> 3 & 0x0F), high),
            _ => return None,
        };
        let word = if len == 4 { low & 7 } else { 0 };
        let offset = usize::from(block) * 32 + usize::from(word) * 4;
        Some(Self { place, offset, len })
    }
}

#[cfg(test)]
mod tests {
    use atecc::Opcode;

    use super::*;
    use crate::seal::command;

    #[test]
    fn addresses() {
        let target = |param1, param2| {
            let bytes = command(Opcode::Read, param1, param2, &[]);
            Target::from_group(&CommandGroup::parse(&bytes).unwrap())
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
