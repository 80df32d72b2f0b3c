//! Sequences of commands that belong together.

mod configure;
mod confirmed;
mod count;
mod create_key;
mod data;
#[cfg(feature = "host")]
mod encrypted;
mod lock;
mod mac;
mod prepared;
mod read;
mod sha;
mod sign;
mod write;

pub use configure::{Configure, ConfigureError, Configured, LockConfiguration};
pub use confirmed::Confirmed;
pub use count::IncrementCounter;
pub use create_key::CreateKey;
pub use data::{LockData, WriteData, WriteDataError, WrittenData};
#[cfg(feature = "host")]
pub use encrypted::{ReadEncrypted, SessionKey, WriteBlockEncrypted};
pub use lock::LockAndConfirm;
pub use mac::{ChallengeMac, ChallengeResponse, DeterministicMac};
pub use prepared::Prepared;
pub use read::{ReadConfig, ReadRegion, RefreshConfig};
pub use sha::HashInChip;
pub use sign::{SignDigest, VerifyDigest, sign_about_data, sign_about_key};
pub use write::{TooManyBytes, WriteRegion};
