//! Scenarios that are safe on any part, and those that lock it.

use std::fmt::Display;

use atecc::commands::{
    Counter, CounterId, CounterMode, DeriveKey, Engines, GenKey, GenKeyMode, InfoRevision,
    InfoState, LoadNonce, NonceTarget, Random, RandomNonce, ReadBlock, SeedUpdate, SelfTest,
    ShaStart, SourceFlag,
};
use atecc::error::Cause;
use atecc::procedure::Once;
use atecc::procedures::{HashInChip, Prepared, ReadConfig, SignDigest};
use atecc::{BlockAddress, Error, Family, Region, Revision, Slot};
use nerves_key::ReadSnapshot;
use nerves_key_device::BusFault;
use nerves_key_provision::{CertificateSlots, Harden, Hardening, Plan, provision};
use nerves_key_schema::slot;
use tests_station::{CHALLENGES, Station};

use super::{Performer, Recorded, Scenario, ScenarioResult, now};

const KEY: Slot = Slot::S0;

/// Nothing is written, no counter moves, nothing is locked.
pub(super) const SAFE: &[Scenario] = &[
    known("info", |device, _| {
        chip_may_refuse(device.execute(InfoRevision))
    }),
    known("read-config", |device, _| {
        chip_may_refuse(device.run(ReadConfig::new()))
    }),
    known("random", |device, _| {
        let seed = SeedUpdate::Automatic;
        chip_may_refuse(device.execute(Random { seed }))
    }),
    known("sha", |device, revision| {
        let message: Vec<u8> = (0..=200).collect();
        let family = revision.family().unwrap_or(Family::Atecc608);
        let hash = HashInChip::new(ShaStart::Sha256, family, &message);
        chip_may_refuse(device.run(hash))
    }),
    own("state", |device, _| {
        chip_may_refuse(device.execute(InfoState))
    }),
    own("counters", |device, _| {
        let mode = CounterMode::Read;
        for counter in [CounterId::Zero, CounterId::One] {
            chip_may_refuse(device.execute(Counter { mode, counter }))?;
        }
        Ok(())
    }),
    own("nonce", |device, _| {
        let (input, seed) = ([0x5A; 20], SeedUpdate::Automatic);
        chip_may_refuse(device.execute(RandomNonce { input, seed }))
    }),
    own("public-key", |device, _| {
        let mode = GenKeyMode::Public;
        chip_may_refuse(device.execute(GenKey { mode, slot: KEY }))
    }),
    own("sign", |device, _| {
        chip_may_refuse(device.run(SignDigest::new(KEY, [0x5A; 32])))
    }),
    own("self-test", |device, revision| {
        if revision.family() == Some(Family::Atecc508) {
            return Err("an ATECC508A has no self-test".to_owned());
        }
        let tests = Engines::ALL;
        chip_may_refuse(device.execute(SelfTest { tests }))
    }),
];

/// The chip is a NervesKey afterwards, of a signer whose key is public: good
/// for nothing.
pub(super) const IRREVERSIBLE: &[Scenario] = &[
    own("provision", |device, _| provision_open(device)),
    // Before and after the slot's own lock.
    own("derive-key", |device, _| derive_key(device)),
    own("harden", |device, _| {
        let snapshot = device.run(ReadSnapshot::new()).map_err(text)?;
        let plan = Hardening::new(&snapshot).map_err(text)?;
        device.run(Harden::new(&plan)).map(drop).map_err(text)
    }),
    own("derive-key-locked", |device, _| derive_key(device)),
];

/// What `DeriveKey` does to a slot that no Write changes. Slot 13 holds nothing.
fn derive_key(device: &mut Recorded<'_>) -> ScenarioResult {
    let slot = slot::SIGNER_SERIAL_NUMBER;
    let nonce = LoadNonce {
        target: NonceTarget::TempKey,
        value: [0xD0; 32],
    };
    let derive = DeriveKey {
        target: slot,
        temp_key: SourceFlag::Input,
        mac: None,
    };
    let address = BlockAddress::new(Region::Slot(slot), 0).map_err(text)?;
    chip_may_refuse(device.execute(ReadBlock { address }))?;
    chip_may_refuse(device.run(Prepared::new(Once(nonce), derive)))?;
    chip_may_refuse(device.execute(ReadBlock { address }))
}

fn provision_open(device: &mut Recorded<'_>) -> ScenarioResult {
    let now = now().ok_or("the clock says nothing")?;
    let mut station = Station::new([0x42; 32], now, Some("EXPENDABLE"));
    station.request.certificate_slots = CertificateSlots::LeaveOpen;
    let snapshot = device.run(ReadSnapshot::new()).map_err(text)?;
    let plan = Plan::new(&snapshot, &station.request).map_err(text)?;
    match provision(device, &plan, &mut station.key, CHALLENGES, |_| {}) {
        Ok(_) => Ok(()),
        Err(error) => Err(error.to_string()),
    }
}

const fn known(
    name: &'static str,
    perform: fn(&mut Recorded<'_>, Revision) -> ScenarioResult,
) -> Scenario {
    Scenario {
        name,
        known: true,
        performer: Performer::Driver(perform),
    }
}

const fn own(
    name: &'static str,
    perform: fn(&mut Recorded<'_>, Revision) -> ScenarioResult,
) -> Scenario {
    Scenario {
        name,
        known: false,
        performer: Performer::Driver(perform),
    }
}

/// A status is an answer; everything else is said.
fn chip_may_refuse<T>(result: Result<T, Error<BusFault>>) -> ScenarioResult {
    match result {
        Ok(_) => Ok(()),
        Err(Error::Failed(failure)) if matches!(failure.cause, Cause::Status { .. }) => Ok(()),
        Err(error) => Err(text(error)),
    }
}

fn text(error: impl Display) -> String {
    error.to_string()
}
