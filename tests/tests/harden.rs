//! The certificates' slots: open to `DeriveKey`, until each is locked.

use atecc::commands::{DeriveKey, LoadNonce, LockTarget, NonceTarget, SourceFlag};
use atecc::procedure::{Answer, Next, Once};
use atecc::procedures::{LockAndConfirm, Prepared};
use atecc::{ConfigZone, Error, Opcode, Procedure, Slot, Status};
use atecc_emulator::{Bus, BusError, Chip, Entropy, Revision};
use nerves_key::Stage;
use nerves_key_provision::{
    CertificateSlots, Harden, HardenError, HardenRefusal, Hardening, Plan, Step, Warning,
};
use nerves_key_schema::slot;
use tests_fault_sweep::{SETUPS, Setup};
use tests_station::Station;

/// A finished chip as the reference leaves it.
fn open_chip(setup: Setup) -> Bus {
    let bus = Bus::with_chip(Chip::blank(setup.revision));
    let mut station = setup.station();
    station.request.certificate_slots = CertificateSlots::LeaveOpen;
    station.provision(&bus).unwrap().unwrap();
    let stage = Station::snapshot(&bus).unwrap().stage();
    assert_eq!(stage, Stage::Finished(setup.layout), "{setup}");
    bus
}

/// What anybody can do who reaches the chip.
fn derive(bus: &Bus, target: Slot) -> Result<(), Error<BusError>> {
    let nonce = LoadNonce {
        target: NonceTarget::TempKey,
        value: [0xD0; 32],
    };
    let derive = DeriveKey {
        target,
        temp_key: SourceFlag::Input,
        mac: None,
    };
    let prepared = Prepared::new(Once(nonce), derive);
    Station::device(bus).run(prepared).map(|((), ())| ())
}

fn refusal(result: &Result<(), Error<BusError>>) -> Option<Status> {
    match result {
        Err(Error::Failed(failure)) => failure.refusal(),
        _ => None,
    }
}

fn plan(bus: &Bus) -> Hardening {
    Hardening::new(&Station::snapshot(bus).unwrap()).unwrap()
}

/// Three of the four slots hold what the identity is made of; the fourth is
/// locked as well, lest somebody else keep something there.
#[test]
fn what_is_open_is_destroyed_and_what_is_locked_is_not() {
    for setup in SETUPS {
        for target in slot::CERTIFICATES {
            let bus = open_chip(setup);
            derive(&bus, target).unwrap();
            let destroyed = Station::snapshot(&bus).unwrap().identity().is_err();
            assert_eq!(destroyed, target != slot::SIGNER_SERIAL_NUMBER, "{setup}");

            let bus = open_chip(setup);
            Station::device(&bus).run(Harden::new(&plan(&bus))).unwrap();
            let before = bus.image(0);
            assert_eq!(refusal(&derive(&bus, target)), Some(Status::Execution));
            assert_eq!(bus.image(0), before, "{setup}: {target}");
            Station::snapshot(&bus).unwrap().identity().unwrap();
        }
    }
}

#[test]
fn provisioning_locks_them_after_the_data_and_before_the_keys() {
    for setup in SETUPS {
        let bus = Bus::with_chip(Chip::blank(setup.revision));
        let mut station = setup.station();
        let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
        assert_eq!(plan.warnings(), [], "{setup}");
        let at = |step: &Step| plan.steps().iter().rposition(|other| other == step);
        let locks = slot::CERTIFICATES.map(|slot| at(&Step::LockSlot(slot)).unwrap());
        let verified = at(&Step::ReadBack).unwrap();
        let key = at(&Step::LockSlot(slot::DEVICE_KEY)).unwrap();
        assert!(locks.iter().all(|lock| verified < *lock && *lock < key));
        let digest = plan.digest();
        station.provision(&bus).unwrap().unwrap();
        let hardened = bus.image(0).unwrap();
        for target in slot::CERTIFICATES {
            assert_eq!(refusal(&derive(&bus, target)), Some(Status::Execution));
        }

        let bus = Bus::with_chip(Chip::blank(setup.revision));
        station.request.certificate_slots = CertificateSlots::LeaveOpen;
        let open = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
        assert_eq!(open.warnings(), [Warning::CertificatesOpen], "{setup}");
        assert_ne!(open.digest(), digest);
        assert_eq!(open.steps().len() + 4, plan.steps().len());
        // The same chip again: only byte 89, bits 2 to 5, tells the two apart.
        station.provision(&bus).unwrap().unwrap();
        let open = bus.image(0).unwrap();
        let mut config = *open.config();
        config[89] &= !0x3C;
        assert_eq!(open.with_config(config).unwrap(), hardened, "{setup}");
    }
}

