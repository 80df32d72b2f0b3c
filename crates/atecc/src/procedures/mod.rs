//! Sequences of commands that belong together.

mod create_key;
mod lock;
mod read;
mod sign;
mod write;

pub use create_key::CreateKey;
pub use lock::LockAndConfirm;
pub use read::{ReadConfig, ReadPlace};
pub use sign::SignDigest;
pub use write::{TooManyBytes, WritePlace};
