//! What can be said of random answers: that they are sound.

use std::collections::{BTreeMap, BTreeSet};

use p256::ecdsa::signature::hazmat::PrehashVerifier;
use p256::ecdsa::{Signature, VerifyingKey};

/// X then Y.
fn key(public: &[u8]) -> Option<VerifyingKey> {
    let public: &[u8; 64] = public.try_into().ok()?;
    let mut point = [0x04; 65];
    point[1..].copy_from_slice(public);
    VerifyingKey::from_sec1_bytes(&point).ok()
}

/// Whether 64 bytes are a point of P-256.
pub(crate) fn is_point(public: &[u8]) -> bool {
    key(public).is_some()
}

/// Whether `signature` (R then S) is one of `digest` by `public` (X then Y).
pub(crate) fn verifies(public: &[u8], digest: &[u8], signature: &[u8]) -> bool {
    let signature = Signature::from_slice(signature).ok();
    let verified = key(public)
        .zip(signature)
        .map(|(key, signature)| key.verify_prehash(digest, &signature));
    matches!(verified, Some(Ok(())))
}

/// Recorded answers that depend on each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Mathematics {
    /// Public keys by slot, as the recorded chip told them.
    keys: BTreeMap<u8, Vec<u8>>,
    randoms: BTreeSet<Vec<u8>>,
    /// `TempKey`, while the host's own 32 bytes are in it.
    digest: Option<[u8; 32]>,
}

impl Mathematics {
    pub(super) fn load(&mut self, digest: Option<[u8; 32]>) {
        self.digest = digest;
    }

    pub(super) fn new_key(&mut self, slot: u8) {
        self.keys.remove(&slot);
    }

    /// Whether the slot had this key before; an error says what is wrong with
    /// it.
    pub(super) fn public_key(&mut self, slot: u8, public: &[u8]) -> Result<bool, &'static str> {
        if !is_point(public) {
            return Err("a point of P-256");
        }
        match self.keys.insert(slot, public.to_vec()) {
            None => Ok(false),
            Some(before) if before == public => Ok(true),
            Some(_) => Err("the public key that the slot had before"),
        }
    }

    /// Whether a signature verifies; `None` when key or digest is not known.
    pub(super) fn signature(&self, slot: u8, signature: &[u8]) -> Option<bool> {
        let key = self.keys.get(&slot)?;
        Some(verifies(key, &self.digest?, signature))
    }

    /// Whether a random number was never told before.
    pub(super) fn random(&mut self, random: &[u8]) -> bool {
        self.randoms.insert(random.to_vec())
    }
}
