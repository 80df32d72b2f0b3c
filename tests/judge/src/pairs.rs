//! Every pair of commands in one session, the second not heard as it was sent.
//!
//! A flipped bit in a command's word address or count makes the chip ignore the
//! write, or wait for more bytes. What it can be read then is the answer of the
//! command before, with a good CRC.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::rc::Rc;

use atecc::command::Request;
use atecc::procedure::{Answer, Next};
use atecc::{Device, Failure, Family, Procedure};
use atecc_emulator::{Bus, PartialRead, Revision};

use crate::cases::{Case, all};
use crate::checked::Checked;
use crate::chips::{Kit, chip};
use crate::figures::Figures;
use crate::mischief::Mischief;
use crate::wire::{Adapter, Wire};

/// What half a command is answered, and what the host can tell of it.
const HOW: [(PartialRead, Adapter); 4] = [
    (PartialRead::Blank, Adapter::Exact),
    (PartialRead::Nack, Adapter::Exact),
    (PartialRead::Blank, Adapter::Vague),
    (PartialRead::Nack, Adapter::Vague),
];

/// What came of the pairs.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Pairs of commands.
    pub pairs: u64,
    /// Sessions: one for each bit, each way to answer half a command and each
    /// kind of adapter.
    pub runs: u64,
    /// Second commands that succeeded on a quiet bus, of so many commands.
    pub sound: (usize, usize),
    /// Of all commands together.
    pub figures: Figures,
}

/// Try the pairs: all with a stride of 1, else a sample.
#[must_use]
pub fn run(stride: NonZeroUsize) -> Report {
    let mut report = Report::default();
    for (revision, family) in [
        (Revision::Atecc508A, Family::Atecc508),
        (Revision::Atecc608B, Family::Atecc608),
    ] {
        let kit = Kit::new(revision, 0x00);
        let cases = all(family, &kit);
        let pairs = cases.iter().flat_map(|a| cases.iter().map(move |b| (a, b)));
        for (first, second) in pairs.step_by(stride.get()) {
            report.pairs += 1;
            for byte in 0..2 {
                for bit in 0..8 {
                    for how in HOW {
                        let flip = Mischief::Flip { byte, bit };
                        report.runs += 1;
                        pair(&kit, first, second, flip, how, &mut report.figures);
                    }
                }
            }
        }
        report.sound.0 += cases.iter().filter(|case| succeeds(&kit, case)).count();
        report.sound.1 += cases.len();
    }
    report
}

/// One session: what the second command needs, the first, the second.
fn pair(
    kit: &Kit,
    first: &Case,
    second: &Case,
    flip: Mischief,
    (partial, adapter): (PartialRead, Adapter),
    figures: &mut Figures,
) {
    let bus = Bus::with_chip(chip(&kit.image, 1).with_partial_read(partial));
    let wire = Wire::new(&bus, 0, 0x60);
    wire.set_adapter(adapter);
    let mut requests = second.before.clone();
    requests.push(first.request.clone());
    requests.push(second.request.clone());
    let sequence = Sequence::new(requests);
    let at_last = sequence.at_last();
    wire.set_mischief(move |moment| {
        let now = moment.command().is_some() && at_last.take();
        now.then_some(flip)
    });
    let name = format!(
        "{}, {}: {flip:?}, {partial:?}, {adapter:?}",
        first.name, second.name
    );
    let mut device = Device::new(wire.clone(), bus.delay());
    let procedure = Checked::new(sequence, &wire, figures, &name);
    // What came of it is in the figures.
    let _ = device.run(procedure);
}

/// Whether it is answered, after what it needs, and not by a refusal.
#[must_use]
pub fn succeeds(kit: &Kit, case: &Case) -> bool {
    let bus = Bus::with_chip(chip(&kit.image, 1));
    let mut device = Device::new(bus.i2c(), bus.delay());
    let mut requests = case.before.clone();
    requests.push(case.request.clone());
    device
        .run(Sequence::new(requests))
        .is_ok_and(|results| results.iter().all(Result::is_ok))
}

/// Commands one after the other, whatever comes of each.
#[derive(Clone, Debug)]
pub struct Sequence {
    requests: std::vec::IntoIter<Request>,
    results: Vec<Result<Vec<u8>, Failure>>,
    at_last: Rc<Cell<bool>>,
}

impl Sequence {
    /// These commands.
    #[must_use]
    pub fn new(requests: Vec<Request>) -> Self {
        Self {
            requests: requests.into_iter(),
            results: Vec::new(),
            at_last: Rc::default(),
        }
    }

    /// Becomes true when the last command is given.
    #[must_use]
    pub fn at_last(&self) -> Rc<Cell<bool>> {
        Rc::clone(&self.at_last)
    }
}

impl Procedure for Sequence {
    /// The payload of each answer.
    type Output = Vec<Result<Vec<u8>, Failure>>;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Self::Output, Failure> {
        match answer {
            Answer::Start => {}
            Answer::Payload(payload) => self.results.push(Ok(payload.to_vec())),
            Answer::Failed(failure) => self.results.push(Err(failure)),
        }
        match self.requests.next() {
            Some(request) => {
                self.at_last.set(self.requests.len() == 0);
                Next::Send(request)
            }
            None => Next::Done(Ok(std::mem::take(&mut self.results))),
        }
    }
}
