//! A P-256 public key as the chip gives it.

/// X then Y, each 32 bytes, big-endian. Not checked to be on the curve: that
/// is for who computes with it.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
pub struct PublicKey(pub [u8; 64]);

impl PublicKey {
    /// X then Y.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 64] {
        &self.0
    }
}
