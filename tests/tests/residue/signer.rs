//! A signer's key.

use nerves_key_provision::KeySigner;

use crate::memory::{left_of, masked, with_plain};

#[test]
fn of_a_signers_key_that_was_used_nothing_is_left() {
    let secret = masked::<32>();
    let sign = || {
        let key = with_plain(&secret, KeySigner::from_bytes).unwrap();
        let pem = key.to_pem().unwrap();
        let again = KeySigner::from_pem(pem.as_ref()).unwrap();
        assert_eq!(again.public_key(), key.public_key());
        again.sign_digest(&[0x5A; 32]).unwrap();
        again
    };
    // One that is in use is found, and nowhere but there.
    let held = left_of(&[("signer", &secret)], sign);
    assert_eq!(held.len(), 2, "its two halves: {held:X?}");
    let left = left_of(&[("signer", &secret)], || drop(sign()));
    assert_eq!(left, [], "{left:X?}");
}
