//! Monotonic counters and keys with a limited number of uses.

use std::ops::Range;

use super::config::BYTE_18;
use super::{Image, Slot};

/// The highest count. Source: ATECC508A datasheet, "Counter Command".
pub(crate) const MAX_COUNT: u32 = 2_097_151;

/// Bytes 52 to 67: both counters, eight bytes each.
const COUNTERS: usize = 52;
/// Bytes 68 to 83 of a 508: `LastKeyUse`, 128 bits for slot 15.
const LAST_KEY_USE: Range<usize> = 68..84;

/// One of the two counters.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Counter {
    /// `Counter0`, which also counts the uses of keys.
    Zero,
    One,
}

impl Counter {
    /// The counter that Param2 names.
    pub(crate) const fn of_param2(p2: u16) -> Option<Self> {
        match p2 {
            0 => Some(Self::Zero),
            1 => Some(Self::One),
            _ => None,
        }
    }

    const fn range(self) -> Range<usize> {
        let start = COUNTERS + 8 * self as usize;
        start..start + 8
    }
}

/// No use of the key is left.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct UsedUp;

impl Image {
    /// Count one use of the key in `slot`, when its uses are limited.
    ///
    /// On a 508 slot 15 has its own 128 uses; everything else steps
    /// `Counter0`. Source: ATECC508A datasheet, sections 3.2.5 and 3.2.6.
    pub(crate) fn consume_use(&mut self, slot: Slot) -> Result<(), UsedUp> {
        if !self.slot_config(slot).limited_use() {
            return Ok(());
        }
        if self.revision.is_508() && slot.index() == 15 {
            return self.consume_last_key_use();
        }
        let limit = self.count_match().unwrap_or(MAX_COUNT);
        if self.counter(Counter::Zero) >= limit {
            return Err(UsedUp);
        }
        self.increment(Counter::Zero)
    }

    pub(crate) fn counter(&self, which: Counter) -> u32 {
        let mut field = [0; 8];
        field.copy_from_slice(&self.config[which.range()]);
        decode(field)
    }

    /// One step, unless the counter is at its end.
    pub(crate) fn increment(&mut self, which: Counter) -> Result<(), UsedUp> {
        let count = self.counter(which);
        if count >= MAX_COUNT {
            return Err(UsedUp);
        }
        self.config[which.range()].copy_from_slice(&encode(count + 1));
        Ok(())
    }

    /// Clear the most significant set bit of the first byte that has one.
    fn consume_last_key_use(&mut self) -> Result<(), UsedUp> {
        let byte = self.config[LAST_KEY_USE]
            .iter_mut()
            .find(|byte| **byte != 0);
        let byte = byte.ok_or(UsedUp)?;
        *byte &= !(0x80 >> byte.leading_zeros());
        Ok(())
    }

    /// The count at which a 608 stops, from the slot that byte 18 names.
    ///
    /// Two copies that differ set no limit (unconfirmed; cryptoauthlib's
    /// tests keep other data there and go on using limited keys).
    fn count_match(&self) -> Option<u32> {
        let byte_18 = self.config[BYTE_18];
        if self.revision.is_508() || byte_18 & 1 == 0 {
            return None;
        }
        let slot = self.slot(Slot::of_nibble(byte_18 >> 4));
        let (first, rest) = slot.split_first_chunk::<4>()?;
        let second = rest.first_chunk::<4>()?;
        (first == second).then(|| u32::from_le_bytes(*first))
    }
}

/// The eight bytes that stand for `count`: two unary halves, then the
/// multiples of 32 that each has seen. Source: cryptoauthlib
/// `calib_write.c`.
fn encode(count: u32) -> [u8; 8] {
    let unary = |ones: u32| 0xFFFF_u32.checked_shr(ones).unwrap_or(0).to_be_bytes();
    let [_, _, a0, a1] = unary(count % 32);
    let [_, _, b0, b1] = unary(count.checked_sub(16).map_or(0, |past| past % 32));
    let [_, _, c0, c1] = (count / 32).to_be_bytes();
    let [_, _, d0, d1] = (count.saturating_sub(16) / 32).to_be_bytes();
    [a0, a1, b0, b1, c0, c1, d0, d1]
}

/// The count that eight bytes stand for; any bytes stand for one.
fn decode([a0, a1, b0, b1, c0, c1, d0, d1]: [u8; 8]) -> u32 {
    let zeros = |half: u16| half.count_zeros();
    let [la, lb] = [[a0, a1], [b0, b1]].map(u16::from_be_bytes);
    let [ba, bb] = [[c0, c1], [d0, d1]].map(|half| u32::from(u16::from_be_bytes(half)));
    if la == 0 {
        bb * 32 + 16 + zeros(lb)
    } else {
        ba * 32 + zeros(la)
    }
}

