//! Provisioning, on emulated chips.

use std::cell::Cell;
use std::rc::Rc;

use atecc::commands::{DigestSource, GenKey, GenKeyMode, LockTarget, Sign, WriteBlock, WriteWord};
use atecc::error::{Cause, Executed};
use atecc::procedure::{Answer, Next};
use atecc::procedures::LockAndConfirm;
use atecc::{
    BlockAddress, Command, Error, Failure, Opcode, Procedure, Region, Status, WordAddress,
};
use atecc_emulator::{
    Bus, BusError, Chip, CutPoint, Defects, Entropy, Fault, Faults, Image, Revision,
};
use atecc_x509::{CompressedCertificate, DateTime, Format, SignatureBytes};
use nerves_key::{Activate, Activation, Stage};
use nerves_key_provision::{
    CertificateSigner, Event, KeySigner, Plan, Possession, ProvisionError, Refusal, Report,
    RunError, RunOutcome, Runner, SigningRequest, Step, VolatileSecrets, create_signer, provision,
};
use nerves_key_schema::{ConfigWrite, Layout, configure, slot, writes};
use tests_fault_sweep::{SETUPS, Setup};
use tests_station::wire::commands;
use tests_station::{CHALLENGES, Station, StationError};

const REVISIONS: [Revision; 3] = [
    Revision::Atecc508A,
    Revision::Atecc608A,
    Revision::Atecc608B,
];

fn station() -> Station {
    let now = DateTime::new(2026, 12, 6, 10, 20, 30).unwrap();
    Station::new([0x42; 32], now, Some("N1234"))
}

fn refused<C: Command>(bus: &Bus, command: C) -> bool {
    matches!(
        Station::device(bus).execute(command),
        Err(Error::Failed(failure)) if failure.refusal() == Some(Status::Execution)
    )
}

#[test]
fn a_blank_chip_becomes_a_nerves_key() {
    for revision in REVISIONS {
        let bus = Bus::with_chip(Chip::blank(revision));
        assert_eq!(Station::snapshot(&bus).unwrap().stage(), Stage::Blank);
        let mut station = station();
        let report = station.provision(&bus).unwrap().unwrap();
        assert_eq!(report.possession_before_lock, Some(Possession::Proved));

        let snapshot = Station::snapshot(&bus).unwrap();
        assert_eq!(snapshot.stage(), Stage::Finished(Layout::Standard));
        let identity = snapshot.identity().unwrap();
        assert_eq!(identity.otp.manufacturer_serial(), b"N1234");
        assert_eq!(identity.signer_certificate, station.certificate);
        assert_eq!(identity.device_certificate, report.device_certificate);

        // Again: nothing to do.
        assert!(station.provision(&bus).unwrap().is_none());
    }
}

#[test]
fn a_finished_chip_refuses_what_would_change_it() {
    for revision in REVISIONS {
        let bus = Bus::with_chip(Chip::blank(revision));
        station().provision(&bus).unwrap();
        assert!(refused(
            &bus,
            GenKey {
                mode: GenKeyMode::Create,
                slot: slot::DEVICE_KEY
            }
        ));
        let config = WordAddress::new(Region::Config, 5).unwrap();
        assert!(refused(
            &bus,
            WriteWord {
                address: config,
                data: [0; 4]
            }
        ));
        for place in [Region::Otp, Region::Slot(slot::DEVICE_CERTIFICATE)] {
            let address = BlockAddress::new(place, 0).unwrap();
            assert!(refused(
                &bus,
                WriteBlock {
                    address,
                    data: [0; 32]
                }
            ));
        }
    }
}

/// A signer during whose work somebody else has the bus.
struct Interrupted<'a, F: FnMut()> {
    key: &'a mut KeySigner,
    meanwhile: F,
}

impl<F: FnMut()> CertificateSigner for Interrupted<'_, F> {
    type Error = <KeySigner as CertificateSigner>::Error;

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error> {
        (self.meanwhile)();
        self.key.sign(request)
    }
}

