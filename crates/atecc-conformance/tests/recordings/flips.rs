//! Which flips of facts are noticed, and what is said of the others.

use atecc_conformance::{Case, Engine, Sensitivity};
use serde_json::{Value, json};

use crate::document::{BLANK_608, recording};

fn measured(lists: &Value) -> Sensitivity {
    let recording = recording("ATECC608A", lists);
    let case = Case::parse(recording.to_string().as_bytes()).unwrap();
    Sensitivity::of_facts(&Engine::new(), &case, 1_000, 1)
}

/// The facts of `lists`, one by one.
fn noticed(lists: &Value) -> (usize, Vec<String>) {
    let measured = measured(lists);
    assert_eq!(measured.missed, [""; 0]);
    (measured.noticed, measured.same)
}

#[test]
fn what_is_said_of_a_dump_is_noticed() {
    // Words are no facts, and the dump is one: some byte of it is flipped.
    let state = json!({
        "serial": "0123969446f2026cee", "revision": "00006002",
        "lock_value": "55", "lock_config": "55",
        "config_locked": false, "data_locked": false,
        "slot_locked_bits": "ffff", "i2c_enable": 1, "i2c_address_byte": "c0",
    });
    let whole = json!({"hex": BLANK_608, "state": state, "comment": "blank"});
    let (count, same) = noticed(&json!({"config_zones": [whole]}));
    assert_eq!(count + same.len(), 10);
    assert!(count >= 9, "{same:?}");
    // The first 13 bytes are said beside them.
    let said = json!({"serial": state["serial"], "revision": state["revision"]});
    let piece = json!({"hex": &BLANK_608[..26], "offset": 0, "state": said});
    let piece = noticed(&json!({"config_partial": [piece]}));
    assert_eq!(piece, (4, vec![]));
}

#[test]
fn what_nobody_can_tell_has_its_reason() {
    let random = json!({"randoms": [{"value": "7f1cafcb23ff9b37"}]});
    let (none, same) = noticed(&random);
    assert_eq!((none, same.len()), (0, 1));
    assert!(same[0].ends_with(": random"), "{same:?}");
    // Before the lock it is a pattern.
    let pattern = json!({"randoms": [{"value": "ffff0000ffff0000"}]});
    assert_eq!(noticed(&pattern), (1, vec![]));
    let alone = json!({"serial": "0123969446f2026cee"});
    let (none, same) = noticed(&alone);
    assert_eq!((none, same.len()), (0, 1));
    assert!(
        same[0].ends_with(": nothing else in the recording says it"),
        "{same:?}"
    );
}

/// A list that no judge knows is named, and so is why its flips are not noticed.
#[test]
fn lists_that_are_not_known_are_named() {
    let (none, same) = noticed(&json!({"fuses": [{"value": "01"}]}));
    assert_eq!((none, same.len()), (0, 1));
    assert!(same[0].ends_with(": not what passes on a bus"), "{same:?}");
}
