//! Whatever the bus does, a run ends, within a bounded number of steps and
//! with the chip told to sleep.

use atecc::commands::{Lock, LockTarget};
use atecc::group::Group;
use atecc::procedure::{Once, Run};
use atecc::procedures::{CreateKey, LockAndConfirm, ReadConfig, SignDigest, WriteRegion};
use atecc::session::{Outcome, Step};
use atecc::{Procedure, Region, Slot, Timing};
use proptest::prelude::*;

/// What the bus does at one step.
#[derive(Clone, Debug)]
enum Bus {
    Nack,
    Fault,
    /// A read gives these bytes as they are.
    Raw(Vec<u8>),
    /// A read gives a sound group around this body.
    Group(Vec<u8>),
    Woken,
}

fn any_bus() -> impl Strategy<Value = Bus> {
    prop_oneof![
        3 => Just(Bus::Nack),
        1 => Just(Bus::Fault),
        2 => proptest::collection::vec(any::<u8>(), 0..40).prop_map(Bus::Raw),
        4 => proptest::collection::vec(any::<u8>(), 1..70).prop_map(Bus::Group),
        4 => prop_oneof![Just(0x00), Just(0x0F), Just(0x11), Just(0xEE), Just(0xFF), Just(0x05)]
            .prop_map(|status| Bus::Group(vec![status])),
        6 => Just(Bus::Woken),
    ]
}

impl Bus {
    fn write(&self) -> Outcome {
        match self {
            Self::Nack => Outcome::Nack,
            Self::Fault => Outcome::Fault,
            Self::Raw(_) | Self::Group(_) | Self::Woken => Outcome::Done,
        }
    }

    fn read(&self, buffer: &mut [u8]) -> Outcome {
        let group = |body: &[u8]| Group::new(body).unwrap().as_bytes().to_vec();
        let bytes = match self {
            Self::Nack | Self::Fault => return self.write(),
            Self::Raw(bytes) => bytes.clone(),
            Self::Group(body) => group(body),
            Self::Woken => group(&[0x11]),
        };
        buffer.fill(0xFF);
        buffer
            .iter_mut()
            .zip(bytes)
            .for_each(|(to, from)| *to = from);
        Outcome::Done
    }
}

fn drive<P: Procedure>(procedure: P, script: &[Bus]) -> Result<(), TestCaseError> {
    let mut run = Run::new(procedure, Timing::default());
    let mut script = script.iter();
    let mut last_write = Vec::new();
    let mut acknowledged = false;
    // Longest is a provisioning's worth of commands that all are silent.
    for _ in 0..40_000 {
        let outcome = match run.step() {
            Step::Done => {
                if acknowledged {
                    prop_assert_eq!(&last_write, &[0x01], "the sleep token comes last");
                } else {
                    prop_assert!(last_write.is_empty(), "written to where nobody answers");
                }
                let _ = run.finish();
                return Ok(());
            }
            Step::Wait(us) => {
                prop_assert!(us > 0);
                Outcome::Done
            }
            Step::Wake => script.next().unwrap_or(&Bus::Nack).write(),
            Step::Write(bytes) => {
                last_write = bytes.to_vec();
                script.next().unwrap_or(&Bus::Nack).write()
            }
            Step::Read(buffer) => {
                let outcome = script.next().unwrap_or(&Bus::Nack).read(buffer);
                acknowledged |= outcome == Outcome::Done;
                outcome
            }
        };
        run.advance(outcome);
    }
    Err(TestCaseError::fail("the run does not end"))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(400))]

    #[test]
    fn every_procedure_ends(script in proptest::collection::vec(any_bus(), 0..200)) {
        let slot = Slot::S0;
        let lock = LockTarget::Data { crc: 0x1234 };
        drive(ReadConfig::new(), &script)?;
        drive(SignDigest::new(slot, [1; 32]), &script)?;
        drive(CreateKey::new(slot), &script)?;
        drive(LockAndConfirm::new(lock), &script)?;
        drive(Once(Lock { target: lock }), &script)?;
        drive(WriteRegion::new(Region::Slot(Slot::S8), &[7; 416]).unwrap(), &script)?;
    }
}
