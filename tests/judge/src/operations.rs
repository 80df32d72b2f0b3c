//! Procedures on a chip, each result compared with the chip's memory, with what
//! another chip says of it, or with a second run on a quiet bus.

use atecc::commands::{
    Counter, CounterId, CounterMode, DeriveKey, GenKey, GenKeyMode, LoadNonce, LockTarget,
    NonceTarget, SeedUpdate, ShaStart, SourceFlag, Verdict, VerifyKey, ZoneState,
};
use atecc::error::Executed;
use atecc::host::{CommandHeader, MacInput, derive_key, mac, random_nonce};
use atecc::procedure::Once;
use atecc::procedures::{
    ChallengeMac, ChallengeResponse, CreateKey, DeterministicMac, HashInChip, IncrementCounter,
    LockAndConfirm, Prepared, ReadConfig, ReadEncrypted, ReadRegion, SessionKey, SignDigest,
    VerifyDigest, WriteBlockEncrypted, WriteRegion,
};
use atecc::session::Left;
use atecc::{
    BlockAddress, ConfigZone, Device, Error, Failure, Family, Procedure, PublicKey, Region,
    SerialNumber, Slot, Timing,
};
use atecc_emulator::{Bus, Delay, Image, Revision};

use crate::cases::{Case, all};
use crate::checked::Checked;
use crate::chips::{KEY, Kit, chip};
use crate::figures::{Figures, Wrong};
use crate::pairs::Sequence;
use crate::wire::{Wire, WireError};

/// What is done to a chip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[expect(missing_docs, reason = "the names are the procedures'")]
pub enum Operation {
    Case(usize),
    ReadRegion,
    ReadConfig,
    WriteRegion,
    SignDigest,
    VerifyDigest,
    VerifyBadDigest,
    CreateKey,
    ChallengeMac,
    DeterministicMac,
    HashInChip,
    ReadEncrypted,
    WriteBlockEncrypted,
    LockAndConfirm,
    DeriveKey,
    IncrementCounter,
}

impl Operation {
    /// All but [`Self::Case`].
    pub const PROCEDURES: [Self; 15] = [
        Self::ReadRegion,
        Self::ReadConfig,
        Self::WriteRegion,
        Self::SignDigest,
        Self::VerifyDigest,
        Self::VerifyBadDigest,
        Self::CreateKey,
        Self::ChallengeMac,
        Self::DeterministicMac,
        Self::HashInChip,
        Self::ReadEncrypted,
        Self::WriteBlockEncrypted,
        Self::LockAndConfirm,
        Self::DeriveKey,
        Self::IncrementCounter,
    ];
}

/// One chip, its bus and its driver.
#[derive(Debug)]
pub struct Harness {
    /// Where the mischief is done.
    pub wire: Wire,
    /// The bus, with the chip as number 0.
    pub bus: Bus,
    /// What came of everything so far.
    pub figures: Figures,
    device: Device<Wire, Delay>,
    family: Family,
    kit: Kit,
    cases: Vec<Case>,
}

/// What came of a procedure that failed: what is known of its last command.
type Fate<T> = Result<T, Executed>;

impl Harness {
    /// With a chip that was made of `kit`.
    #[must_use]
    pub fn new(kit: &Kit, bus: Bus, timing: Timing) -> Self {
        let wire = Wire::new(&bus, 0, 0x60);
        let family = match kit.image.revision() {
            Revision::Atecc508A => Family::Atecc508,
            _ => Family::Atecc608,
        };
        let mut device = Device::new(wire.clone(), bus.delay());
        device.set_timing(timing);
        Self {
            wire,
            figures: Figures::default(),
            device,
            family,
            cases: all(family, kit),
            kit: kit.clone(),
            bus,
        }
    }

    /// How many cases there are.
    #[must_use]
    pub fn cases(&self) -> usize {
        self.cases.len()
    }

    /// How the last session left the chip.
    #[must_use]
    pub fn left(&self) -> Left {
        self.device.left()
    }