#[cfg(test)]
mod tests {
    use super::{Counter, Image, MAX_COUNT, Slot, UsedUp, decode, encode};
    use crate::revision::Revision;

    #[test]
    fn counter_table() {
        for (count, bytes) in [
            (0, [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]),
            (1, [0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0]),
            (15, [0x00, 0x01, 0xFF, 0xFF, 0, 0, 0, 0]),
            (16, [0x00, 0x00, 0xFF, 0xFF, 0, 0, 0, 0]),
            (31, [0x00, 0x00, 0x00, 0x01, 0, 0, 0, 0]),
            (32, [0xFF, 0xFF, 0x00, 0x00, 0, 1, 0, 0]),
            (48, [0x00, 0x00, 0xFF, 0xFF, 0, 1, 0, 1]),
            (MAX_COUNT, [0x00, 0x00, 0x00, 0x01, 0xFF, 0xFF, 0xFF, 0xFF]),
        ] {
            assert_eq!(encode(count), bytes, "{count}");
            assert_eq!(decode(bytes), count, "{count}");
        }
        assert!((0..=MAX_COUNT).all(|count| decode(encode(count)) == count));
    }

    /// A chip whose slot 15 has limited use, one with slot 1 so.
    fn limited(revision: Revision, slot: Slot) -> Image {
        let mut image = Image::blank(revision);
        image.config[20 + 2 * usize::from(slot.index())] |= 0x20;
        image
    }

    #[test]
    fn slot_15_of_a_508_has_128_uses_of_its_own() {
        let slot = Slot::of_param2(15);
        let mut image = limited(Revision::Atecc508A, slot);
        let legal = [0x7F, 0x3F, 0x1F, 0x0F, 0x07, 0x03, 0x01, 0x00];
        for left in legal {
            assert_eq!(image.consume_use(slot), Ok(()));
            assert_eq!(image.config()[68], left);
        }
        for _ in 8..128 {
            assert_eq!(image.consume_use(slot), Ok(()));
        }
        assert_eq!(image.consume_use(slot), Err(UsedUp));
        assert_eq!(image.config()[68..84], [0; 16]);
    }

    /// Trap 15 of `docs/sources.md`: refused at the match value, without
    /// another step.
    #[test]
    fn trap_15_count_match_stops_at_the_value() {
        let slot = Slot::of_param2(1);
        let mut image = limited(Revision::Atecc608A, slot);
        image.config[18] = 0xA1;
        image.slot_mut(Slot::of_param2(10))[..8].copy_from_slice(&[32, 0, 0, 0, 32, 0, 0, 0]);
        for _ in 0..32 {
            assert_eq!(image.consume_use(slot), Ok(()));
        }
        assert_eq!(image.consume_use(slot), Err(UsedUp));
        assert_eq!(image.counter(Counter::Zero), 32);
    }

    /// Trap 16 of `docs/sources.md`: other data in the match slot sets no
    /// limit.
    #[test]
    fn trap_16_garbage_in_the_match_slot_is_no_limit() {
        let slot = Slot::of_param2(1);
        let mut image = limited(Revision::Atecc608A, slot);
        image.config[18] = 0xA1;
        image.slot_mut(Slot::of_param2(10))[..8].copy_from_slice(&[1, 0, 0, 0, 2, 0, 0, 0]);
        for _ in 0..40 {
            assert_eq!(image.consume_use(slot), Ok(()));
        }
        assert_eq!(image.counter(Counter::Zero), 40);
    }

    /// Bit 0 of byte 18 enables it on a 608; a 508 has `OTPmode` there.
    #[test]
    fn count_match_is_asked_for() {
        for (revision, byte_18, limit) in [
            (Revision::Atecc608B, 0xA1, Some(7)),
            (Revision::Atecc608B, 0xA0, None),
            (Revision::Atecc608B, 0xA2, None),
            (Revision::Atecc508A, 0xA1, None),
        ] {
            let mut image = Image::blank(revision);
            image.config[18] = byte_18;
            let slot = image.slot_mut(Slot::of_param2(10));
            slot[..8].copy_from_slice(&[7, 0, 0, 0, 7, 0, 0, 0]);
            assert_eq!(image.count_match(), limit, "{revision} {byte_18:02X}");
        }
    }
}
