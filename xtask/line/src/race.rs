//! The race: undisturbed, then with kills, a server that ends, and none.

use std::path::Path;
use std::sync::PoisonError;
use std::thread;
use std::time::{Duration, Instant};

use tests_postgres::{End, OWNER, Server};
use xtask_support::error::Error;
use xtask_support::run;

use crate::bench::Bench;
use crate::outcome::{self, Outcome};
use crate::station::{Station, file};

/// What is raced.
pub(crate) struct Plan {
    pub(crate) units: u32,
    pub(crate) stations: usize,
    pub(crate) devices: usize,
    pub(crate) away: Duration,
    pub(crate) kill_every: Duration,
}

/// Between two looks.
const PAUSE: Duration = Duration::from_millis(20);
/// Longer than any race.
const LONGEST: Duration = Duration::from_secs(3600);
/// How the server is ended, each time.
const ENDS: [End; 3] = [End::Fast, End::Immediate, End::Fast];

/// Run both.
pub(crate) fn run(program: &Path, plan: &Plan) -> Result<(), Error> {
    let Some(mut server) = Server::start() else {
        println!("left out: there is no PostgreSQL (Debian's package postgresql)");
        return Ok(());
    };
    let bench = Bench::new(program, server.url(OWNER))?;
    let mut findings = Vec::new();
    for (batch, first) in [("calm", 0), ("rough", plan.units)] {
        // Room for what every station may lease.
        bench.load(batch, plan.units.saturating_add(1000))?;
        let begin = Instant::now();
        let mut outcome = one(&bench, &mut server, plan, batch, first)?;
        outcome.time = begin.elapsed();
        findings.extend(outcome::check(&bench, batch, first, &outcome)?);
    }
    let devices: Vec<_> = (0..plan.units.saturating_mul(2)).map(file).collect();
    findings.extend(outcome::audit(&bench, &devices));
    Error::unless_empty("line-race", findings)
}

/// All stations on one batch, to the last unit.
fn one(
    bench: &Bench,
    server: &mut Server,
    plan: &Plan,
    batch: &'static str,
    first: u32,
) -> Result<Outcome, Error> {
    let is_rough = batch == "rough";
    for chip in first..first + plan.units {
        bench.chip(&file(chip), chip)?;
    }
    let mut stations = Vec::new();
    for number in 0..plan.stations {
        let of_it = (first..first + plan.units)
            .skip(number)
            .step_by(plan.stations);
        let station = Station::new(bench, batch, number, plan.devices, of_it, is_rough)?;
        stations.push(station);
    }
    for station in &mut stations {
        station.start()?;
    }
    let mut outcome = Outcome::default();
    let begin = Instant::now();
    let mut killed = Instant::now();
    let mut disturbance = Disturbance::new(plan);
    while !stations.iter().all(is_done) && begin.elapsed() < LONGEST {
        thread::sleep(PAUSE);
        if is_rough {
            let passed = stations.iter().map(passed).sum();
            disturbance.go_on(server, passed, &mut outcome);
            if killed.elapsed() >= plan.kill_every {
                killed = Instant::now();
                let turn = usize::try_from(outcome.kills).unwrap_or(0) * 5 % stations.len();
                if let Some(station) = stations.get_mut(turn) {
                    outcome.kills += u32::from(station.kill()?);
                    station.start()?;
                }
            }
        }
        for station in &mut stations {
            station.look()?;
        }
    }
    disturbance.end(server);
    for station in &mut stations {
        station.stop()?;
    }
    for station in &stations {
        if is_rough {
            let arguments = [
                "line",
                "reconcile",
                &station.spool(),
                "--station",
                &station.name,
            ];
            // Conflicts are counted, and named by the stations.
            let reconciled = run::captured(&mut bench.command(&arguments));
            outcome.unreconciled += u32::from(reconciled.is_err());
        }
        let chips = station.chips.lock().unwrap_or_else(PoisonError::into_inner);
        outcome.passed.extend(&chips.passed);
        outcome.aside.extend(chips.aside.iter().cloned());
        for (cause, count) in &chips.failures {
            *outcome.failures.entry(cause.clone()).or_default() += count;
        }
        outcome.conflicts.extend(chips.conflicts.iter().cloned());
    }
    Ok(outcome)
}

fn is_done(station: &Station<'_>) -> bool {
    let chips = station.chips.lock().unwrap_or_else(PoisonError::into_inner);
    chips.is_done()
}

fn passed(station: &Station<'_>) -> usize {
    let chips = station.chips.lock().unwrap_or_else(PoisonError::into_inner);
    chips.passed.len()
}

/// What befalls the server, by how many units have passed.
struct Disturbance {
    units: usize,
    away: Duration,
    hidden: Option<Instant>,
    was_hidden: bool,
    restarts: usize,
}

impl Disturbance {
    fn new(plan: &Plan) -> Self {
        Self {
            units: usize::try_from(plan.units).unwrap_or(usize::MAX),
            away: plan.away,
            hidden: None,
            was_hidden: false,
            restarts: 0,
        }
    }

    fn go_on(&mut self, server: &mut Server, passed: usize, outcome: &mut Outcome) {
        if let Some(since) = self.hidden {
            if since.elapsed() >= self.away {
                server.show();
                self.hidden = None;
                outcome.spooled = passed - outcome.spooled;
            }
            return;
        }
        // Away from the first tenth on, restarted at three, five and seven
        // tenths.
        if !self.was_hidden && passed * 10 >= self.units {
            server.hide();
            self.hidden = Some(Instant::now());
            self.was_hidden = true;
            outcome.spooled = passed;
            outcome.away = self.away;
        }
        let next = self.units * (3 + 2 * self.restarts);
        if let Some(end) = ENDS.get(self.restarts)
            && self.hidden.is_none()
            && passed * 10 >= next
        {
            server.restart(*end);
            self.restarts += 1;
            outcome.restarts += 1;
        }
    }

    fn end(&mut self, server: &Server) {
        if self.hidden.take().is_some() {
            server.show();
        }
    }
}
