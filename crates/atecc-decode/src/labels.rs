//! What a product keeps in its slots, for explanations in its own words.

use core::fmt;

use atecc::{Region, Slot};

/// Names that a caller gives to slots.
pub trait Labels {
    /// What `slot` holds, such as "device private key".
    fn slot(&self, slot: Slot) -> Option<&str>;
}

/// No names: slots are numbers.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoLabels;

impl Labels for NoLabels {
    fn slot(&self, _: Slot) -> Option<&str> {
        None
    }
}

/// `slot 0`, or `slot 0 (device private key)`.
pub(crate) struct Labelled<'a>(pub(crate) &'a dyn Labels, pub(crate) Slot);

impl fmt::Display for Labelled<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.1.fmt(f)?;
        match self.0.slot(self.1) {
            Some(label) => write!(f, " ({label})"),
            None => Ok(()),
        }
    }
}

/// `configuration`, `OTP`, or a slot as above.
pub(crate) struct LabelledPlace<'a>(pub(crate) &'a dyn Labels, pub(crate) Region);

impl fmt::Display for LabelledPlace<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.1 {
            Region::Config => f.write_str("configuration"),
            Region::Otp => f.write_str("OTP"),
            Region::Slot(slot) => Labelled(self.0, slot).fmt(f),
        }
    }
}
