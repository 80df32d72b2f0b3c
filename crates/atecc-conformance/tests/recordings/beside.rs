//! Exchanges that a source prints beside its bus transactions.

use atecc_conformance::{Judge, Reason};
use serde_json::{Value, json};

use crate::document::{
    BLANK_608, answer, bytes, command, failures, passed, read, recording, skips, write,
};

const INFO: &str = "030730000000035d";
const REVISION: &str = "07000060028038";
const OK: &str = "04000340";

fn pulse() -> Value {
    json!({"dir": "write", "addr": "00", "addr_ack": false, "data": ""})
}

/// Wake, Info, idle.
fn info() -> Vec<Value> {
    vec![
        pulse(),
        read("04113343"),
        write(INFO),
        read(REVISION),
        write("02"),
    ]
}

fn exchange(tx: &str, rx: &str) -> Value {
    json!({"tx": tx, "rx": rx})
}

fn part(transfers: &[Value], exchanges: &[Value]) -> Value {
    let lists = json!({
        "bus_transactions": transfers, "exchanges": exchanges,
        "config_zones": [{"hex": BLANK_608}],
    });
    recording("ATECC608A", &lists)
}

fn read_block(block: u8) -> String {
    command(0x02, 0x80, u16::from(block) << 3, &[])
}

fn block(block: usize) -> Vec<u8> {
    bytes(BLANK_608)[32 * block..][..32].to_vec()
}

#[test]
fn those_that_passed_on_the_bus_are_judged_there() {
    let same = part(&info(), &[exchange(INFO, REVISION)]);
    assert_eq!(failures(&same), [""; 0]);
    assert_eq!(passed(&same, Judge::Driver), ["action 3: Info"]);
    // Another answer than the bus has; a command with a wrong CRC.
    let b = answer(&[0x00, 0x00, 0x60, 0x03]);
    for other in [exchange(INFO, &b), exchange("0307300000000b5d", REVISION)] {
        assert!(!failures(&part(&info(), &[other])).is_empty());
    }
}

#[test]
fn the_others_are_judged_by_themselves() {
    let beside = [
        exchange(&read_block(2), &answer(&block(2))),
        exchange(INFO, REVISION),
        exchange(&read_block(3), &answer(&block(3))),
    ];
    let good = part(&info(), &beside);
    assert_eq!(failures(&good), [""; 0]);
    assert_eq!(skips(&good), []);
    let emulator = passed(&good, Judge::Emulator);
    assert!(
        emulator.contains(&"action 6: Read".to_owned()),
        "{emulator:?}"
    );
    assert!(
        emulator.contains(&"action 8: Read".to_owned()),
        "{emulator:?}"
    );
    let mut other = block(3);
    other[5] ^= 0x10;
    let bad = part(&info(), &[exchange(&read_block(3), &answer(&other))]);
    let failures = failures(&bad);
    assert!(
        failures.len() == 1 && failures[0].contains("action 6, emulator: Read"),
        "{failures:?}"
    );
}

/// They may have been before or after what changed the chip.
#[test]
fn what_the_bus_changed_is_not_known_beside_it() {
    let mut locked = block(2);
    locked[23] = 0x00;
    let mut transfers = info();
    transfers.extend([pulse(), write(&command(0x17, 0x80, 0, &[])), read(OK)]);
    for told in [block(2), locked.clone()] {
        let beside = [exchange(&read_block(2), &answer(&told))];
        assert_eq!(failures(&part(&transfers, &beside)), [""; 0]);
    }
    // The byte beside it did not change.
    locked[22] = 0x00;
    let beside = [exchange(&read_block(2), &answer(&locked))];
    assert_eq!(failures(&part(&transfers, &beside)).len(), 1);
}

/// Source: the recording `sigrok-atecc508a-s3`, of which the GenDig in between
/// is left out.
#[test]
fn registers_are_not_known_beside_the_bus() {
    let value = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let nonce = command(0x16, 0x03, 0, &bytes(value));
    let mac = command(0x08, 0x06, 0, &bytes(value));
    let told = "235ae95c80cf9b68d0f5b853a4938b4c33bae77d6f648ef1c778da4c4d1466a2fc9376";
    let transfers = [pulse(), read("04113343"), write(&nonce), read(OK)];
    let lists = json!({"bus_transactions": transfers, "exchanges": [exchange(&mac, told)]});
    let apart = recording("ATECC508A", &lists);
    assert_eq!(failures(&apart), [""; 0]);
    let expected = ("action 5".to_owned(), Judge::Emulator, Reason::TempKey);
    assert_eq!(skips(&apart), [expected]);
    // In one row it is known.
    let row = [exchange(&nonce, OK), exchange(&mac, told)];
    let row = recording("ATECC508A", &json!({"exchanges": row}));
    assert_eq!(failures(&row).len(), 1);
}

#[test]
fn one_of_another_chip_is_named() {
    let other = json!({"tx": INFO, "rx": REVISION, "addr": "35"});
    let good = part(&info(), std::slice::from_ref(&other));
    assert_eq!(failures(&good), [""; 0]);
    let named = ("action 6".to_owned(), Judge::Codec, Reason::OtherChip);
    assert_eq!(skips(&good), [named]);
    // Where nothing else is there, it is the wrong one.
    let mut alone = recording("ATECC608A", &json!({"exchanges": [other]}));
    assert_eq!(failures(&alone), [""; 0]);
    alone["bus"] = json!({"addr": "60"});
    let failures = failures(&alone);
    assert!(
        failures.len() == 1 && failures[0].contains("expected a chip at 60, got 35"),
        "{failures:?}"
    );
}

/// A random number cannot be foretold, but two of one moment are one.
#[test]
fn a_time_of_the_bus_has_what_passed_then() {
    let ask = command(0x1B, 0x00, 0, &[]);
    let random = |byte: u8| answer(&(0..32).map(|at| byte ^ at).collect::<Vec<u8>>());
    let at = |mut transfer: Value, time: u32| {
        transfer["t_us"] = time.into();
        transfer
    };
    let transfers = [
        at(pulse(), 0),
        at(write(&ask), 2_000),
        at(read(&random(0x40)), 30_000),
    ];
    let beside = |time, byte| at(exchange(&ask, &random(byte)), time);
    let part = |exchange: Value| {
        let lists = json!({"bus_transactions": transfers, "exchanges": [exchange]});
        recording("ATECC608A", &lists)
    };
    assert_eq!(failures(&part(beside(2_000, 0x40))), [""; 0]);
    assert_eq!(failures(&part(beside(90_000, 0x80))), [""; 0]);
    let failures = failures(&part(beside(2_000, 0x80)));
    assert!(
        failures.len() == 1 && failures[0].contains("exchanges 0, codec: time"),
        "{failures:?}"
    );
}

/// The same command twice, of which one passed on the bus.
#[test]
fn a_time_tells_like_exchanges_apart() {
    let at = |mut transfer: Value, time: u32| {
        transfer["t_us"] = time.into();
        transfer
    };
    let transfers = [
        at(pulse(), 0),
        at(write(INFO), 2_000),
        at(read(REVISION), 3_000),
    ];
    for (first, second) in [(500, 2_000), (2_000, 90_000)] {
        let exchanges = [
            at(exchange(INFO, REVISION), first),
            at(exchange(INFO, REVISION), second),
        ];
        let lists = json!({"bus_transactions": transfers, "exchanges": exchanges});
        let both = recording("ATECC608A", &lists);
        assert_eq!(failures(&both), [""; 0]);
        let driver = passed(&both, Judge::Driver);
        assert_eq!(driver, ["action 2: Info", "action 4: Info"]);
    }
}
