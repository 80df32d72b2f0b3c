//! A bus whose line is held low: each transfer takes a second and fails.
//!
//! `cargo test -p nerves-key-cli --test cli -- --ignored --nocapture stuck`
//! prints the table of `docs/troubleshooting.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use atecc_emulator::{Failure, FailureKind, Fault, Faults, Heard, Image};

use crate::harness::Harness;
use crate::in_process::InProcess;
use crate::serving::Serving;

/// What a command may take until it says what is wrong.
const BOUND: Duration = Duration::from_secs(10);
/// Where no command is so long.
const NEVER: u64 = u64::MAX;
/// The first of the buses here; those from 8 to 15 are looked at by the module
/// of its own accord.
const FIRST_BUS: u32 = 8;
/// Servers at a time, each with a bus of its own, so with locks of its own.
const LANES: u32 = 8;

/// Which chip a command gets.
#[derive(Clone, Copy)]
enum Start {
    Blank,
    Finished,
    /// Finished, with the slots of its certificates open.
    Open,
    Volatile,
}

/// How it is told of the bus.
#[derive(Clone, Copy, Eq, PartialEq)]
enum By {
    Device,
    /// `--device` with an address where nothing is.
    WrongAddress,
    /// The preload library, by `/dev/i2c-N`.
    Preload,
    /// The module's own search, by the preload library.
    Search,
    /// Six slots of the module's configuration.
    Slots,
}

use By::{Device, Preload, Search, Slots, WrongAddress};
use Start::{Blank, Finished, Open, Volatile};

