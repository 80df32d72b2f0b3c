//! Reading back the slots that hold neither keys nor certificates.

use alloc::vec::Vec;

use atecc::procedure::{Answer, Next};
use atecc::procedures::ReadRegion;
use atecc::{Failure, Procedure, Region, Slot};
use nerves_key_schema::{DataImage, slot};

/// The longest slot, 416 bytes. Of a shorter one the rest reads as zeros.
type Reading = ReadRegion<416>;

/// Read the slots of a [`DataImage`] that a snapshot leaves out, up to the
/// first that differs. Secrets are left out too: the lock's CRC has compared
/// them.
#[derive(Debug)]
pub(super) struct ReadSlots {
    expected: Vec<(Slot, Vec<u8>)>,
    at: usize,
    reading: Option<Reading>,
}

impl ReadSlots {
    pub(super) fn new(image: &DataImage<'_>) -> Self {
        let secret = image.volatile_keys.is_some();
        let shown = |slot: &Slot| match *slot {
            slot::DEVICE_CERTIFICATE | slot::SIGNER_PUBLIC_KEY | slot::SIGNER_CERTIFICATE => false,
            slot::ACTIVATION_KEY | slot::ENCRYPTION_KEY => !secret,
            _ => true,
        };
        let contents = |slot: Slot| Some((slot, image.slot(slot)?.to_vec()));
        let slots = DataImage::SLOTS.into_iter().filter(shown);
        Self {
            expected: slots.filter_map(contents).collect(),
            at: 0,
            reading: None,
        }
    }
}

impl Procedure for ReadSlots {
    type Output = Option<Slot>;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Option<Slot>, Failure> {
        let mut answer = answer;
        while let Some((slot, expected)) = self.expected.get(self.at) {
            let reading = self
                .reading
                .get_or_insert_with(|| Reading::new(Region::Slot(*slot)));
            match reading.resume(answer) {
                Next::Send(request) => return Next::Send(request),
                Next::Done(Err(failure)) => return Next::failed(failure),
                Next::Done(Ok(bytes)) if !bytes.starts_with(expected) => {
                    return Next::Done(Ok(Some(*slot)));
                }
                Next::Done(Ok(_)) => {}
            }
            self.reading = None;
            self.at += 1;
            answer = Answer::Start;
        }
        Next::Done(Ok(None))
    }
}
