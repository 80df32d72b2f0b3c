//! Futures that are dropped, and the next run on the same chip.
//!
//! The bus and the delay wait once before they do their work and once after it,
//! so that a future can be dropped when a transfer has not begun, or has reached
//! the chip unknown to the driver. A write waits in its middle too: dropped
//! there, it ends after half of its bytes.

mod awaited;

use atecc::command::Request;
use atecc::commands::{
    DigestSource, GenKey, GenKeyMode, LoadNonce, LockTarget, NonceTarget, ShaStart, Sign,
};
use atecc::procedure::Once;
use atecc::procedures::{
    ChallengeMac, CreateKey, DeterministicMac, HashInChip, LockAndConfirm, ReadRegion, SignDigest,
    WriteRegion,
};
use atecc::session::Left;
use atecc::{Device, Failure, Family, Procedure, Region, Slot};
use atecc_emulator::{Bus, Chip, ExecutionTime, Power, Revision};

use crate::checked::Checked;
use crate::chips::{DIGEST, Kit, chip};
use crate::figures::{Figures, Wrong};
use crate::operations::{slot_of, verifies};
use crate::pairs::Sequence;
use crate::wire::Wire;
use awaited::{AwaitedDelay, AwaitedWire, poll};

/// What came of the dropped futures.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Report {
    /// Futures that were dropped before they ended.
    pub dropped: u64,
    /// Points at which that was, over all procedures and chips.
    pub points: u64,
    /// Of the runs after it.
    pub figures: Figures,
}

/// What is run after the drop.
const NEXT: [Next; 6] = [
    Next::Read,
    Next::Write,
    Next::Mac,
    Next::Hash,
    Next::Sign,
    Next::SignUnprepared,
];

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Next {
    Read,
    Write,
    Mac,
    Hash,
    Sign,
    /// With whatever the dropped run has left in `TempKey`: it must be gone.
    SignUnprepared,
}

const S: [Slot; 16] = Slot::ALL;
const MESSAGE: [u8; 150] = [0x35; 150];

/// Drop each procedure at each point, or at one of `stride`.
#[must_use]
pub fn run(stride: usize) -> Report {
    let mut report = Report::default();
    for (revision, family) in [
        (Revision::Atecc508A, Family::Atecc508),
        (Revision::Atecc608B, Family::Atecc608),
    ] {
        let kit = Kit::new(revision, 0x00);
        let mut trial = Trial {
            expected_mac: quiet(&kit, mac()),
            expected_hash: quiet(&kit, hash(family)),
            kit: &kit,
            family,
            stride,
            report: &mut report,
        };
        trial.each_point("ReadRegion", &ReadRegion::<72>::new(Region::Slot(S[9])));
        trial.each_point("WriteRegion", &write([0x19; 100]));
        trial.each_point("SignDigest", &SignDigest::new(S[0], [0x18; 32]));
        trial.each_point("ChallengeMac", &ChallengeMac::new(S[2], [0x17; 20]));
        trial.each_point("CreateKey", &CreateKey::new(S[7]));
        let target = LockTarget::Slot(S[14]);
        trial.each_point("LockAndConfirm", &LockAndConfirm::new(target));
        trial.each_point("HashInChip", &hash(family));
        // Long enough for the watchdog to be restarted on the way.
        trial.each_point("long", &Sequence::new(long()));
    }
    report
}

/// One kind of chip.
struct Trial<'a> {
    kit: &'a Kit,
    family: Family,
    stride: usize,
    expected_mac: [u8; 32],
    expected_hash: [u8; 32],
    report: &'a mut Report,
}

type Awaited = Device<AwaitedWire, AwaitedDelay>;

