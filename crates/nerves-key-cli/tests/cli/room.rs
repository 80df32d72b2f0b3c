//! A report is the last thing that is written: there has to be room for it before
//! anything that cannot be undone.

use std::fs;
use std::process::Command;

use atecc_emulator::{Image, Slot};
use serde_json::Value;

use crate::harness::Harness;
use crate::serving::Serving;

/// The command where no file may be larger than `blocks` of 512 bytes, as on a
/// disk that has no more.
fn limited(harness: &Harness, blocks: usize, arguments: &[&str]) -> Command {
    let program = harness.command(&[]).get_program().to_owned();
    let mut command = Command::new("sh");
    // A signal would end what is to be refused with an error.
    let script = format!("trap '' XFSZ; ulimit -f {blocks}; exec \"$0\" \"$@\"");
    command.args(["-c", &script]).arg(program).args(arguments);
    command.current_dir(harness.path());
    command.env_remove("NERVES_KEY_DEVICE");
    command
}

/// Whatever the limit, a chip is untouched or has its report.
#[test]
fn no_chip_is_locked_whose_report_has_no_room() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "blank.img"]);
    let path = |name: &str| harness.path().join(name);
    let image = fs::read(path("blank.img")).unwrap();
    let (mut refused, mut done) = (0, 0);
    // From what the image itself needs.
    let least = image.len().div_ceil(512);
    for blocks in least..least + 60 {
        fs::write(path("a.img"), &image).unwrap();
        let more = ["--yes", "--serial", "N1", "--report", "r"];
        let provision = Harness::provision("emu:a.img", &more);
        let output = limited(&harness, blocks, &provision).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        if output.status.success() {
            done += 1;
            let report: Value = serde_json::from_slice(&fs::read(path("r")).unwrap()).unwrap();
            assert_eq!(report["done"], true, "{blocks}");
            fs::remove_file(path("r")).unwrap();
        } else {
            refused += 1;
            assert_eq!(output.status.code(), Some(5), "{blocks}: {said}");
            assert!(said.contains("no room"), "{blocks}: {said}");
            assert_eq!(fs::read(path("a.img")).unwrap(), image, "{blocks}");
            assert!(!path("r").exists(), "{blocks}");
        }
    }
    assert!(refused > 2 && done > 2, "{refused} refused, {done} done");
}

/// A run that is killed before it has a key leaves a file, which the same command
/// goes on with and another chip's is refused.
#[test]
fn what_a_killed_run_leaves_is_gone_on_with() {
    let harness = Harness::new();
    harness.ok(&["emulator", "create", "a.img"]);
    let more = ["--yes", "--serial", "N1", "--report", "r"];
    let key = || {
        Image::load(harness.path().join("a.img"))
            .unwrap()
            .slot(Slot::new(0).unwrap())
            .to_vec()
    };
    let none = key();
    let mut at = 0;
    let left = loop {
        let mut child = harness
            .command(&Harness::provision("emu:a.img", &more))
            .stdout(std::process::Stdio::null())
            .stderr(std::process::Stdio::null())
            .spawn()
            .unwrap();
        // As soon as the name is taken.
        while !harness.path().join("r").exists() && child.try_wait().unwrap().is_none() {}
        child.kill().unwrap();
        child.wait().unwrap();
        let text = fs::read(harness.path().join("r")).unwrap();
        let left: Value = serde_json::from_slice(&text).unwrap();
        let has_key = key() != none;
        if !has_key && left["certificate_asked_for"].is_null() && left["done"] == false {
            break left;
        }
        // It was faster.
        for name in ["r", "a.img"] {
            fs::remove_file(harness.path().join(name)).unwrap();
        }
        harness.ok(&["emulator", "create", "a.img"]);
        at += 1;
        assert!(at < 50);
    };
    assert_eq!(left["public_key"], Value::Null);
    let (code, said) = harness.fails(&Harness::provision("emu:b.img", &more));
    assert_eq!((code, said.contains("exists already")), (5, true), "{said}");
    let done = harness.json(&Harness::provision("emu:a.img", &more));
    assert_eq!(done["key_origin"], "this-run");
    assert_eq!(done["replaced_keys"], Value::Array(vec![]));
}

/// A run that fails before a signer is asked has nothing to say: its file is gone,
/// and the name is free for another chip.
#[test]
fn a_run_that_ends_early_takes_its_file_away() {
    let harness = Harness::new();
    let arguments = ["--socket", "s", "--bus", "4000064=a.img", "--stuck-after"];
    // Within the configuration.
    let stuck = ["34", "--stuck-for", "100"];
    let _serving = Serving::new(&harness, &[&arguments[..], &stuck].concat());
    let more = ["--yes", "--serial", "N1", "--report", "r"];
    let (code, said) = harness.fails(&Harness::provision("unix:s", &more));
    assert_ne!(code, 0, "{said}");
    assert!(said.contains("step \"write configuration"), "{said}");
    assert!(!said.contains("lock the configuration"), "{said}");
    assert!(!harness.path().join("r").exists());
    harness.ok(&Harness::provision("emu:b.img", &more));
}

/// What cannot be written is named, by the name that was given, and is not left half
/// done in the way of the same command.
#[test]
fn a_full_disk_is_told_with_what_was_written() {
    let harness = Harness::new();
    let path = |name: &str| harness.path().join(name);
    let more = ["--yes", "--serial", "N1"];
    harness.ok(&Harness::provision("emu:a.img", &more));
    let image = fs::read(path("a.img")).unwrap();
    let digest = "5A".repeat(32);
    let sign = ["sign", "--digest", &digest, "--device", "emu:a.img"];
    let fails = |code, blocks, arguments: &[&str]| {
        let output = limited(&harness, blocks, arguments).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{said}");
        assert!(!said.contains(".nerves-key-"), "{said}");
        said
    };
    let said = fails(1, 0, &[&sign[..], &["--out", "s"]].concat());
    assert!(said.contains("nerves-key: s: "), "{said}");
    assert!(!path("s").exists());
    // Before the chip is touched.
    let said = fails(5, 0, &["random", "--device", "emu:a.img", "--record", "r"]);
    assert!(said.contains("nerves-key: r: "), "{said}");
    assert!(!path("r").exists());
    let set = ["settings", "set", "a", "1", "--device", "emu:a.img"];
    let said = fails(1, 1, &set);
    for part in ["could not be stored", "a.img: ", "run the same again"] {
        assert!(said.contains(part), "{said}");
    }
    assert_eq!(fs::read(path("a.img")).unwrap(), image);
    // A recording that ends early is no error: the work is done.
    let record = ["--yes", "--serial", "N2", "--record", "r"];
    let provision = Harness::provision("emu:b.img", &record);
    let blocks = image.len().div_ceil(512);
    let output = limited(&harness, blocks, &provision).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(output.status.success(), "{said}");
    assert!(said.contains("warning: r: "), "{said}");
    assert!(said.contains("the recording is not complete"), "{said}");
}

/// Neither a result nor help that nobody gets is a success.
#[test]
fn a_full_standard_output_is_told() {
    let harness = Harness::new();
    for arguments in [
        &["cert", "show", "signer.cert"][..],
        &["--json", "cert", "show", "signer.cert"],
        &["--help"],
        &["help", "sign"],
        &["--version"],
        &["completions", "bash"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full");
        let mut command = harness.command(arguments);
        let output = command.stdout(full.unwrap()).output().unwrap();
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
        assert!(said.contains("standard output: No space left"), "{said}");
    }
}
