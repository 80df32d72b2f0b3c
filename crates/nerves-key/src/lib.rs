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

mod activate;
mod auxiliary;
mod certificates;
mod chunks;
mod identity;
mod jwt;
mod rewrite;
pub mod settings;
mod snapshot;
mod stage;
mod trust;
mod verified;

pub use activate::{Activate, Activation};
pub use auxiliary::{Auxiliary, AuxiliarySlots, ReadAuxiliary, WriteAuxiliary};
pub use certificates::{
    CertificateParts, IdentityParts, ReadCertificates, ReadIdentity, RefreshCertificates,
};
pub use identity::{Identity, IdentityError, SubjectReading};
pub use jwt::Jwt;
pub use rewrite::WriteError;
pub use snapshot::{ReadSnapshot, Snapshot};
pub use stage::{Foreign, Stage};
pub use trust::{Certificates, TrustIdentity, TrustKind};
pub use verified::{SignError, SignVerified};

use atecc::procedures::SignDigest;
use nerves_key_schema::slot;

/// Sign a 32-byte digest with the key of a NervesKey: R then S, 32 bytes each.
/// [`Snapshot::key_slot`] says which key a trust part has.
///
/// Where another program may use the chip without this one's lock, use
/// [`SignVerified`].
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// let signature: [u8; 64] = device.run(nerves_key::sign([0x5A; 32]))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn sign(digest: [u8; 32]) -> SignDigest {
    // No NervesKey layout limits the uses of its key.
    SignDigest::new(slot::DEVICE_KEY, digest).with_unlimited_key()
}
