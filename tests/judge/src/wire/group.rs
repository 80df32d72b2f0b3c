//! A group on the wire: count, payload, CRC.

/// What is in a sound group; whatever follows it does not count.
pub(super) fn payload(read: &[u8]) -> Option<Vec<u8>> {
    let count = usize::from(*read.first()?);
    let (body, crc) = read.get(..count)?.split_last_chunk::<2>()?;
    let (_, payload) = body.split_first()?;
    (*crc == checksum(body)).then(|| payload.to_vec())
}

/// CRC-16 of a group. Source: ATECC508A datasheet, "CRC": polynomial 8005, each
/// byte from its lowest bit on, sent low byte first.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let bits = bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |at| u16::from(byte >> at & 1)));
    bits.fold(0_u16, |crc, bit| {
        let shifted = crc << 1;
        if crc >> 15 == bit {
            shifted
        } else {
            shifted ^ 0x8005
        }
    })
    .to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_group() {
        assert_eq!(payload(&[0x04, 0x11, 0x33, 0x43]), Some(vec![0x11]));
        assert_eq!(payload(&[0x04, 0x11, 0x33, 0x43, 0xFF]), Some(vec![0x11]));
        assert_eq!(payload(&[0x04, 0x11, 0x33, 0x42]), None);
        assert_eq!(payload(&[0xFF; 4]), None);
    }
}