#[test]
fn a_key_replaced_while_the_signer_signs_is_noticed_before_the_lock() {
    for revision in REVISIONS {
        let bus = Bus::with_chip(Chip::blank(revision));
        let mut station = station();
        let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
        let mut signer = Interrupted {
            key: &mut station.key,
            meanwhile: || {
                let create = GenKey {
                    mode: GenKeyMode::Create,
                    slot: slot::DEVICE_KEY,
                };
                Station::device(&bus).execute(create).unwrap();
            },
        };
        let mut device = Station::device(&bus);
        let error = provision(&mut device, &plan, &mut signer, CHALLENGES, |_| {}).unwrap_err();
        assert!(
            matches!(error, ProvisionError::Run(RunError::KeyChanged)),
            "{error}"
        );
        let snapshot = Station::snapshot(&bus).unwrap();
        assert_eq!(snapshot.stage(), Stage::Keyed(Layout::Standard));
        // The same command again, for a key of its own.
        station.provision(&bus).unwrap();
        Station::snapshot(&bus).unwrap().identity().unwrap();
    }
}

fn assert_is_other_chip(error: &Error<BusError, RunError>, first: &Bus, second: &Bus) {
    let serial = |bus| Station::snapshot(bus).unwrap().config.serial_number();
    assert!(
        matches!(
            error,
            Error::Failed(RunError::OtherChip { planned, found })
                if (*planned, *found) == (serial(first), serial(second))
        ),
        "{error}"
    );
    let text = error.to_string();
    assert!(text.contains(&serial(second).to_string()), "{text}");
}

/// Whatever an answer of another chip looks like, it is that one which is named, and
/// none of it is locked.
#[test]
fn another_chip_at_any_step_is_named() {
    let finished = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    station().provision(&finished).unwrap();
    let blank = |revision, seed| {
        let image = Bus::with_chip(Chip::blank(revision)).image(0).unwrap();
        Bus::with_chip(Chip::new(image, Entropy::Seeded(seed)).unwrap())
    };
    let mut named = 0;
    for second in [blank(Revision::Atecc608B, 3), finished] {
        let other = second.image(0).unwrap();
        // The locks of the slots follow the last proof within the same session.
        for at in 0.. {
            let bus = blank(Revision::Atecc608A, 2);
            let first = blank(Revision::Atecc608A, 2);
            let mut station = station();
            let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
            let step = &plan.steps()[at];
            if matches!(step, Step::LockSlot(_)) {
                break;
            }
            let mut device = Station::device(&bus);
            let result = provision(&mut device, &plan, &mut station.key, CHALLENGES, |event| {
                if matches!(event, Event::Started { index, .. } if index == at) {
                    bus.detach(0x60).unwrap();
                    bus.attach(Chip::new(other.clone(), Entropy::Seeded(4)).unwrap());
                }
            });
            let locks = |image: &Image| image.config()[86..90].to_vec();
            assert_eq!(locks(&bus.image(0).unwrap()), locks(&other), "{step}");
            let Err(ProvisionError::Run(error)) = result else {
                panic!("{step}: {result:?}");
            };
            assert_is_other_chip(&Error::Failed(error), &first, &second);
            named += 1;
        }
    }
    assert!(named > 60, "{named}");
}

#[test]
fn another_chip_put_in_while_the_signer_signs_is_noticed() {
    let (first, second) = (
        Bus::with_chip(Chip::blank(Revision::Atecc608A)),
        Bus::with_chip(Chip::blank(Revision::Atecc608B)),
    );
    let mut station = station();
    let plan = Plan::new(&Station::snapshot(&first).unwrap(), &station.request).unwrap();
    let mut runner = Runner::new(&plan, CHALLENGES, |_| {});
    let Ok(RunOutcome::NeedsSignature(request)) = Station::device(&first).run(&mut runner) else {
        panic!("the plan needs a signature");
    };
    runner.signed(station.key.sign(&request).unwrap()).unwrap();
    let before = second.image(0).unwrap();
    let error = Station::device(&second).run(&mut runner).unwrap_err();
    assert_is_other_chip(&error, &first, &second);
    assert_eq!(second.image(0).unwrap(), before);
    station.provision(&first).unwrap();
}