struct Case(&'static str, Start, By, &'static [&'static str]);

const SIGNER: &[&str] = &["--signer-cert", "signer.cert", "--signer-key", "signer.key"];
const DIGEST: &[&str] = &[
    "--digest",
    "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A",
];
const SIGNATURE: &[&str] = &[
    "--digest",
    "5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A",
    "--signature",
    "signature",
];
const PROVISION: &[&str] = &[
    "--yes",
    "--serial",
    "N1",
    "--signer-cert",
    "signer.cert",
    "--signer-key",
    "signer.key",
];

/// Every command that uses a chip, and the ways that differ.
const CASES: &[Case] = &[
    Case("info", Finished, Device, &[]),
    Case("info", Finished, Preload, &[]),
    Case("doctor", Finished, Device, &[]),
    Case("doctor", Finished, WrongAddress, &[]),
    Case("doctor", Volatile, Device, &[]),
    Case("scan", Finished, Device, &[]),
    Case("scan", Finished, Device, &["--all"]),
    Case("otp show", Finished, Device, &[]),
    Case("provision", Blank, Device, PROVISION),
    Case("provision", Blank, Preload, PROVISION),
    Case("harden", Open, Device, &["--yes"]),
    Case("cert export", Finished, Device, &[]),
    Case("cert show", Finished, Device, &[]),
    Case("aux provision", Finished, Device, SIGNER),
    Case("aux clear", Finished, Device, &[]),
    Case("aux show", Finished, Device, &[]),
    Case("aux export", Finished, Device, &[]),
    Case("settings get", Finished, Device, &[]),
    Case("settings set", Finished, Device, &["key", "value"]),
    Case("settings unset", Finished, Device, &["a"]),
    Case("settings clear", Finished, Device, &[]),
    Case("settings export", Finished, Device, &[]),
    Case("settings import", Finished, Device, &["settings.json"]),
    Case(
        "volatile unlock",
        Volatile,
        Device,
        &["--activation-key", "activation"],
    ),
    Case("volatile status", Volatile, Device, &[]),
    Case("volatile mac", Volatile, Device, &[DIGEST[1]]),
    Case("config show", Finished, Device, &[]),
    Case("config explain", Finished, Device, &[]),
    Case("config diff", Finished, Device, &["standard"]),
    Case("config lint", Finished, Device, &[]),
    Case("config why", Finished, Device, &["sign", "0"]),
    Case("sign", Finished, Device, DIGEST),
    Case("sign", Finished, Preload, DIGEST),
    Case("verify", Finished, Device, SIGNATURE),
    Case("jwt", Finished, Device, &[]),
    Case("csr", Finished, Device, &["--subject", "CN=N1"]),
    Case("ecdh", Finished, Device, &["peer.pem"]),
    Case("random", Finished, Device, &["--bytes", "256"]),
    Case("pkcs11 uri", Finished, Device, &[]),
    Case("pkcs11 uri", Finished, Search, &[]),
    Case("pkcs11 check", Finished, Device, &[]),
    Case("pkcs11 check", Finished, Search, &[]),
    Case("pkcs11 check", Finished, Slots, &[]),
];

/// Every other command.
const WITHOUT_A_CHIP: &[&str] = &[
    "demo",
    "signer create",
    "signer answer",
    "device create",
    "cert check",
    "cert compress",
    "cert decompress",
    "cert issue",
    "emulator create",
    "emulator serve",
    "emulator plug",
    "emulator unplug",
    "emulator show",
    "emulator snapshot",
    "emulator restore",
    "transcript import",
    "transcript show",
    "transcript decode",
    "transcript diff",
    "completions",
    "man",
];

/// Those of the feature `line`. A run and an audit name chips of their own, and
/// read them as `info` does.
#[cfg(feature = "line")]
const LINE: &[&str] = &[
    "line audit",
    "line batch",
    "line export",
    "line init",
    "line migrate",
    "line reconcile",
    "line run",
    "line scrap",
    "line status",
];
#[cfg(not(feature = "line"))]
const LINE: &[&str] = &[];

/// That of the feature `connect`: it reads the chip as `cert show` does, and then
/// signs as `sign` does.
#[cfg(feature = "connect")]
const CONNECT: &[&str] = &["connect"];
#[cfg(not(feature = "connect"))]
const CONNECT: &[&str] = &[];

/// All commands, by the help of each.
fn commands(harness: &Harness) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    let mut open = vec![String::new()];
    while let Some(path) = open.pop() {
        let arguments: Vec<_> = path.split_whitespace().chain(["--help"]).collect();
        let help = harness.ok(&arguments);
        let Some((_, below)) = help.split_once("\nCommands:\n") else {
            found.insert(path);
            continue;
        };
        let names = below.lines().take_while(|line| !line.is_empty());
        let names = names.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
        let names = names.filter_map(|line| line.split_whitespace().next());
        let names = names.filter(|name| *name != "help");
        open.extend(names.map(|name| format!("{path} {name}").trim().to_owned()));
    }
    found
}

/// Chips in each state, and the files that commands want.
struct Prepared {
    harness: Harness,
    sockets: AtomicUsize,
    blank: Image,
    finished: Image,
    open: Image,
    volatile: Image,
}

impl Prepared {
    fn new() -> Self {
        let harness = Harness::new();
        let write = |name: &str, bytes: &[u8]| {
            std::fs::write(harness.path().join(name), bytes).unwrap();
        };
        write("activation", b"A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5A5\n");
        write("encryption", b"SecretSecretKey!");
        write("settings.json", b"{\"a\": \"b\"}");
        harness.ok(&Harness::provision(
            "emu:f.img",
            &["--yes", "--serial", "N1"],
        ));
        let aux = ["aux", "provision", "--device", "emu:f.img"];
        harness.ok(&[&aux[..], SIGNER].concat());
        harness.ok(&["settings", "set", "--device", "emu:f.img", "a", "b"]);
        let sign = ["sign", "--device", "emu:f.img", "--out", "signature"];
        harness.ok(&[&sign[..], DIGEST].concat());
        let device = ["device", "create", "peer"];
        harness.ok(&[&device[..], SIGNER].concat());
        std::fs::copy(
            harness.path().join("peer.cert"),
            harness.path().join("peer.pem"),
        )
        .unwrap();
        let keys = [
            "--layout",
            "volatile",
            "--serial",
            "V1",
            "--yes",
            "--activation-key",
            "activation",
            "--encryption-key",
            "encryption",
        ];
        harness.ok(&Harness::provision("emu:v.img?chip=atecc608a", &keys));
        harness.ok(&Harness::provision(
            "emu:o.img",
            &["--yes", "--serial", "O1", "--open-slots"],
        ));
        harness.ok(&["emulator", "create", "b.img"]);
        let image = |name: &str| Image::load(harness.path().join(name)).unwrap();
        Self {
            blank: image("b.img"),
            finished: image("f.img"),
            open: image("o.img"),
            volatile: image("v.img"),
            sockets: AtomicUsize::new(0),
            harness,
        }
    }

    fn image(&self, start: Start) -> &Image {
        match start {
            Blank => &self.blank,
            Finished => &self.finished,
            Open => &self.open,
            Volatile => &self.volatile,
        }
    }

    /// Run it with the bus stuck from transfer `after` on.
    fn run(&self, case: &Case, after: u64, lane: u32) -> Ran {
        self.run_for(case, after, lane, Duration::from_secs(1))
    }

    /// The same, with the time that each transfer takes then.
    fn run_for(&self, case: &Case, after: u64, lane: u32, each: Duration) -> Ran {
        let Case(name, start, by, more) = case;
        let number = FIRST_BUS + lane;
        // Never the same one: what another thread starts may hold the lock of
        // a server that has gone, until it has become another program.
        let socket = format!("s{}", self.sockets.fetch_add(1, Ordering::Relaxed));
        let served = InProcess::new(&self.harness.path().join(&socket), number);
        let served = served.with(self.image(*start));
        let stuck = Fault::Stuck(Failure {
            kind: FailureKind::Other,
            heard: Heard::Nothing,
            after: each,
        });
        served.bus.set_faults(Faults::none().at(after, stuck));
        let mut command = self.harness.command(&name.split(' ').collect::<Vec<_>>());
        match by {
            Device => drop(command.args(["--device", &format!("unix:{socket}")])),
            WrongAddress => drop(command.args(["--device", &format!("unix:{socket}?addr=0x42")])),
            Preload => drop(command.args(["--device", &number.to_string()])),
            Search | Slots => {}
        }
        if matches!(by, Preload | Search) {
            command
                .env("LD_PRELOAD", built("libatecc_emulator_preload.so"))
                .env("ATECC_EMULATOR_SOCKET", self.harness.path().join(&socket));
        }
        if name.starts_with("pkcs11") {
            let conf = self.harness.path().join(format!("{socket}.conf"));
            let path = self.harness.path().join(&socket);
            let slot = |number| {
                let address = 0x60 - number;
                format!(
                    "slot {number} = unix:{}?addr={address:#04x}\n",
                    path.display()
                )
            };
            let slots = match by {
                Slots => (0..6).map(slot).collect(),
                _ => String::new(),
            };
            let scan = if *by == Search { "yes" } else { "no" };
            std::fs::write(&conf, format!("scan = {scan}\n{slots}")).unwrap();
            command.env("NERVES_KEY_PKCS11_CONF", conf);
        }
        if *name == "pkcs11 check" {
            command
                .arg("--module")
                .arg(built("libnerves_key_pkcs11.so"));
        }
        command.args(*more);
        // When the bus was last as it should be.
        let good = Arc::new(Mutex::new(Instant::now()));
        let seen = Arc::clone(&good);
        served
            .bus
            .observe(move |_| *seen.lock().unwrap() = Instant::now());
        let output = command.output().unwrap();
        let took = good.lock().unwrap().elapsed();
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        Ran {
            took,
            code: output.status.code(),
            said: if said.is_empty() {
                String::from_utf8_lossy(&output.stdout).into_owned()
            } else {
                said
            },
            transfers: served.bus.transactions(),
        }
    }
}

/// How a command ended.
struct Ran {
    /// Since the bus became stuck.
    took: Duration,
    code: Option<i32>,
    said: String,
    transfers: u64,
}

/// What cargo builds next to its tests.
pub(crate) fn built(name: &str) -> PathBuf {
    let here = std::env::current_exe().unwrap();
    let path = here.with_file_name(name);
    assert!(path.exists(), "build the workspace first: no {name}");
    path
}

/// Do `work` for each of `items`, several at a time, on lanes of their own.
fn in_lanes<T: Sync, R: Send>(items: &[T], work: impl Fn(&T, u32) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let done = Mutex::new(BTreeMap::new());
    std::thread::scope(|scope| {
        for lane in 0..LANES {
            let (next, done, work) = (&next, &done, &work);
            scope.spawn(move || {
                loop {
                    let index = next.fetch_add(1, Ordering::Relaxed);
                    let Some(item) = items.get(index) else { return };
                    let result = work(item, lane);
                    done.lock().unwrap().insert(index, result);
                }
            });
        }
    });
    done.into_inner().unwrap().into_values().collect()
}

fn title(case: &Case) -> String {
    let Case(name, start, by, more) = case;
    let chip = match start {
        Volatile if *name == "doctor" => ", volatile layout",
        _ => "",
    };
    let by = match by {
        Device => "",
        WrongAddress => ", a wrong address",
        Preload => ", /dev/i2c-N",
        Search => ", the module's search",
        Slots => ", six slots on one bus",
    };
    let all = if more.contains(&"--all") {
        " --all"
    } else {
        ""
    };
    format!("{name}{all}{by}{chip}")
}

#[test]
fn every_command_is_measured() {
    let harness = Harness::new();
    let known = CASES
        .iter()
        .map(|case| case.0)
        .chain(WITHOUT_A_CHIP.iter().chain(LINE).chain(CONNECT).copied());
    let known: BTreeSet<_> = known.map(str::to_owned).collect();
    assert_eq!(commands(&harness), known);
}

/// A few of them, those with many sessions and tries.
#[test]
fn a_stuck_bus_ends_a_command() {
    let prepared = Prepared::new();
    let named = |name: &str, by: By| {
        let mut cases = CASES.iter();
        cases.find(|case| case.0 == name && case.2 == by).unwrap()
    };
    let work = [
        (named("doctor", Device), 40),
        (named("doctor", WrongAddress), 40),
        (named("scan", Device), 3),
        (named("provision", Device), 20),
        (named("settings set", Device), 5),
        (named("sign", Device), 0),
        (named("pkcs11 check", Device), 1),
        (named("pkcs11 check", Slots), 0),
    ];
    for ((case, after), ran) in work.iter().zip(in_lanes(&work, |(case, after), lane| {
        prepared.run(case, *after, lane)
    })) {
        let title = title(case);
        assert!(ran.took <= BOUND, "{title} at {after}: {:?}", ran.took);
        assert_ne!(ran.code, Some(0), "{title} at {after}: {}", ran.said);
    }
}

/// SMBus controllers give up after 25 to 35 ms, and there are 112 addresses.
#[test]
fn a_scan_of_all_addresses_ends() {
    let prepared = Prepared::new();
    let mut cases = CASES.iter();
    let all = cases.find(|case| case.0 == "scan" && case.3.contains(&"--all"));
    let all = all.unwrap();
    // From the beginning, and after a chip has answered at the first address.
    let work = [(0, 25), (0, 35), (0, 1_000), (200, 25), (200, 35)];
    for ((after, each_ms), ran) in work.iter().zip(in_lanes(&work, |(after, each_ms), lane| {
        prepared.run_for(all, *after, lane, Duration::from_millis(*each_ms))
    })) {
        let place = format!("{each_ms} ms from {after}");
        assert!(ran.took <= BOUND, "{place}: {:?}", ran.took);
        assert!(ran.said.contains("stuck"), "{place}: {}", ran.said);
    }
}

#[test]
fn a_server_has_it() {
    let harness = Harness::new();
    let arguments = [
        "--socket",
        "s",
        "--bus",
        "4000041=a.img",
        "--stuck-after",
        "4",
    ];
    let _serving = Serving::new(
        &harness,
        &[&arguments[..], &["--stuck-for", "800"]].concat(),
    );
    let (code, message) = harness.fails(&["info", "--device", "unix:s"]);
    assert_eq!((code, message.contains("stuck")), (1, true), "{message}");
}

/// The table of the documentation.
#[test]
#[ignore = "takes minutes"]
fn stuck_at_every_place() {
    let prepared = Prepared::new();
    let all: Vec<&Case> = CASES.iter().collect();
    let whole = in_lanes(&all, |case, lane| prepared.run(case, NEVER, lane));
    let mut work = Vec::new();
    for (case, whole) in CASES.iter().zip(&whole) {
        let (title, end) = (title(case), whole.transfers);
        println!("{title}: {end} transfers, exit {:?}", whole.code);
        let places = [0, 1, 5, 20, end / 2, end.saturating_sub(1)].into_iter();
        let spread = (1..=4).map(|place| end * place / 5 + place % 3);
        // It goes on after most failures, from one session to the next.
        let each = if case.0 == "doctor" { 0..60 } else { 0..0 };
        let places = places.chain(spread).chain(each);
        let places: BTreeSet<u64> = places.filter(|place| *place < end).collect();
        work.extend(places.into_iter().map(|place| (case, place)));
    }
    let ran = in_lanes(&work, |(case, place), lane| {
        prepared.run(case, *place, lane)
    });
    let mut longest: BTreeMap<String, (Duration, u64, usize)> = BTreeMap::new();
    let mut findings = Vec::new();
    for ((case, place), ran) in work.iter().zip(&ran) {
        let title = title(case);
        if ran.took > BOUND {
            findings.push(format!("{title} at {place}: {:?}", ran.took));
        }
        if ran.code == Some(0) {
            println!("{title} at {place}: exit 0: {}", ran.said.trim());
        }
        let row = longest.entry(title).or_default();
        row.2 += 1;
        if ran.took > row.0 {
            (row.0, row.1) = (ran.took, *place);
        }
    }
    println!("| command | longest until an error | stuck from transfer | places |");
    println!("|---|---|---|---|");
    for (title, (took, place, places)) in &longest {
        println!(
            "| {title} | {:.1} s | {place} | {places} |",
            took.as_secs_f64()
        );
    }
    assert_eq!(findings, [""; 0]);
}
