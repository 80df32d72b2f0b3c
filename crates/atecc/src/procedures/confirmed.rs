//! What is read, read until it is the same twice.

use crate::error::Cause;
use crate::procedure::{Answer, Next};
use crate::{Failure, Procedure};

/// Runs at most.
const RUNS: u8 = 4;

/// `reading` again and again, until two runs in a row give the same.
///
/// A host that takes no part in the lock may have the chip execute its own Read
/// between the end of ours and our look at the answer. Nothing on the bus tells
/// the two apart, but it does not happen at the same place twice.
///
/// ```
/// # let bus = atecc_emulator::Bus::with_chip(atecc_emulator::Chip::blank(
/// #     atecc_emulator::Revision::Atecc608B,
/// # ));
/// # let mut device = atecc::Device::new(bus.i2c(), bus.delay());
/// use atecc::procedures::{Confirmed, ReadConfig};
///
/// let zone = device.run(Confirmed::new(ReadConfig::new()))?;
/// assert_eq!(zone.as_bytes()[..2], [0x01, 0x23]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Confirmed<P: Procedure> {
    reading: P,
    under_way: P,
    last: Option<P::Output>,
    runs: u8,
}

impl<P: Procedure + Clone> Confirmed<P> {
    /// `reading` changes nothing in the chip.
    #[must_use]
    pub fn new(reading: P) -> Self {
        Self {
            under_way: reading.clone(),
            reading,
            last: None,
            runs: 0,
        }
    }
}

impl<P> Procedure for Confirmed<P>
where
    P: Procedure<Error = Failure> + Clone,
    P::Output: PartialEq,
{
    type Output = P::Output;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<P::Output, Failure> {
        let mut answer = answer;
        loop {
            let output = match self.under_way.resume(answer) {
                Next::Done(Ok(output)) => output,
                next => return next,
            };
            self.runs = self.runs.saturating_add(1);
            if self.last.as_ref() == Some(&output) {
                return Next::Done(Ok(output));
            }
            if self.runs >= RUNS {
                return Next::failed(Cause::Unlike.before_execution());
            }
            self.last = Some(output);
            self.under_way = self.reading.clone();
            answer = Answer::Start;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Revision;
    use crate::commands::InfoRevision;
    use crate::procedure::Once;

    /// How a reading of these answers ends, and how many it took.
    fn read(answers: &[[u8; 4]]) -> (Result<[u8; 4], Failure>, usize) {
        let mut confirmed = Confirmed::new(Once(InfoRevision));
        let mut answer = Answer::Start;
        let mut used = 0;
        loop {
            match confirmed.resume(answer) {
                Next::Send(_) => {
                    answer = Answer::Payload(&answers[used]);
                    used += 1;
                }
                Next::Done(result) => return (result.map(Revision::to_bytes), used),
            }
        }
    }

    #[test]
    fn two_alike_are_believed() {
        let (a, b, c) = ([0, 0, 0x60, 2], [1; 4], [2; 4]);
        assert_eq!(read(&[a, a]), (Ok(a), 2));
        assert_eq!(read(&[b, a, a]), (Ok(a), 3));
        assert_eq!(read(&[a, b, a, a]), (Ok(a), 4));
        let unlike = Cause::Unlike.before_execution();
        assert_eq!(read(&[a, b, a, c]), (Err(unlike), 4));
    }
}
