//! Programs that know nothing of us, with the library preloaded.
#![cfg(target_os = "linux")]

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;
use std::thread::{self, JoinHandle};
use std::time::Duration;

use atecc::BusAddress;
use atecc_emulator::server::Server;
use atecc_emulator::{Bus, Chip, Clock, ExecutionTime, Revision};
use atecc_linux::{LockError, SessionLock};

/// A number that no computer's bus has.
const BUS: u32 = 4_000_001;

struct Served {
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
    directory: tempfile::TempDir,
}

impl Served {
    fn new() -> Self {
        let bus = Bus::with_clock(Clock::skipping());
        let chip = Chip::blank(Revision::Atecc608B)
            .with_execution_time(ExecutionTime::Instant)
            .with_wake_delay(Duration::ZERO)
            .with_sleep_delay(Duration::ZERO);
        bus.attach(chip);
        let directory = tempfile::tempdir().unwrap();
        let server = Server::bind(directory.path().join("socket"), [(BUS, bus)]).unwrap();
        let server = Arc::new(server);
        let running = Arc::clone(&server);
        let thread = thread::spawn(move || running.run(|error| panic!("{error}")).unwrap());
        Self {
            server,
            thread: Some(thread),
            directory,
        }
    }

    fn command(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.env("LD_PRELOAD", library()).env(
            "ATECC_EMULATOR_SOCKET",
            self.directory.path().join("socket"),
        );
        command
    }

    /// Compile `tests/programs/NAME.c`.
    fn compile(&self, name: &str, flags: &[&str]) -> PathBuf {
        let program = self.directory.path().join(name);
        let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
        let compiled = Command::new("cc")
            .args(["-std=gnu11", "-Wall", "-Wextra", "-Werror", "-pthread"])
            .args(flags)
            .arg("-o")
            .arg(&program)
            .arg(source.join(format!("{name}.c")))
            .status();
        assert!(compiled.unwrap().success());
        program
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        self.server.stop();
        if let Some(thread) = self.thread.take() {
            thread.join().unwrap();
        }
    }
}

/// Cargo builds the library next to its tests.
fn library() -> PathBuf {
    let here = std::env::current_exe().unwrap();
    here.with_file_name("libatecc_emulator_preload.so")
}

