//! What the configuration file says of a slot beside its chip: the token's label,
//! and where new keys may be made.
//!
//! ```text
//! label 1 = greenhouse
//! generate 1 = 2, 3
//! ```
//!
//! `generate` is the only thing that lets a program change a chip, so it names
//! the slot whose chip it is, and the chip's own slots, one by one.

use std::collections::{BTreeMap, BTreeSet};

use atecc::Slot;
use atecc::slot::SlotOutOfRange;
use atecc_text::Shown;
use cryptoki_sys::CK_SLOT_ID;

/// Bytes of `CK_TOKEN_INFO.label`.
pub const LABEL_SIZE: usize = 32;

/// What is said of one slot.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct SlotOptions {
    /// The token's label, where it is not to be the slot's number.
    pub label: Option<String>,
    /// Slots of the chip where `C_GenerateKeyPair` may make a key, in the place of
    /// the one that is there.
    pub generate: BTreeSet<Slot>,
}

/// What is said of all slots.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Options {
    /// For slots without a label of their own.
    label: Option<String>,
    slots: BTreeMap<CK_SLOT_ID, SlotOptions>,
}

/// A value that is none.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OptionError {
    /// A label without a character.
    #[error("a label is 1 to {LABEL_SIZE} bytes, and this is empty")]
    EmptyLabel,
    /// A label that does not fit.
    #[error("a label is 1 to {LABEL_SIZE} bytes, and {text:?} is {}", text.len())]
    LongLabel {
        /// As it was given.
        text: String,
    },
    /// A label that a terminal would not show as it is, so that nobody could write it.
    #[error(
        "{text:?} has a character that is not shown as it is: a label is printable, and without a backslash"
    )]
    HiddenCharacter {
        /// As it was given.
        text: String,
    },
    /// No slot of a chip.
    #[error("{text:?} is no slot of a chip: 0 to 15, with commas or blanks between")]
    NoNumber {
        /// As it was given.
        text: String,
        /// Why.
        source: std::num::ParseIntError,
    },
    /// A number beyond the slots of a chip.
    #[error(transparent)]
    OutOfRange(#[from] SlotOutOfRange),
}

impl Options {
    /// What is said of `slot`.
    #[must_use]
    pub fn of(&self, slot: CK_SLOT_ID) -> SlotOptions {
        let mut options = self.slots.get(&slot).cloned().unwrap_or_default();
        options.label = options.label.or_else(|| self.label.clone());
        options
    }

    /// `label = TEXT`, or `label N = TEXT` for one slot.
    ///
    /// # Errors
    /// [`OptionError`] when it is empty or does not fit.
    pub fn set_label(&mut self, slot: Option<CK_SLOT_ID>, text: &str) -> Result<(), OptionError> {
        if text.is_empty() {
            return Err(OptionError::EmptyLabel);
        }
        if text.len() > LABEL_SIZE {
            return Err(OptionError::LongLabel { text: text.into() });
        }
        if Shown(text).to_string() != text {
            return Err(OptionError::HiddenCharacter { text: text.into() });
        }
        let label = match slot {
            Some(slot) => &mut self.slots.entry(slot).or_default().label,
            None => &mut self.label,
        };
        *label = Some(text.into());
        Ok(())
    }

    /// `generate N = SLOTS`.
    ///
    /// # Errors
    /// [`OptionError`] for what is no slot of a chip; none of them counts then.
    pub fn set_generate(&mut self, slot: CK_SLOT_ID, text: &str) -> Result<(), OptionError> {
        let numbers = text.split([',', ' ', '\t']).filter(|word| !word.is_empty());
        let slots = numbers.map(|word| {
            let number = word.parse().map_err(|source| OptionError::NoNumber {
                text: word.into(),
                source,
            })?;
            Ok(Slot::new(number)?)
        });
        let slots: BTreeSet<_> = slots.collect::<Result<_, OptionError>>()?;
        self.slots.entry(slot).or_default().generate = slots;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slots_own_label_goes_before_that_of_all() {
        let mut options = Options::default();
        assert_eq!(options.of(1).label, None);
        options.set_label(Some(1), "greenhouse").unwrap();
        options.set_label(None, "fleet").unwrap();
        let label = |slot| options.of(slot).label.unwrap();
        assert_eq!(
            (label(1).as_str(), label(2).as_str()),
            ("greenhouse", "fleet")
        );
    }

    /// Source: PKCS#11, `CK_TOKEN_INFO`: 32 bytes, padded with blanks.
    #[test]
    fn a_label_fits_its_field() {
        let mut options = Options::default();
        options.set_label(None, &"x".repeat(32)).unwrap();
        let long = options.set_label(None, &"x".repeat(33)).unwrap_err();
        assert!(long.to_string().ends_with("is 33"), "{long}");
        // Bytes count, not characters.
        options.set_label(None, &"\u{e4}".repeat(17)).unwrap_err();
        options.set_label(None, "").unwrap_err();
        // What is shown otherwise than it is written is no name.
        for hidden in ["a\\b", "a\u{202e}b", "a\tb"] {
            options.set_label(None, hidden).unwrap_err();
        }
        assert_eq!(options.of(0).label.unwrap().len(), 32);
    }

    #[test]
    fn slots_of_new_keys_are_named_one_by_one() {
        let mut options = Options::default();
        options.set_generate(1, "2, 3,4 15").unwrap();
        let numbers = |slot| {
            let slots = options.of(slot).generate.into_iter();
            slots.map(Slot::index).collect::<Vec<_>>()
        };
        assert_eq!(numbers(1), [2, 3, 4, 15]);
        assert_eq!(numbers(2), [0_u8; 0]);
        for bad in ["2 16", "all", "2-4", "2, -1", "256"] {
            let error = Options::default().set_generate(1, bad).unwrap_err();
            assert!(!error.to_string().is_empty(), "{bad}");
            options.set_generate(1, bad).unwrap_err();
        }
        // What is wrong changes nothing.
        assert_eq!(options.of(1).generate.len(), 4);
        // Nothing may be allowed, too.
        options.set_generate(1, "").unwrap();
        assert_eq!(options.of(1).generate.len(), 0);
    }
}
