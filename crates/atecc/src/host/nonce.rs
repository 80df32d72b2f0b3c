//! `Nonce`: what `TempKey` becomes.

use super::sha256;
use crate::Opcode;
use crate::commands::SeedUpdate;

/// `TempKey` after a [`crate::commands::RandomNonce`] that answered
/// `random`.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{RandomNonce, SeedUpdate};
/// use atecc::host::random_nonce;
///
/// let nonce = RandomNonce { input: [0x11; 20], seed: SeedUpdate::Automatic };
/// let random = device.execute(nonce)?;
/// let temp_key: [u8; 32] = random_nonce(&random, &nonce.input, nonce.seed);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn random_nonce(random: &[u8; 32], input: &[u8; 20], seed: SeedUpdate) -> [u8; 32] {
    // The last byte stands for the low byte of Param2, which is 0.
    sha256(&[random, input, &[Opcode::Nonce as u8, seed as u8, 0]])
}

/// `TempKey` after a [`crate::commands::FixedNonce`], from what it was before.
#[must_use]
pub fn fixed_nonce(temp_key: &[u8; 32], input: &[u8; 20], seed: SeedUpdate) -> [u8; 32] {
    random_nonce(temp_key, input, seed)
}

#[cfg(test)]
mod tests {
    use super::super::testing::{TEMP_KEY, counting, hex};
    use super::*;
    use crate::commands::Random;

    #[test]
    fn vectors() {
        let input = counting(0x00);
        let pattern = Random::TEST_PATTERN;
        assert_eq!(
            random_nonce(&pattern, &input, SeedUpdate::Automatic),
            hex("36B6375496E0435B53CDD6514A65154EF7C28E9629F96698E90D1ABC4DB1A97D")
        );
        assert_eq!(
            random_nonce(&pattern, &input, SeedUpdate::Never),
            hex("88630AEA71B1028C01A64D0B2E945F4255BA1CD565B82B45A01A60C02D4013E2")
        );
        assert_eq!(
            fixed_nonce(&TEMP_KEY, &input, SeedUpdate::Automatic),
            hex("316E1959EE3754733F0C3F71C8FA856EF0687F682FC140C7ECA9C627F33FE427")
        );
    }
}
