//! A device key is certified where something of ours knows its birth, and made
//! anew everywhere else.

use atecc::commands::{GenKey, GenKeyMode, PrivWrite, PrivateKeyData};
use atecc::{Device, Error};
use atecc_emulator::{Bus, Chip, Delay, I2cHandle};
use atecc_x509::PublicKey;
use nerves_key::Stage;
use nerves_key_provision::{
    CertificateSigner, DeviceKey, KeyOrigin, Plan, Refusal, RunError, RunOutcome, Runner,
    SigningRequest, Step, Warning, prepare,
};
use nerves_key_schema::slot;
use tests_fault_sweep::{SETUPS, Setup};
use tests_station::{CHALLENGES, Station, StationError};

/// A chip that an earlier run has left with its key.
fn keyed(setup: Setup) -> (Bus, SigningRequest) {
    let bus = Bus::with_chip(Chip::blank(setup.revision));
    let plan = plan(&bus, &setup.station()).unwrap();
    let request = prepare(&mut Station::device(&bus), &plan, CHALLENGES, |_| {});
    let request = request.unwrap().unwrap();
    let stage = Station::snapshot(&bus).unwrap().stage();
    assert_eq!(stage, Stage::Keyed(setup.layout));
    (bus, request)
}

fn plan(bus: &Bus, station: &Station) -> Result<Plan, Refusal> {
    Plan::new(&Station::snapshot(bus).unwrap(), &station.request)
}

fn has_key(device: &mut Device<I2cHandle, Delay>, mode: GenKeyMode) -> PublicKey {
    let slot = slot::DEVICE_KEY;
    let key = device.execute(GenKey { mode, slot }).unwrap();
    key.into()
}

#[test]
fn a_key_that_nothing_of_ours_knows_is_replaced() {
    for setup in SETUPS {
        let (bus, request) = keyed(setup);
        let mut station = setup.station();
        let plan = plan(&bus, &station).unwrap();
        assert_eq!(plan.replaced_key(), Some(request.public_key), "{setup}");
        assert!(plan.warnings().contains(&Warning::KeyReplaced), "{setup}");
        assert!(plan.steps().contains(&Step::CreateKey), "{setup}");
        let report = station.provision(&bus).unwrap().unwrap();
        assert_eq!(report.key_origin, KeyOrigin::ThisRun, "{setup}");
        assert_eq!(
            report.replaced_key.map(|key| *key.as_bytes()),
            Some(*request.public_key.as_bytes()),
            "{setup}"
        );
        let certified = report.device_certificate.public_key().unwrap();
        assert_ne!(certified, request.public_key, "{setup}");
        assert_eq!(station.issued, [certified], "{setup}");
        // Now nobody can tell, and nothing is to be done.
        let plan = plan_again(&bus, &station);
        assert_eq!(plan.key_origin(&certified), KeyOrigin::Unknown);
        assert_eq!(plan.warnings(), []);
    }
}

fn plan_again(bus: &Bus, station: &Station) -> Plan {
    let plan = plan(bus, station).unwrap();
    assert_eq!(plan.steps(), []);
    plan
}

#[test]
fn a_key_that_is_known_is_kept() {
    for setup in SETUPS {
        for (kept, origin) in [
            (
                DeviceKey::Recorded as fn(PublicKey) -> DeviceKey,
                KeyOrigin::EarlierRun,
            ),
            (DeviceKey::Answered, KeyOrigin::Request),
        ] {
            let (bus, request) = keyed(setup);
            let mut station = setup.station();
            station.request.device_key = kept(request.public_key);
            let plan = plan(&bus, &station).unwrap();
            assert!(!plan.steps().contains(&Step::CreateKey), "{setup}");
            assert_eq!((plan.replaced_key(), plan.warnings()), (None, vec![]));
            let report = station.provision(&bus).unwrap().unwrap();
            assert_eq!((report.key_origin, report.replaced_key), (origin, None));
            let certified = report.device_certificate.public_key().unwrap();
            assert_eq!(certified, request.public_key, "{setup}");
        }
    }
}

/// What is to be kept has to be there: at the plan, and when it is run.
#[test]
fn another_key_is_not_certified_in_its_place() {
    for setup in SETUPS {
        let (bus, request) = keyed(setup);
        let mut station = setup.station();
        station.request.device_key = DeviceKey::Recorded(request.public_key);
        let blank = Bus::with_chip(Chip::blank(setup.revision));
        let none = plan(&blank, &station).unwrap_err();
        assert!(matches!(none, Refusal::OtherKey(None)), "{none}");

        let plan_before = plan(&bus, &station).unwrap();
        let other = has_key(&mut Station::device(&bus), GenKeyMode::Create);
        let device = &mut Station::device(&bus);
        let run = prepare(device, &plan_before, CHALLENGES, |_| {}).unwrap_err();
        assert!(
            matches!(
                run,
                nerves_key_provision::ProvisionError::Run(RunError::KeyChanged)
            ),
            "{run}"
        );
        let Err(StationError::Refused(refusal)) = station.provision(&bus) else {
            panic!("{setup}: not refused");
        };
        assert!(
            matches!(*refusal, Refusal::OtherKey(Some(found)) if found == other),
            "{refusal}"
        );
        assert_eq!(has_key(device, GenKeyMode::Public), other, "{setup}");
        assert_eq!(station.issued, []);
    }
}

/// PrivWrite in the clear, as whoever has the bus can before the data lock.
fn write_private_key(bus: &Bus, scalar: [u8; 32]) -> PublicKey {
    let device = &mut Station::device(bus);
    let (slot, key) = (slot::DEVICE_KEY, PrivateKeyData::Clear(scalar));
    device.execute(PrivWrite { slot, key }).unwrap();
    has_key(device, GenKeyMode::Public)
}

/// Whoever wrote the key has a copy of it: before the first run, between two,
/// and while the signer signs.
#[test]
fn a_key_of_somebody_elses_is_not_certified() {
    const THEIRS: [u8; 32] = [0x66; 32];
    for setup in SETUPS {
        let (bus, _) = keyed(setup);
        let theirs = write_private_key(&bus, THEIRS);
        let mut station = setup.station();
        let before = plan(&bus, &station).unwrap();
        assert_eq!(before.replaced_key(), Some(theirs));
        let mut runner = Runner::new(&before, CHALLENGES, |_| {});
        let mut device = Station::device(&bus);
        let Ok(RunOutcome::NeedsSignature(request)) = device.run(&mut runner) else {
            panic!("{setup}: no certificate is asked for");
        };
        assert_ne!(request.public_key, theirs, "{setup}");
        assert_eq!(write_private_key(&bus, THEIRS), theirs, "{setup}");
        let signature = station.key.sign(&request).unwrap();
        runner.signed(signature).unwrap();
        let error = device.run(&mut runner).unwrap_err();
        assert!(
            matches!(error, Error::Failed(RunError::KeyChanged)),
            "{error}"
        );
        let report = station.provision(&bus).unwrap().unwrap();
        let replaced = report.replaced_key.map(|key| *key.as_bytes());
        assert_eq!(replaced, Some(*theirs.as_bytes()), "{setup}");
        assert!(!station.issued.contains(&theirs), "{setup}");
    }
}
