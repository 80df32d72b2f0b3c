//! Public keys and signatures.

use atecc::Opcode;
use atecc::config::offset;
use atecc_emulator::{Image, Revision};

use super::each;
use super::harness::Harness;
use crate::emulator::{is_point, verifies};
use crate::judgement::{Judge, Judged, Verdict, hex};
use crate::recording::{PublicKey, Recording};

pub(super) fn judge(recording: &Recording, judged: &mut Judged) {
    let data = &recording.data;
    each("signatures", &data.signatures, judged, |one, add| {
        let verdict = verify(&one.public_key.0, &one.digest.0, &one.signature.0);
        add(Judge::Emulator, "Verify", verdict);
    });
    each("public_keys", &data.public_keys, judged, |one, add| {
        add(Judge::Codec, "public key", key(recording, one));
    });
}

/// A point, and where the recording has the answers to `GenKey` of the slot,
/// one of these.
fn key(recording: &Recording, one: &PublicKey) -> Verdict {
    let bytes = &one.public_key.0;
    let told = one.slot.map(|slot| recording.public_keys_of(slot));
    match told.unwrap_or_default().as_slice() {
        _ if !is_point(bytes) => Verdict::differs("a point of P-256", hex(bytes)),
        [] => Verdict::Passed,
        told if told.iter().any(|told| told == bytes) => Verdict::Passed,
        [told, ..] => Verdict::differs(hex(told), hex(bytes)),
    }
}

/// By the mathematics, and by an emulated chip; and another digest is not
/// verified.
pub(super) fn verify(key: &[u8], digest: &[u8], signature: &[u8]) -> Verdict {
    if !verifies(key, digest, signature) {
        return Verdict::differs("a signature of the digest", hex(signature));
    }
    let mut image = Image::blank(Revision::Atecc508A);
    let mut config = *image.config();
    (config[offset::LOCK_VALUE], config[offset::LOCK_CONFIG]) = (0, 0);
    image = image
        .with_config(config)
        .unwrap_or(Image::blank(Revision::Atecc508A));
    let harness = Harness::new(image);
    let verify = |digest: &[u8]| {
        harness.say(Opcode::Nonce, 0x03, 0, digest);
        harness.say(Opcode::Verify, 0x02, 4, &[signature, key].concat())
    };
    let mut other = digest.to_vec();
    if let Some(first) = other.first_mut() {
        *first ^= 0x01;
    }
    Verdict::equal(&[0, 1], &[verify(digest), verify(&other)].concat())
}
