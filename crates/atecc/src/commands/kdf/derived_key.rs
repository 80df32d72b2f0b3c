//! What `KDF` answers.

use zeroize::{Zeroize, ZeroizeOnDrop};

/// What became of the derived key: up to 64 bytes. One in the clear is zeroized
/// when it is dropped.
#[derive(Clone, Eq, PartialEq)]
pub enum DerivedKey {
    /// The chip kept it.
    Kept,
    /// 32 bytes in the clear.
    Clear32([u8; 32]),
    /// 64 bytes in the clear.
    Clear64([u8; 64]),
    /// 32 bytes, encrypted.
    Encrypted32 {
        /// The key, encrypted.
        cipher: [u8; 32],
        /// The nonce that the decryption needs.
        nonce: [u8; 32],
    },
    /// 64 bytes, encrypted.
    Encrypted64 {
        /// The key, encrypted.
        cipher: [u8; 64],
        /// The nonce that the decryption needs.
        nonce: [u8; 32],
    },
}

impl Drop for DerivedKey {
    fn drop(&mut self) {
        match self {
            Self::Clear32(key) => key.zeroize(),
            Self::Clear64(key) => key.zeroize(),
            Self::Kept | Self::Encrypted32 { .. } | Self::Encrypted64 { .. } => {}
        }
    }
}

impl ZeroizeOnDrop for DerivedKey {}

/// A key is not shown.
impl core::fmt::Debug for DerivedKey {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Kept => "Kept",
            Self::Clear32(_) => "Clear32(..)",
            Self::Clear64(_) => "Clear64(..)",
            Self::Encrypted32 { .. } => "Encrypted32 { .. }",
            Self::Encrypted64 { .. } => "Encrypted64 { .. }",
        })
    }
}