/// Somebody finishes the chip while this plan waits for its yes, all but the lock of
/// slot 0, where a key is made until then.
#[test]
fn a_plan_that_waited_replaces_no_key_of_a_finished_chip() {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let mut station = station();
    let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
    let mut runner = Runner::new(&plan, CHALLENGES, |_| {});
    let stopped = Station::device(&bus).run(&mut runner);
    assert!(matches!(stopped, Ok(RunOutcome::NeedsSignature(_))));
    let keyed = Station::snapshot(&bus).unwrap();
    assert_eq!(keyed.stage(), Stage::Keyed(Layout::Standard));
    let waiting = Plan::new(&keyed, &station.request).unwrap();
    station.provision(&bus).unwrap().unwrap();
    let finished = bus.image(0).unwrap();
    let mut config = *finished.config();
    // SlotLocked, bit 0: as it is before the last step.
    config[88] |= 0x01;
    let open = finished.with_config(config).unwrap();
    let bus = Bus::with_chip(Chip::new(open, Entropy::Seeded(1)).unwrap());
    let before = bus.image(0).unwrap();
    let mut runner = Runner::new(&waiting, CHALLENGES, |_| {});
    let stopped = Station::device(&bus).run(&mut runner);
    assert!(
        matches!(
            stopped,
            Err(Error::Failed(RunError::Changed { offset: 86 }))
        ),
        "{stopped:?}"
    );
    assert_eq!(bus.image(0).unwrap(), before);
}

/// Somebody else is quicker with the same configuration, and makes a key: the lock is
/// refused and found set, and slot 0 is no empty one.
#[test]
fn a_configuration_that_somebody_else_has_locked_may_have_a_key() {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let station = station();
    let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
    let lock = plan.steps().iter().find_map(|step| match step {
        Step::LockConfig { crc } => Some(LockTarget::Config { crc: *crc }),
        _ => None,
    });
    let quicker = bus.clone();
    let mut runner = Runner::new(&plan, CHALLENGES, |_| {});
    let mut overtaken = Overtaken {
        runner: &mut runner,
        before_lock: Some(move || {
            let mut device = Station::device(&quicker);
            device.run(LockAndConfirm::new(lock.unwrap())).unwrap();
            let (mode, slot) = (GenKeyMode::Create, slot::DEVICE_KEY);
            device.execute(GenKey { mode, slot }).unwrap();
            quicker.start_log();
        }),
    };
    let stopped = Station::device(&bus).run(&mut overtaken);
    assert!(matches!(stopped, Ok(RunOutcome::NeedsSignature(_))));
    let log = bus.take_log();
    let asked: Vec<_> = commands(&log)
        .filter(|(opcode, _)| *opcode == Opcode::GenKey as u8)
        .collect();
    let [public, create] = [GenKeyMode::Public, GenKeyMode::Create].map(|mode| mode as u8);
    let gen_key = Opcode::GenKey as u8;
    assert_eq!(asked, [(gen_key, public), (gen_key, create)]);
}

/// A run before whose first lock somebody else uses the chip.
struct Overtaken<R, F> {
    runner: R,
    before_lock: Option<F>,
}

impl<R: Procedure, F: FnOnce()> Procedure for &mut Overtaken<R, F> {
    type Output = R::Output;
    type Error = R::Error;

    fn resume(&mut self, answer: Answer<'_>) -> Next<R::Output, R::Error> {
        let next = self.runner.resume(answer);
        if matches!(&next, Next::Send(request) if request.opcode() == Opcode::Lock)
            && let Some(before_lock) = self.before_lock.take()
        {
            before_lock();
        }
        next
    }
}

