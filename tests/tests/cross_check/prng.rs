//! Random parameters, all from one seed.

use atecc::{BlockAddress, PublicKey, Region, Slot, WordAddress};
use tests_random::SplitMix64;

/// Parameters of one seed.
pub(crate) struct Prng(SplitMix64);

impl Prng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    pub(crate) const fn word(&mut self) -> u64 {
        self.0.word()
    }

    pub(crate) fn byte(&mut self) -> u8 {
        let [byte, ..] = self.word().to_le_bytes();
        byte
    }

    pub(crate) fn bytes<const N: usize>(&mut self) -> [u8; N] {
        core::array::from_fn(|_| self.byte())
    }

    pub(crate) fn one_of<T: Copy>(&mut self, items: &[T]) -> T {
        items[usize::from(self.byte()) % items.len()]
    }

    pub(crate) fn slot(&mut self) -> Slot {
        self.one_of(&Slot::ALL)
    }

    /// Scalar 1: a point that is on the curve.
    pub(crate) fn point(&mut self) -> PublicKey {
        let mut point = [0; 64];
        let key = p256::ecdsa::SigningKey::from_bytes(&scalar(self.byte() | 1).into()).unwrap();
        let encoded = key.verifying_key().to_sec1_point(false);
        point.copy_from_slice(&encoded.as_bytes()[1..]);
        PublicKey(point)
    }

    /// Any place that can be read.
    pub(crate) fn place(&mut self) -> Region {
        let slot = Region::Slot(self.slot());
        self.one_of(&[Region::Config, Region::Otp, slot, slot])
    }

    pub(crate) fn block(&mut self) -> BlockAddress {
        loop {
            let place = self.place();
            if let Ok(address) = BlockAddress::new(place, self.byte() % 14) {
                return address;
            }
        }
    }

    pub(crate) fn word_of(&mut self, place: Region) -> WordAddress {
        loop {
            if let Ok(address) = WordAddress::new(place, self.byte() % 104) {
                return address;
            }
        }
    }
}

/// A small private key.
pub(crate) const fn scalar(low: u8) -> [u8; 32] {
    let mut scalar = [0; 32];
    scalar[31] = low;
    scalar
}
