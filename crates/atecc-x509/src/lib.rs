#![doc = include_str!("../README.md")]
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

#[cfg(feature = "atecc")]
mod atecc_key;
mod certificate;
mod compressed;
mod compression;
mod date;
mod definition;
mod encode;
mod encoded_dates;
mod error;
mod extension;
mod field_check;
mod legacy_name;
mod name;
mod name_text;
mod nerves_key;
mod parse;
mod pem;
mod public_key;
mod request;
mod serial;
mod signature;
mod signer;
mod slot_encoding;
mod tbs;
mod template;
#[cfg(test)]
mod testing;
mod trust_platform;
mod validity;
#[cfg(feature = "verify")]
mod verify;

pub use certificate::Certificate;
pub use compressed::{CompressedCertificate, ParseError};
pub use compression::{RoundTripError, compress, decompress, round_trip};
pub use date::{DateError, DateTime, Fields as DateFields};
pub use definition::CertificateDef;
pub use der::asn1::ObjectIdentifier;
pub use encoded_dates::{EncodedDates, Format};
pub use error::Error;
pub use extension::{Criticality, Extension, ExtensionKind};
pub use field_check::FieldCheck;
pub use name::{Attribute, Name, SerialTextError, StringType};
pub use nerves_key::{NervesKeyDevice, NervesKeySigner};
pub use parse::Part;
pub use pem::PemError;
pub use public_key::{KeyId, PublicKey};
pub use request::{AlternativeName, RequestInfo};
pub use serial::{SerialError, SerialInputs, SerialNumber, SerialSource};
pub use signature::SignatureBytes;
pub use signer::{CheckedSigner, SignerError};
pub use slot_encoding::SlotEncodingError;
pub use tbs::{Tbs, TbsFields, Time};
pub use template::{NibbleError, Template};
pub use trust_platform::{TrustChain, TrustDevice, TrustLayout, TrustSigner};
pub use validity::{IssueDate, Validity};
#[cfg(feature = "verify")]
pub use verify::{NotOnCurve, SignatureMismatch};