impl Trial<'_> {
    fn each_point<P>(&mut self, name: &str, procedure: &P)
    where
        P: Procedure + Clone,
    {
        for polls in (1..).step_by(self.stride) {
            let mut ended = false;
            for next in NEXT {
                let case = format!("{:?} {name} dropped at {polls}, {next:?}", self.family);
                ended |= self.once(procedure.clone(), polls, next, &case);
            }
            if ended {
                return;
            }
            self.report.points += 1;
        }
    }

    /// Whether the future had ended before.
    fn once<P: Procedure>(&mut self, procedure: P, polls: usize, next: Next, case: &str) -> bool {
        let chip = chip(&self.kit.image, 3).with_execution_time(ExecutionTime::Longest);
        let bus = Bus::with_chip(chip);
        let wire = Wire::new(&bus, 0, 0x60);
        let mut device = Device::new(AwaitedWire(wire.clone()), AwaitedDelay(bus.delay()));
        let ended = poll(device.run_async(procedure), polls).is_some();
        if !ended {
            self.report.dropped += 1;
            let power = bus.inspect(0, Chip::power);
            if device.left() == Left::Asleep && power != Some(Power::Asleep) {
                let text = || format!("{case}: {power:?}");
                self.report.figures.blame(Wrong::Left, text);
            }
        }
        self.follow(&mut device, &bus, &wire, next, case);
        ended
    }

    fn follow(&mut self, device: &mut Awaited, bus: &Bus, wire: &Wire, next: Next, case: &str) {
        let (kit, figures) = (self.kit, &mut self.report.figures);
        let image = || bus.image(0).expect("one chip");
        let right = match next {
            Next::Read => {
                let read = ReadRegion::<416>::new(Region::Slot(S[8]));
                let read = finish(device, read, wire, figures, case);
                read.is_ok_and(|read| read == slot_of(&image(), 8))
            }
            Next::Write => {
                let data = [0x16; 100];
                let written = finish(device, write(data), wire, figures, case);
                written.is_ok() && slot_of(&image(), 8).starts_with(&data)
            }
            Next::Mac => finish(device, mac(), wire, figures, case) == Ok(self.expected_mac),
            Next::Hash => {
                let hashed = finish(device, hash(self.family), wire, figures, case);
                hashed == Ok(self.expected_hash)
            }
            Next::Sign => {
                let signed = finish(device, SignDigest::new(S[0], DIGEST), wire, figures, case);
                signed.is_ok_and(|signature| verifies(kit, DIGEST, signature))
            }
            Next::SignUnprepared => {
                let signed = finish(device, Once(SIGN), wire, figures, case);
                if signed.is_ok() {
                    figures.blame(Wrong::Volatile, || case.into());
                }
                true
            }
        };
        if !right {
            figures.blame(Wrong::Result, || case.into());
        }
    }
}

const SIGN: Sign = Sign {
    source: DigestSource::TempKey,
    slot: S[0],
};

fn mac() -> DeterministicMac {
    DeterministicMac::new(S[2], [0x15; 32])
}

fn hash(family: Family) -> HashInChip<'static> {
    HashInChip::new(ShaStart::Sha256, family, &MESSAGE)
}

fn write(data: [u8; 100]) -> WriteRegion<[u8; 100]> {
    WriteRegion::new(Region::Slot(S[8]), data).expect("it fits")
}

/// A digest, much else, then its signature.
fn long() -> Vec<Request> {
    let load = LoadNonce {
        target: NonceTarget::TempKey,
        value: DIGEST,
    };
    let public = GenKey {
        mode: GenKeyMode::Public,
        slot: S[0],
    };
    let mut requests = vec![Request::new(&load).expect("it fits")];
    requests.extend((0..8).map(|_| Request::new(&public).expect("it fits")));
    requests.push(Request::new(&SIGN).expect("it fits"));
    requests
}

/// On a chip of its own.
fn quiet<P: Procedure<Error = Failure>>(kit: &Kit, procedure: P) -> P::Output {
    let bus = Bus::with_chip(chip(&kit.image, 3));
    let mut device = Device::new(bus.i2c(), bus.delay());
    let output = device.run(procedure);
    output.unwrap_or_else(|_| panic!("a quiet bus"))
}

/// Run a procedure to its end, each of its commands watched.
fn finish<P: Procedure<Error = Failure>>(
    device: &mut Awaited,
    procedure: P,
    wire: &Wire,
    figures: &mut Figures,
    case: &str,
) -> Result<P::Output, Failure> {
    let checked = Checked::new(procedure, wire, figures, case);
    let result = poll(device.run_async(checked), usize::MAX).expect("it ends");
    result.map_err(|error| match error {
        atecc::Error::Failed(failure) => failure,
        atecc::Error::Bus { executed, .. } => Failure {
            cause: atecc::error::Cause::Bus,
            executed,
        },
    })
}
