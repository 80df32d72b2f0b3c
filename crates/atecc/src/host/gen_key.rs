//! GenKey with a digest: what `TempKey` becomes.

use super::{CommandHeader, sha256, tail};
use crate::{PublicKey, SerialNumber};

/// `TempKey` after a GenKey in a digest mode. `head` is the command's, or of
/// [`crate::commands::DigestPublicKey`] its three bytes of other data as mode
/// and Param2.
#[must_use]
pub fn gen_key_digest(
    head: CommandHeader,
    public_key: &PublicKey,
    temp_key: &[u8; 32],
    serial: &SerialNumber,
) -> [u8; 32] {
    sha256(&[
        temp_key,
        &head.0,
        &tail(serial),
        &[0; 25],
        public_key.as_bytes(),
    ])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{PUBLIC_KEY, SERIAL, TEMP_KEY, hex};
    use super::*;
    use crate::Opcode;

    #[test]
    fn vectors() {
        let digest = |param1, param2| {
            let head = CommandHeader::new(Opcode::GenKey, param1, param2);
            gen_key_digest(head, &PublicKey(hex(PUBLIC_KEY)), &TEMP_KEY, &SERIAL)
        };
        assert_eq!(
            digest(0x08, 0),
            hex("75F7E179A572FFBD4E506248B501114843AC674FFCC581CD5133B902B3B556E7")
        );
        // Public-key digest with other data 00 00 00.
        assert_eq!(
            digest(0x00, 0),
            hex("674658B221ED2A46ECE909270DD1F7C027E7E1AC7B451A85E47CBEE4B23172C1")
        );
    }
}
