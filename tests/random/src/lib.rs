//! Reproducible random input.
#![forbid(unsafe_code)]

mod split_mix;

pub use split_mix::SplitMix64;

/// Input of one seed.
#[derive(Clone, Debug)]
pub struct Random(SplitMix64);

impl Random {
    /// The input of `seed`.
    #[must_use]
    pub const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    /// The next 64 bits.
    pub const fn word(&mut self) -> u64 {
        self.0.word()
    }

    /// 0 to `bound` - 1.
    pub fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.word() % bound).unwrap_or_default()
    }

    /// One of `items`, unless there is none.
    pub fn choice<'a, T>(&mut self, items: &'a [T]) -> Option<&'a T> {
        items.get(self.below(items.len()))
    }

    /// As many bytes as are asked for.
    pub fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.byte(256))
    }

    /// 0 to `bound` - 1, at most 255.
    pub fn byte(&mut self, bound: usize) -> u8 {
        u8::try_from(self.below(bound)).unwrap_or_default()
    }
}
