//! Where a chip's random numbers come from.

use std::collections::VecDeque;
use std::fmt;

use rand_chacha::ChaCha20Rng;
use rand_core::{Infallible, Rng, SeedableRng, TryCryptoRng, TryRng};

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
                Ok(Generator::from(ChaCha20Rng::from_seed(seed)))
            }
        }
    }
}

/// The random number generator of one chip.
#[derive(Clone)]
pub(crate) struct Generator {
    rng: ChaCha20Rng,
    /// What `Random` and `Nonce` draw before `rng` has its turn.
    recorded: VecDeque<[u8; 32]>,
}

impl From<ChaCha20Rng> for Generator {
    fn from(rng: ChaCha20Rng) -> Self {
        let recorded = VecDeque::new();
        Self { rng, recorded }
    }
}

impl Generator {
    pub(crate) fn seeded(seed: u64) -> Self {
        Self::from(ChaCha20Rng::seed_from_u64(seed))
    }

    /// Draw these blocks before any others.
    pub(crate) fn record(&mut self, blocks: impl IntoIterator<Item = [u8; 32]>) {
        self.recorded.extend(blocks);
    }

    /// A block for `Random` or `Nonce`.
    pub(crate) fn block(&mut self) -> [u8; 32] {
        self.recorded.pop_front().unwrap_or_else(|| {
            let mut block = [0; 32];
            self.rng.fill_bytes(&mut block);
            block
        })
    }

    /// An independent generator: what is drawn from it changes nothing here.
    pub(crate) fn second_stream(&self) -> Self {
        let mut rng = self.rng.clone();
        rng.set_stream(1);
        Self::from(rng)
    }
}

impl TryRng for Generator {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        self.rng.try_next_u32()
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        self.rng.try_next_u64()
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Infallible> {
        self.rng.try_fill_bytes(dst)
    }
}

impl TryCryptoRng for Generator {}

impl fmt::Debug for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Generator(..)")
    }
}
