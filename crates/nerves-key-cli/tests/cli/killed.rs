//! What a killed process sent goes on in the chip.

use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use atecc::group::Group;
use atecc_emulator::client::Client;
use atecc_emulator::{Chip, Entropy, ExecutionTime, Image};
use embedded_hal::i2c::I2c;

use crate::harness::Harness;
use crate::in_process::InProcess;

const CHIP: u8 = 0x60;
const DIGEST: &str = "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A";
/// Opcodes. Source: ATECC508A datasheet, "Command Opcodes, Short Descriptions,
/// and Execution Times"; Microchip's ATECC608 pages, "SelfTest".
const NONCE: u8 = 0x16;
const SIGN: u8 = 0x41;
const GEN_KEY: u8 = 0x40;
const SELF_TEST: u8 = 0x77;

/// A finished chip that takes as long as a driver must be ready to wait.
fn served(harness: &Harness, number: u32) -> InProcess {
    harness.ok(&Harness::provision(
        "emu:f.img",
        &["--yes", "--serial", "N1"],
    ));
    let image = Image::load(harness.path().join("f.img")).unwrap();
    let served = InProcess::new(&harness.path().join("s"), number);
    let chip = Chip::new(image, Entropy::Os).unwrap();
    let chip = chip.with_execution_time(ExecutionTime::Longest);
    served.bus.attach(chip);
    served
}

/// Commands here end as they would on a quiet chip, at once.
fn works(harness: &Harness, after: &str) {
    let start = Instant::now();
    harness.ok(&["info", "--device", "unix:s"]);
    println!("{after}: {:?}", start.elapsed());
    harness.ok(&["sign", "--device", "unix:s", "--digest", DIGEST]);
}

fn send(bus: &mut Client, command: &[u8]) {
    let group = Group::new(command).unwrap();
    bus.write(CHIP, &[&[0x03], group.as_bytes()].concat())
        .unwrap();
}

/// A program that goes right after it has sent a command.
#[test]
fn a_session_begins_while_a_command_still_runs() {
    let harness = Harness::new();
    let _served = served(&harness, 4_000_053);
    let nonce = [&[NONCE, 0x03, 0x00, 0x00], [0x33; 32].as_slice()].concat();
    let cases: [(&str, &[&[u8]]); 4] = [
        ("Sign", &[&nonce, &[SIGN, 0x80, 0x00, 0x00]]),
        ("GenKey", &[&[GEN_KEY, 0x00, 0x00, 0x00]]),
        ("SelfTest", &[&[SELF_TEST, 0x3D, 0x00, 0x00]]),
        // Half a command: the chip waits for the rest.
        ("half", &[]),
    ];
    for (name, commands) in cases {
        for delay in [0, 5, 30, 80, 110] {
            let mut bus = Client::connect(harness.path().join("s"), None).unwrap();
            // The pulse is acknowledged by nobody.
            let _ = bus.write(0x00, &[0x00]);
            std::thread::sleep(Duration::from_millis(2));
            let mut answer = [0; 4];
            bus.read(CHIP, &mut answer).unwrap();
            for (index, command) in commands.iter().enumerate() {
                send(&mut bus, command);
                if index + 1 < commands.len() {
                    while bus.read(CHIP, &mut answer).is_err() {}
                }
            }
            if commands.is_empty() {
                bus.write(CHIP, &[0x03, 0x27, 0x16]).unwrap();
            }
            drop(bus);
            std::thread::sleep(Duration::from_millis(delay));
            works(&harness, &format!("{name}, {delay} ms before"));
        }
    }
}

/// The same by SIGKILL, in the middle of `nerves-key`.
#[test]
fn a_process_is_killed_while_its_command_runs() {
    let harness = Harness::new();
    let served = served(&harness, 4_000_054);
    let seen = Arc::new([const { AtomicBool::new(false) }; 256]);
    let marks = Arc::clone(&seen);
    served.bus.observe(move |entry| {
        if let [0x03, _, opcode, ..] = *entry.bytes.as_slice() {
            marks[usize::from(opcode)].store(true, Ordering::SeqCst);
        }
    });
    for opcode in [GEN_KEY, SIGN] {
        for delay in [0, 10, 40] {
            let sign = ["sign", "--device", "unix:s", "--digest", DIGEST];
            let mut command = harness.command(&sign);
            seen[usize::from(opcode)].store(false, Ordering::SeqCst);
            let mut child = command.stdout(Stdio::null()).spawn().unwrap();
            while !seen[usize::from(opcode)].load(Ordering::SeqCst) {
                std::thread::sleep(Duration::from_micros(200));
            }
            std::thread::sleep(Duration::from_millis(delay));
            child.kill().unwrap();
            assert_eq!(child.wait().unwrap().code(), None, "not killed in time");
            works(&harness, &format!("{opcode:#04x} killed after {delay} ms"));
        }
    }
}
