//! Answers whose commands the source does not print.

use atecc_conformance::{Judge, Reason};
use serde_json::{Value, json};

use crate::document::{
    BLANK_608, answer, command, failures, passed, read, recording, skips, write,
};

/// Source: the part's zone, block 2, word 5.
const LOCKS: [u8; 4] = [0x00, 0x00, 0x55, 0x55];
const AWAKE: &str = "04113343";

fn locks() -> String {
    answer(&LOCKS)
}

/// Read of the word with the lock bytes.
fn read_locks() -> String {
    command(0x02, 0x00, 0x0015, &[])
}

fn part(transfers: &[Value]) -> Value {
    let zone = json!([{"hex": BLANK_608}]);
    recording(
        "ATECC608A",
        &json!({"bus_transactions": transfers, "config_zones": zone}),
    )
}

fn lone(number: usize) -> Vec<(String, Judge, Reason)> {
    let action = format!("action {number}");
    let by = |judge| (action.clone(), judge, Reason::HostPart);
    vec![by(Judge::Codec), by(Judge::Emulator)]
}

#[test]
fn one_alone_is_skipped() {
    for transfers in [vec![read(&locks())], vec![read("07"), read(&locks()[2..])]] {
        let alone = part(&transfers);
        assert_eq!(failures(&alone), [""; 0]);
        assert_eq!(skips(&alone), lone(1));
    }
}

#[test]
fn a_damaged_one_fails() {
    let damaged = locks().replace("5555", "5755");
    for transfers in [vec![read(&damaged)], vec![read(AWAKE), read(&damaged)]] {
        let failures = failures(&part(&transfers));
        assert!(
            failures.len() == 1 && failures[0].contains("CRC"),
            "{failures:?}"
        );
    }
}

#[test]
fn the_answer_of_a_wake_is_judged() {
    let both = part(&[read(AWAKE), read(&locks())]);
    assert_eq!(failures(&both), [""; 0]);
    assert_eq!(skips(&both), lone(2));
    assert!(passed(&both, Judge::Emulator).contains(&"action 1: wake".to_owned()));
    // No chip says this after a wake.
    let damaged = part(&[read("04113342"), read(&locks())]);
    assert_eq!(failures(&damaged).len(), 1);
}

#[test]
fn what_is_printed_around_it_is_judged() {
    let info = "030730000000035d";
    let revision = "07000060028038";
    let around = |revision: &str, locks: &str| {
        part(&[
            write(info),
            read("07000060028038"),
            read(&answer(&[0x5A; 32])),
            read(AWAKE),
            write(info),
            read(revision),
            write(&read_locks()),
            read(locks),
        ])
    };
    let good = around(revision, &locks());
    assert_eq!(failures(&good), [""; 0]);
    assert_eq!(skips(&good), lone(3));
    let emulator = passed(&good, Judge::Emulator);
    for judged in [
        "action 1: Info",
        "action 4: wake",
        "action 5: Info",
        "action 7: Read",
    ] {
        assert!(emulator.contains(&judged.to_owned()), "{emulator:?}");
    }
    // An ATECC608B's; a lock byte that the zone does not have.
    let b = answer(&[0x00, 0x00, 0x60, 0x03]);
    assert_eq!(failures(&around(&b, &locks())).len(), 1);
    let locked = answer(&[0x00, 0x00, 0x55, 0x00]);
    assert_eq!(failures(&around(revision, &locked)).len(), 1);
}

/// A status alone may be that of a lock.
#[test]
fn what_it_may_have_changed_is_not_known_after_it() {
    let locked = answer(&[0x00, 0x00, 0x55, 0x00]);
    let changed = part(&[read("04000340"), write(&read_locks()), read(&locked)]);
    assert_eq!(failures(&changed), [""; 0]);
    let reasons: Vec<_> = skips(&changed)
        .into_iter()
        .map(|(.., reason)| reason)
        .collect();
    assert_eq!(
        reasons,
        [Reason::HostPart, Reason::HostPart, Reason::Content]
    );
    // Four bytes are not.
    let same = part(&[read(&locks()), write(&read_locks()), read(&locked)]);
    assert_eq!(failures(&same).len(), 1);
}

/// Source: the recording `sigrok-atecc508a-s3`, without its GenDig: the status
/// of that is like the one before.
#[test]
fn the_same_answer_again_may_be_that_of_another_command() {
    let value: Vec<u8> = (0..=1_u8)
        .flat_map(|_| (0x00..=0xFF).step_by(0x11))
        .collect();
    let nonce = write(&command(0x16, 0x03, 0, &value));
    let mac = write(&command(0x08, 0x06, 0, &value));
    let told = read("235ae95c80cf9b68d0f5b853a4938b4c33bae77d6f648ef1c778da4c4d1466a2fc9376");
    let ok = || read("04000340");
    let part =
        |transfers: &[Value]| recording("ATECC508A", &json!({"bus_transactions": transfers}));
    let again = part(&[nonce.clone(), ok(), ok(), mac.clone(), told.clone()]);
    assert_eq!(failures(&again), [""; 0]);
    let unknown = ("action 4".to_owned(), Judge::Emulator, Reason::TempKey);
    assert_eq!(skips(&again), [unknown]);
    // A rewind says that it is the same.
    let rewound = part(&[nonce, ok(), write("00"), ok(), mac, told]);
    assert_eq!(failures(&rewound).len(), 1);
}

#[test]
fn after_a_rewind_too() {
    let transfers = |locks: &str| {
        part(&[
            write("030730000000035d"),
            read("07000060028038"),
            write("00"),
            read(locks),
        ])
    };
    let good = transfers(&locks());
    assert_eq!(failures(&good), [""; 0]);
    assert_eq!(skips(&good), lone(4));
    // The same answer, damaged.
    let failures = failures(&transfers("07000060028138"));
    assert!(
        failures.len() == 2 && failures[0].contains("again"),
        "{failures:?}"
    );
}
