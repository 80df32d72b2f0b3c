//! A NervesKey in use: what it holds, what state it is in, what it signs.
//!
//! The chip is read by one procedure, [`ReadSnapshot`], in one awake session;
//! all else is computed from the [`Snapshot`] without touching the bus:
//! [`Snapshot::stage`], [`Snapshot::identity`] with both certificates and the
//! manufacturer serial, [`Snapshot::trust_identity`] of a Trust&GO part. Signing is [`sign`]. What may be changed later are the
//! auxiliary certificates ([`Auxiliary`]) and the [`settings`]. Nothing here locks or issues
//! anything; that is `nerves-key-provision`.
//!
//! ```
//! # fn example<I2C: embedded_hal::i2c::I2c, D: embedded_hal::delay::DelayNs>(
//! #     mut device: atecc::Device<I2C, D>, digest: [u8; 32],
//! # ) -> Result<(), Box<dyn std::error::Error>> where I2C::Error: 'static {
//! use nerves_key::{ReadSnapshot, sign};
//!
//! let snapshot = device.run(ReadSnapshot::new())?;
//! let identity = snapshot.identity()?;
//! println!("{}", identity.device_certificate.to_pem()?);
//! let signature = device.run(sign(digest))?;
//! # Ok(())
//! # }
//! ```
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
#[must_use]
pub fn sign(digest: [u8; 32]) -> SignDigest {
    // No NervesKey layout limits the uses of its key.
    SignDigest::new(slot::DEVICE_KEY, digest).with_unlimited_key()
}
