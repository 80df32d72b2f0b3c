//! `nerves-key emulator` as its user runs it.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use atecc_transcript::{Action, Provenance, Start, Transcript};

use crate::harness::Harness;
use crate::serving::Serving;

#[test]
fn image_files() {
    let harness = Harness::new();
    let made = harness.json(&["emulator", "create", "a.img", "--chip", "atecc508a"]);
    assert_eq!(made["chip"], "ATECC508A");
    let shown = harness.json(&["emulator", "show", "a.img"]);
    assert_eq!(shown, made);
    assert_eq!(shown["address"], 0x60);
    assert_eq!(shown["locks"]["data"], false);
    let info = harness.json(&["info", "--device", "emu:a.img"]);
    assert_eq!(info["serial_number"], shown["serial_number"]);

    harness.json(&["emulator", "snapshot", "a.img", "before"]);
    let permissions = fs::metadata(harness.path().join("before"))
        .unwrap()
        .permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    let mut provision = vec!["provision", "--device", "emu:a.img", "--yes"];
    provision.extend(["--signer-cert", "signer.cert", "--signer-key", "signer.key"]);
    harness.json(&provision);
    let shown = harness.json(&["emulator", "show", "a.img"]);
    assert_eq!(shown["locks"]["data"], true);
    harness.json(&["emulator", "restore", "before", "a.img"]);
    assert_eq!(harness.json(&["emulator", "show", "a.img"]), made);

    let cases: &[(&[&str], i32, &str)] = &[
        (&["create", "a.img"], 5, "exists already"),
        (&["snapshot", "a.img", "before"], 5, "exists already"),
        (&["show", "signer.cert"], 5, "not a chip image"),
        (&["restore", "missing", "a.img"], 5, "missing"),
        (&["create", "b.img", "--chip", "atsha204a"], 2, "atsha204a"),
        (&["serve", "--bus", "a.img"], 2, "N=IMAGE"),
        (&["serve", "--bus", "x=a.img"], 2, "number of a bus"),
        (&["serve", "--bus", "1=,a.img"], 2, "wants an image file"),
        (&["serve", "--bus", "1=a.img,before"], 5, "0x60"),
        (&["serve", "--times", "slow"], 2, "typical, uniform"),
        (&["serve", "--fast", "--times", "fast"], 2, "--times"),
        (&["serve", "--socket", "signer.key"], 5, "no socket"),
    ];
    for (arguments, exit, part) in cases {
        let arguments = [&["emulator"], *arguments].concat();
        let (code, message) = harness.fails(&arguments);
        assert_eq!(code, *exit, "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
}

#[test]
fn served() {
    let harness = Harness::new();
    let two = [
        "--bus",
        "4000011=a.img?chip=atecc508a",
        "--bus",
        "4000012=b.img",
    ];
    let serving = Serving::new(&harness, &[&["--socket", "s", "--fast"], &two[..]].concat());

    let device = "unix:s?bus=4000011";
    assert_eq!(
        harness.json(&["info", "--device", device])["stage"],
        "blank"
    );
    let mut provision = vec!["provision", "--device", device, "--yes"];
    provision.extend(["--signer-cert", "signer.cert", "--signer-key", "signer.key"]);
    harness.json(&provision);
    assert_eq!(
        harness.json(&["info", "--device", device])["stage"],
        "finished"
    );
    let other = harness.json(&["info", "--device", "unix:s?bus=4000012&addr=0x60"]);
    assert_eq!(other["stage"], "blank");
    assert!(other["chip"].as_str().unwrap().starts_with("ATECC608B"));

    let cases: &[(&[&str], i32, &str)] = &[
        (&["info", "--device", "unix:s"], 3, "name one"),
        (&["info", "--device", "unix:s?bus=1"], 3, "not bus 1"),
        (&["info", "--device", "unix:nowhere"], 3, "no emulator"),
        (&["info", "--device", "unix:s?bus=4000012&addr=0x35"], 3, ""),
        (&["info", "--device", "emu:a.img"], 5, "in use"),
        (&["emulator", "restore", "b.img", "a.img"], 5, "in use"),
        (&["emulator", "serve", "--socket", "s"], 5, "already"),
    ];
    for (arguments, exit, part) in cases {
        let (code, message) = harness.fails(arguments);
        assert_eq!(code, *exit, "{arguments:?}: {message}");
        assert!(message.contains(part), "{arguments:?}: {message}");
    }
    // Also while it is served.
    harness.json(&["emulator", "snapshot", "a.img", "copy"]);
    assert_eq!(serving.terminate(), Some(0));
    assert!(!harness.path().join("s").exists());
    // What was done is in the image file.
    let info = harness.json(&["info", "--device", "emu:a.img"]);
    assert_eq!(info["stage"], "finished");
}

#[test]
fn a_killed_server_is_replaced() {
    let harness = Harness::new();
    drop(Serving::new(
        &harness,
        &["--socket", "s", "--bus", "4000013=a.img"],
    ));
    assert!(harness.path().join("s").exists());
    let _serving = Serving::new(&harness, &["--socket", "s", "--bus", "4000013=a.img"]);
    // In real time.
    let info = harness.json(&["info", "--device", "unix:s"]);
    assert_eq!(info["stage"], "blank");
}

/// Parts as Microchip delivers them, under a root for tests.
#[test]
fn trust_parts() {
    let harness = Harness::new();
    for (trust, address, layout, key) in [
        ("tngtls", 0x35, "Trust&GO (TLS)", 0),
        ("tflxtls", 0x36, "TrustFLEX (TLS)", 0),
        ("tnglora", 0x59, "Trust&GO (LoRaWAN)", 1),
    ] {
        let file = format!("{trust}.img");
        let device = format!("emu:{file}");
        let create = ["emulator", "create", &file, "--trust", trust];
        let made = harness.json(&[&create[..], &["--root", "root.pem"]].concat());
        assert_eq!(made["address"], address);
        assert_eq!(made["locks"]["data"], true);

        let look = ["--device", &device, "--root", "root.pem"];
        let info = harness.ok(&[&["info"], &look[..]].concat());
        assert!(info.contains(layout), "{info}");
        // Not Microchip's, and so it does not say.
        assert!(info.contains("up to root.pem"), "{info}");
        assert!(!info.contains("Microchip's"), "{info}");
        let keys = format!("keys        slot {key} (sign ecdh)\n");
        assert!(info.contains(&keys), "{info}");
        let info = harness.json(&[&["info"], &look[..]].concat());
        assert_eq!(
            (&info["verified"], &info["microchip_root"]),
            (&true.into(), &false.into())
        );
        let keys = info["keys"].as_array().unwrap();
        assert_eq!((keys.len(), &keys[0]["slot"]), (1, &key.into()));
        assert_eq!(keys[0]["public_key"], info["public_key"]);
        let chain = harness.ok(&[&["cert", "export", "chain"], &look[..]].concat());
        let root = harness.ok(&[&["cert", "export", "root"], &look[..]].concat());
        let doctor = harness.json(&[&["doctor"], &look[..]].concat());
        assert_eq!(doctor["faults"], 0, "{doctor}");
        // An outside judge.
        fs::write(harness.path().join("chain"), chain).unwrap();
        fs::write(harness.path().join("root"), root).unwrap();
        let verified = std::process::Command::new("openssl")
            .args(["verify", "-CAfile", "root", "-untrusted", "chain", "chain"])
            .current_dir(harness.path())
            .output()
            .unwrap();
        assert!(verified.status.success(), "{verified:?}");
        // Under Microchip's root it does not verify.
        let (code, message) = harness.fails(&["cert", "show", "--device", &device]);
        assert_eq!(code, 1, "{message}");
    }
    // One root for all of them, its owner's alone.
    let permissions = fs::metadata(harness.path().join("root.pem"))
        .unwrap()
        .permissions();
    assert_eq!(permissions.mode() & 0o777, 0o600);
    let create = ["emulator", "create", "x.img", "--trust", "tngtls"];
    let (code, message) = harness.fails(&create);
    assert_eq!(code, 2, "{message}");
    let (code, message) = harness.fails(&[&create[..], &["--root", "signer.key"]].concat());
    assert_eq!(code, 5, "{message}");
    assert!(!harness.path().join("x.img").exists());
    let again = ["emulator", "create", "tngtls.img", "--trust", "tngtls"];
    let (code, message) = harness.fails(&[&again[..], &["--root", "root.pem"]].concat());
    assert_eq!(code, 5, "{message}");
}

#[test]
fn served_with_other_execution_times() {
    let harness = Harness::new();
    for times in ["typical", "uniform", "longest", "fast"] {
        let arguments = ["--socket", "s", "--bus", "4000015=a.img", "--times", times];
        let _serving = Serving::new(&harness, &arguments);
        let info = harness.json(&["info", "--device", "unix:s"]);
        assert_eq!(info["stage"], "blank", "{times}");
    }
}

#[test]
fn plugged_and_unplugged() {
    let harness = Harness::new();
    let arguments = ["--socket", "s", "--fast", "--bus", "4000016=a.img"];
    let serving = Serving::new(&harness, &arguments);
    let emulator = |arguments: &[&'static str]| [&["emulator"], arguments].concat();
    let info = ["info", "--device", "unix:s"];
    let first = harness.json(&info);
    let plug_b = emulator(&["plug", "--socket", "s", "b.img?chip=atecc508a"]);
    let (code, message) = harness.fails(&plug_b);
    assert_eq!(code, 5, "{message}");
    assert!(message.contains("0x60"), "{message}");
    let unplug = emulator(&["unplug", "--socket", "s", "--bus", "4000016", "0x60"]);
    harness.json(&unplug);
    let (code, _) = harness.fails(&info);
    assert_eq!(code, 3);
    let (code, _) = harness.fails(&unplug);
    assert_eq!(code, 5);
    harness.json(&plug_b);
    let other = harness.json(&info);
    assert!(other["chip"].as_str().unwrap().starts_with("ATECC508A"));
    harness.json(&unplug);
    // The file of a chip that was unplugged is free.
    harness.json(&["info", "--device", "emu:a.img"]);
    harness.json(&emulator(&["plug", "--socket", "s", "a.img"]));
    assert_eq!(harness.json(&info), first);
    let (code, _) = harness.fails(&["info", "--device", "emu:a.img"]);
    assert_eq!(code, 5, "in use");
    for (arguments, exit) in [
        (&["plug", "--socket", "nowhere", "a.img"][..], 3),
        (&["unplug", "--socket", "s", "--bus", "1", "0x60"], 3),
        (&["unplug", "--socket", "s", "0x80"], 2),
        (&["unplug", "--socket", "s", "x"], 2),
        (&["plug", "--socket", "s", "signer.key"], 5),
    ] {
        let (code, message) = harness.fails(&emulator(arguments));
        assert_eq!(code, exit, "{arguments:?}: {message}");
    }
    assert_eq!(serving.terminate(), Some(0));
}

/// What lasts as long as the supply is lost, and what is stored is not.
#[test]
fn an_unplugged_chip_loses_its_supply() {
    let harness = Harness::new();
    fs::write(harness.path().join("a.key"), [0xA5; 16]).unwrap();
    fs::write(harness.path().join("e.key"), [0xE7; 16]).unwrap();
    let keys = ["--activation-key", "a.key", "--encryption-key", "e.key"];
    let volatile = ["--yes", "--serial", "V1", "--layout", "volatile"];
    let provision = Harness::provision("emu:v.img?chip=atecc608b", &volatile);
    harness.ok(&[&provision[..], &keys].concat());
    let arguments = ["--socket", "s", "--fast", "--bus", "4000063=v.img"];
    let _serving = Serving::new(&harness, &arguments);
    let is_active = || {
        let status = harness.json(&["volatile", "status", "--device", "unix:s"]);
        status["active"].as_bool().unwrap()
    };
    let unlock = ["volatile", "unlock", "--device", "unix:s"];
    harness.ok(&[&unlock[..], &keys[..2]].concat());
    assert!(is_active());
    harness.ok(&["emulator", "unplug", "--socket", "s", "0x60"]);
    harness.ok(&["emulator", "plug", "--socket", "s", "v.img"]);
    assert!(!is_active());
}

/// Whether the server is asked to end or killed, what passed is on record.
#[test]
fn a_server_records() {
    let harness = Harness::new();
    let here = harness.path();
    let arguments = ["--socket", "s", "--fast", "--bus", "4000014=a.img"];
    for (name, killed) in [("asked.txt", false), ("Killed.txt", true)] {
        let image = killed.then(|| fs::read_to_string(here.join("a.img")).unwrap());
        let serving = Serving::new(&harness, &[&arguments[..], &["--record", name]].concat());
        harness.json(&["info", "--device", "unix:s"]);
        if killed {
            drop(serving);
        } else {
            assert_eq!(serving.terminate(), Some(0));
        }
        let path = here.join(name);
        let permissions = fs::metadata(&path).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);
        let text = fs::read_to_string(&path).unwrap();
        let transcript = Transcript::parse(&text).unwrap();
        assert_eq!(transcript.render(), text);
        let header = &transcript.header;
        assert_eq!(header.id, name.to_lowercase().trim_end_matches(".txt"));
        assert_eq!(
            (header.address, header.provenance),
            (0x60, Provenance::Emulator)
        );
        if let Some(image) = image {
            assert_eq!(header.start, Start::Known(image));
        }
        let lines = &transcript.lines;
        assert_eq!(lines[0].action, Action::Wake);
        // The last thing a session does is to let the chip sleep.
        assert_eq!(lines.last().unwrap().action.bytes(), [0x01]);
        assert!(lines.iter().all(|line| line.at.is_some()));
    }
    for (more, part) in [
        (&["--record", "asked.txt"][..], "exists already"),
        (
            &["--record", "new.txt", "--bus", "4000015=b.img"],
            "one bus",
        ),
    ] {
        let serve = [&["emulator", "serve"], &arguments[..], more].concat();
        let (code, message) = harness.fails(&serve);
        assert_eq!(code, 5, "{message}");
        assert!(message.contains(part), "{message}");
    }
}
