//! One file, one command: its bytes, its response, its meaning.

mod aes;
mod check_mac;
mod counter;
mod derive_key;
mod ecdh;
mod gen_dig;
mod gen_key;
mod hmac;
mod info;
mod kdf;
mod lock;
mod mac;
mod nonce;
mod pause;
mod priv_write;
mod random;
mod read;
mod secure_boot;
mod self_test;
mod sha;
mod sha_context;
mod sign;
mod source_flag;
mod update_extra;
mod verdict;
mod verify;
mod write;

pub use aes::{Aes, AesGfm, AesKey, AesMode, KeyBlock};
pub use check_mac::{Blocks, CheckMac, OtpPart};
pub use counter::{Counter, CounterId, CounterMode};
pub use derive_key::DeriveKey;
pub use ecdh::{Ecdh, EcdhMode, SharedSecret};
pub use gen_dig::{DigSource, GenDig, Half, Quarter};
pub use gen_key::{CreateTempKey, DigestPublicKey, GenKey, GenKeyMode};
pub use hmac::Hmac;
pub use info::{InfoGpio, InfoKeyValid, InfoLatch, InfoRevision, InfoState, VolatileState};
pub use kdf::{
    DerivedKey, HkdfKey, HkdfMessage, Kdf, KdfFunction, KdfMessageTooLong, KdfSource, KdfTarget,
    PrfKeyLength, PrfResult,
};
pub use lock::{Lock, LockTarget, LockWithoutCrc};
pub use mac::{IncludeSerial, Mac, MacBlocks, MacOtp};
pub use nonce::{FixedNonce, LoadNonce, LoadNonce64, NonceTarget, NonceTarget64, RandomNonce};
pub use pause::{Pause, Paused};
pub use priv_write::{PrivWrite, PrivateKeyData};
pub use random::{Random, SeedUpdate};
pub use read::{ReadBlock, ReadWord};
pub use secure_boot::{Afterwards, Protection, SecureBoot, SecureBootMode};
pub use self_test::{Engines, SelfTest};
pub use sha::{
    DigestTarget, PieceTooLong, SHA_BLOCK, ShaEnd, ShaPiece, ShaPublic, ShaStart, ShaUpdate,
};
pub use sha_context::{ShaContext, ShaReadContext, ShaWriteContext};
pub use sign::{DigestSource, InternalPurpose, Sign, SignInternal};
pub use source_flag::SourceFlag;
pub use update_extra::UpdateExtra;
pub use verdict::Verdict;
pub use verify::{Validate, ValidityChange, Verify, VerifyAnswer, VerifyKey};
pub use write::{WriteBlock, WriteEncrypted, WriteWord, ZoneState};

#[cfg(test)]
mod testing {
    use crate::Command;
    use crate::command::Request;

    /// The group that `command` becomes, without the word address.
    pub(super) fn encoded<C: Command>(command: &C) -> Vec<u8> {
        let request = Request::new(command).unwrap();
        let (word_address, group) = request.as_bytes().split_first().unwrap();
        assert_eq!(*word_address, 0x03);
        group.to_vec()
    }

    /// The same, of a command that owns its parameters; what it becomes is
    /// parsed again.
    #[cfg(feature = "parse")]
    pub(super) fn group<C>(command: &C) -> Vec<u8>
    where
        C: for<'a> crate::parse::Parse<'a> + PartialEq + core::fmt::Debug,
    {
        let group = encoded(command);
        assert_eq!(C::parse(&group).as_ref(), Ok(command));
        group
    }

    #[cfg(not(feature = "parse"))]
    pub(super) use encoded as group;
}