/// A runner takes a signature only where it asked for one, and a wrong one leads
/// back to the question; what an error has ended stays ended.
#[test]
fn a_run_goes_on_only_where_it_stopped() {
    let (bus, other) = (
        Bus::with_chip(Chip::blank(Revision::Atecc608A)),
        Bus::with_chip(Chip::blank(Revision::Atecc608B)),
    );
    let mut station = station();
    let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
    let mut runner = Runner::new(&plan, CHALLENGES, |_| {});
    let garbage = SignatureBytes::from_bytes([0x5A; 64]);
    let unasked = runner.signed(garbage).unwrap_err();
    assert!(matches!(
        unasked,
        RunError::OutOfOrder(Step::IssueCertificate)
    ));
    let mut asked = Vec::new();
    for _ in 0..2 {
        let Ok(RunOutcome::NeedsSignature(request)) = Station::device(&bus).run(&mut runner) else {
            panic!("the plan needs a signature");
        };
        asked.push(request.digest);
        let wrong = runner.signed(garbage).unwrap_err();
        assert!(matches!(wrong, RunError::Signer(_)), "{wrong}");
    }
    assert_eq!(asked[0], asked[1]);
    let Ok(RunOutcome::NeedsSignature(request)) = Station::device(&bus).run(&mut runner) else {
        panic!("the plan needs a signature");
    };
    runner.signed(station.key.sign(&request).unwrap()).unwrap();
    let changed = Station::device(&other).run(&mut runner).unwrap_err();
    assert_is_other_chip(&changed, &bus, &other);
    let ended = Station::device(&bus).run(&mut runner).unwrap_err();
    assert!(matches!(ended, Error::Failed(RunError::Ended)), "{ended}");
    assert!(runner.into_report().is_none());
    station.provision(&bus).unwrap().unwrap();
}

#[test]
fn a_chip_begun_in_the_volatile_layout_is_left_as_it_is() {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608A));
    let found = Station::snapshot(&bus).unwrap().config;
    let volatile = configure(&found, Layout::Volatile);
    let mut device = Station::device(&bus);
    for write in writes(&volatile) {
        match write {
            ConfigWrite::Word(address, data) => device.execute(WriteWord { address, data }),
            ConfigWrite::Block(address, data) => device.execute(WriteBlock { address, data }),
        }
        .unwrap();
    }
    let crc = volatile.crc();
    device
        .run(LockAndConfirm::new(LockTarget::Config { crc }))
        .unwrap();
    let before = bus.image(0).unwrap();
    let error = station().provision(&bus).unwrap_err();
    assert!(
        matches!(&error, StationError::Refused(refusal)
            if matches!(**refusal, Refusal::OtherLayout { found: Layout::Volatile, .. })),
        "{error}"
    );
    assert_eq!(bus.image(0).unwrap(), before);
}

/// Read, plan and run by hand, with every event.
fn provision_with_events(bus: &Bus, setup: Setup) -> (Report, Vec<String>) {
    let mut station = setup.station();
    let plan = Plan::new(&Station::snapshot(bus).unwrap(), &station.request).unwrap();
    let mut events = Vec::new();
    let mut device = Station::device(bus);
    let report = provision(&mut device, &plan, &mut station.key, CHALLENGES, |event| {
        events.push(match event {
            Event::Done { step, .. } => step.to_string(),
            Event::Started { .. } => return,
            other => format!("{other:?}"),
        });
    });
    (report.unwrap().unwrap(), events)
}

/// Who shows progress counts on it.
#[test]
fn each_step_begins_once_and_then_ends() {
    for setup in SETUPS {
        let bus = Bus::with_chip(Chip::blank(setup.revision));
        let mut station = setup.station();
        let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
        let (mut told, steps) = (Vec::new(), plan.steps());
        let mut device = Station::device(&bus);
        let report = provision(
            &mut device,
            &plan,
            &mut station.key,
            CHALLENGES,
            |event| match event {
                Event::Started { index, total, step } => {
                    assert_eq!((total, step), (steps.len(), &steps[index]));
                    told.push((index, "begins"));
                }
                Event::Done { index, step } => {
                    assert_eq!(step, &steps[index]);
                    told.push((index, "ends"));
                }
                _ => {}
            },
        );
        report.unwrap().unwrap();
        let wanted: Vec<_> = (0..steps.len())
            .flat_map(|index| [(index, "begins"), (index, "ends")])
            .collect();
        assert_eq!(told, wanted, "{setup}");
    }
}

