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
#[cfg(all(feature = "std", not(test)))]
extern crate std;

mod clean_stack;
mod error;
mod harden;
mod issue;
mod plan;
mod plan_digest;
mod provision;
mod refusal;
mod report;
mod request;
mod runner;
mod signer;
mod step;
mod volatile_secrets;
mod warning;

pub use error::RunError;
pub use harden::{Harden, HardenError, HardenRefusal, Hardening};
#[cfg(feature = "pem")]
pub use issue::create_signer;
pub use issue::{DeviceSubject, IssueError, create_auxiliary, create_device, self_signed};
pub use plan::{DEVICE_YEARS, Plan};
pub use provision::{Challenges, ProvisionError, prepare, provision};
pub use refusal::Refusal;
pub use report::{KeyOrigin, Possession, Report};
pub use request::{AcceptedSigner, CertificateSlots, DeviceKey, Request, default_serial};
pub use runner::{Event, RunOutcome, Runner};
#[cfg(feature = "json")]
pub use signer::{AnswerMismatch, DocumentError, SigningAnswer};
pub use signer::{CertificateSigner, SigningRequest, SigningRequestError};
#[cfg(feature = "exec")]
pub use signer::{ExecError, ExecSigner};
#[cfg(feature = "pem")]
pub use signer::{KeyFileError, KeySigner};
#[cfg(feature = "pkcs11")]
pub use signer::{
    PinSource, Pkcs11Error, Pkcs11ErrorKind, Pkcs11Signer, Pkcs11Token, Pkcs11Uri, Pkcs11UriError,
};
pub use step::Step;
pub use volatile_secrets::VolatileSecrets;
pub use warning::Warning;
