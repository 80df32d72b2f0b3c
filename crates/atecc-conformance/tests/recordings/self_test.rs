//! A 608 whose `ChipOptions` bit 0 is set tests itself when it wakes, and takes
//! 20 ms for it instead of 1.5. Source: Microchip's ATECC608 documentation,
//! tWHIST.

use atecc_conformance::Judge;
use serde_json::{Value, json};

use crate::document::{BLANK_608, answer, bytes, command, failures, hex, passed, recording};

const CHIP_OPTIONS: usize = 90;

fn zone() -> Vec<u8> {
    let mut zone = bytes(BLANK_608);
    zone[CHIP_OPTIONS] |= 0x01;
    zone
}

/// Read of the block with the lock bytes.
fn ask() -> String {
    command(0x02, 0x80, 0x0010, &[])
}

fn told() -> String {
    answer(&zone()[64..96])
}

/// A part with that zone, and traffic beside it.
fn with(traffic: &Value) -> Value {
    let mut lists = json!({"config_zones": [{"hex": hex(&zone())}]});
    let fields = lists.as_object_mut().unwrap();
    fields.extend(traffic.as_object().unwrap().clone());
    recording("ATECC608A", &lists)
}

fn transfer(time: Option<u32>, direction: &str, address: &str, data: &str) -> Value {
    let mut transfer = json!({
        "dir": direction, "addr": address, "addr_ack": address != "00", "data": data,
    });
    if let Some(time) = time {
        transfer["t_us"] = time.into();
    }
    transfer
}

/// Wake, its answer, a command and its answer.
fn session(times: Option<[u32; 4]>) -> Value {
    let time = |index: usize| times.map(|times| times[index]);
    json!({"bus_transactions": [
        transfer(time(0), "write", "00", ""),
        transfer(time(1), "read", "60", "04113343"),
        transfer(time(2), "write", "60", &ask()),
        transfer(time(3), "read", "60", &told()),
    ]})
}

#[test]
fn the_dump_alone() {
    let alone = with(&json!({}));
    assert_eq!(failures(&alone), [""; 0]);
    let emulator = passed(&alone, Judge::Emulator);
    assert_eq!(emulator, ["config_zones 0: configuration"]);
}

#[test]
fn with_what_passed_on_the_bus() {
    let exchange = json!({"exchanges": [{"tx": ask(), "rx": told()}]});
    // In order; as captured from a patient host, and from one that asked when
    // the chip was ready, before the longest time.
    let sessions = [
        None,
        Some([0, 21_000, 22_000, 28_000]),
        Some([0, 9_000, 10_000, 16_000]),
    ];
    let sessions = sessions.into_iter().map(session);
    for traffic in [exchange].into_iter().chain(sessions) {
        let good = with(&traffic);
        assert_eq!(failures(&good), [""; 0], "{traffic:#}");
        let emulator = passed(&good, Judge::Emulator);
        assert!(
            emulator.iter().any(|one| one.ends_with(": Read")),
            "{emulator:?}"
        );
        let other = answer(&[0xA5; 32]);
        let text = traffic.to_string().replace(&told(), &other);
        let bad = with(&serde_json::from_str(&text).unwrap());
        let failures = failures(&bad);
        assert!(
            failures.iter().any(|one| one.contains("emulator: Read")),
            "{failures:?}"
        );
    }
}
