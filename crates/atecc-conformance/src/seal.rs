//! Groups made of what stands in them.

use atecc::Opcode;
use atecc::group::Group;

/// The group around `body`; nothing where no group holds it.
pub(crate) fn seal(body: &[u8]) -> Vec<u8> {
    Group::new(body).map_or_else(|_| Vec::new(), |group| group.as_bytes().to_vec())
}

/// A command as group.
pub(crate) fn command(opcode: Opcode, param1: u8, param2: u16, data: &[u8]) -> Vec<u8> {
    let [low, high] = param2.to_le_bytes();
    seal(&[&[opcode as u8, param1, low, high], data].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: the vendor's log of an ATECC508A.
    #[test]
    fn command_of_a_real_host() {
        let bytes = [0x07, 0x40, 0x00, 0x00, 0x00, 0x00, 0x05];
        assert_eq!(command(Opcode::GenKey, 0, 0, &[]), bytes);
    }
}