/// A provisioning leaves a finished chip as it is, and says what is open.
#[test]
fn a_finished_chip_is_hardened_only_when_asked() {
    for setup in SETUPS {
        let bus = open_chip(setup);
        let station = setup.station();
        let nothing = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
        assert_eq!(nothing.steps(), []);
        assert_eq!(nothing.warnings(), [Warning::CertificatesOpen]);

        // Somebody has locked one of them already.
        let twelve = LockTarget::Slot(slot::SIGNER_CERTIFICATE);
        let mut device = Station::device(&bus);
        device.run(LockAndConfirm::new(twelve)).unwrap();
        let hardening = plan(&bus);
        let indices: Vec<u8> = hardening.slots().iter().map(|slot| slot.index()).collect();
        assert_eq!(indices, [10, 11, 13]);
        let text = hardening.to_string();
        assert_eq!(text.matches("!!").count(), 4, "{text}");
        assert!(text.contains("lock slot 13 (signer serial number (unused))"));

        let zone = device.run(Harden::new(&hardening)).unwrap();
        assert_eq!(zone, Station::snapshot(&bus).unwrap().config);
        assert_eq!(plan(&bus).slots(), []);
        assert_eq!(plan(&bus).to_string(), "nothing to do\n");
        let nothing = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
        assert_eq!((nothing.steps(), nothing.warnings()), (&[][..], vec![]));
    }
}

/// A hardening whose last look finds the lock of a slot open.
struct LastLook<'h> {
    harden: Harden<'h>,
    locks: usize,
    /// Answers since the last lock.
    answers: usize,
}

impl Procedure for &mut LastLook<'_> {
    type Output = ConfigZone;
    type Error = HardenError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<ConfigZone, HardenError> {
        let mut changed;
        let mut answer = answer;
        if let Answer::Payload(payload) = answer {
            self.answers += 1;
            // After the last lock's own answer comes block 2.
            if self.locks == 4 && self.answers == 2 {
                changed = payload.to_vec();
                // Byte 89, bit 4: slot 12.
                changed[89 - 64] |= 0x10;
                answer = Answer::Payload(&changed);
            }
        }
        let next = self.harden.resume(answer);
        if let Next::Send(request) = &next
            && request.opcode() == Opcode::Lock
        {
            self.locks += 1;
            self.answers = 0;
        }
        next
    }
}

#[test]
fn a_lock_that_is_not_set_is_told() {
    for setup in SETUPS {
        let bus = open_chip(setup);
        let hardening = plan(&bus);
        let mut last = LastLook {
            harden: Harden::new(&hardening),
            locks: 0,
            answers: 0,
        };
        let told = Station::device(&bus).run(&mut last);
        let Err(Error::Failed(HardenError::NotLocked(slot))) = told else {
            panic!("{setup}: {told:?}");
        };
        assert_eq!(slot, slot::SIGNER_CERTIFICATE, "{setup}");
    }
}

/// A chain that verifies may be anybody's: the signer's certificate is compared
/// byte by byte.
#[test]
fn another_signers_chip_is_not_hardened_as_ones_own() {
    let setup = SETUPS[1];
    let bus = open_chip(setup);
    let own = setup.station().certificate;
    assert!(!plan(&bus).is_signer_compared());
    let compared = plan(&bus).signed_by(&own).unwrap();
    assert!(compared.is_signer_compared());
    assert_eq!(compared.slots(), plan(&bus).slots());
    // The same certificate, but for the last byte of its signature.
    let mut der = own.as_der().to_vec();
    *der.last_mut().unwrap() ^= 1;
    let another = atecc_x509::Certificate::from_der(der).unwrap();
    assert!(matches!(
        plan(&bus).signed_by(&another),
        Err(HardenRefusal::OtherSigner)
    ));
}

/// What does not verify is not locked in, and what has changed since it was
/// read is not locked.
#[test]
fn only_what_verifies_is_locked() {
    let setup = SETUPS[1];
    let bus = Bus::with_chip(Chip::blank(setup.revision));
    let snapshot = Station::snapshot(&bus).unwrap();
    assert!(matches!(
        Hardening::new(&snapshot),
        Err(HardenRefusal::Stage(Stage::Blank))
    ));

    // Its key's slot is open: provisioning has not ended.
    let bus = open_chip(setup);
    let image = bus.image(0).unwrap();
    let mut config = *image.config();
    config[88] = 0xFF;
    let unfinished = Chip::new(image.with_config(config).unwrap(), Entropy::Seeded(1)).unwrap();
    let snapshot = Station::snapshot(&Bus::with_chip(unfinished)).unwrap();
    assert!(matches!(
        Hardening::new(&snapshot),
        Err(HardenRefusal::Stage(Stage::KeySlotOpen(_)))
    ));

    let bus = open_chip(setup);
    let hardening = plan(&bus);
    derive(&bus, slot::DEVICE_CERTIFICATE).unwrap();
    let snapshot = Station::snapshot(&bus).unwrap();
    assert!(matches!(
        Hardening::new(&snapshot),
        Err(HardenRefusal::Identity(_))
    ));
    let before = bus.image(0);
    let stopped = Station::device(&bus).run(Harden::new(&hardening));
    assert!(matches!(stopped, Err(Error::Failed(HardenError::Changed))));
    assert_eq!(bus.image(0), before);

    // Another chip in its place.
    let other = open_chip(Setup {
        revision: Revision::Atecc608B,
        ..setup
    });
    let before = other.image(0);
    let stopped = Station::device(&other).run(Harden::new(&hardening));
    let serial = |bus| Station::snapshot(bus).unwrap().config.serial_number();
    assert!(matches!(
        stopped,
        Err(Error::Failed(HardenError::OtherChip { planned, found }))
            if (planned, found) == (serial(&bus), serial(&other))
    ));
    assert_eq!(other.image(0), before);
}
