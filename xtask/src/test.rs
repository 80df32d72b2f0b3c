//! `cargo xtask test`: everything that CI runs, in order, up to the first
//! failure.

use std::process::ExitCode;
use std::time::Instant;

use xtask_support::error::Error;
use xtask_support::{run, table};

use crate::tool::{API, COMMANDS, JUDGES, LINE, LOAD, MUTANTS, SIZE, Tool};
use crate::{arrows, fuzz, interop, msrv, no_std, systems, valgrind};

/// Options of `cargo xtask test`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Leave out what needs outside programs (Debian packages).
    #[arg(long)]
    skip_interop: bool,
    /// Begin with the first step whose name has this text in it, as after a failure
    /// that is mended.
    #[arg(long, value_name = "TEXT")]
    from: Option<String>,
}

/// What a step does.
#[derive(Clone, Copy, Debug)]
enum Work {
    Cargo(&'static [&'static str]),
    /// Cargo's tests, which are counted.
    Tests(&'static [&'static str]),
    Own(fn() -> Result<(), Error>),
    Tool(Tool, &'static [&'static str]),
}

/// The steps, the quick ones first.
const STEPS: &[(&str, Work)] = &[
    (
        "cargo fmt --all --check",
        Work::Cargo(&["fmt", "--all", "--check"]),
    ),
    ("cargo xtask arrows", Work::Own(arrows::run)),
    ("cargo xtask msrv", Work::Own(msrv::run)),
    (
        "cargo xtask commands --check",
        Work::Tool(COMMANDS, &["--check"]),
    ),
    (
        "cargo clippy --workspace --all-targets --all-features -- -D warnings",
        Work::Cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--all-features",
            "--",
            "-D",
            "warnings",
        ]),
    ),
    (
        "cargo doc --workspace --lib --no-deps --all-features",
        Work::Cargo(&["doc", "--workspace", "--lib", "--no-deps", "--all-features"]),
    ),
    // defmt's symbols are none that a linker lets a dynamic library export, so
    // what builds the PKCS#11 module goes without it.
    (
        "cargo test --workspace --exclude nerves-key-pkcs11 --exclude nerves-key-cli --all-features --no-fail-fast",
        Work::Tests(&[
            "test",
            "--workspace",
            "--exclude",
            "nerves-key-pkcs11",
            "--exclude",
            "nerves-key-cli",
            "--all-features",
            "--no-fail-fast",
        ]),
    ),
    (
        "cargo test --package nerves-key-pkcs11 --package nerves-key-cli --features nerves-key-cli/connect,nerves-key-cli/line-postgres --no-fail-fast",
        Work::Tests(&[
            "test",
            "--package",
            "nerves-key-pkcs11",
            "--package",
            "nerves-key-cli",
            "--features",
            "nerves-key-cli/connect,nerves-key-cli/line-postgres",
            "--no-fail-fast",
        ]),
    ),
    // Without its feature `emulator`.
    (
        "cargo test --package nerves-key-device",
        Work::Tests(&["test", "--package", "nerves-key-device"]),
    ),
    (
        "cargo xtask conformance --sensitivity",
        Work::Tool(JUDGES, &["conformance", "--sensitivity"]),
    ),
    ("cargo xtask api --check", Work::Tool(API, &["--check"])),
    ("cargo xtask no-std", Work::Own(no_std::run)),
    ("cargo xtask systems", Work::Own(systems::run)),
    ("cargo xtask size", Work::Tool(SIZE, &["size"])),
    (
        "cargo xtask no-emulator",
        Work::Tool(SIZE, &["no-emulator"]),
    ),
    (
        "cargo xtask mutants sample",
        Work::Tool(MUTANTS, &["sample"]),
    ),
    (
        "cargo xtask pkcs11-load --signatures 50 --victims 1",
        Work::Tool(
            LOAD,
            &["pkcs11-load", "--signatures", "50", "--victims", "1"],
        ),
    ),
    (
        "cargo xtask pkcs11-latency --signatures 3",
        Work::Tool(LOAD, &["pkcs11-latency", "--signatures", "3"]),
    ),
    (
        "cargo xtask intruder-load --commands 100",
        Work::Tool(LOAD, &["intruder-load", "--commands", "100"]),
    ),
];

