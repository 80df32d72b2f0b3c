//! What the 128 bytes of a configuration zone mean.
//!
//! The zone can be locked only once, and its bits depend on each other, so a
//! reader wants answers rather than bits:
//!
//! - [`judge`]: whether an [`Operation`] on a slot would be executed in this
//!   state, and if not, why; it answers without a chip.
//! - [`Policy`]: a slot in words: what it holds, who may read, write and use it.
//! - [`fields`] and [`differences`]: every field with its value and meaning,
//!   and those in which two zones differ.
//! - [`lint`]: combinations of bits that make a slot useless, or a secret none.
//!
//! ```
//! use atecc::{ConfigZone, Slot};
//! use atecc_config::{Judgement, Operation, Reason, judge};
//!
//! // Nothing is locked, so that no key can be used yet.
//! let mut zone = [0; 128];
//! zone[86..88].fill(0x55);
//! zone[20..22].copy_from_slice(&[0x87, 0x20]); // SlotConfig[0]
//! zone[96..98].copy_from_slice(&[0x33, 0x00]); // KeyConfig[0]
//! let judgement = judge(&ConfigZone(zone), Operation::Sign, Slot::ALL[0]);
//! assert_eq!(judgement, Judgement::Refused(vec![Reason::ConfigUnlocked]));
//! ```
//!
//! Source: ATECC508A datasheet, sections 2.2 and 9; for the ATECC608, of which
//! no complete datasheet is public, cryptoauthlib and its tests. What no source
//! confirms is marked.
#![cfg_attr(not(test), no_std)]
#![forbid(unsafe_code)]
#![cfg_attr(
    not(test),
    deny(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing
    )
)]

extern crate alloc;

mod counter;
mod fields;
mod judge;
mod lint;
mod operation;
mod policy;
mod reason;

pub use counter::Counter;
pub use fields::{Difference, Field, differences, fields};
pub use judge::{Judgement, judge};
pub use lint::{Finding, Severity, lint};
pub use operation::{Operation, UnknownOperation};
pub use policy::{Kind, Policy};
pub use reason::{Need, Reason};

use atecc::ConfigZone;
use atecc::config::offset;

/// The zone as it will be once configuration and data are locked.
#[must_use]
pub fn as_if_locked(zone: &ConfigZone) -> ConfigZone {
    let mut zone = *zone;
    zone.0[offset::LOCK_VALUE] = 0x00;
    zone.0[offset::LOCK_CONFIG] = 0x00;
    zone
}

/// Byte `at`, which is below 128.
pub(crate) fn byte(zone: &ConfigZone, at: usize) -> u8 {
    zone.0.get(at).copied().unwrap_or_default()
}

/// Bytes `at` and `at + 1`, low byte first.
pub(crate) fn half_word(zone: &ConfigZone, at: usize) -> u16 {
    u16::from_le_bytes([byte(zone, at), byte(zone, at + 1)])
}

/// Whether the zone is that of an ATECC608.
pub(crate) fn is_608(zone: &ConfigZone) -> bool {
    zone.revision().family() == Some(atecc::Family::Atecc608)
}
