//! The chip crate's keys: the same 64 bytes, which neither crate has checked to
//! be a point.

use crate::PublicKey;

impl From<atecc::PublicKey> for PublicKey {
    fn from(key: atecc::PublicKey) -> Self {
        Self::from_bytes(key.0)
    }
}

impl From<PublicKey> for atecc::PublicKey {
    fn from(key: PublicKey) -> Self {
        Self(*key.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use crate::PublicKey;
    use crate::testing::SIGNER_KEY;

    #[test]
    fn a_key_is_the_same_bytes_in_both_crates() {
        let ours = PublicKey::from(atecc::PublicKey(SIGNER_KEY));
        assert_eq!(ours, PublicKey::from_bytes(SIGNER_KEY));
        assert_eq!(atecc::PublicKey::from(ours).0, SIGNER_KEY);
    }
}