/// The steps that need outside programs.
const INTEROP: &[(&str, Work)] = &[
    ("interop: Debian packages", Work::Own(interop::prepare)),
    (
        "interop: demo, openssl x509, openssl verify",
        Work::Own(interop::run),
    ),
    (
        "interop: served emulator, i2c-tools, adafruit-circuitpython-atecc",
        Work::Own(interop::scripts::served),
    ),
    (
        "interop: cryptoauthlib and adafruit-circuitpython-atecc sign in real time",
        Work::Own(interop::scripts::libraries_short),
    ),
    (
        "interop: chips recorded by i2ctransfer and record-hardware, judged",
        Work::Own(interop::scripts::hardware),
    ),
    (
        "interop: signers of SoftHSM2 and OpenSSL",
        Work::Own(interop::scripts::signers),
    ),
    (
        "cargo test --package nerves-key-line --all-features --test postgres",
        Work::Tests(&[
            "test",
            "--package",
            "nerves-key-line",
            "--all-features",
            "--test",
            "postgres",
        ]),
    ),
    (
        "cargo xtask line-race --debug --units 16 --stations 3 --away 2 --kill-every 700",
        Work::Tool(
            LINE,
            &[
                "line-race",
                "--debug",
                "--units",
                "16",
                "--stations",
                "3",
                "--away",
                "2",
                "--kill-every",
                "700",
            ],
        ),
    ),
    (
        "cargo test --package nerves-key-provision --all-features --test softhsm",
        Work::Tests(&[
            "test",
            "--package",
            "nerves-key-provision",
            "--all-features",
            "--test",
            "softhsm",
        ]),
    ),
    (
        "interop: settings as terms before Erlang/OTP",
        Work::Tool(JUDGES, &["terms", "--only-asked", "--asked", "20000"]),
    ),
    (
        "interop: timeline of a provisioning, chromium",
        Work::Own(interop::scripts::timeline),
    ),
    (
        "interop: PyJWT, OpenSSL, bash and groff on what the key makes",
        Work::Own(interop::scripts::key_use),
    ),
    (
        "interop: nerves-key connect, openssl s_server, mosquitto",
        Work::Own(interop::scripts::connect),
    ),
    (
        "interop: rustls, openssl s_server, mosquitto, curl, chromium",
        Work::Own(interop::scripts::rustls),
    ),
    (
        "interop: embedded-tls, openssl s_server",
        Work::Own(interop::scripts::embedded_tls),
    ),
    (
        "interop: rustls, the module, sign and jwt at once",
        Work::Own(interop::scripts::together),
    ),
    (
        "interop: PyJWT, OpenSSL and Python's csv on what a line exports",
        Work::Own(interop::scripts::line),
    ),
    (
        "interop: PKCS#11 clients on a served chip",
        Work::Own(interop::pkcs11::run),
    ),
    ("cargo xtask valgrind", Work::Own(valgrind::run)),
    ("cargo xtask fuzz", Work::Own(fuzz::short)),
];

/// Tests passed and failed.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
struct Count {
    passed: u64,
    failed: u64,
}

/// Run the steps. The last line has the tests passed and failed, where a step
/// that fails without one counts as one.
pub(crate) fn run(options: &Options) -> ExitCode {
    let interop = if options.skip_interop { &[] } else { INTEROP };
    let (mut rows, mut count, mut failure) = (Vec::new(), Count::default(), None);
    let from = options.from.as_deref().unwrap_or_default();
    let steps = STEPS.iter().chain(interop);
    for (name, work) in steps.skip_while(|(name, _)| !name.contains(from)) {
        println!("\n==> {name}");
        let start = Instant::now();
        let result = work.perform(&mut count);
        let seconds = format!("{:.1} s", start.elapsed().as_secs_f64());
        let verdict = if result.is_ok() { "ok" } else { "FAILED" };
        rows.push([(*name).to_owned(), seconds, verdict.to_owned()]);
        if let Err(error) = result {
            eprintln!("error: {error}");
            failure = Some(*name);
            break;
        }
    }
    println!();
    table::print(["step", "time", "result"], &rows);
    if options.skip_interop {
        println!("interop left out (--skip-interop)");
    }
    if rows.is_empty() {
        println!("no step has {from:?} in its name");
        count.failed = 1;
    } else if !from.is_empty() {
        println!("begun with {from:?}: steps before it were not run");
    }
    if let Some(name) = failure {
        println!("stopped at: {name}");
        count.failed = count.failed.max(1);
    }
    println!("{} passed, {} failed", count.passed, count.failed);
    if count.failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

impl Work {
    fn perform(self, count: &mut Count) -> Result<(), Error> {
        match self {
            Self::Cargo(arguments) => run::shown(&mut run::cargo(arguments.iter().copied())),
            Self::Tests(arguments) => {
                let mut command = run::cargo(arguments.iter().copied());
                run::watched(&mut command, |line| count.add(line))
            }
            Self::Own(check) => check(),
            Self::Tool(tool, arguments) => run::shown(tool.command().args(arguments)),
        }
    }
}

impl Count {
    /// Count a line such as `test result: ok. 3 passed; 0 failed; ..`.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else {
            return;
        };
        let mut words = result.split_whitespace().peekable();
        while let Some(word) = words.next() {
            let number = word.parse().unwrap_or(0_u64);
            match words.peek() {
                Some(&"passed;") => self.passed += number,
                Some(&"failed;") => self.failed += number,
                _ => {}
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_of_all_binaries_are_added() {
        let mut count = Count::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 9 filtered out; \
             finished in 0.00s",
            "test result: FAILED. 14 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out",
            "7 passed; 7 failed;",
        ] {
            count.add(line);
        }
        assert_eq!(
            count,
            Count {
                passed: 17,
                failed: 2
            }
        );
    }

    /// The command that is printed is the command that is run.
    #[test]
    fn steps_are_named_after_their_commands() {
        for (name, work) in STEPS.iter().chain(INTEROP) {
            if let Work::Cargo(arguments) | Work::Tests(arguments) = work {
                assert_eq!(*name, format!("cargo {}", arguments.join(" ")));
            }
            if let (true, Work::Tool(_, arguments)) = (name.starts_with("cargo xtask"), work) {
                assert!(name.ends_with(&arguments.join(" ")), "{name}");
            }
        }
    }
}
