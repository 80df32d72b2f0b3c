//! One file, one command: its bytes, its response, its meaning.

mod gen_key;
mod info;
mod lock;
mod nonce;
mod random;
mod read;
mod sign;
mod write;

pub use gen_key::{GenKey, GenKeyMode};
pub use info::{InfoKeyValid, InfoRevision};
pub use lock::{Lock, LockTarget};
pub use nonce::{LoadNonce, NonceTarget};
pub use random::Random;
pub use read::{ReadBlock, ReadWord};
pub use sign::{DigestSource, Sign};
pub use write::{WriteBlock, WriteWord};

#[cfg(test)]
mod testing {
    use crate::{Command, Request};

    /// The group that `command` becomes, without the word address.
    pub(super) fn group<C: Command>(command: &C) -> Vec<u8> {
        let request = Request::new(command).unwrap();
        let (word_address, group) = request.bytes().split_first().unwrap();
        assert_eq!(*word_address, 0x03);
        group.to_vec()
    }
}
