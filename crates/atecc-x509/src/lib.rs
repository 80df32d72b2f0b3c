//! Compressed X.509 certificates of ATECC secure elements.
//!
//! A chip has 72 bytes for a certificate: its signature, its dates and a few
//! numbers. Everything else is rebuilt from what the chip holds elsewhere, so
//! a certificate survives only if every other byte of it follows from a rule.
//! This crate has the rules: [`CompressedCertificate`] reads and writes the
//! 72 bytes, [`SignerCertificate`] and [`DeviceCertificate`] make the bytes to
//! be signed of the two certificates of a `NervesKey`,
//! [`TrustSignerCertificate`] and [`TrustDeviceCertificate`] those of the parts
//! that Microchip provisions, [`decompress`] rebuilds what was stored, and [`round_trip`] proves, before anything is locked, that
//! the rebuilt certificate is the original.
//!
//! Signing happens elsewhere: [`Tbs::digest`] goes out, and
//! [`Tbs::assemble`] takes the signature.
//!
//! ```
//! use atecc_x509::{DateTime, PublicKey, SignatureBytes, SignerCertificate, Validity};
//!
//! let now = DateTime::new(2026, 3, 15, 9, 15, 0)?;
//! let signer = SignerCertificate {
//!     public_key: PublicKey::from_bytes([0x5A; 64]),
//!     validity: Validity::issued_at(now, 10)?,
//! };
//! let tbs = signer.to_be_signed()?;
//! let _digest: [u8; 32] = tbs.digest();
//! let signature = SignatureBytes::from_bytes([0x11; 64]); // From a key, an HSM, a chip.
//! let certificate = tbs.assemble(&signature)?;
//! assert_eq!(&certificate.as_der()[..2], [0x30, 0x82]);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! There is no chip and no bus here, and no panic on any input. The feature
//! `verify` (on by default) adds what needs curve arithmetic.
#![no_std]
#![forbid(unsafe_code)]
#![deny(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing
)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        reason = "a test that fails should say where"
    )
)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod certificate;
mod check;
mod compressed;
mod date;
mod encode;
mod encoded_dates;
mod error;
mod extension;
mod field_check;
mod name;
mod name_text;
mod nerves_key;
mod parse;
mod pem;
mod public_key;
mod reference_name;
mod request;
mod round_trip;
mod serial;
mod signature;
mod slot_form;
mod tbs;
mod template;
#[cfg(test)]
mod testing;
mod trust;
mod validity;
#[cfg(feature = "verify")]
mod verify;

pub use certificate::Certificate;
pub use check::{CheckedSigner, SignerError};
pub use compressed::{CompressedCertificate, ParseError};
pub use date::{DateError, DateTime, Fields as DateFields};
pub use encoded_dates::{EncodedDates, Format};
pub use error::Error;
pub use extension::ExtensionKind;
pub use field_check::FieldCheck;
pub use name::{Name, SerialTextError};
pub use nerves_key::{DeviceCertificate, SignerCertificate};
pub use parse::Part;
pub use pem::PemError;
pub use public_key::{KeyId, PublicKey};
pub use request::{AlternativeName, RequestInfo};
pub use round_trip::{Rebuild, RoundTripError, compress, decompress, round_trip};
pub use serial::{SerialError, SerialInputs, SerialNumber, SerialSource};
pub use signature::SignatureBytes;
pub use slot_form::SlotFormError;
pub use tbs::Tbs;
pub use template::{NibbleError, Template};
pub use trust::{TrustChain, TrustDeviceCertificate, TrustLayout, TrustSignerCertificate};
pub use validity::{IssueDate, Validity};
#[cfg(feature = "verify")]
pub use verify::{NotOnCurve, SignatureMismatch};
