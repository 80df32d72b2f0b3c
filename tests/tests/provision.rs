//! Provisioning, on emulated chips.

use atecc::commands::{GenKey, GenKeyMode, LockTarget, WriteBlock, WriteWord};
use atecc::procedures::LockAndConfirm;
use atecc::{BlockAddress, Command, Error, Failure, Place, Status, WordAddress};
use atecc_emulator::{Bus, Chip, CutPoint, EepromEffect, Fault, Faults, LostReply, Revision};
use atecc_x509::{DateTime, SignatureBytes};
use nerves_key::Stage;
use nerves_key_provision::{
    CertificateSigner, Challenges, KeySigner, Plan, Possession, ProvisionError, Refusal, RunError,
    Runner, SigningRequest, Stop, provision,
};
use nerves_key_schema::{ConfigWrite, Layout, configure, slot, writes};
use nerves_key_tests::station::{Station, StationError};

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
        Err(Error::Failed(Failure::Status {
            status: Status::Execution,
            ..
        }))
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
        let config = WordAddress::new(Place::Config, 5).unwrap();
        assert!(refused(
            &bus,
            WriteWord {
                address: config,
                data: [0; 4]
            }
        ));
        for place in [Place::Otp, Place::Slot(slot::DEVICE_CERTIFICATE)] {
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

/// How many bus transactions an undisturbed provisioning takes.
fn transactions(revision: Revision) -> u64 {
    let bus = Bus::with_chip(Chip::blank(revision));
    station().provision(&bus).unwrap();
    bus.transactions()
}

/// Whatever `fault` did at `transaction`, the same command again finishes the
/// chip.
fn recovers(revision: Revision, transaction: u64, fault: Fault) {
    let bus = Bus::with_chip(Chip::blank(revision));
    bus.set_faults(Faults::none().at(transaction, fault));
    let first = station().provision(&bus);
    let struck = bus.transactions() > transaction;
    assert!(struck, "{revision}: {fault:?} at {transaction} never came");
    if let Fault::PowerCut(CutPoint::Before | CutPoint::During(_)) = fault {
        // Without its last transaction, the sleep, a run has finished.
        assert!(
            first.is_err() || transaction + 1 >= bus.transactions(),
            "{revision}: {fault:?} at {transaction} was not noticed"
        );
    }
    bus.set_faults(Faults::none());
    bus.power_cycle();
    if let Err(error) = station().provision(&bus) {
        panic!("{revision}, {fault:?} at {transaction}: {first:?}, then {error}");
    }
    let snapshot = Station::snapshot(&bus).unwrap();
    assert_eq!(
        snapshot.stage(),
        Stage::Finished(Layout::Standard),
        "{revision}, {fault:?} at {transaction}"
    );
    snapshot.identity().unwrap();
}

#[test]
fn power_loss_at_random_points_is_recovered() {
    const POINTS: u64 = 20;
    for revision in REVISIONS {
        let all = transactions(revision);
        // A full-period generator gives points all over the run, the same ones
        // in every run of the test.
        let mut point = 1;
        for _ in 0..POINTS {
            point = (point * 1_103_515_245 + 12_345) % (1 << 31);
            for cut in [
                CutPoint::Before,
                CutPoint::During(EepromEffect::Lost),
                CutPoint::During(EepromEffect::Committed),
                CutPoint::After,
            ] {
                recovers(revision, (point >> 8) % all, Fault::PowerCut(cut));
            }
        }
    }
}

#[test]
fn lost_and_damaged_replies_are_recovered() {
    for revision in REVISIONS {
        let all = transactions(revision);
        for transaction in (0..all).step_by(41) {
            for fault in [
                Fault::ReplyLost(LostReply::Blank),
                Fault::ReplyCorrupted {
                    byte: 1,
                    mask: 0x04,
                },
                Fault::NackBurst { transactions: 3 },
                Fault::EarlyWatchdog,
                Fault::NoisyWake,
            ] {
                recovers(revision, transaction, fault);
            }
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

    fn sign(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error> {
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
        let challenges = Challenges {
            before_certificate: [1; 32],
            before_lock: [2; 32],
            after_lock: [3; 32],
        };
        let mut device = Station::device(&bus);
        let error = provision(&mut device, &plan, &mut signer, challenges, |_| {}).unwrap_err();
        assert!(
            matches!(error, ProvisionError::Run(RunError::KeyChanged)),
            "{error}"
        );
        let snapshot = Station::snapshot(&bus).unwrap();
        assert_eq!(snapshot.stage(), Stage::Keyed(Layout::Standard));
        // The same command again, for the key that is there now.
        station.provision(&bus).unwrap();
        Station::snapshot(&bus).unwrap().identity().unwrap();
    }
}

#[test]
fn another_chip_put_in_while_the_signer_signs_is_noticed() {
    let (first, second) = (
        Bus::with_chip(Chip::blank(Revision::Atecc608A)),
        Bus::with_chip(Chip::blank(Revision::Atecc608B)),
    );
    let mut station = station();
    let plan = Plan::new(&Station::snapshot(&first).unwrap(), &station.request).unwrap();
    let challenges = Challenges {
        before_certificate: [1; 32],
        before_lock: [2; 32],
        after_lock: [3; 32],
    };
    let mut runner = Runner::new(&plan, challenges, |_| {});
    let Ok(Stop::NeedsSignature(request)) = Station::device(&first).run(&mut runner) else {
        panic!("the plan needs a signature");
    };
    runner.signed(station.key.sign(&request).unwrap()).unwrap();
    let before = second.image(0).unwrap();
    let error = Station::device(&second).run(&mut runner).unwrap_err();
    assert!(
        matches!(error, Error::Failed(RunError::Changed { .. })),
        "{error}"
    );
    assert_eq!(second.image(0).unwrap(), before);
    station.provision(&first).unwrap();
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
