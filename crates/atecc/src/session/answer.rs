//! What the bytes of one read mean.

use crate::group::GroupError;
use crate::group::{Parts, split_group};

/// A group on the wire, as far as it has to be remembered: its count and CRC.
pub(super) type Mark = [u8; 3];
/// `04 11 33 43`: what a chip holds that has just woken.
pub(super) const AFTER_WAKE: Mark = [0x04, 0x33, 0x43];
/// `04 07 40 C2`: what it holds when its self test has failed.
pub(super) const SELF_TEST_FAILED: Mark = [0x04, 0x40, 0xC2];
/// Bytes that noise may have changed in a read to which nobody answers. The
/// smallest group has more that differ.
const NOISE: usize = 1;

/// What one read gave.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Heard<'a> {
    /// A released line, which reads ones: the chip has no answer. So reads a
    /// chip that waits for the rest of a command. Or nothing but zeros: the
    /// buffer as it was given to the transport, or a line that is held low.
    Nobody,
    /// Something that is no sound group.
    Damaged(GroupError),
    /// A sound group around this payload.
    Group(&'a [u8], Mark),
}

/// Sort what was read.
pub(super) fn hear(read: &[u8]) -> Heard<'_> {
    let is_all = |line| read.iter().filter(|byte| **byte != line).count() <= NOISE;
    if is_all(0xFF) || is_all(0x00) {
        return Heard::Nobody;
    }
    match split_group(read) {
        Ok(Parts { count, body, crc }) => {
            let [low, high] = crc;
            Heard::Group(body, [count, low, high])
        }
        Err(error) => Heard::Damaged(error),
    }
}

/// Count and CRC around a payload.
pub(super) const GROUP_OVERHEAD: u8 = 3;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_released_line_with_a_flipped_bit_is_nobody() {
        for at in 0..4 {
            for bit in 0..8 {
                let mut read = [0xFF; 4];
                read[at] ^= 1 << bit;
                assert_eq!(hear(&read), Heard::Nobody);
            }
        }
        assert_eq!(hear(&[0x00; 4]), Heard::Nobody);
        // The smallest group has enough of both.
        let sound = [0x04, 0x00, 0x03, 0x40];
        assert!(matches!(hear(&sound), Heard::Group(&[0x00], _)));
    }

    #[test]
    fn a_group_is_known_again_by_count_and_crc() {
        let woken = [0x04, 0x11, 0x33, 0x43, 0xFF];
        assert_eq!(hear(&woken), Heard::Group(&[0x11], AFTER_WAKE));
        let revision = [0x07, 0x00, 0x00, 0x60, 0x02, 0x80, 0x38];
        let Heard::Group(payload, mark) = hear(&revision) else {
            panic!("a sound group");
        };
        assert_eq!((payload.len(), mark), (4, [0x07, 0x80, 0x38]));
        assert!(matches!(
            hear(&revision[..6]),
            Heard::Damaged(GroupError::Short { count: 7, got: 6 })
        ));
    }
}
