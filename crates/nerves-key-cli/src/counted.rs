//! How many there are, in words.

use std::fmt::Display;

/// `1 event`, `2 events`.
pub(crate) fn counted<T: Copy + Display + PartialEq + From<u8>>(count: T, noun: &str) -> String {
    let plural = if count == T::from(1) { "" } else { "s" };
    format!("{count} {noun}{plural}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_is_no_several() {
        let words = [0_u64, 1, 2].map(|count| counted(count, "event"));
        assert_eq!(words, ["0 events", "1 event", "2 events"]);
    }
}
