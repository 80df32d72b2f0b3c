//! Bytes that are a configuration zone, but for some that are missing or too
//! many.
//!
//! A zone has places where few values are possible: serial number and revision
//! at its beginning, both counters, the lock bytes, KeyType of all slots.
//! Where these stand elsewhere, what lies between them and the last that is in
//! its place has lost or got bytes.

use core::fmt;

use atecc::config::offset;

use crate::Counter;

/// Some bytes stand too early or too late.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Shift {
    /// By so many places; negative: too early, as bytes are missing.
    pub by: i8,
    /// All bytes before this one are in their places.
    pub after: usize,
    /// All bytes from this one on are not, where they stand.
    pub from: usize,
}

impl fmt::Display for Shift {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.by.unsigned_abs();
        let (noun, verb) = if count == 1 {
            ("byte", "is")
        } else {
            ("bytes", "are")
        };
        let what = if self.by < 0 { "missing" } else { "too many" };
        write!(f, "looks shifted by {count} from byte {} on: ", self.from)?;
        if self.after == self.from {
            write!(f, "{count} {noun} {verb} {what} before it")
        } else {
            write!(
                f,
                "{count} {noun} {verb} {what} somewhere between bytes {} and {}",
                self.after, self.from
            )
        }
    }
}

/// A place of the zone that knows what belongs there.
struct Anchor {
    at: usize,
    length: usize,
    fits: fn(&[u8]) -> bool,
}

/// Where the bytes from an anchor on are not known to be in their place, the
/// anchor before is the last that is.
const ANCHORS: [Anchor; 5] = [
    Anchor {
        at: 0,
        length: 8,
        fits: is_identity,
    },
    Anchor {
        at: Counter::OFFSETS[0],
        length: 8,
        fits: is_counter,
    },
    Anchor {
        at: Counter::OFFSETS[1],
        length: 8,
        fits: is_counter,
    },
    Anchor {
        at: offset::LOCK_VALUE,
        length: 2,
        fits: are_locks,
    },
    Anchor {
        at: offset::KEY_CONFIG,
        length: 32,
        fits: are_key_configs,
    },
];

/// What 112 bytes lack: a zone from byte 16 on.
const IDENTITY: usize = 16;

impl Anchor {
    /// Whether the bytes end before it does, and what there is of it may be in
    /// its place: the end is missing then, and nothing before.
    fn is_cut_off(&self, bytes: &[u8]) -> bool {
        let end = self.at + self.length;
        let Some(there) = bytes.get(self.at..).filter(|_| bytes.len() < end) else {
            return bytes.len() < self.at;
        };
        // Of KeyConfig all but three words.
        if self.at == offset::KEY_CONFIG {
            let words = there.chunks_exact(2);
            let (count, known) = (
                words.len(),
                words.filter(|word| is_key_config(word)).count(),
            );
            return known + 3 >= count && known > 0 || count == 0;
        }
        true
    }

    /// Whether it stands `by` places off; `None` when the bytes do not reach
    /// there.
    fn stands(&self, bytes: &[u8], by: i8) -> Option<bool> {
        let start = self.at.checked_add_signed(by.into())?;
        let there = bytes.get(start..start + self.length)?;
        Some((self.fits)(there))
    }
}

/// How `bytes`, of whatever number, differ from a zone; `None` when they are one
/// or nothing like one.
#[must_use]
pub fn shift(bytes: &[u8]) -> Option<Shift> {
    let is_in_place = |anchor: &Anchor| anchor.stands(bytes, 0) == Some(true);
    let in_place = ANCHORS
        .iter()
        .take_while(|anchor| is_in_place(anchor))
        .count();
    let rest = ANCHORS.get(in_place..)?;
    let first = rest.first()?;
    if first.is_cut_off(bytes) {
        return None;
    }
    let after = match in_place.checked_sub(1).and_then(|last| ANCHORS.get(last)) {
        Some(last) => last.at + last.length,
        None => 0,
    };
    // A number of bytes that fits is the likeliest shift.
    let surplus = i16::try_from(bytes.len()).unwrap_or(i16::MAX) - 128;
    let surplus = i8::try_from(surplus).ok();
    let places = surplus.into_iter().chain((1..=32).flat_map(|by| [-by, by]));
    let by = places.filter(|by| *by != 0).find(|by| {
        let stands = first.at.saturating_add_signed((*by).into());
        stands >= after && is_displaced(rest, bytes, *by)
    })?;
    let from = first.at.saturating_add_signed(by.into());
    // Where the beginning is displaced, all is.
    let after = if in_place == 0 { from } else { after };
    Some(Shift { by, after, from })
}

