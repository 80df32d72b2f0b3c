//! The configuration zones of real chips: what is said of them.

use std::path::Path;

use atecc::{ConfigZone, Slot};
use atecc_config::{Kind, Policy, Severity, fields, lint};
use serde::Deserialize;
use tests_vector_runner::Hex;

#[derive(Deserialize)]
struct Recording {
    id: String,
    #[serde(default)]
    config_zones: Vec<Zone>,
}

#[derive(Deserialize)]
struct Zone {
    hex: Hex,
    state: State,
}

#[derive(Deserialize)]
pub(crate) struct State {
    serial: Hex,
    config_locked: bool,
    data_locked: bool,
}

pub(crate) fn recorded() -> Vec<(String, ConfigZone, State)> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("recordings");
    let mut found = Vec::new();
    for entry in std::fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path
            .extension()
            .is_some_and(|extension| extension == "json")
        {
            let text = std::fs::read_to_string(&path).unwrap();
            let recording: Recording = serde_json::from_str(&text).unwrap();
            let id = recording.id;
            let zones = recording.config_zones.into_iter();
            found.extend(zones.map(|zone| {
                let bytes = ConfigZone(zone.hex.array().unwrap());
                (id.clone(), bytes, zone.state)
            }));
        }
    }
    found.sort_by(|(left, ..), (right, ..)| left.cmp(right));
    found
}

/// Each is explained in full, and the locks and serial number are those that
/// the recording was collected with.
#[test]
fn every_recorded_zone_is_explained() {
    let found = recorded();
    assert_eq!(found.len(), 19);
    for (id, zone, state) in &found {
        assert_eq!(
            zone.serial_number().as_bytes().as_slice(),
            state.serial.0,
            "{id}"
        );
        assert_eq!(zone.config_lock().is_locked(), state.config_locked, "{id}");
        assert_eq!(zone.data_lock().is_locked(), state.data_locked, "{id}");
        let bytes: String = fields(zone).into_iter().map(|field| field.bytes).collect();
        assert_eq!(
            bytes,
            data_encoding::HEXUPPER.encode(zone.as_bytes()),
            "{id}"
        );
        for slot in Slot::ALL {
            let policy = Policy::of(zone, slot);
            assert!(policy.words().len() >= 3, "{id} {slot}");
        }
    }
}

/// The faults of real chips are their owners': two chips by one library say
/// that slots 10 and 11 are read encrypted with slot 0, a private key, and one
/// dump has private keys without `IsSecret`, and an ECDH secret that goes to a
/// slot with a private key. All others have none.
#[test]
fn faults_of_recorded_chips() {
    let mut found = Vec::new();
    let mut interfaces = 0;
    for (id, zone, _) in recorded() {
        for finding in lint(&zone) {
            interfaces += usize::from(finding.rule == "interface");
            if finding.severity == Severity::Fault {
                let slot = finding.slot.map(Slot::index);
                found.push(format!("{id} {} {slot:?}", finding.rule));
            }
        }
    }
    assert_eq!(
        found,
        [
            "eyc-608b-locked session-key Some(10)",
            "eyc-608b-locked session-key Some(11)",
            "nerves-508a-test-dump ecdh-next Some(0)",
            "nerves-508a-test-dump private-not-secret Some(1)",
            "nerves-508a-test-dump ecdh-next Some(1)",
            "nerves-508a-test-dump private-not-secret Some(2)",
            "piatecc-608b-aes-locked session-key Some(10)",
            "piatecc-608b-aes-locked session-key Some(11)",
        ]
    );
    // Two of the chips are for a single wire.
    assert_eq!(interfaces, 2);
}

/// A Trust&GO part, slot by slot as its datasheet summary has it.
#[test]
fn a_trust_part_in_words() {
    let (_, zone, _) = recorded()
        .into_iter()
        .find(|(id, ..)| id == "ducky-608b-tngtls")
        .unwrap();
    let kinds = Slot::ALL.map(|slot| Policy::of(&zone, slot).kind());
    assert_eq!(kinds[..5], [Kind::PrivateKey; 5]);
    assert_eq!(kinds[9], Kind::AesKey);
    let policy = |slot: usize| Policy::of(&zone, Slot::ALL[slot]);
    let names = |slot| -> Vec<_> { policy(slot).uses().iter().map(|one| one.name()).collect() };
    assert_eq!(names(0), ["sign", "ecdh"]);
    assert_eq!(names(1), ["sign-internal"]);
    assert_eq!(policy(0).write(), "never");
    assert_eq!(policy(2).write(), "GenKey");
    assert_eq!(policy(5).read(), "everybody");
    assert_eq!(policy(5).write(), "never");
    assert_eq!(
        (policy(6).read().as_str(), policy(6).write().as_str()),
        ("never", "everybody")
    );
    assert_eq!(
        (policy(8).read().as_str(), policy(8).write().as_str()),
        ("everybody", "everybody")
    );
}