/// Sign is used before the data lock on trust in the reference's driver: a
/// chip that refuses it then is finished all the same, and the report says so.
#[test]
fn a_chip_that_signs_only_after_its_data_lock() {
    for setup in SETUPS {
        let defects = Defects::none().resting_until_data_lock();
        let bus = Bus::with_chip(Chip::blank(setup.revision).with_defects(defects));
        let (report, events) = provision_with_events(&bus, setup);
        assert_eq!(report.possession_before_lock, Some(Possession::Refused));
        let unproved = events.iter().filter(|event| *event == "PossessionUnproved");
        assert_eq!(unproved.count(), 2, "{setup}: {events:?}");
        let latched = events.iter().any(|event| event == "ActivationUnproved");
        assert_eq!(latched, setup.layout == Layout::Volatile, "{setup}");
        let snapshot = Station::snapshot(&bus).unwrap();
        assert_eq!(snapshot.stage(), Stage::Finished(setup.layout), "{setup}");
    }
}

/// What is done before and after the data lock, in order.
#[test]
fn the_key_is_proved_on_both_sides_of_the_data_lock() {
    for setup in SETUPS {
        let bus = Bus::with_chip(Chip::blank(setup.revision));
        let (report, events) = provision_with_events(&bus, setup);
        assert_eq!(report.possession_before_lock, Some(Possession::Proved));
        let at = |step: &Step| events.iter().position(|event| *event == step.to_string());
        let last = |step: &Step| events.iter().rposition(|event| *event == step.to_string());
        let lock = at(&Step::LockData).unwrap();
        for before in [Step::VerifyChain, Step::ProveKey] {
            assert!(at(&before).unwrap() < lock, "{setup}: {before}");
        }
        for after in [Step::ReadBack, Step::ReadSlots, Step::ProveKey] {
            let after = last(&after).unwrap();
            let slot = at(&Step::LockSlot(slot::DEVICE_KEY)).unwrap();
            assert!(lock < after && after < slot, "{setup}: {events:?}");
        }
        assert_eq!(last(&Step::CheckLocks), Some(events.len() - 1));
        assert!(report.config.slot_lock(slot::DEVICE_KEY).is_locked());
    }
}

const VOLATILE: Setup = Setup {
    revision: Revision::Atecc608A,
    layout: Layout::Volatile,
};

/// The keys are in slots 1 and 2, nowhere on paper, and needed after each
/// power-up.
#[test]
fn the_volatile_layout_keeps_its_keys_to_itself() {
    let bus = Bus::with_chip(Chip::blank(VOLATILE.revision));
    let mut station = VOLATILE.station();
    let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
    // The bytes of the test's keys, as any text would have them.
    for text in [
        plan.to_string(),
        format!("{plan:?}"),
        format!("{:?}", station.request),
    ] {
        for key in ["acacacac", "ecececec", "172, 172", "236, 236"] {
            assert!(!text.to_lowercase().contains(key), "{key} in {text}");
        }
    }
    assert_eq!(plan.bytes(&Step::WriteSecret(slot::ACTIVATION_KEY)), None);
    station.provision(&bus).unwrap().unwrap();
    let image = bus.image(0).unwrap();
    for (index, key) in [(1, 0xAC), (2, 0xEC)] {
        let contents = image.slot(atecc_emulator::Slot::new(index).unwrap());
        assert_eq!(contents[..16], [key; 16]);
        assert_eq!(contents[16..], [0; 20]);
    }
    let config = Station::snapshot(&bus).unwrap().config;
    for slot in VOLATILE.layout.locked_slots() {
        assert!(config.slot_lock(*slot).is_locked(), "{slot}");
    }
    bus.power_cycle();
    assert!(refused(
        &bus,
        Sign {
            source: DigestSource::TempKey,
            slot: slot::DEVICE_KEY
        }
    ));
    let keys = station.request.volatile_keys.take().unwrap();
    let serial = config.serial_number();
    let activate = |keys| Station::device(&bus).run(Activate::new(keys, serial, [7; 20]));
    let wrong = VolatileSecrets::new(&[0xAD; 16], &[0xEC; 16]);
    assert_eq!(activate(&wrong).unwrap(), Activation::WrongKey);
    let sign = || Station::device(&bus).run(nerves_key::sign([9; 32]));
    assert!(sign().is_err());
    assert_eq!(activate(&keys).unwrap(), Activation::Active);
    assert!(sign().is_ok());
    // The latch stays through sleep, and is lost with the supply.
    assert!(sign().is_ok());
    bus.power_cycle();
    assert!(sign().is_err());
    // A finished chip asks for no keys; one that is given has to be its own.
    assert!(station.provision(&bus).unwrap().is_none());
    station.request.volatile_keys = Some(wrong);
    let error = station.provision(&bus).unwrap_err();
    assert!(
        matches!(
            error,
            StationError::Stopped(ProvisionError::Run(RunError::ActivationKey))
        ),
        "{error}"
    );
    station.request.volatile_keys = Some(keys);
    assert!(station.provision(&bus).unwrap().is_none());
    // And of no use for another layout.
    station.request.layout = Layout::Standard;
    station.provision(&bus).unwrap_err();
}

