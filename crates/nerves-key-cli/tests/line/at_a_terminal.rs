//! A station whose operator sits at a terminal.

use std::fs::{File, OpenOptions};
use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};
use std::thread;

use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use crate::bench::{BATCH, Bench};

/// A terminal: what is written to `keys` is typed there, and `screen` is what it
/// shows.
struct Terminal {
    master: File,
    /// Kept open, so that the screen does not end with a program.
    line: File,
}

impl Terminal {
    fn new() -> Self {
        let master = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY).unwrap();
        grantpt(&master).unwrap();
        unlockpt(&master).unwrap();
        let name = ptsname(&master, Vec::new()).unwrap().into_string().unwrap();
        let line = OpenOptions::new().read(true).write(true).open(name);
        Self {
            master: File::from(master),
            line: line.unwrap(),
        }
    }

    fn end(&self) -> Stdio {
        self.line.try_clone().unwrap().into()
    }

    /// What it shows up to `end`.
    fn shows(&mut self, end: &str) -> String {
        let mut shown = Vec::new();
        while !String::from_utf8_lossy(&shown).contains(end) {
            let mut byte = [0];
            self.master.read_exact(&mut byte).unwrap();
            shown.push(byte[0]);
        }
        String::from_utf8(shown).unwrap()
    }

    fn types(&mut self, text: &str) {
        self.master.write_all(text.as_bytes()).unwrap();
    }

    /// All that it shows until `child` ends.
    fn until_end(mut self, mut child: Child) -> String {
        let mut line = self.line.try_clone().unwrap();
        // It is read meanwhile, or the program waits for that.
        let ended = thread::spawn(move || {
            child.wait().unwrap();
            line.write_all(b"<end>").unwrap();
        });
        let shown = self.shows("<end>");
        ended.join().unwrap();
        shown
    }
}

/// A run whose standard output and error are a terminal of its own.
fn shown(bench: &Bench, arguments: &[&str], set: impl Fn(&mut Command)) -> String {
    let terminal = Terminal::new();
    let mut command = bench.command(arguments);
    command.env("TERM", "xterm");
    command.stdout(terminal.end()).stderr(terminal.end());
    set(&mut command);
    let child = command.spawn().unwrap();
    terminal.until_end(child)
}

#[test]
fn colours_and_bells_are_for_a_terminal_that_wants_them() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    let (green, red) = ("\u{1B}[32mPASS\u{1B}[0m", "\u{1B}[31mFAIL\u{1B}[0m");
    let run = Bench::line_run(&devices, &[]);
    let fail = Bench::line_run(&["emu:none.img".to_owned()], &["--bell"]).join(" ");
    let fail: Vec<_> = fail.split(' ').collect();
    let said = shown(&bench, &run, |_| ());
    assert!(said.contains(green) && !said.contains('\u{7}'), "{said:?}");
    let said = shown(&bench, &fail, |_| ());
    assert!(said.contains(red), "{said:?}");
    assert_eq!(said.matches('\u{7}').count(), 2, "{said:?}");
    let bell = Bench::line_run(&devices, &["--bell"]);
    let said = shown(&bench, &bell, |_| ());
    assert_eq!(said.matches('\u{7}').count(), 1, "{said:?}");
    for (name, value) in [("NO_COLOR", "1"), ("TERM", "dumb")] {
        let said = shown(&bench, &run, |command| {
            command.env(name, value);
            // Bars have colours of their own.
            command.stderr(Stdio::null());
        });
        assert!(
            said.contains("PASS") && !said.contains('\u{1B}'),
            "{said:?}"
        );
    }
    // An empty one is none.
    let said = shown(&bench, &run, |command| {
        command.env("NO_COLOR", "");
    });
    assert!(said.contains(green), "{said:?}");
    let output = bench.run(&bell);
    let said = [output.stdout, output.stderr].concat();
    assert!(said.starts_with(b"PASS"), "{said:?}");
    assert!(!said.contains(&0x1B) && !said.contains(&0x07), "{said:?}");
}

/// Asked before each chip that would be changed: only a yes makes it.
#[test]
fn each_chip_is_asked_about() {
    let bench = Bench::with_batch();
    let devices = bench.chips(2);
    let blank = std::fs::read(bench.path().join("chip0.img")).unwrap();
    let run = |device: &String, answer: &str| {
        let mut terminal = Terminal::new();
        let devices = [device.clone()];
        let mut arguments = Bench::line_run(&devices, &["--confirm", "--json"]);
        arguments.retain(|word| *word != "--yes");
        let mut command = bench.command(&arguments);
        command.stdin(terminal.end()).stderr(terminal.end());
        let child = command.stdout(Stdio::piped()).spawn().unwrap();
        if !answer.is_empty() {
            let asked = terminal.shows("[y/N]");
            assert!(
                asked.contains("for good") && asked.contains("\"b\""),
                "{asked}"
            );
            terminal.types(answer);
        }
        let output = child.wait_with_output().unwrap();
        (
            output.status.code(),
            String::from_utf8(output.stdout).unwrap(),
        )
    };
    for no in ["n\n", "\n", "yes please\n", "\u{4}"] {
        let (code, said) = run(&devices[0], no);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("\"event\":\"skip\""), "{no:?}: {said}");
    }
    assert_eq!(
        std::fs::read(bench.path().join("chip0.img")).unwrap(),
        blank
    );
    assert_eq!(bench.units().len(), 0);
    for (device, yes) in devices.iter().zip(["y\n", "Y\n"]) {
        let (code, said) = run(device, yes);
        assert_eq!(code, Some(0), "{said}");
        assert!(said.contains("\"event\":\"pass\""), "{said}");
    }
    // What is made already is not asked about.
    let (code, said) = run(&devices[0], "");
    assert_eq!(code, Some(0), "{said}");
    assert!(said.contains("\"ending\":\"before\""), "{said}");
    bench.audit(&devices);
}

#[test]
fn nobody_who_could_be_asked_is_told() {
    let bench = Bench::with_batch();
    let devices = bench.chips(1);
    let mut arguments = Bench::line_run(&devices, &["--confirm"]);
    let (code, said) = bench.refused(&arguments);
    assert_eq!((code, said.contains("--yes")), (2, true), "{said}");
    arguments.retain(|word| *word != "--yes");
    let mut command = bench.command(&arguments);
    let output = command.stdin(Stdio::null()).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("no terminal"), "{said}");
    // A scan is a confirmation, and has the same input.
    let scanned = BATCH.split("pattern").next().unwrap().to_owned() + "scanned = true\n";
    bench.write("c.toml", &scanned.replace("\"b\"", "\"c\""));
    bench.done(&["line", "batch", "c.toml"]);
    arguments[3] = "c";
    let terminal = Terminal::new();
    let output = bench
        .command(&arguments)
        .stdin(terminal.end())
        .output()
        .unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(5), "{said}");
    assert!(said.contains("scan"), "{said}");
}
