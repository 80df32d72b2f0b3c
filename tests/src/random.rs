//! Reproducible random input.

use atecc_x509::{IssueDate, Name, Validity};

/// `SplitMix64`, of Steele, Lea and Flood (2014): one word of state, so that a
/// seed says everything.
#[derive(Clone, Debug)]
pub(crate) struct Random(pub(crate) u64);

/// Characters of serials: of one to four bytes, with those that name parsers
/// stumble on.
const CHARACTERS: [char; 24] = [
    'A', 'B', 'Z', 'a', 'z', '0', '9', '-', '_', '.', ' ', '/', '=', ',', '+', '"', '\\', '#',
    '\0', '\n', 'ä', 'ß', '語', '🦀',
];

impl Random {
    pub(crate) fn word(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ mixed >> 31
    }

    /// 0 to `bound` - 1.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.word() % bound).unwrap_or_default()
    }

    pub(crate) fn choice<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.byte(256))
    }

    /// Any hour of the years that format 0 holds, and 0 to 31 years.
    pub(crate) fn validity(&mut self) -> Validity {
        loop {
            let year = 2000 + u16::from(self.byte(32));
            let (month, day) = (1 + self.byte(12), 1 + self.byte(31));
            let issue = IssueDate::new(year, month, day, self.byte(24));
            let validity = issue.and_then(|issue| Validity::new(issue, self.byte(32)));
            if let Ok(validity) = validity {
                return validity;
            }
        }
    }

    /// A subject of 1 to 48 bytes.
    pub(crate) fn subject(&mut self) -> Name {
        loop {
            let length = 1 + self.below(48);
            let mut serial = String::new();
            while serial.len() < length {
                serial.extend(self.choice(&CHARACTERS));
            }
            if let Ok(subject) = Name::from_serial(&serial) {
                return subject;
            }
        }
    }

    /// 0 to `bound` - 1, at most 255.
    fn byte(&mut self, bound: usize) -> u8 {
        u8::try_from(self.below(bound)).unwrap_or_default()
    }
}
