//! What is around a run: its exit code, the programs of the line's owner, a
//! scanner.

use std::fs;
use std::io::{BufRead, BufReader, Read, Write};
use std::os::unix::fs::PermissionsExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::bench::{BATCH, Bench};

fn code(bench: &Bench, devices: &[&str], more: &[&str]) -> Option<i32> {
    let devices: Vec<_> = devices.iter().map(|&device| device.to_owned()).collect();
    bench.run(&Bench::line_run(&devices, more)).status.code()
}

/// As docs/command-line.md has them, where all failures have one; 1 where they
/// have several.
#[test]
fn a_run_ends_with_the_code_of_its_failures() {
    let bench = Bench::with_batch();
    bench.chips(3);
    let provision = |device: &str, more: &[&str]| {
        let mut arguments = vec!["provision", "--device", device, "--yes"];
        arguments.extend(["--signer-cert", "signer.cert", "--signer-key", "signer.key"]);
        arguments.extend(more);
        bench.done(&arguments);
    };
    provision("emu:chip0.img", &["--board", "other"]);
    bench.write("bad.img", "no image");
    for (devices, more, wanted) in [
        (&["emu:none.img"][..], &[][..], 3),
        (&["emu:none.img", "emu:gone.img"], &[], 3),
        (&["emu:chip0.img"], &[], 4),
        (&["emu:bad.img"], &[], 5),
        (&["emu:chip1.img"], &["--on-start", "false"], 1),
        (&["emu:chip0.img", "emu:none.img"], &[], 1),
        (&["emu:chip1.img", "emu:none.img"], &[], 3),
        (&["emu:chip1.img"], &["--frobnicate"], 2),
        (&["emu:chip1.img"], &["--ledger", "none.db"], 5),
    ] {
        let found = code(&bench, devices, more);
        assert_eq!(found, Some(wanted), "{devices:?} {more:?}");
    }
    assert_eq!(bench.units().len(), 1, "emu:chip1.img was made");
}

fn script(bench: &Bench, name: &str, text: &str) {
    bench.write(name, text);
    let path = bench.path().join(name);
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Of the three none may be missed when the chip is finished.
#[test]
fn a_program_that_is_missing_is_noticed_before_the_first_chip() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    bench.write("text", "no program");
    for option in ["--on-start", "--on-pass", "--on-fail"] {
        for program in ["./none", "none-on-any-path", "./text", "/", ""] {
            let (code, said) = bench.refused(&Bench::line_run(&devices, &[option, program]));
            assert!(
                code == 5 || program.is_empty(),
                "{option} {program}: {said}"
            );
            assert!(said.contains(option), "{option} {program}: {said}");
        }
    }
    assert_eq!(bench.units().len(), 0);
    let info = bench.json(&["info", "--device", &devices[0]]);
    assert_eq!(info["stage"], "blank");
    // By the path that shells use, too.
    bench.done(&Bench::line_run(&devices, &["--on-pass", "true"]));
}

/// Neither on the terminal nor as a line that a reader takes for ours.
#[test]
fn what_a_program_says_is_escaped() {
    let bench = Bench::with_batch();
    let devices = bench.chips(2);
    script(
        &bench,
        "say",
        "#!/bin/sh\nprintf '\\033[2Jred\\r\\nPASS forged \\342\\200\\256 \\377\\nlast' >&2\n",
    );
    for (device, more) in devices.iter().zip([&[][..], &["--json"]]) {
        let hooks: Vec<_> = ["--on-start", "./say"]
            .iter()
            .chain(more)
            .copied()
            .collect();
        let output = bench.run(&Bench::line_run(std::slice::from_ref(device), &hooks));
        assert!(output.status.success());
        let said = String::from_utf8(output.stderr).unwrap();
        let raw: Vec<_> = said
            .chars()
            .filter(|it| *it == '\u{202E}' || it.is_control())
            .collect();
        assert!(raw.iter().all(|it| *it == '\n'), "{raw:?}");
        for part in ["\\u{1b}[2Jred", "PASS forged \\u{202e}", "last"] {
            let line = said.lines().find(|line| line.contains(part));
            let line = line.unwrap_or_else(|| panic!("{part}: {said}"));
            assert!(line.starts_with(&format!("{device}: ./say: ")), "{line}");
        }
        let stdout = String::from_utf8(output.stdout).unwrap();
        assert!(!stdout.contains("forged"), "{stdout}");
    }
}

/// What a program leaves running keeps its standard error, and nobody waits.
#[test]
fn a_program_that_leaves_one_behind_holds_nobody_up() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    script(&bench, "leave", "#!/bin/sh\nsleep 30 &\necho begun >&2\n");
    let begin = Instant::now();
    let output = bench.run(&Bench::line_run(&devices, &["--on-pass", "./leave"]));
    assert!(output.status.success());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("begun"), "{said}");
    assert!(
        begin.elapsed() < Duration::from_secs(20),
        "{:?}",
        begin.elapsed()
    );
}

/// Where every line is a document, so is the one of a run that does not begin.
#[test]
fn an_error_before_the_first_chip_is_one_line_of_json() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    for more in [
        &["--json", "--ledger", "none.db"][..],
        &["--json", "--on-pass", "./none"],
        &["--json", "--frobnicate"],
    ] {
        let output = bench.run(&Bench::line_run(&devices, more));
        let said = String::from_utf8(output.stdout).unwrap();
        assert_eq!(said.lines().count(), 1, "{said}");
        let document: Value = serde_json::from_str(&said).unwrap();
        assert_eq!(document["exit_code"], output.status.code().unwrap());
    }
}

