//! Verify that answers with a MAC.

use super::{CommandHeader, sha256};

/// The MAC that a good signature is answered with. `digest` is what the
/// signature is over; `nonce` is the second half of the message digest buffer
/// when the digest is its first half, else the first.
#[must_use]
pub fn verify_mac(
    head: CommandHeader,
    io_key: &[u8; 32],
    digest: &[u8; 32],
    nonce: &[u8; 32],
    signature: &[u8; 64],
) -> [u8; 32] {
    sha256(&[io_key, digest, nonce, signature, &head.0])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CHALLENGE, KEY, NONCE, counting, hex};
    use super::*;
    use crate::Opcode;

    #[test]
    fn vector() {
        let head = CommandHeader::new(Opcode::Verify, 0xA2, 0x0004);
        assert_eq!(
            verify_mac(head, &KEY, &CHALLENGE, &NONCE, &counting(0x00)),
            hex("BE4EB62561B75DF296308DD2A84437F5B4A867CEE41B29C084423738C32DCCC1")
        );
    }
}
