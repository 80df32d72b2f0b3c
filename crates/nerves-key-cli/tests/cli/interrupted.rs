//! Ctrl-C while a chip is changed.

use std::os::unix::process::{CommandExt, ExitStatusExt};
use std::process::{Child, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use atecc_emulator::{Chip, Entropy, ExecutionTime, Image, Revision};
use rustix::process::{Pid, Signal, kill_process, kill_process_group};

use crate::harness::Harness;
use crate::in_process::InProcess;
use crate::signers;

/// Opcodes. Source: ATECC508A datasheet, "Command Opcodes, Short Descriptions,
/// and Execution Times".
const LOCK: u8 = 0x17;
const WRITE: u8 = 0x12;

const CHIP: [&str; 2] = ["--device", "unix:s"];

/// A chip that takes as long as a driver must be ready to wait, and how often a
/// command was sent to it.
struct Slow {
    harness: Harness,
    _served: InProcess,
    count: Arc<AtomicUsize>,
}

impl Slow {
    fn new(image: Image, harness: Harness, number: u32, opcode: u8) -> Self {
        let served = InProcess::new(&harness.path().join("s"), number);
        let chip = Chip::new(image, Entropy::Os).unwrap();
        served
            .bus
            .attach(chip.with_execution_time(ExecutionTime::Longest));
        let count = Arc::new(AtomicUsize::new(0));
        let seen = Arc::clone(&count);
        served.bus.observe(move |entry| {
            if matches!(*entry.bytes.as_slice(), [0x03, _, it, ..] if it == opcode) {
                seen.fetch_add(1, Ordering::SeqCst);
            }
        });
        Self {
            harness,
            _served: served,
            count,
        }
    }

    /// Serve it no longer.
    fn stop(self) -> Harness {
        self.harness
    }

    fn spawn(&self, arguments: &[&str]) -> Child {
        let mut command = self.harness.command(&[arguments, &CHIP].concat());
        command.stdout(Stdio::piped()).stderr(Stdio::piped());
        command.spawn().unwrap()
    }

    /// Wait until the command was sent so often.
    fn wait_for(&self, count: usize) {
        let begin = Instant::now();
        while self.count.load(Ordering::SeqCst) < count {
            assert!(begin.elapsed() < Duration::from_secs(60), "it never comes");
            std::thread::sleep(Duration::from_micros(200));
        }
    }

    fn stage(&self) -> String {
        let arguments = [&["info"], &CHIP[..]].concat();
        self.harness.json(&arguments)["stage"].to_string()
    }
}

/// Exit code of a provisioning that Ctrl-C ends before its first lock.
pub(crate) fn exit_code() -> i32 {
    let blank = Chip::blank(Revision::Atecc608B).image().clone();
    let slow = Slow::new(blank, Harness::new(), 4_000_079, WRITE);
    let child = slow.spawn(&PROVISION);
    slow.wait_for(1);
    interrupt(&child);
    let (code, _, said) = end(child);
    code.expect(&said)
}

fn interrupt(child: &Child) {
    let id = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process(id, Signal::INT).unwrap();
}

/// Exit code, standard output and standard error.
fn end(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    (
        output.status.code(),
        text(output.stdout),
        text(output.stderr),
    )
}

const PROVISION: [&str; 8] = [
    "provision",
    "--yes",
    "--serial",
    "N1",
    "--signer-cert",
    "signer.cert",
    "--signer-key",
    "signer.key",
];

/// The lock in hand is made and verified, no other step begins, and the same
/// command goes on.
#[test]
fn a_provisioning_ends_after_the_step_in_hand() {
    let blank = Chip::blank(Revision::Atecc608B).image().clone();
    let slow = Slow::new(blank, Harness::new(), 4_000_071, LOCK);
    let child = slow.spawn(&PROVISION);
    slow.wait_for(1);
    interrupt(&child);
    let (code, _, said) = end(child);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("stopped before the step"), "{said}");
    assert!(said.contains("run the same command again"), "{said}");
    assert_eq!(slow.count.load(Ordering::SeqCst), 1);
    assert_eq!(slow.stage(), "\"configured\"");
    let (code, _, said) = end(slow.spawn(&PROVISION));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(slow.stage(), "\"finished\"");
}

