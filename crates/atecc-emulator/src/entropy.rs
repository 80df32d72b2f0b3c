//! Where a chip's random numbers come from.

use std::fmt;

use rand_chacha::ChaCha20Rng;
use rand_core::{Infallible, SeedableRng, TryCryptoRng, TryRng};

/// The seed of a chip's random number generator.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Entropy {
    /// The same numbers, keys and execution times in every run. For tests.
    Seeded(u64),
    /// Unpredictable: seeded by the operating system.
    Os,
}

/// The operating system gave no random numbers.
#[derive(Clone, Copy, Debug, thiserror::Error)]
#[error("the operating system gave no random numbers: {0}")]
pub struct EntropyError(#[from] getrandom::Error);

impl Entropy {
    pub(crate) fn generator(self) -> Result<Generator, EntropyError> {
        match self {
            Self::Seeded(seed) => Ok(Generator::seeded(seed)),
            Self::Os => {
                let mut seed = [0; 32];
                getrandom::fill(&mut seed)?;
                Ok(Generator(ChaCha20Rng::from_seed(seed)))
            }
        }
    }
}

/// The random number generator of one chip.
#[derive(Clone)]
pub(crate) struct Generator(ChaCha20Rng);

impl Generator {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self(ChaCha20Rng::seed_from_u64(seed))
    }

    /// An independent generator: what is drawn from it changes nothing here.
    pub(crate) fn second_stream(&self) -> Self {
        let mut other = self.clone();
        other.0.set_stream(1);
        other
    }
}

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.0.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.0.try_next_u64()
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.0.try_fill_bytes(dst)
    }
}

impl TryCryptoRng for Generator {}

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Generator(..)")
    }
}
