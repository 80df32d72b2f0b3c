//! What stands beside a dump of the configuration zone is compared with it.

use serde_json::{Value, json};

use crate::document::{
    BLANK_608, answer, bytes, command, failures, hex, passed, read, recording, skips, write,
};
use atecc_conformance::{Judge, Reason};

/// As a collector decodes the dump.
fn state() -> Value {
    json!({
        "serial": "0123969446f2026cee", "revision": "00006002",
        "lock_value": "55", "lock_config": "55",
        "config_locked": false, "data_locked": false,
        "slot_locked_bits": "ffff", "i2c_enable": 1, "i2c_address_byte": "c0",
    })
}

fn dump(zone: &str, state: &Value) -> Value {
    let zones = json!([{"hex": zone, "state": state}]);
    recording("ATECC608A", &json!({"config_zones": zones}))
}

/// The dump with these bytes.
fn with(changes: &[(usize, u8)]) -> String {
    let mut zone = bytes(BLANK_608);
    for (at, byte) in changes {
        zone[*at] = *byte;
    }
    hex(&zone)
}

#[test]
fn what_is_said_of_it_is_compared() {
    assert_eq!(failures(&dump(BLANK_608, &state())), [""; 0]);
    for (field, other) in [
        ("serial", json!("0123969446f2026cef")),
        ("revision", json!("00006003")),
        ("lock_value", json!("00")),
        ("lock_config", json!("00")),
        ("config_locked", json!(true)),
        ("data_locked", json!(true)),
        ("slot_locked_bits", json!("feff")),
        ("slot_locked_bits", json!("ff7f")),
        ("i2c_enable", json!(0)),
        ("i2c_enable", json!(false)),
        ("i2c_address_byte", json!("c2")),
        ("i2c_address_byte", json!("6a")),
    ] {
        let mut state = state();
        state[field] = other;
        let failures = failures(&dump(BLANK_608, &state));
        assert!(
            failures.len() == 1 && failures[0].contains("codec: configuration"),
            "{field}: {failures:?}"
        );
    }
}

/// A locked part at another address, slot 9 locked; then the same words beside
/// other bytes.
#[test]
fn the_zone_is_compared_with_what_is_said() {
    let zone = with(&[(16, 0x6A), (86, 0x00), (87, 0x00), (89, 0xFD)]);
    let state = json!({
        "lock_value": "00", "lock_config": "00", "config_locked": true, "data_locked": true,
        "slot_locked_bits": "fffd", "i2c_enable": true, "i2c_address_byte": "6a",
    });
    assert_eq!(failures(&dump(&zone, &state)), [""; 0]);
    for change in [
        (14, 0x00),
        (16, 0x6B),
        (86, 0x55),
        (87, 0x55),
        (88, 0xFE),
        (89, 0xFF),
    ] {
        let mut other = bytes(&zone);
        other[change.0] = change.1;
        assert!(
            !failures(&dump(&hex(&other), &state)).is_empty(),
            "{change:?}"
        );
    }
    // A part with one wire has something else in the address byte.
    let wire = json!({"i2c_enable": 0, "i2c_address_byte": "e1"});
    assert_eq!(
        failures(&dump(&with(&[(14, 0x00), (16, 0xE1)]), &wire)),
        [""; 0]
    );
}

#[test]
fn no_part_holds_this() {
    let nothing = json!({});
    for change in [(0, 0x02), (1, 0x22), (86, 0x00), (86, 0x54), (87, 0x57)] {
        let zone = with(&[change]);
        assert_eq!(failures(&dump(&zone, &nothing)).len(), 1, "{change:?}");
    }
    let short = &BLANK_608[..254];
    assert_eq!(failures(&dump(short, &nothing)).len(), 1);
}

#[test]
fn a_piece_is_compared_where_it_is() {
    let piece = |offset: usize, len: usize, state: &Value| {
        let bytes = &BLANK_608[2 * offset..][..2 * len];
        let pieces = json!([{"offset": offset, "hex": bytes, "state": state}]);
        recording("ATECC608A", &json!({"config_partial": pieces}))
    };
    let state = state();
    assert_eq!(failures(&piece(0, 16, &state)), [""; 0]);
    assert_eq!(failures(&piece(80, 48, &state)), [""; 0]);
    let mut locked = state.clone();
    locked["lock_config"] = "00".into();
    assert_eq!(failures(&piece(80, 48, &locked)).len(), 1);
    // Not in the piece.
    assert_eq!(failures(&piece(0, 16, &locked)), [""; 0]);
    let mut other = state.clone();
    other["serial"] = "0123969446f2026cef".into();
    assert_eq!(failures(&piece(0, 16, &other)).len(), 1);
    // At another place; past the end.
    let mut shifted = piece(0, 16, &state);
    shifted["config_partial"][0]["offset"] = 1.into();
    assert_eq!(failures(&shifted).len(), 1);
    shifted["config_partial"][0]["offset"] = 113.into();
    assert_eq!(failures(&shifted).len(), 1);
}

#[test]
fn it_is_what_was_read() {
    let zone = bytes(BLANK_608);
    let reads = (0..4).map(|block: u8| {
        let ask = command(0x02, 0x80, u16::from(block) << 3, &[]);
        json!({"tx": ask, "rx": answer(&zone[32 * usize::from(block)..][..32])})
    });
    let mut whole = dump(BLANK_608, &state());
    whole["exchanges"] = reads.collect();
    whole["config_zones"][0]["from_exchanges"] = true.into();
    assert_eq!(failures(&whole), [""; 0]);
    let codec = passed(&whole, Judge::Codec);
    assert!(
        codec.contains(&"config_zones 0: configuration as read".to_owned()),
        "{codec:?}"
    );
    // Transfers tell it as well; without the last there is no telling.
    let mut transfers = whole.clone();
    let exchanges = transfers
        .as_object_mut()
        .unwrap()
        .remove("exchanges")
        .unwrap();
    let exchanges = exchanges.as_array().unwrap().iter();
    let on_the_bus = exchanges.flat_map(|one| {
        let text = |name: &str| one[name].as_str().unwrap();
        [write(text("tx")), read(text("rx"))]
    });
    transfers["bus_transactions"] = on_the_bus.collect();
    assert_eq!(failures(&transfers), [""; 0]);
    assert_eq!(skips(&transfers), []);
    transfers["bus_transactions"]
        .as_array_mut()
        .unwrap()
        .truncate(6);
    assert_eq!(failures(&transfers), [""; 0]);
    let reasons: Vec<_> = skips(&transfers)
        .into_iter()
        .map(|(.., reason)| reason)
        .collect();
    assert_eq!(reasons, [Reason::HostPart]);
    whole["config_zones"][0]["hex"] = with(&[(20, 0x84)]).into();
    let failures = failures(&whole);
    assert!(
        failures
            .iter()
            .any(|one| one.contains("configuration as read")),
        "{failures:?}"
    );
}

/// The serial number of the whole recording.
#[test]
fn one_part_has_one_serial_number() {
    let mut whole = dump(BLANK_608, &state());
    whole["serial"] = "0123969446f2026cee".into();
    assert_eq!(failures(&whole), [""; 0]);
    whole["serial"] = "0123969446f2026cef".into();
    assert_eq!(failures(&whole).len(), 1);
    let alone = recording("ATECC608A", &json!({"serial": "0123969446f2026cee"}));
    assert_eq!(
        skips(&alone),
        [("serial 0".to_owned(), Judge::Codec, Reason::Alone)]
    );
}
