//! Reproducible random input.

use atecc_x509::{IssueDate, Name, Validity};

use crate::prng::SplitMix64;

/// Input of one seed.
#[derive(Clone, Debug)]
pub(crate) struct Random(SplitMix64);

/// Characters of serials: of one to four bytes, with those that name parsers
/// stumble on.
const CHARACTERS: [char; 24] = [
    'A', 'B', 'Z', 'a', 'z', '0', '9', '-', '_', '.', ' ', '/', '=', ',', '+', '"', '\\', '#',
    '\0', '\n', 'ä', 'ß', '語', '🦀',
];

impl Random {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub(crate) const fn word(&mut self) -> u64 {
        self.0.word()
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
