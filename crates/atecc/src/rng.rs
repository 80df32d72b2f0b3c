//! The chip as a random-number generator.

use core::slice::ChunksMut;

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use rand_core::{TryCryptoRng, TryRng};

use crate::commands::Random;
use crate::device::WakePulse;
use crate::procedure::{Answer, Next};
use crate::{Command, Device, Error, Failure, Procedure};

/// Random numbers from the chip, 32 bytes for each command, a whole buffer in one
/// awake session.
///
/// Nothing is kept between calls: what a call does not use is thrown away.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::rng::ChipRng;
/// use rand_core::TryRng;
///
/// let mut numbers = [0; 48];
/// ChipRng::new(&mut device).try_fill_bytes(&mut numbers)?;
/// assert_ne!(numbers, [0; 48]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ChipRng<'d, I2C, D, W>(&'d mut Device<I2C, D, W>);

/// Why the chip gave no random number.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum RngError<E> {
    /// The chip or the bus.
    #[error("{0}")]
    Device(Error<E>),
    /// The chip answers a fixed pattern until its configuration is locked.
    #[error("the chip gives no random numbers before its configuration is locked")]
    TestPattern,
}

/// All chunks of a buffer in one awake session.
struct Numbers<'b> {
    left: ChunksMut<'b, u8>,
    /// The one that is asked for.
    chunk: Option<&'b mut [u8]>,
}

enum NoNumbers {
    Failure(Failure),
    TestPattern,
}

impl From<Failure> for NoNumbers {
    fn from(failure: Failure) -> Self {
        Self::Failure(failure)
    }
}

impl Procedure for Numbers<'_> {
    type Output = ();
    type Error = NoNumbers;

    fn resume(&mut self, answer: Answer<'_>) -> Next<(), NoNumbers> {
        let random = Random::default();
        match answer {
            Answer::Start => {}
            Answer::Payload(payload) => match random.decode(payload) {
                Ok(Random::TEST_PATTERN) => return Next::Done(Err(NoNumbers::TestPattern)),
                Ok(block) => {
                    for (to, from) in self
                        .chunk
                        .iter_mut()
                        .flat_map(|it| it.iter_mut())
                        .zip(block)
                    {
                        *to = from;
                    }
                }
                Err(error) => return Next::failed(error.into()),
            },
            Answer::Failed(failure) => return Next::failed(failure),
        }
        self.chunk = self.left.next();
        match self.chunk {
            Some(_) => Next::send(&random),
            None => Next::Done(Ok(())),
        }
    }
}

impl<'d, I2C: I2c, D: DelayNs, W: WakePulse<I2C, D>> ChipRng<'d, I2C, D, W> {
    /// Take the numbers from `device`.
    pub const fn new(device: &'d mut Device<I2C, D, W>) -> Self {
        Self(device)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], RngError<I2C::Error>> {
        let mut array = [0; N];
        self.try_fill_bytes(&mut array)?;
        Ok(array)
    }
}

impl<I2C, D, W> TryRng for ChipRng<'_, I2C, D, W>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
{
    type Error = RngError<I2C::Error>;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        self.array().map(u32::from_le_bytes)
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        self.array().map(u64::from_le_bytes)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Self::Error> {
        let numbers = Numbers {
            left: bytes.chunks_mut(32),
            chunk: None,
        };
        self.0.run(numbers).map_err(|error| match error {
            Error::Bus { error, executed } => RngError::Device(Error::Bus { error, executed }),
            Error::Failed(NoNumbers::Failure(failure)) => RngError::Device(Error::Failed(failure)),
            Error::Failed(NoNumbers::TestPattern) => RngError::TestPattern,
        })
    }
}

impl<I2C, D, W> TryCryptoRng for ChipRng<'_, I2C, D, W>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
{
}