/// After the data lock the activation key is what the chip says it is.
#[test]
fn another_activation_key_is_told_and_changes_nothing() {
    let bus = Bus::with_chip(Chip::blank(VOLATILE.revision));
    let mut station = VOLATILE.station();
    // Cut off when the data are locked and no slot is.
    let all = VOLATILE.transactions();
    let locked = all.into_iter().rev().find(|at| {
        let bus = Bus::with_chip(Chip::blank(VOLATILE.revision));
        bus.set_faults(Faults::none().at(*at, Fault::PowerCut(CutPoint::Before)));
        // Only without its last transaction, the sleep, has a run finished.
        let finished = VOLATILE.station().provision(&bus).is_ok();
        bus.power_up();
        let snapshot = Station::snapshot(&bus).unwrap();
        !finished
            && snapshot.stage() == Stage::KeySlotOpen(Layout::Volatile)
            && !snapshot.config.slot_lock(slot::DEVICE_KEY).is_locked()
    });
    bus.set_faults(Faults::none().at(locked.unwrap(), Fault::PowerCut(CutPoint::Before)));
    assert!(station.provision(&bus).is_err());
    bus.set_faults(Faults::none());
    bus.power_up();
    let before = bus.image(0).unwrap();
    station.request.volatile_keys = Some(VolatileSecrets::new(&[0xAD; 16], &[0xEC; 16]));
    bus.start_log();
    let error = station.provision(&bus).unwrap_err();
    assert!(
        matches!(&error, StationError::Stopped(ProvisionError::Run(error))
            if matches!(error, RunError::ActivationKey) && error.is_resumable()),
        "{error}"
    );
    let after = bus.image(0).unwrap();
    assert_eq!(after.config(), before.config());
    assert_eq!(after.otp(), before.otp());
    let log = bus.take_log();
    let locks = commands(&log).filter(|(opcode, _)| matches!(opcode, 0x12 | 0x17));
    assert_eq!(locks.count(), 0);
    assert!(VOLATILE.station().provision(&bus).unwrap().is_some());
}

/// After 2031 format 1 alone is left, for the signer and for the device.
#[test]
fn provisioning_goes_on_after_2031() {
    let now = DateTime::new(2045, 6, 15, 12, 30, 0).unwrap();
    let key = KeySigner::from_bytes(&[0x42; 32]).unwrap();
    create_signer(&key, now, 40, Format::V0).unwrap_err();
    let certificate = create_signer(&key, now, 40, Format::V1).unwrap();
    let mut station = Station::with_signer(key, certificate, now, Some("L1"));
    for revision in REVISIONS {
        let bus = Bus::with_chip(Chip::blank(revision));
        station.request.format = Format::V0;
        assert!(matches!(
            station.provision(&bus),
            Err(StationError::Refused(_))
        ));
        assert_eq!(Station::snapshot(&bus).unwrap().stage(), Stage::Blank);
        station.request.format = Format::V1;
        station.provision(&bus).unwrap().unwrap();
        let snapshot = Station::snapshot(&bus).unwrap();
        let identity = snapshot.identity().unwrap();
        let [slot_10, slot_12] = [snapshot.device_certificate, snapshot.signer_certificate]
            .map(|slot| CompressedCertificate::from_bytes(&slot.unwrap()).unwrap());
        for compressed in [slot_10, slot_12] {
            assert_eq!(compressed.dates.format(), Format::V1);
        }
        let end = DateTime::new(2076, 6, 15, 12, 0, 0).unwrap();
        assert_eq!(identity.device_certificate.not_after(), Ok(end));
        // Nothing is left to do.
        assert!(station.provision(&bus).unwrap().is_none());
    }
}

