//! What a unit costs in a ledger: five transactions, each on the disk.

use std::path::Path;
use std::time::{Duration, Instant};

use atecc::SerialNumber;
use nerves_key_line::{
    Author, Batch, Database, Facts, IssuedCertificate, Ledger, LedgerError, Postgres, Spool,
    Sqlite, State, Tables,
};
use serde_json::json;
use tests_postgres::{OWNER, Server};
use xtask_support::error::Error;
use xtask_support::table;

use crate::bench::of_file;

/// Units that are begun in each.
const UNITS: u32 = 1000;
/// How many the first and the last figure are of.
const SHARE: u32 = 100;
/// Of a device's certificate.
const CERTIFICATE: usize = 380;

/// Measure and print.
pub(crate) fn run() -> Result<(), Error> {
    let folder = tempfile::tempdir().map_err(|error| of_file(&std::env::temp_dir(), error))?;
    let path = |name: &str| folder.path().join(name);
    let mut rows = Vec::new();
    let mut measure = |name: &str, times: Vec<Duration>| {
        let share = usize::try_from(SHARE).unwrap_or(usize::MAX);
        let mean = |times: &[Duration]| {
            let all: Duration = times.iter().sum();
            let count = u32::try_from(times.len()).unwrap_or(1).max(1);
            format!("{:.1}", all.as_secs_f64() * 1e3 / f64::from(count))
        };
        let (first, last) = (times.get(..share), times.get(times.len() - share..));
        let shown = [first, last].map(|times| mean(times.unwrap_or(&times_of_none())));
        let [first, last] = shown;
        rows.push([name.to_owned(), first, last]);
    };
    let mut file = loaded(open(&path("line.db"))?)?;
    measure("SQLite file", work(&mut file, 0)?);
    let mut home = loaded(open(&path("home.db"))?)?;
    let spool = Spool::begin(open(&path("spool.db"))?, &mut home, "b");
    let mut spool = spool.map_err(refused)?;
    spool.lease(&mut home, UNITS).map_err(refused)?;
    let begin = Instant::now();
    measure("spool", work(spool.ledger(), 0)?);
    let spooled = begin.elapsed();
    let server = Server::start_synced();
    if let Some(server) = &server {
        let postgres: Postgres = server.url(OWNER).parse().map_err(refused)?;
        let mut ledger = loaded(Box::new(postgres))?;
        measure(
            "PostgreSQL, a socket of this machine",
            work(&mut ledger, 0)?,
        );
    }
    let names = ["ledger, fsync on", "first ms a unit", "last ms a unit"];
    table::print(names, &rows);
    println!("{UNITS} units each, the first and the last {SHARE}");
    let begin = Instant::now();
    let events = spool.reconcile(&mut home).map_err(refused)?.events;
    println!(
        "{events} events of a spool that were made in {:.1} s are brought home in {:.1} s",
        spooled.as_secs_f64(),
        begin.elapsed().as_secs_f64()
    );
    Ok(())
}

/// What stands for times that are not there.
const fn times_of_none() -> [Duration; 0] {
    []
}

fn refused(error: impl std::fmt::Display) -> Error {
    Error::Chip(error.to_string())
}

fn open(path: &Path) -> Result<Box<dyn Database>, Error> {
    Ok(Box::new(Sqlite::open(path).map_err(refused)?))
}

fn loaded(database: Box<dyn Database>) -> Result<Ledger, Error> {
    let author = Author {
        station: "bench".to_owned(),
        operator: "race".to_owned(),
    };
    let mut ledger = Ledger::create(database, Tables::default(), author).map_err(refused)?;
    let batch = json!({
        "name": "b",
        "product": "sensor",
        "count": UNITS,
        "board": "NervesKey",
        "layout": "standard",
        "format": 0,
        "signer": "3000",
        "serials": { "pattern": { "text": "ACME-{:06}", "first": 0 } },
    });
    let batch = Batch::from_document(&batch.to_string()).map_err(refused)?;
    ledger.load(&batch).map_err(refused)?;
    Ok(ledger)
}

/// Each unit from `reserved` to `verified`.
fn work(ledger: &mut Ledger, first: u32) -> Result<Vec<Duration>, Error> {
    let units = (first..first + UNITS).map(|number| {
        let begin = Instant::now();
        unit(ledger, number).map_err(refused)?;
        Ok(begin.elapsed())
    });
    units.collect()
}

fn unit(ledger: &mut Ledger, number: u32) -> Result<(), LedgerError> {
    let [a, b, c, d] = number.to_be_bytes();
    let chip = SerialNumber([0x01, 0x23, a, b, c, d, 0, 0, 0xEE]);
    let mut unit = ledger.reserve(chip, "b", None)?;
    let mut key = [0; 64];
    key[..4].copy_from_slice(&[a, b, c, d]);
    let mut keyed = Facts::default();
    keyed.public_key = Some(key);
    let mut issued = Facts::default();
    issued.certificate = Some(IssuedCertificate {
        signer: [7; 64],
        serial: vec![1, a, b, c, d],
        der: vec![0x30; CERTIFICATE],
    });
    for (state, facts) in [
        (State::Keyed, &keyed),
        (State::Issued, &issued),
        (State::Locked, &Facts::default()),
        (State::Verified, &Facts::default()),
    ] {
        unit = ledger.advance(&unit, state, facts)?;
    }
    Ok(())
}
