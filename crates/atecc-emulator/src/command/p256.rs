//! P-256 keys as slots and messages hold them.
//!
//! Layouts: ATECC508A datasheet, section 4.1.1.

use p256::ecdsa::signature::hazmat::{PrehashVerifier, RandomizedPrehashSigner};
use p256::ecdsa::{Signature, SigningKey, VerifyingKey};
use p256::elliptic_curve::Generate;
use p256::elliptic_curve::point::AffineCoordinates;
use p256::elliptic_curve::sec1::ToSec1Point;
use p256::{PublicKey, SecretKey};
use zeroize::Zeroizing;

use crate::entropy::Generator;

/// The private key in `scalar`. `None` unless 1 <= d < order.
pub(super) fn private_scalar(scalar: &[u8; 32]) -> Option<SecretKey> {
    SecretKey::from_slice(scalar).ok()
}

/// The private key in a slot: four bytes of padding, then the scalar, most
/// significant byte first. `None` unless 1 <= d < order.
pub(super) fn private_key(slot: &[u8]) -> Option<SecretKey> {
    SecretKey::from_slice(slot.get(4..36)?).ok()
}

/// A new private key.
pub(super) fn create(generator: &mut Generator) -> SecretKey {
    SecretKey::generate_from_rng(generator)
}

/// The 36 bytes that `GenKey` stores.
pub(super) fn stored(key: &SecretKey) -> Zeroizing<[u8; 36]> {
    let mut slot = Zeroizing::new([0; 36]);
    slot[4..].copy_from_slice(&Zeroizing::new(key.to_bytes())[..]);
    slot
}

/// X then Y, 32 bytes each, most significant byte first.
pub(super) fn public_half(key: &SecretKey) -> [u8; 64] {
    let point = key.public_key().to_sec1_point(false);
    let mut xy = [0; 64];
    xy.copy_from_slice(&point.as_bytes()[1..]);
    xy
}

/// The public key in a slot of 72 bytes: padding, X, padding, Y.
pub(super) fn stored_public(slot: &[u8]) -> Option<[u8; 64]> {
    let (x, y) = (slot.get(4..36)?, slot.get(40..72)?);
    let mut xy = [0; 64];
    xy[..32].copy_from_slice(x);
    xy[32..].copy_from_slice(y);
    Some(xy)
}

/// R then S over `digest`, with a random nonce; S is not normalized.
///
/// `None` is the rare failure that the chip reports as 0x05.
pub(super) fn sign(
    key: &SecretKey,
    digest: &[u8; 32],
    generator: &mut Generator,
) -> Option<[u8; 64]> {
    let signature: Signature = SigningKey::from(key)
        .sign_prehash_with_rng(generator, digest)
        .ok()?;
    Some(signature.to_bytes().into())
}

/// The point with these coordinates, X then Y. `None` off the curve.
pub(super) fn public_key(xy: &[u8; 64]) -> Option<PublicKey> {
    let mut point = [0x04; 65];
    point[1..].copy_from_slice(xy);
    PublicKey::from_sec1_bytes(&point).ok()
}

/// Whether `signature`, R then S, is one of `digest`. R or S of 0, or past
/// the order, is none (unconfirmed).
pub(super) fn verifies(key: &PublicKey, digest: &[u8; 32], signature: &[u8]) -> bool {
    Signature::from_slice(signature).is_ok_and(|signature| {
        VerifyingKey::from(key)
            .verify_prehash(digest, &signature)
            .is_ok()
    })
}

/// The X coordinate that both sides of an ECDH share.
pub(super) fn shared_secret(key: &SecretKey, peer: &PublicKey) -> Zeroizing<[u8; 32]> {
    let shared = peer.to_projective() * *key.to_nonzero_scalar();
    Zeroizing::new(shared.to_affine().x().into())
}
