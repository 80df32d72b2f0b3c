//! Provisioning: from any stage of a chip's life to a finished NervesKey.
//!
//! 1. Read the chip: [`nerves_key::ReadSnapshot`].
//! 2. [`Plan::new`] is pure. It lists every step that remains, marks those that
//!    cannot be undone, and refuses what could strand the chip.
//! 3. [`provision`] executes the plan. The plan's steps are the program and
//!    [`Runner`] is their interpreter; what was shown is what runs.
//!
//! An interrupted run is continued by doing all three again.
//!
//! Whenever a certificate is issued the chip makes its key anew first, unless
//! something of ours knows the key that is there: see [`DeviceKey`].
//!
//! Before the data zone is locked the chip has proved that it holds the key (or
//! refused to sign in that state, which is reported), and both certificates have
//! been rebuilt and verified from the very bytes that the lock's CRC covers. After
//! it all is read back and verified before slots 10 to 13 and 0 are locked. Locks
//! behave the same in every build profile.
//!
//! A chip that is finished without the locks of slots 10 to 13 gets them by a
//! [`Hardening`].
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
pub use issue::{IssueError, create_auxiliary, create_device, self_signed};
pub use plan::{DEVICE_YEARS, Plan};
pub use provision::{Challenges, ProvisionError, prepare, provision};
pub use refusal::Refusal;
pub use report::{KeyOrigin, Possession, Report};
pub use request::{AcceptedSigner, CertificateSlots, DeviceKey, Request, default_serial};
pub use runner::{Event, Runner, Stop};
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
