//! `GenDig`, and what is said of a MAC's message.

use atecc_conformance::{Judge, Reason};
use serde_json::{Value, json};

use crate::document::{failures, hex, passed, recording, skips};

/// `from` and the numbers after it.
fn counting(from: u8) -> String {
    hex(&(0..32).map(|at| from + at).collect::<Vec<u8>>())
}

/// Computed apart by the formula of the ATECC508A datasheet, "GenDig Command",
/// as in the tests of `atecc::host`.
fn gen_dig(zone: u8, key_id: u16, key: u8, expect: &str) -> Value {
    json!({
        "zone": zone, "key_id": key_id, "key": counting(key), "tempkey": counting(0x40),
        "expect": expect.to_lowercase(),
    })
}

fn of_a_slot() -> Value {
    gen_dig(
        2,
        4,
        0x20,
        "54565A88939E5521BE0A45FEDF85A23300F31202DBDDC56F5CD47E662B51F170",
    )
}

fn alone(gen_dig: &Value) -> Value {
    recording("ATECC508A", &json!({"gendigs": [gen_dig]}))
}

#[test]
fn by_host_and_by_chip() {
    let mut no_mac = gen_dig(
        2,
        4,
        0x20,
        "BF93EB120F2E23E62FE3BEACCB006704BC907EB8528F1D47E642E8F574D68631",
    );
    no_mac["other_data"] = "01020304".into();
    let otp = gen_dig(
        1,
        1,
        0xE0,
        "0B4CD2A206F46B2A9DE47D977E45961BC008FC5FC9696D7CE56C17D1F1CEFCF3",
    );
    for good in [of_a_slot(), otp] {
        let good = alone(&good);
        assert_eq!(failures(&good), [""; 0]);
        for judge in [Judge::Driver, Judge::Emulator] {
            assert_eq!(passed(&good, judge), ["gendigs 0: GenDig"]);
        }
    }
    // No command tells what comes of a key that is for no MAC.
    let no_mac = alone(&no_mac);
    assert_eq!(passed(&no_mac, Judge::Driver), ["gendigs 0: GenDig"]);
    let untold = ("gendigs 0".to_owned(), Judge::Emulator, Reason::Untold);
    assert_eq!(skips(&no_mac), [untold]);
    // Nobody's emulated chip has a key for a block of its configuration.
    let config = gen_dig(
        0,
        0,
        0x20,
        "5B55CB4EC3F3B49D54779DE046801A899AE2D29315A8A58C9D243CC12DEA8ABA",
    );
    assert_eq!(
        passed(&alone(&config), Judge::Driver),
        ["gendigs 0: GenDig"]
    );
    assert_eq!(failures(&alone(&config)), [""; 0]);
}

#[test]
fn each_input_counts() {
    for (field, other) in [
        ("zone", json!(0)),
        ("key_id", json!(5)),
        ("key", json!(counting(0x21))),
        ("tempkey", json!(counting(0x41))),
        ("expect", json!(counting(0x60))),
        ("expect", json!("00")),
    ] {
        let mut bad = of_a_slot();
        bad[field] = other;
        assert!(!failures(&alone(&bad)).is_empty(), "{field}");
    }
}

/// Source: the recording `sigrok-atecc508a-s1`.
#[test]
fn what_is_said_of_the_message_is_in_the_mode() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../../tests/recordings/sigrok-atecc508a-s1.json"
    );
    let text = std::fs::read_to_string(path).unwrap();
    let document: Value = serde_json::from_str(&text).unwrap();
    let mut macs = recording("ATECC508A", &json!({"macs": document["macs"]}));
    assert_eq!(failures(&macs), [""; 0]);
    for said in ["serial_in_mac", "otp_in_mac"] {
        macs["macs"][1][said] = true.into();
        assert_eq!(failures(&macs).len(), 1, "{said}");
        macs["macs"][1][said] = false.into();
    }
}