type OnEvent = Box<dyn FnMut(Event<'_>)>;

/// A run whose `nth` command after `LockData` the chip refuses.
struct RefusedAfterLock<'p> {
    runner: Runner<'p, OnEvent>,
    locked: Rc<Cell<bool>>,
    left: u32,
    /// What was refused.
    opcode: Option<Opcode>,
}

impl<'p> RefusedAfterLock<'p> {
    fn new(plan: &'p Plan, nth: u32) -> Self {
        let locked = Rc::new(Cell::new(false));
        let seen = Rc::clone(&locked);
        let on_event: OnEvent = Box::new(move |event| {
            if let Event::Done {
                step: Step::LockData,
                ..
            } = event
            {
                seen.set(true);
            }
        });
        Self {
            runner: Runner::new(plan, CHALLENGES, on_event),
            locked,
            left: nth,
            opcode: None,
        }
    }
}

impl Procedure for &mut RefusedAfterLock<'_> {
    type Output = RunOutcome;
    type Error = RunError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<RunOutcome, RunError> {
        let mut next = (&mut self.runner).resume(answer);
        while let (Next::Send(request), true) = (&next, self.locked.get()) {
            if self.opcode.is_some() {
                break;
            }
            if self.left > 0 {
                self.left -= 1;
                break;
            }
            self.opcode = Some(request.opcode());
            let refusal = Failure {
                cause: Cause::Status {
                    opcode: request.opcode(),
                    parameters: request.parameters(),
                    status: Status::Execution,
                },
                executed: Executed::No,
            };
            next = (&mut self.runner).resume(Answer::Failed(refusal));
        }
        next
    }
}

/// Whatever the chip refuses after the data lock, be it once, the same command
/// again finishes it, and the error says so.
#[test]
fn a_refusal_in_the_read_back_is_no_difference() {
    for setup in SETUPS {
        let mut reads = 0;
        for nth in 0.. {
            let bus = Bus::with_chip(Chip::blank(setup.revision));
            let mut station = setup.station();
            let plan = Plan::new(&Station::snapshot(&bus).unwrap(), &station.request).unwrap();
            let mut run = RefusedAfterLock::new(&plan, nth);
            let mut device = Station::device(&bus);
            let RunOutcome::NeedsSignature(request) = device.run(&mut run).unwrap() else {
                panic!("no certificate is asked for");
            };
            let signature = station.key.sign(&request).unwrap();
            run.runner.signed(signature).unwrap();
            let result = device.run(&mut run);
            let Some(opcode) = run.opcode else {
                assert!(matches!(result, Ok(RunOutcome::Finished)));
                break;
            };
            let Err(Error::Failed(error)) = result else {
                // A sequence that may have lost its TempKey begins again.
                let shown = matches!(opcode, Opcode::Read | Opcode::GenKey);
                assert!(!shown, "{setup}: {nth}, {opcode:?}: {result:?}");
                continue;
            };
            assert!(error.is_resumable(), "{setup}: {nth}, {opcode:?}: {error}");
            assert!(!error.to_string().contains("differs"), "{error}");
            reads += u32::from(opcode == Opcode::Read);
            station.provision(&bus).unwrap();
            let stage = Station::snapshot(&bus).unwrap().stage();
            assert_eq!(stage, Stage::Finished(setup.layout), "{setup}: {nth}");
        }
        // OTP one, each certificate's slot four, the signer's key two, the locks one.
        assert_eq!(reads, 1 + 2 * 4 + 2 + 1, "{setup}");
    }
}