/// A batch whose serials are scanned.
fn scanned() -> Bench {
    let bench = Bench::new();
    let scanned = BATCH.split("pattern").next().unwrap().to_owned() + "scanned = true\n";
    bench.write("b.toml", &scanned);
    bench.done(&["line", "batch", "b.toml"]);
    bench
}

fn spawn(bench: &Bench, arguments: &[&str]) -> Child {
    let mut command = bench.command(arguments);
    let command = command.stdin(Stdio::piped()).stdout(Stdio::piped());
    command.stderr(Stdio::piped()).spawn().unwrap()
}

/// Whose serial is wanted where there are several devices.
#[test]
fn a_prompt_names_device_chip_and_batch() {
    let bench = scanned();
    let devices = bench.chips(2);
    let mut child = spawn(&bench, &Bench::line_run(&devices, &[]));
    let mut input = child.stdin.take().unwrap();
    let mut lines = BufReader::new(child.stderr.take().unwrap()).lines();
    let mut prompted = Vec::new();
    for serial in ["S-0", "S-1"] {
        let prompt = lines.next().unwrap().unwrap();
        assert!(prompt.ends_with("for the batch b"), "{prompt}");
        let (device, rest) = prompt.split_once(": scan the serial of the chip ").unwrap();
        let chip = rest.split(',').next().unwrap();
        prompted.push((device.to_owned(), chip.to_owned(), serial.to_owned()));
        // Nobody else asks before this one is answered.
        writeln!(input, "{serial}").unwrap();
    }
    assert!(child.wait().unwrap().success());
    prompted.sort();
    for ((device, chip, serial), wanted) in prompted.iter().zip(&devices) {
        assert_eq!(device, wanted);
        let info = bench.json(&["info", "--device", device]);
        assert_eq!(info["serial_number"], *chip);
        assert_eq!(info["manufacturer_serial"], *serial);
    }
}

/// What a scanner types that is no text is no serial, as any other that is none.
#[test]
fn bytes_that_are_no_text_are_no_serial() {
    let bench = scanned();
    let devices = bench.chips(1);
    let mut child = spawn(&bench, &Bench::line_run(&devices, &[]));
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"S-\xFF\n").unwrap();
    drop(input);
    let output = child.wait_with_output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8(said).unwrap();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("standard input is no text"), "{said}");
}

/// Nobody has to scan anything before a station ends, and no chip has failed.
#[test]
fn ctrl_c_ends_a_scan() {
    let bench = scanned();
    let devices = bench.chips(2);
    for more in [&["--json"][..], &["--json", "--once"]] {
        let mut arguments = Bench::line_run(&devices, more);
        let once = arguments.iter().position(|word| *word == "--once").unwrap();
        arguments.remove(once);
        let mut child = spawn(&bench, &arguments);
        // Kept open: nothing is scanned.
        let input = child.stdin.take().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let document: Value = serde_json::from_str(&line).unwrap();
        assert_eq!(document["event"], "scan", "{line}");
        assert!(document["chip"].is_string(), "{line}");
        let id = child.id().to_string();
        let begin = Instant::now();
        Command::new("kill").args(["-INT", &id]).status().unwrap();
        let status = child.wait().unwrap();
        assert!(
            begin.elapsed() < Duration::from_secs(10),
            "{:?}",
            begin.elapsed()
        );
        assert_eq!(status.code(), Some(0), "nothing failed");
        let mut rest = String::new();
        output.read_to_string(&mut rest).unwrap();
        assert!(!rest.contains("fail"), "{rest}");
        drop(input);
    }
    assert_eq!(bench.units().len(), 0);
    let heads = bench.json(&["line", "status"])["heads"].clone();
    assert_eq!(heads[0]["seq"], 1, "the batch alone: {heads}");
}

/// At a terminal, where bars stand: a prompt begins a line of its own.
#[test]
fn a_prompt_does_not_tear_the_bars() {
    let bench = scanned();
    let devices = bench.chips(2);
    let program = env!("CARGO_BIN_EXE_nerves-key");
    let arguments = Bench::line_run(&devices, &[]).join(" ");
    let command = format!("{program} {arguments} --ledger line.db --station bench");
    let mut terminal = Command::new("script");
    let terminal = terminal.current_dir(bench.path()).env("TERM", "xterm");
    let terminal = terminal.args(["--quiet", "--return", "--command", &command, "typescript"]);
    let mut child = terminal
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut input = child.stdin.take().unwrap();
    let mut output = child.stdout.take().unwrap();
    let mut said = Vec::new();
    let mut serials = 0;
    let mut bytes = [0; 4096];
    loop {
        let read = output.read(&mut bytes).unwrap();
        if read == 0 {
            break;
        }
        said.extend_from_slice(&bytes[..read]);
        let text = String::from_utf8_lossy(&said);
        if serials < text.matches("for the batch b").count() {
            writeln!(input, "S-{serials}").unwrap();
            serials += 1;
        }
    }
    assert!(child.wait().unwrap().success());
    let text = String::from_utf8_lossy(&said);
    assert!(text.contains("scan its serial"), "no bars: {text:?}");
    for device in &devices {
        let prompt = format!("{device}: scan the serial");
        let (before, _) = text.split_once(&prompt).unwrap();
        // Behind the end of a line, or at the beginning of one that was cleared;
        // the lines of the bars are cleared from the last one upwards.
        let before = before.trim_end_matches("\x1B[1A");
        let is_clear = before.ends_with('\n') || before.ends_with("\r\x1B[2K");
        assert!(is_clear, "{before:?}");
    }
}