/// Whether these anchors stand `by` places off: all that the bytes reach, and
/// not by chance.
fn is_displaced(anchors: &[Anchor], bytes: &[u8], by: i8) -> bool {
    let mut evidence = 0;
    for anchor in anchors {
        match anchor.stands(bytes, by) {
            Some(true) => evidence += usize::from(anchor.length > 2),
            Some(false) => return false,
            None => {}
        }
    }
    evidence > 0
}

/// A serial number begins with 01 23; RevNum is 00 00 50 or 60 and one more.
/// Zeros: not told.
fn is_identity(bytes: &[u8]) -> bool {
    matches!(
        bytes,
        [0x01, 0x23, _, _, 0, 0, 0x50 | 0x60, _]
            | [0, 0, 0, 0, 0, 0, 0x50 | 0x60, _]
            | [0x01, 0x23, _, _, 0, 0, 0, 0]
            | [0, 0, 0, 0, 0, 0, 0, 0]
    )
}

fn is_counter(bytes: &[u8]) -> bool {
    bytes
        .try_into()
        .is_ok_and(|bytes| Counter::from_bytes(bytes).to_bytes() == bytes)
}

fn are_locks(bytes: &[u8]) -> bool {
    bytes.iter().all(|byte| matches!(byte, 0x00 | 0x55))
}

/// KeyType is 4, 6 or 7 in nearly all slots.
fn are_key_configs(bytes: &[u8]) -> bool {
    bytes.chunks(2).filter(|word| is_key_config(word)).count() >= 13
}

fn is_key_config(word: &[u8]) -> bool {
    word.first()
        .is_some_and(|low| matches!(low >> 2 & 0b111, 4 | 6 | 7))
}

/// Whether these are the 112 bytes from byte 16 on, as vendors' tools and source
/// code keep them.
#[must_use]
pub fn is_without_identity(bytes: &[u8]) -> bool {
    let zone: [u8; 112] = match bytes.try_into() {
        Ok(zone) => zone,
        Err(_) => return false,
    };
    let mut whole = [0; 128];
    for (to, from) in whole.iter_mut().skip(IDENTITY).zip(zone) {
        *to = from;
    }
    let begins = zone.first_chunk::<8>();
    !begins.is_some_and(|bytes| is_identity(bytes)) && shift(&whole).is_none()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A blank ATECC608A; a real dump of public notes.
    fn blank() -> Vec<u8> {
        let text = "0123FE1E00006002CBC3C08FEEC13900C0000000832087208F20C48F8F8F8F8F\
                    9F8FAF8F0000000000000000000000000000AF8FFFFFFFFF00000000FFFFFFFF\
                    000000000000000000000000000000000000000000005555FFFF000000000000\
                    3300330033001C001C001C001C001C003C003C003C003C003C003C003C001C00";
        let digits: Vec<u8> = text
            .chars()
            .filter_map(|digit| digit.to_digit(16))
            .map(|digit| u8::try_from(digit).unwrap())
            .collect();
        digits
            .chunks(2)
            .map(|pair| pair[0] << 4 | pair[1])
            .collect()
    }

    #[test]
    fn what_is_missing_or_too_much_is_found() {
        let blank = blank();
        assert_eq!((blank.len(), shift(&blank)), (128, None));
        for at in 8..52 {
            let mut short = blank.clone();
            short.remove(at);
            let found = shift(&short).unwrap();
            assert_eq!((found.by, found.from), (-1, 51), "{at}");
            assert!(found.after <= at, "{at}");
            // Filled up to 128 the same.
            short.push(0);
            assert_eq!(shift(&short), Some(found), "{at}");
            let mut long = blank.clone();
            long.insert(at, 0xA5);
            let found = shift(&long).unwrap();
            assert_eq!((found.by, found.from), (1, 53), "{at}");
            long.pop();
            assert_eq!(shift(&long), Some(found), "{at}");
        }
        // The locks, and KeyConfig.
        for (at, from) in [(70, 85), (90, 95)] {
            let mut short = blank.clone();
            short.remove(at);
            let found = shift(&short).unwrap();
            assert_eq!((found.by, found.from), (-1, from), "{at}");
        }
        // The first 16 bytes missing, others in their place at the end.
        let mut late = blank[16..].to_vec();
        late.extend([0xFF; 16]);
        let found = shift(&late).unwrap();
        assert_eq!((found.by, found.from), (-16, 0));
        // 16 bytes before it.
        let mut early = vec![0xAA; 16];
        early.extend(&blank[..112]);
        let found = shift(&early).unwrap();
        assert_eq!((found.by, found.from), (16, 16));
        assert_eq!(
            found.to_string(),
            "looks shifted by 16 from byte 16 on: 16 bytes are too many before it"
        );
        assert_eq!(shift(&[0xA5; 128]), None);
    }

    #[test]
    fn zones_without_the_parts_own_bytes() {
        assert!(is_without_identity(&blank()[16..]));
        assert!(!is_without_identity(&blank()[..112]));
    }
}
