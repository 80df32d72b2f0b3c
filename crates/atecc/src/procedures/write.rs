//! Writing a slot or the OTP zone whole, by blocks.

use crate::commands::WriteBlock;
use crate::procedure::{Answer, Next};
use crate::{BlockAddress, Failure, Procedure, Region};

/// Write bytes to a region from its start, filled with zeros to whole blocks.
///
/// Blocks are the only form that data and OTP zone take before they are
/// locked; the chip drops what is past the end of a short last block. The
/// configuration zone has bytes that cannot be written in between: write its
/// words instead.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::procedures::{ReadRegion, WriteRegion};
/// use atecc::{Region, Slot};
///
/// let region = Region::Slot(Slot::S8);
/// device.run(WriteRegion::new(region, b"forty bytes take two blocks of the slot.")?)?;
/// assert_eq!(&device.run(ReadRegion::<40>::new(region))?[..5], b"forty");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct WriteRegion<D> {
    region: Region,
    data: D,
    block: u8,
}

/// Data longer than the region.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("{len} bytes do not fit {region}, which has {limit}", limit = .region.size())]
pub struct TooManyBytes {
    /// Where they were to go.
    pub region: Region,
    /// How many they are.
    pub len: usize,
}

impl<D: AsRef<[u8]>> WriteRegion<D> {
    /// Write `data`, then zeros to the end of its last block.
    ///
    /// # Errors
    /// [`TooManyBytes`] when `data` is longer than `region`.
    pub fn new(region: Region, data: D) -> Result<Self, TooManyBytes> {
        let len = data.as_ref().len();
        if len > region.size() {
            return Err(TooManyBytes { region, len });
        }
        Ok(Self {
            region,
            data,
            block: 0,
        })
    }

    fn next(&self) -> Next<(), Failure> {
        let chunk = self.data.as_ref().chunks(32).nth(self.block.into());
        let address = BlockAddress::new(self.region, self.block);
        let (Some(chunk), Ok(address)) = (chunk, address) else {
            return Next::Done(Ok(()));
        };
        let mut write = WriteBlock {
            address,
            data: [0; 32],
        };
        for (to, from) in write.data.iter_mut().zip(chunk) {
            *to = *from;
        }
        Next::send(&write)
    }
}

impl<D: AsRef<[u8]>> Procedure for WriteRegion<D> {
    type Output = ();
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<(), Failure> {
        match answer {
            Answer::Start => {}
            Answer::Payload(_) => self.block = self.block.saturating_add(1),
            Answer::Failed(failure) => return Next::failed(failure),
        }
        self.next()
    }
}