    /// Do it, with `seed` for data of its own. Whether all its commands
    /// succeeded.
    ///
    /// # Panics
    /// Never: the slots are as large as they must be.
    pub fn perform(&mut self, operation: Operation, seed: u8, case: &str) -> bool {
        let before = self.image();
        let data = [seed; 100];
        let slot = Slot::ALL;
        match operation {
            Operation::Case(at) => self.sequence(at, case),
            Operation::ReadRegion => {
                let read = self.run(ReadRegion::<416>::new(Region::Slot(slot[8])), case);
                self.equal(read, |image| slot_of(image, 8).to_vec(), case)
            }
            Operation::ReadConfig => {
                let read = self
                    .run(ReadConfig::new(), case)
                    .map(|ConfigZone(zone)| zone);
                self.equal(read, |image| image.config().to_vec(), case)
            }
            Operation::WriteRegion => {
                let write = WriteRegion::new(Region::Slot(slot[8]), data).expect("it fits");
                let written = self.run(write, case).map(|()| data);
                self.equal(written, |image| slot_of(image, 8)[..100].to_vec(), case)
            }
            Operation::SignDigest => {
                let digest = [seed; 32];
                let signed = self.run(SignDigest::new(slot[0], digest), case);
                self.holds(signed, case, |harness, signature| {
                    verifies(&harness.kit, digest, signature)
                })
            }
            Operation::VerifyDigest => self.verify(crate::chips::DIGEST, Verdict::Good, case),
            Operation::VerifyBadDigest => self.verify([seed | 1; 32], Verdict::Bad, case),
            Operation::CreateKey => {
                let created = self.run(CreateKey::new(slot[7]), case);
                self.unchanged(&created, &before, 7, case);
                self.holds(created, case, |harness, key| {
                    harness.public(slot[7]) == Some(key)
                })
            }
            Operation::ChallengeMac => self.challenge(&before, seed, case),
            Operation::DeterministicMac => {
                let procedure = DeterministicMac::new(slot[2], [seed; 32]);
                self.same_again(procedure, case)
            }
            Operation::HashInChip => {
                let message = vec![seed; 64 * usize::from(seed % 8) + 20];
                let procedure = HashInChip::new(ShaStart::Sha256, self.family, &message);
                self.same_again(procedure, case)
            }
            Operation::ReadEncrypted => {
                let key = key_of(&before);
                let key = session_key(&key, &before, seed);
                let read = self.run(ReadEncrypted::new(block_of_slot_6(), key), case);
                self.equal(read, |image| slot_of(image, 6)[..32].to_vec(), case)
            }
            Operation::WriteBlockEncrypted => {
                let key = key_of(&before);
                let key = session_key(&key, &before, seed);
                let plain = [seed; 32];
                let write =
                    WriteBlockEncrypted::new(block_of_slot_6(), &plain, ZoneState::Locked, key);
                let written = self.run(write, case);
                self.unchanged(&written, &before, 6, case);
                let written = written.map(|()| plain);
                self.equal(written, |image| slot_of(image, 6)[..32].to_vec(), case)
            }
            Operation::DeriveKey => self.derive(&before, seed, case),
            Operation::IncrementCounter => self.increment(&before, case),
            Operation::LockAndConfirm => {
                let locked = self.run(LockAndConfirm::new(LockTarget::Slot(slot[14])), case);
                if locked == Err(Executed::No) && before != self.image() {
                    self.figures.blame(Wrong::NotExecuted, || case.into());
                }
                self.holds(locked, case, |harness, ()| {
                    harness.image().config()[89] & 0x40 == 0
                })
            }
        }
    }

    /// The next command on a quiet bus succeeds.
    pub fn check_sync(&mut self, case: &str) {
        self.wire.calm();
        let left = self.left();
        if let Err(error) = self.device.execute(atecc::commands::InfoRevision) {
            let text = || format!("{case}: left {left:?}, then {error:?}");
            self.figures.blame(Wrong::LostSync, text);
        }
    }

    /// Run a procedure, each of its commands watched.
    fn run<P>(&mut self, procedure: P, case: &str) -> Fate<P::Output>
    where
        P: Procedure<Error = Failure>,
    {
        let checked = Checked::new(procedure, &self.wire, &mut self.figures, case);
        self.device.run(checked).map_err(|error| executed(&error))
    }

    fn sequence(&mut self, at: usize, case: &str) -> bool {
        let Some(asked) = self.cases.get(at) else {
            return false;
        };
        let mut requests = asked.before.clone();
        requests.push(asked.request.clone());
        let results = self.run(Sequence::new(requests), case);
        results.is_ok_and(|results| results.iter().all(Result::is_ok))
    }

    fn verify(&mut self, digest: [u8; 32], expected: Verdict, case: &str) -> bool {
        let key = VerifyKey::External(self.kit.public);
        let verdict = self.run(VerifyDigest::new(key, digest, self.kit.signature), case);
        self.holds(verdict, case, |_, verdict| verdict == expected)
    }

    fn challenge(&mut self, before: &Image, seed: u8, case: &str) -> bool {
        let input = [seed; 20];
        let procedure = ChallengeMac::new(Slot::S2, input);
        let head = CommandHeader::of(procedure.command());
        let answered = self.run(procedure, case);
        let serial = SerialNumber(before.serial().0);
        let key = key_of(before);
        self.holds(answered, case, |_, answer| {
            let ChallengeResponse { random, mac: got } = answer;
            let second = random_nonce(&random, &input, SeedUpdate::Automatic);
            let input = MacInput {
                first: &key,
                second: &second,
                otp: &[0; 64],
                serial: &serial,
            };
            mac(head, &input) == got
        })
    }

