#![doc = include_str!("../README.md")]
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

mod asked;
mod cause;
mod counter;
mod evaluate;
mod explanation;
mod fields;
mod lint;
mod need;
mod operation;
mod options;
mod policy;
mod reason;
mod shift;
mod uses;
mod with_causes;
mod zone_cause;

pub use cause::{Cause, Known, causes};
pub use counter::Counter;
pub use evaluate::{Judgement, changers, evaluate};
pub use explanation::Explanation;
pub use fields::{Difference, Field, differences, fields};
pub use lint::{Finding, Severity, lint};
pub use need::{KeyNeed, Need, SessionNonce};
pub use operation::{Operation, UnknownOperation};
pub use options::Protection;
pub use policy::{Kind, Policy, Way};
pub use reason::Reason;
pub use shift::{Shift, is_without_identity, shift};
pub use uses::Uses;
pub use with_causes::{ReadCauses, Refused, WithCauses};

use alloc::string::{String, ToString};

use atecc::config::{LockState, offset};
use atecc::{ConfigZone, Family, Revision};

/// The zone as it will be once configuration and data are locked.
#[must_use]
pub fn as_if_locked(zone: &ConfigZone) -> ConfigZone {
    zone.with(offset::LOCK_VALUE, &[LockState::Locked.byte(); 2])
}

/// Whether the zone has its first 16 bytes, which are the part's own: in source
/// code they are zero. Every serial number begins with 01 23.
#[must_use]
pub fn is_identity_told(zone: &ConfigZone) -> bool {
    let own = (0..4).chain(8..16);
    own.into_iter().any(|at| zone.byte(at) != 0)
}

/// The byte that says the I2C address, by its name: an ATECC608 may have it in
/// byte 85. Source: cryptoauthlib `calib_command.h`.
pub(crate) fn address_byte(zone: &ConfigZone) -> (&'static str, u8) {
    let extra = zone.byte(offset::SELECTOR);
    if is_608(zone) && zone.chip_mode() & 1 == 1 && extra != 0 {
        ("UserExtraAdd", extra)
    } else {
        ("I2C_Address", zone.byte(offset::I2C_ADDRESS))
    }
}

/// The 7-bit I2C address; `None` of a part for a single wire.
#[must_use]
pub fn i2c_address(zone: &ConfigZone) -> Option<u8> {
    let (_, address) = address_byte(zone);
    let is_i2c = !is_identity_told(zone) || zone.byte(offset::I2C_ENABLE) & 1 == 1;
    is_i2c.then_some(address >> 1)
}

/// The chip, as far as bytes 4 to 7 tell it.
#[must_use]
pub fn chip_words(zone: &ConfigZone) -> String {
    match zone.revision() {
        Revision::Unknown([0, 0, 0, 0]) => "not told".into(),
        revision => revision.to_string(),
    }
}

/// Whether the zone is that of an ATECC608.
pub(crate) fn is_608(zone: &ConfigZone) -> bool {
    zone.revision().family() == Some(Family::Atecc608)
}

/// Whether the zone is that of an ATECC508A.
pub(crate) fn is_508(zone: &ConfigZone) -> bool {
    zone.revision().family() == Some(Family::Atecc508)
}
