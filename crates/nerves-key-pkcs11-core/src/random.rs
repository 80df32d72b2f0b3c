//! Random numbers from two sources, neither of which need be trusted alone.
//!
//! Each byte is the host's, exclusive-or SHA-256 of 32 bytes from the
//! chip, 32 from the host and a block counter. One chip command serves a request of any
//! length. Whoever knows what the chip gave, or what the host gave, still
//! knows nothing of the result. A chip whose configuration is not locked gives
//! a constant; the result is then as good as the host's.

use sha2::{Digest, Sha256};
use zeroize::Zeroizing;

use crate::error::Error;

/// Spread `chip` over `length` bytes and mix in the host's.
///
/// # Errors
/// [`Error::Entropy`] when the host has none.
pub fn mix(chip: &[u8; 32], length: usize) -> Result<Zeroizing<Vec<u8>>, Error> {
    let mut salt = Zeroizing::new([0; 32]);
    getrandom::fill(salt.as_mut_slice()).map_err(Error::Entropy)?;
    let mut bytes = Zeroizing::new(vec![0; length]);
    getrandom::fill(&mut bytes).map_err(Error::Entropy)?;
    spread(chip, &salt, &mut bytes);
    Ok(bytes)
}

/// A number of the host's that nothing else has.
///
/// # Errors
/// [`Error::Entropy`] when the host has none.
pub fn identifier() -> Result<u128, Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(Error::Entropy)?;
    Ok(u128::from_be_bytes(bytes))
}

fn spread(chip: &[u8; 32], salt: &[u8; 32], bytes: &mut [u8]) {
    for (counter, block) in (0_u64..).zip(bytes.chunks_mut(32)) {
        let mut hash = Sha256::new();
        hash.update(chip);
        hash.update(salt);
        hash.update(counter.to_be_bytes());
        for (byte, mask) in block.iter_mut().zip(hash.finalize()) {
            *byte ^= mask;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_sources_reach_every_byte() {
        let with = |chip, salt| {
            let mut bytes = [0; 100];
            spread(&[chip; 32], &[salt; 32], &mut bytes);
            bytes
        };
        let differ = |a: [u8; 100], b: [u8; 100]| a.iter().zip(b).filter(|(a, b)| *a != b).count();
        // 100 bytes, each equal by chance once in 256.
        assert!(differ(with(1, 1), with(2, 1)) > 90);
        assert!(differ(with(1, 1), with(1, 2)) > 90);
        assert_eq!(with(1, 1), with(1, 1));
        assert_ne!(with(1, 1)[..32], with(1, 1)[32..64]);
        // What the host put there stays in it.
        let mut bytes = [0xFF; 100];
        spread(&[1; 32], &[1; 32], &mut bytes);
        assert!(bytes.iter().zip(with(1, 1)).all(|(a, b)| a ^ b == 0xFF));
    }

    #[test]
    fn any_length() {
        for length in [0, 1, 31, 32, 33, 1000] {
            assert_eq!(mix(&[0; 32], length).unwrap().len(), length);
        }
    }
}