    /// The key in slot 2 rolled once, or not at all.
    fn derive(&mut self, before: &Image, seed: u8, case: &str) -> bool {
        let slot = Slot::S2;
        let load = LoadNonce {
            target: NonceTarget::TempKey,
            value: [seed; 32],
        };
        let derive = DeriveKey {
            target: slot,
            temp_key: SourceFlag::Input,
            mac: None,
        };
        let serial = SerialNumber(before.serial().0);
        let old = key_of(before);
        let new = derive_key(CommandHeader::of(&derive), &old, &load.value, &serial);
        let derived = self.run(Prepared::new(Once(load), derive), case);
        self.unchanged(&derived, before, 2, case);
        if derived == Err(Executed::Unknown) && ![old, new].contains(&key_of(&self.image())) {
            self.figures.blame(Wrong::Twice, || case.into());
        }
        let derived = derived.map(|((), ())| new);
        self.equal(derived, |image| key_of(image).to_vec(), case)
    }

    /// Counted once, or not at all; and what is said of it is so.
    fn increment(&mut self, before: &Image, case: &str) -> bool {
        let counted = self.run(IncrementCounter::new(CounterId::One), case);
        let (before, after) = (count_of(before), count_of(&self.image()));
        let wrong = match counted {
            Ok(value) if value != before + 1 || after != value => Some(Wrong::Result),
            Err(Executed::No) if after != before => Some(Wrong::NotExecuted),
            Err(Executed::Unknown) if after > before + 1 => Some(Wrong::Twice),
            _ => None,
        };
        if let Some(wrong) = wrong {
            self.figures.blame(wrong, || case.into());
        }
        counted.is_ok()
    }

    /// A second run on a quiet bus gives the same.
    fn same_again<P>(&mut self, procedure: P, case: &str) -> bool
    where
        P: Procedure<Error = Failure, Output = [u8; 32]> + Clone,
    {
        let first = self.run(procedure.clone(), case);
        self.holds(first, case, |harness, first| {
            harness.device.run(procedure).ok() == Some(first)
        })
    }

    fn equal<T: AsRef<[u8]>>(
        &mut self,
        got: Fate<T>,
        truth: impl FnOnce(&Image) -> Vec<u8>,
        case: &str,
    ) -> bool {
        self.holds(got, case, |harness, got| {
            got.as_ref() == truth(&harness.image())
        })
    }

    /// A result must stand the test, on a bus that is quiet from then on.
    fn holds<T>(
        &mut self,
        got: Fate<T>,
        case: &str,
        truth: impl FnOnce(&mut Self, T) -> bool,
    ) -> bool {
        let Ok(got) = got else { return false };
        self.wire.calm();
        if !truth(self, got) {
            self.figures.blame(Wrong::Result, || case.into());
        }
        true
    }

    /// "Not executed" leaves the slot as it was.
    fn unchanged<T>(&mut self, got: &Fate<T>, before: &Image, slot: u8, case: &str) {
        let said = matches!(got, Err(Executed::No));
        if said && slot_of(before, slot) != slot_of(&self.image(), slot) {
            self.figures.blame(Wrong::NotExecuted, || case.into());
        }
    }

    fn public(&mut self, slot: Slot) -> Option<PublicKey> {
        let mode = GenKeyMode::Public;
        self.device.execute(GenKey { mode, slot }).ok()
    }

    /// The memory as it is when the chip has done what it is doing.
    fn image(&self) -> Image {
        self.bus.image(0).expect("one chip")
    }
}

fn executed(error: &Error<WireError>) -> Executed {
    match error {
        Error::Bus { executed, .. } => *executed,
        Error::Failed(failure) => failure.executed,
    }
}

pub(crate) fn slot_of(image: &Image, index: u8) -> &[u8] {
    image.slot(atecc_emulator::Slot::new(index).expect("a slot"))
}

/// What another chip with this memory says of the second counter.
fn count_of(image: &Image) -> u32 {
    let bus = Bus::with_chip(chip(image, 9));
    let mut device = Device::new(bus.i2c(), bus.delay());
    let read = Counter {
        mode: CounterMode::Read,
        counter: CounterId::One,
    };
    device.execute(read).expect("its own counter")
}

/// What slot 2 holds.
fn key_of(image: &Image) -> [u8; 32] {
    slot_of(image, 2).first_chunk().copied().unwrap_or(KEY)
}

fn session_key<'a>(key: &'a [u8; 32], image: &Image, seed: u8) -> SessionKey<'a> {
    SessionKey {
        slot: Slot::S2,
        key,
        input: [seed; 20],
        serial: SerialNumber(image.serial().0),
    }
}

fn block_of_slot_6() -> BlockAddress {
    BlockAddress::new(Region::Slot(Slot::S6), 0).expect("a block")
}

/// Whether another chip takes the signature.
pub(crate) fn verifies(kit: &Kit, digest: [u8; 32], signature: [u8; 64]) -> bool {
    let bus = Bus::with_chip(chip(&kit.image, 9));
    let mut device = Device::new(bus.i2c(), bus.delay());
    let key = VerifyKey::External(kit.public);
    let verdict = device.run(VerifyDigest::new(key, digest, signature));
    verdict.is_ok_and(|verdict| verdict == Verdict::Good)
}
