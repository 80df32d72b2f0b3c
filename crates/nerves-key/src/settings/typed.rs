//! The typed record: 16 bytes of header, then the payload.
//!
//! | bytes | content |
//! |---|---|
//! | 0..4 | `4E 4B 53 74` |
//! | 4 | version of this format, 1 |
//! | 5 | 0 |
//! | 6..8 | length of the payload, little-endian |
//! | 8..12 | generation, little-endian: the newer of two is one more |
//! | 12..16 | CRC-32 (ISO-HDLC) of bytes 0..12 and the payload, little-endian |
//!
//! A record begins at byte 0 or at byte [`SECOND`]. Both are beginnings of
//! 32-byte blocks, so that a write of one never touches the other as long as
//! the first one ends before [`SECOND`].

use crc::{CRC_32_ISO_HDLC, Crc};

/// Where the second place begins.
pub const SECOND: usize = 224;
/// Bytes before the payload.
pub const HEADER: usize = 16;

const MAGIC: [u8; 4] = *b"NKSt";
const VERSION: u8 = 1;
const CRC: Crc<u32> = Crc::<u32>::new(&CRC_32_ISO_HDLC);

/// A record whose CRC is right.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Record<'a> {
    /// Where it begins: 0 or [`SECOND`].
    pub(super) at: usize,
    pub(super) generation: u32,
    pub(super) payload: &'a [u8],
}

impl Record<'_> {
    /// The first byte after it.
    pub(super) const fn end(&self) -> usize {
        self.at + HEADER + self.payload.len()
    }
}

/// Whether a record begins anywhere, right or wrong.
pub(super) fn begins(bytes: &[u8]) -> bool {
    [0, SECOND].iter().any(|at| {
        bytes
            .get(*at..)
            .is_some_and(|rest| rest.starts_with(&MAGIC))
    })
}

/// The newest of the records.
pub(super) fn newest(bytes: &[u8]) -> Option<Record<'_>> {
    let first = record(bytes, 0);
    let second = record(bytes, SECOND);
    match (first, second) {
        (Some(first), Some(second)) => {
            // Generations wrap; the newer one is less than half a turn ahead.
            let ahead = second.generation.wrapping_sub(first.generation);
            let newer = if ahead < 1 << 31 { second } else { first };
            Some(newer)
        }
        (first, second) => first.or(second),
    }
}

fn record(bytes: &[u8], at: usize) -> Option<Record<'_>> {
    let bytes = bytes.get(at..)?;
    let (head, rest) = bytes.split_first_chunk::<HEADER>()?;
    let [
        m0,
        m1,
        m2,
        m3,
        VERSION,
        0,
        l0,
        l1,
        g0,
        g1,
        g2,
        g3,
        c0,
        c1,
        c2,
        c3,
    ] = *head
    else {
        return None;
    };
    let payload = rest.get(..u16::from_le_bytes([l0, l1]).into())?;
    let generation = u32::from_le_bytes([g0, g1, g2, g3]);
    let right =
        [m0, m1, m2, m3] == MAGIC && u32::from_le_bytes([c0, c1, c2, c3]) == check(head, payload);
    right.then_some(Record {
        at,
        generation,
        payload,
    })
}

fn check(head: &[u8; HEADER], payload: &[u8]) -> u32 {
    let mut digest = CRC.digest();
    let (covered, _) = head.split_at(12);
    digest.update(covered);
    digest.update(payload);
    digest.finalize()
}

/// The header of a record with this payload, of at most 508 bytes.
pub(super) fn header(generation: u32, payload: &[u8]) -> [u8; HEADER] {
    let mut head = [0; HEADER];
    let len = u16::try_from(payload.len()).unwrap_or(u16::MAX);
    let fields = MAGIC
        .into_iter()
        .chain([VERSION, 0])
        .chain(len.to_le_bytes())
        .chain(generation.to_le_bytes());
    for (to, from) in head.iter_mut().zip(fields) {
        *to = from;
    }
    let check = check(&head, payload).to_le_bytes();
    for (to, from) in head.iter_mut().skip(12).zip(check) {
        *to = from;
    }
    head
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::vec;

    #[test]
    fn a_record_of_known_bytes() {
        // CRC-32 by zlib: crc32(b"NKSt\x01\x00\x02\x00\x07\x00\x00\x00\xAA\xBB").
        let head = header(7, &[0xAA, 0xBB]);
        assert_eq!(head[..12], *b"NKSt\x01\x00\x02\x00\x07\x00\x00\x00");
        assert_eq!(head[12..], CRC_OF_KNOWN.to_le_bytes());
    }

    const CRC_OF_KNOWN: u32 = 0xBC7A_3EAF;

    #[test]
    fn every_flipped_bit_is_seen() {
        let mut bytes = vec![0; 64];
        bytes[..16].copy_from_slice(&header(1, &[1, 2, 3]));
        bytes[16..19].copy_from_slice(&[1, 2, 3]);
        assert_eq!(newest(&bytes).unwrap().payload, [1, 2, 3]);
        for bit in 0..19 * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(newest(&flipped), None, "bit {bit}");
        }
    }

    #[test]
    fn the_newer_one_counts() {
        let mut bytes = vec![0; 524];
        for (first, second, newer) in [
            (1, 2, 2),
            (2, 1, 2),
            (u32::MAX, 0, 0),
            (0, u32::MAX, 0),
            // Half a turn is not less than that.
            (0, 1 << 31, 0),
        ] {
            bytes[..16].copy_from_slice(&header(first, &[]));
            bytes[SECOND..SECOND + 16].copy_from_slice(&header(second, &[]));
            assert_eq!(newest(&bytes).unwrap().generation, newer);
        }
    }
}
