//! `cargo xtask hosts`: programs for real chips on emulated ones, in real time.
//! Those of which only the waits are known are acted (`tests/hosts`); two
//! libraries run as they are (`tests/interop/libraries.sh`).

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use atecc_emulator::client::Client;
use atecc_emulator::server::Server;
use atecc_emulator::{Bus, Chip, Clock, ExecutionTime, Revision};
use serde_json::json;
use tests_hosts::{HOSTS, Host, Outcome};

use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::{script, table};

/// Options of `cargo xtask hosts`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Signatures of each host on each chip.
    #[arg(long, value_name = "N", default_value_t = 100)]
    signatures: u32,
    /// How long commands take: typical, uniform, longest or fast. With another
    /// than the default the libraries are left out, and failures are counted but
    /// no error.
    #[arg(long, value_name = "MODEL", default_value_t)]
    times: ExecutionTime,
    #[command(flatten)]
    destination: Destination,
}

/// Hosts at a time. They wait, mostly.
const LANES: usize = 4;
/// Any number.
const BUS: u32 = 4012;

/// Act the hosts, then run the libraries.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let pairs: Vec<_> = HOSTS
        .iter()
        .flat_map(|host| host.chips.iter().map(move |chip| (host, chip.as_str())))
        .collect();
    let (next, ended) = (AtomicUsize::new(0), Mutex::new(Vec::new()));
    std::thread::scope(|scope| {
        for _ in 0..LANES {
            scope.spawn(|| {
                while let Some((host, chip)) = pairs.get(next.fetch_add(1, Ordering::Relaxed)) {
                    let outcome = act(host, chip, options);
                    let mut ended = ended.lock().unwrap_or_else(PoisonError::into_inner);
                    ended.push((*host, *chip, outcome));
                }
            });
        }
    });
    let ended = ended.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut rows = Vec::new();
    let mut findings = Vec::new();
    for (host, chip) in pairs {
        let mut all = ended.iter();
        let found = all.find(|(of, on, _)| of.name == host.name && *on == chip);
        let Some((.., outcome)) = found else { continue };
        let outcome = outcome
            .as_ref()
            .map_err(|error| Error::Chip(error.clone()))?;
        let name = &host.name;
        findings.extend(
            outcome
                .failures
                .iter()
                .map(|line| format!("{name} on {chip}: {line}")),
        );
        rows.push((name.clone(), chip.to_owned(), outcome.clone()));
    }
    show(&rows);
    let document = rows.iter().map(|(host, chip, outcome)| {
        json!({
            "host": host,
            "chip": chip,
            "signatures": outcome.rounds,
            "failures": outcome.failures.len(),
            "commands": outcome.commands,
            "answered_at_first_read": outcome.at_first_read,
        })
    });
    let times = options.times.to_string();
    options.destination.write(&json!({
        "times": times,
        "hosts": document.collect::<Vec<_>>(),
    }))?;
    if options.times != ExecutionTime::default() {
        return Ok(());
    }
    Error::unless_empty("hosts", findings)?;
    script::libraries(options.signatures)
}

fn show(rows: &[(String, String, Outcome)]) {
    let shown: Vec<_> = rows
        .iter()
        .map(|(host, chip, outcome)| {
            [
                host.clone(),
                chip.clone(),
                outcome.rounds.to_string(),
                outcome.failures.len().to_string(),
                format!("{} of {}", outcome.at_first_read, outcome.commands),
            ]
        })
        .collect();
    let head = [
        "host",
        "chip",
        "signatures",
        "failures",
        "answered at the first read",
    ];
    table::print(head, &shown);
}

/// One host and one chip, on a served bus in real time.
fn act(host: &Host, chip: &str, options: &Options) -> Result<Outcome, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let revision: Revision = chip.parse().map_err(|it| said(&it))?;
    let bus = Bus::with_clock(Clock::real());
    let chip = Chip::throw_away(revision).map_err(|it| said(&it))?;
    bus.attach(chip.with_execution_time(options.times));
    let directory = tempfile::tempdir().map_err(|it| said(&it))?;
    let server = Server::bind(directory.path().join("socket"), [(BUS, bus)]);
    let server = server.map_err(|it| said(&it))?;
    std::thread::scope(|scope| {
        let serving = scope.spawn(|| server.run(|_| {}));
        let client = Client::connect(server.path(), Some(BUS)).map_err(|it| said(&it));
        let outcome = client.map(|client| {
            let delay = client.delay();
            host.run(client, delay, options.signatures)
        });
        server.stop();
        drop(serving.join());
        outcome
    })
}
