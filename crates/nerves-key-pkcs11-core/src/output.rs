//! Results of a length that the caller may not know.
//!
//! Most functions of PKCS#11 that give bytes can be asked for the length
//! first, and what they do then must not be the work itself: a query never
//! makes the chip sign. So the length is settled before the work begins.

/// What a caller offers for a result.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Capacity {
    /// A null pointer: only the length is asked for.
    Query,
    /// So many places.
    Places(usize),
}

/// What a caller gets.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Output<T> {
    /// So many places are needed; nothing has been done.
    Needs(usize),
    /// The result.
    Ready(T),
}

impl Capacity {
    /// Whether `needed` places are there.
    #[must_use]
    pub const fn holds(self, needed: usize) -> bool {
        match self {
            Self::Query => false,
            Self::Places(places) => places >= needed,
        }
    }
}