fn bus() -> String {
    format!("/dev/i2c-{BUS}")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn succeeded(output: &Output) -> String {
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert!(output.status.success(), "{} {out} {err}", output.status);
    assert_eq!(err, "");
    out
}

/// What `host.c` prints: wake, revision of a 608B, four copies of the
/// descriptor, a fork, threads, a started program. 83 BB is the CRC of the
/// bytes before it (polynomial 0x8005, bits reflected; ATECC508A datasheet,
/// "I/O Groups").
const EXPECTED: &str = "\
awake 04 11 33 43
revision 07 00 00 60 03 83 bb
copy 07 00 00 60 03 83 bb
copy 07 00 00 60 03 83 bb
copy 07 00 00 60 03 83 bb
copy 07 00 00 60 03 83 bb
forked
threads
inherited 07 00 00 60 03 83 bb
";

#[test]
fn a_host_in_c() {
    let plain: &[&str] = &["-O0", "-U_FORTIFY_SOURCE"];
    let fortified: &[&str] = &["-O2", "-U_FORTIFY_SOURCE", "-D_FORTIFY_SOURCE=2"];
    let large_files: &[&str] = &["-O2", "-D_FILE_OFFSET_BITS=64"];
    for flags in [plain, fortified, large_files] {
        let served = Served::new();
        let heir = served.compile("heir", &[]);
        let host = served.compile("host", flags);
        let output = served.command(host).arg(bus()).arg(&heir).output();
        assert_eq!(succeeded(&output.unwrap()), EXPECTED, "{flags:?}");
    }
}

/// What `i2cset` and libraries for SMBus do, on a chip that takes any of it for
/// word addresses and groups.
#[test]
fn smbus_in_c() {
    let served = Served::new();
    let program = served.compile("smbus", &["-O2"]);
    let output = served.command(program).arg(bus()).output().unwrap();
    assert_eq!(
        succeeded(&output),
        "\
process call 04 11
i2c block 07 00 00 60 03 83 bb
block, 7 bytes: 00 00 60 03 83 bb ff
broken block, 32 bytes: 07 00 00 60 03 83 bb ff
again 07 00 00 60 03 83 bb
"
    );
}

#[test]
fn other_files_pass() {
    let served = Served::new();
    let letter = served.directory.path().join("letter");
    std::fs::write(&letter, "dear").unwrap();
    let output = served.command("cat").arg(&letter).output().unwrap();
    assert_eq!(succeeded(&output), "dear");
    // A bus that the server does not have is the computer's own affair.
    let output = served.command("cat").arg("/dev/i2c-4000002").output();
    let output = output.unwrap();
    assert!(!output.status.success());
    assert!(text(&output.stderr).contains("No such file"), "{output:?}");
}

#[test]
fn a_bus_that_is_not_addressed_does_not_answer() {
    let served = Served::new();
    let output = served.command("cat").arg(bus()).env("LC_ALL", "C").output();
    let output = output.unwrap();
    assert!(!output.status.success());
    assert!(
        text(&output.stderr).contains("Remote I/O error"),
        "{output:?}"
    );
}

#[test]
fn without_a_server_no_bus_is_opened() {
    let served = Served::new();
    let nowhere = served.directory.path().join("nowhere");
    // Not even one of the computer's own.
    let output = served
        .command("cat")
        .env("ATECC_EMULATOR_SOCKET", &nowhere)
        .arg("/dev/i2c-1")
        .output()
        .unwrap();
    assert!(!output.status.success());
    let said = text(&output.stderr);
    assert!(said.contains("no emulator is served there"), "{said}");
    assert!(said.contains("No such device or address"), "{said}");
    // Without the variable the library does nothing.
    let output = served
        .command("cat")
        .env_remove("ATECC_EMULATOR_SOCKET")
        .arg(bus())
        .output()
        .unwrap();
    assert!(text(&output.stderr).contains("No such file"), "{output:?}");
}

/// A program that locks the node meets those that lock the served bus, and
/// nobody at another server's bus of the same number.
#[test]
fn the_lock_of_a_node_is_that_of_the_served_bus() {
    let (served, unrelated) = (Served::new(), Served::new());
    let lock = |served: &Served| {
        let socket = served.directory.path().join("socket");
        SessionLock::served(socket, BUS, BusAddress::DEFAULT).with_patience(Duration::ZERO)
    };
    let guards = [
        lock(&served).take().unwrap(),
        lock(&unrelated).take().unwrap(),
    ];
    let program = || {
        let output = served
            .command(std::env::current_exe().unwrap())
            .args(["--exact", "a_program_that_locks", "--nocapture"])
            .env(LOCKS, "1")
            .output()
            .unwrap();
        text(&output.stdout)
    };
    let file = served.directory.path().join("socket.chips.lock");
    let said = program();
    assert!(
        said.contains(&format!("busy: {}", file.display())),
        "{said}"
    );
    drop(guards);
    let said = program();
    assert!(
        said.contains(&format!("taken: {}", file.display())),
        "{said}"
    );
}

const LOCKS: &str = "ATECC_EMULATOR_TEST_LOCKS";

/// Not a test of its own, but the program of the one above.
#[test]
fn a_program_that_locks() {
    if std::env::var_os(LOCKS).is_none() {
        return;
    }
    let lock = SessionLock::new(bus(), BusAddress::DEFAULT).with_patience(Duration::ZERO);
    match lock.take() {
        Ok(guard) => println!("taken: {}", guard.path().display()),
        Err(LockError::Busy { file, .. }) => println!("busy: {}", file.display()),
        Err(error) => println!("{error}"),
    }
}

/// A library that is loaded late finds little room for thread-local storage:
/// glibc keeps 1664 bytes for all of them. Source: glibc `elf/dl-tls.c`,
/// `TLS_STATIC_SURPLUS`.
#[test]
fn thread_local_storage_is_small() {
    let file = std::fs::read(library()).unwrap();
    assert_eq!(file.get(..5), Some(&b"\x7fELF\x02"[..]), "64-bit ELF");
    let number = |at: usize, length: usize| {
        let bytes = file.get(at..at + length).unwrap();
        let digits = bytes.iter().rev().map(|&byte| usize::from(byte));
        digits.fold(0, |sum, digit| sum << 8 | digit)
    };
    // e_phoff, e_phentsize, e_phnum; then p_type 7 is PT_TLS, and p_memsz.
    let (table, size, count) = (number(32, 8), number(54, 2), number(56, 2));
    let tls = (0..count)
        .map(|index| table + index * size)
        .find(|&header| number(header, 4) == 7)
        .map_or(0, |header| number(header + 40, 8));
    assert!(tls <= 256, "{tls} bytes");
}

/// A server that was stopped: its socket is there, and says nothing. A program that
/// tries one bus after the other waits once.
#[test]
fn a_silent_server_is_waited_for_once() {
    use rustix::net::{AddressFamily, SocketAddrUnix, SocketType, bind, listen, socket};

    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("socket");
    let listener = socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap();
    bind(&listener, &SocketAddrUnix::new(&path).unwrap()).unwrap();
    listen(&listener, 8).unwrap();
    let start = std::time::Instant::now();
    let tries = "for n in 1 2 3 4; do true </dev/i2c-400000$n; done";
    let output = Command::new("sh")
        .args(["-c", tries])
        .env("LD_PRELOAD", library())
        .env("ATECC_EMULATOR_SOCKET", &path)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    assert_eq!(
        said.matches("atecc-emulator-preload: ").count(),
        1,
        "{said}"
    );
    // 10 s, and not once for each bus.
    let took = start.elapsed();
    assert!(took < Duration::from_secs(19), "{took:?}");
}