/// As JSON, and up to a request alone.
#[test]
fn a_request_ends_likewise() {
    let blank = Chip::blank(Revision::Atecc608B).image().clone();
    let slow = Slow::new(blank, Harness::new(), 4_000_072, LOCK);
    let signer = ["--signer-cert", "signer.cert", "--serial", "N1", "--yes"];
    let request = [&["--json", "provision", "--request", "r.json"], &signer[..]].concat();
    let child = slow.spawn(&request);
    slow.wait_for(1);
    interrupt(&child);
    let (code, document, said) = end(child);
    assert_eq!(code, Some(130), "{said}");
    let document: serde_json::Value = serde_json::from_str(&document).unwrap();
    assert_eq!(document["exit_code"], 130, "{document}");
    assert!(!slow.harness.path().join("r.json").exists());
    let (code, _, said) = end(slow.spawn(&request));
    assert_eq!(code, Some(0), "{said}");
}

/// A second one does not wait.
#[test]
fn a_second_one_ends_at_once() {
    let blank = Chip::blank(Revision::Atecc608B).image().clone();
    let slow = Slow::new(blank, Harness::new(), 4_000_073, WRITE);
    let child = slow.spawn(&PROVISION);
    slow.wait_for(2);
    interrupt(&child);
    interrupt(&child);
    let output = child.wait_with_output().unwrap();
    // Both may have been one to the system, which keeps no count of them.
    let is_killed = output.status.signal() == Some(Signal::INT.as_raw());
    assert!(is_killed || output.status.code() == Some(130), "{output:?}");
    let (code, _, said) = end(slow.spawn(&PROVISION));
    assert_eq!(code, Some(0), "{said}");
    assert_eq!(slow.stage(), "\"finished\"");
}

/// What is written in one go is written to its end.
#[test]
fn settings_and_locks_are_finished() {
    let harness = Harness::new();
    harness.ok(&Harness::provision(
        "emu:f.img",
        &["--yes", "--serial", "N1", "--open-slots"],
    ));
    let image = Image::load(harness.path().join("f.img")).unwrap();
    let slow = Slow::new(image.clone(), harness, 4_000_074, WRITE);
    let child = slow.spawn(&["settings", "set", "wifi", "on"]);
    slow.wait_for(1);
    interrupt(&child);
    let (code, _, said) = end(child);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("what was begun is done"), "{said}");
    let get = [&["settings", "get", "wifi"], &CHIP[..]].concat();
    assert_eq!(slow.harness.ok(&get), "on\n");
    let harness = slow.stop();
    let slow = Slow::new(image, harness, 4_000_075, LOCK);
    let child = slow.spawn(&["harden", "--yes"]);
    slow.wait_for(1);
    interrupt(&child);
    let (code, _, said) = end(child);
    assert_eq!(code, Some(130), "{said}");
    assert_eq!(slow.count.load(Ordering::SeqCst), 4);
}

/// A terminal tells everything in its foreground, the command that signs and
/// what it runs among it: that ends its step like any other.
#[test]
fn a_command_that_signs_is_not_interrupted() {
    let harness = Harness::new();
    signers::good(&harness);
    let text = "touch begun\nwhile [ ! -e go ]; do sleep 0.05; done\nexec ./good";
    signers::script(&harness, "waits", text);
    let arguments = [
        "provision",
        "--yes",
        "--serial",
        "N1",
        "--device",
        "emu:a.img",
    ];
    let signer = [
        "--signer-cert",
        "signer.cert",
        "--signer-key",
        "exec:./waits",
    ];
    let arguments = [&arguments[..], &signer].concat();
    let mut command = harness.command(&arguments);
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let child = command.process_group(0).spawn().unwrap();
    let begin = Instant::now();
    while !harness.path().join("begun").exists() {
        assert!(begin.elapsed() < Duration::from_secs(60), "it never signs");
        std::thread::sleep(Duration::from_millis(20));
    }
    let group = Pid::from_raw(child.id().try_into().unwrap()).unwrap();
    kill_process_group(group, Signal::INT).unwrap();
    std::fs::write(harness.path().join("go"), "").unwrap();
    let (code, _, said) = end(child);
    assert_eq!(code, Some(130), "{said}");
    assert!(said.contains("stopped before the step"), "{said}");
    harness.ok(&arguments);
    let info = harness.json(&["info", "--device", "emu:a.img"]);
    assert_eq!(info["stage"], "finished", "{info}");
}
