//! The CRC that closes every group, and that `Lock` compares.
//!
//! Polynomial 0x8005, initial value 0, each byte fed least significant bit
//! first into a register that shifts left, sent low byte first.
//! Source: ATECC508A datasheet, "CRC Calculation"; the vectors below equal
//! those of cryptoauthlib's `atCRC`.

/// The two CRC bytes over `bytes`, in the order in which they are sent.
pub(crate) fn crc(bytes: &[u8]) -> [u8; 2] {
    let mut register: u16 = 0;
    for byte in bytes {
        for bit in 0..8 {
            let incoming = u16::from(byte >> bit & 1);
            let outgoing = register >> 15;
            register <<= 1;
            if incoming != outgoing {
                register ^= 0x8005;
            }
        }
    }
    register.to_le_bytes()
}

/// Whether the last two bytes of `group` are the CRC of those before them.
pub(crate) fn is_closed(group: &[u8]) -> bool {
    group
        .split_last_chunk::<2>()
        .is_some_and(|(body, sent)| crc(body) == *sent)
}

#[cfg(test)]
mod tests {
    use super::{crc, is_closed};

    /// Complete groups as they travel: commands, statuses, one response.
    const GROUPS: [&[u8]; 20] = [
        &[0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D], // Info revision
        &[0x07, 0x02, 0x00, 0x00, 0x00, 0x1E, 0x2D], // Read config, 4 bytes
        &[0x07, 0x02, 0x80, 0x00, 0x00, 0x09, 0xAD], // Read config, 32 bytes
        &[0x07, 0x1B, 0x00, 0x00, 0x00, 0x24, 0xCD], // Random
        &[0x07, 0x24, 0x00, 0x00, 0x00, 0x0C, 0xFD], // Counter read 0
        &[0x07, 0x17, 0x80, 0x00, 0x00, 0x39, 0x8D], // Lock config, no CRC
        &[0x07, 0x40, 0x04, 0x00, 0x00, 0x83, 0x87], // GenKey create slot 0
        &[0x07, 0x41, 0x80, 0x00, 0x00, 0x28, 0x05], // Sign external slot 0
        &[0x04, 0x00, 0x03, 0x40],
        &[0x04, 0x01, 0x00, 0xC3],
        &[0x04, 0x03, 0x83, 0x42],
        &[0x04, 0x05, 0xC3, 0x43],
        &[0x04, 0x07, 0x40, 0xC2],
        &[0x04, 0x08, 0x60, 0xC0],
        &[0x04, 0x0F, 0x23, 0x42],
        &[0x04, 0x11, 0x33, 0x43],
        &[0x04, 0xEE, 0x31, 0x41],
        &[0x04, 0xFF, 0x01, 0x42],
        &[0x07, 0x00, 0x00, 0x60, 0x02, 0x80, 0x38], // Info response, 608A
        &[0x07, 0x00, 0x00, 0x50, 0x00, 0x03, 0x91], // Info response, 508A
    ];

    #[test]
    fn groups_of_the_reference_are_closed() {
        for group in GROUPS {
            assert!(is_closed(group), "{group:02X?}");
            let mut broken = group.to_vec();
            broken[1] ^= 0x80;
            assert!(!is_closed(&broken), "{broken:02X?}");
        }
    }

    #[test]
    fn nonce_with_32_bytes() {
        let mut group = vec![0x27, 0x16, 0x03, 0x00, 0x00];
        group.extend([0xAA; 32]);
        assert_eq!(crc(&group), [0x24, 0xC7]);
    }

    #[test]
    fn too_short_to_hold_a_crc() {
        assert!(!is_closed(&[]));
        assert!(!is_closed(&[0x04]));
    }
}
