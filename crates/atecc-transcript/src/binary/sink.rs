//! Frames to wherever bytes go: a serial line, a file, a radio.

use super::{Begin, begin, encode};
use crate::{Lost, Record, Sink};

/// Writes frames of at most `N` bytes by `W`. 256 hold whatever a chip sends
/// or takes.
#[derive(Debug)]
pub struct BinarySink<W, const N: usize = 256> {
    write: W,
    buffer: [u8; N],
}

impl<W, E, const N: usize> BinarySink<W, N>
where
    W: FnMut(&[u8]) -> Result<(), E>,
{
    /// Begin a recording with what `first` says. Of a frame for which `write`
    /// fails nothing is written again: whoever decodes sees it as damaged.
    ///
    /// # Errors
    /// [`Lost`]: the frame does not fit, or `write` failed.
    pub fn begin(write: W, first: &Begin<'_>) -> Result<Self, Lost> {
        let mut sink = Self {
            write,
            buffer: [0; N],
        };
        let frame = begin(first, &mut sink.buffer).or(Err(Lost))?;
        (sink.write)(frame).or(Err(Lost))?;
        Ok(sink)
    }
}

impl<W, E, const N: usize> Sink for BinarySink<W, N>
where
    W: FnMut(&[u8]) -> Result<(), E>,
{
    fn record(&mut self, record: &Record<'_>) -> Result<(), Lost> {
        let frame = encode(record, &mut self.buffer).or(Err(Lost))?;
        (self.write)(frame).or(Err(Lost))
    }
}
