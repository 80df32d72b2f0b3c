//! Several processes on one chip.

use std::collections::BTreeMap;
use std::process::Stdio;
use std::time::{Duration, Instant};

use crate::harness::Harness;
use crate::serving::Serving;
use crate::tap::{Seen, Tap};

/// That nobody came between another's wake and sleep, and how often the bus
/// changed hands. A connection that is never heard of again may have gone
/// without a sleep.
fn turns(seen: &[Seen]) -> usize {
    let last: BTreeMap<_, _> = seen
        .iter()
        .enumerate()
        .map(|(index, seen)| (seen.connection, index))
        .collect();
    let changes = seen.windows(2).enumerate().filter(|(index, pair)| {
        let [before, after] = pair else { return false };
        let other = before.connection != after.connection;
        assert!(
            !other || before.is_sleep() || last[&before.connection] == *index,
            "transfer {index}: {before:?}, then {after:?}"
        );
        other
    });
    changes.count()
}

#[test]
fn two_provisionings_at_once() {
    let harness = Harness::new();
    let _serving = Serving::new(&harness, &["--socket", "s", "--bus", "4000021=a.img"]);
    let tap = Tap::new(&harness.path().join("tap"), &harness.path().join("s"));
    let start = |serial| {
        let arguments = Harness::provision("unix:tap", &["--yes", "--serial", serial]);
        let mut command = harness.command(&arguments);
        command
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap()
    };
    let children = ["FIRST", "SECOND"].map(|serial| (serial, start(serial)));
    let ended = children.map(|(serial, child)| {
        let output = child.wait_with_output().unwrap();
        let message = String::from_utf8(output.stderr).unwrap();
        (serial, output.status.code(), message)
    });
    assert!(turns(&tap.seen()) >= 1);
    let winners: Vec<_> = ended
        .iter()
        .filter(|(_, code, _)| *code == Some(0))
        .collect();
    let [(winner, ..)] = *winners else {
        panic!("{ended:?}");
    };
    // Depending on how far the winner was when the other one looked.
    let told = |(_, code, message): &&(_, Option<i32>, String)| {
        let because = ["changed since", "was replaced", "already"];
        *code == Some(4) && because.iter().any(|part| message.contains(part))
    };
    assert_eq!(ended.iter().filter(told).count(), 1, "{ended:?}");
    let info = harness.json(&["info", "--device", "unix:s"]);
    assert_eq!(info["stage"], "finished");
    assert_eq!(info["manufacturer_serial"], *winner);
    assert_eq!(info["verified"], true);
}

/// While a signer signs, the chip is free for others.
#[test]
fn another_one_while_the_signer_signs() {
    let harness = Harness::new();
    let _serving = Serving::new(
        &harness,
        &["--socket", "s", "--fast", "--bus", "4000023=a.img"],
    );
    let tap = Tap::new(&harness.path().join("tap"), &harness.path().join("s"));
    crate::signers::good(&harness);
    let signs = "exec:touch signing; until [ -e go ]; do sleep 0.02; done; ./good";
    let slow = [
        "provision",
        "--device",
        "unix:tap",
        "--yes",
        "--serial",
        "SLOW",
    ];
    let slow = [
        &slow[..],
        &["--signer-cert", "signer.cert", "--signer-key", signs],
    ]
    .concat();
    let mut command = harness.command(&slow);
    let child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn();
    let start = Instant::now();
    while !harness.path().join("signing").exists() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "never asked to sign"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    harness.ok(&Harness::provision(
        "unix:tap",
        &["--yes", "--serial", "QUICK"],
    ));
    std::fs::write(harness.path().join("go"), "").unwrap();
    let output = child.unwrap().wait_with_output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(4), "{message}");
    assert!(message.contains("changed since"), "{message}");
    assert_eq!(turns(&tap.seen()), 2);
    let info = harness.json(&["info", "--device", "unix:s"]);
    assert_eq!(info["manufacturer_serial"], "QUICK");
    assert_eq!(info["verified"], true);
}

/// A process that is killed while the chip is awake holds nobody up.
#[test]
fn after_a_killed_holder() {
    let harness = Harness::new();
    let _serving = Serving::new(&harness, &["--socket", "s", "--bus", "4000022=a.img"]);
    let tap = Tap::new(&harness.path().join("tap"), &harness.path().join("s"));
    for writes in [1, 8, 14] {
        let arguments = Harness::provision("unix:tap", &["--yes", "--serial", "N1"]);
        let mut command = harness.command(&arguments);
        let mut child = command.stderr(Stdio::null()).spawn().unwrap();
        let start = Instant::now();
        let before = tap.seen().len();
        let in_session = || {
            let seen = tap.seen();
            let written = seen[before..].iter().filter(|seen| seen.is_write());
            written.count() >= writes && seen.last().is_some_and(|seen| !seen.is_sleep())
        };
        while !in_session() {
            assert!(
                start.elapsed() < Duration::from_secs(20),
                "no {writes} writes"
            );
            assert_eq!(
                child.try_wait().unwrap(),
                None,
                "ended before {writes} writes"
            );
            std::thread::sleep(Duration::from_millis(1));
        }
        child.kill().unwrap();
        child.wait().unwrap();
    }
    harness.ok(&Harness::provision(
        "unix:tap",
        &["--yes", "--serial", "N1"],
    ));
    assert_eq!(turns(&tap.seen()), 3);
    let info = harness.json(&["info", "--device", "unix:s"]);
    assert_eq!(info["stage"], "finished");
    assert_eq!(info["verified"], true);
}

/// Settings that two processes change at once: each finds what it was told
/// that it had written, and nobody finds anything else.
/// `NERVES_KEY_ROUNDS` is how often each writes; the default is for everyday.
#[test]
fn two_writers_of_settings() {
    let rounds = std::env::var("NERVES_KEY_ROUNDS").map_or(12, |text| text.parse().unwrap());
    for format in ["term", "typed"] {
        let harness = Harness::new();
        harness.ok(&Harness::provision(
            "emu:a.img",
            &["--yes", "--serial", "N1"],
        ));
        let _serving = Serving::new(
            &harness,
            &["--socket", "s", "--fast", "--bus", "4000024=a.img"],
        );
        let device = ["--device", "unix:s"];
        let writer = |name: &str| {
            for round in 0..rounds {
                // Of one block to four.
                let value = format!("{round} {}", name.repeat(7 * (round % 15)));
                let set = [
                    &["settings", "set"],
                    &device[..],
                    &["--format", format, name, &value],
                ];
                harness.ok(&set.concat());
                let get = [&["settings", "get"], &device[..], &[name]].concat();
                assert_eq!(
                    harness.ok(&get).trim_end(),
                    value.trim_end(),
                    "{format} {round}"
                );
            }
        };
        std::thread::scope(|scope| {
            scope.spawn(|| writer("a"));
            scope.spawn(|| writer("b"));
        });
        let all = harness.json(&[&["settings", "get"], &device[..]].concat());
        assert_eq!(all["format"], format);
        assert_eq!(all["settings"].as_object().unwrap().len(), 2, "{all}");
    }
}
