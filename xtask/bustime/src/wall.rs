//! `cargo xtask bus-time --wall`: the same operations on a served emulator, whose
//! clock is the machine's, beside their virtual times. Both draw the same
//! execution times, so that what differs is the host's: its system calls, its
//! timers, and what the driver itself computes.

use std::thread;
use std::time::{Duration, Instant};

use atecc_emulator::client::Client;
use atecc_emulator::server::Server;
use atecc_emulator::{Clock, Image};
use tempfile::TempDir;

use crate::bench::{Bench, bus};
use crate::measure::measure;
use crate::operations::{Error, Operation};
use crate::setting::Setting;

/// One operation both ways.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Wall {
    pub(crate) operation: &'static str,
    pub(crate) setting: Setting,
    /// On the simulated clock.
    pub(crate) virtual_time: Duration,
    /// On the machine's, the median.
    pub(crate) wall_time: Duration,
}

impl Wall {
    /// `operation` as often as `runs` says, each time on a chip of its own.
    pub(crate) fn new(
        operation: &Operation,
        image: &Image,
        setting: Setting,
        runs: u64,
    ) -> Result<Self, Error> {
        let mut both = Vec::new();
        for seed in 0..runs {
            let mut bench = operation.prepared(image, setting, seed)?;
            let bus = bench.bus.clone();
            let (result, counts, _) = measure(&bus, setting, || (operation.run)(&mut bench));
            result?;
            both.push((counts.time, on_the_wall(operation, image, setting, seed)?));
        }
        // By how much the one is longer.
        both.sort_by(|a, b| {
            let ratio = |it: &(Duration, Duration)| it.1.as_secs_f64() / it.0.as_secs_f64();
            ratio(a).total_cmp(&ratio(b))
        });
        let (virtual_time, wall_time) = *both.get(both.len() / 2).ok_or("no run")?;
        Ok(Self {
            operation: operation.name,
            setting,
            virtual_time,
            wall_time,
        })
    }

    /// Wall to virtual time.
    pub(crate) fn ratio(&self) -> f64 {
        self.wall_time.as_secs_f64() / self.virtual_time.as_secs_f64()
    }
}

fn on_the_wall(
    operation: &Operation,
    image: &Image,
    setting: Setting,
    seed: u64,
) -> Result<Duration, Error> {
    let bus = bus(Clock::real(), image, setting, seed);
    let directory = TempDir::new()?;
    let path = directory.path().join("bus");
    let server = Server::bind(&path, [(0, bus.clone())])?;
    thread::scope(|scope| {
        let serving = scope.spawn(|| server.run(|_| ()));
        let took = Client::connect(&path, None)
            .map_err(Error::from)
            .and_then(|client| {
                let mut bench = Bench::served(bus, client, image.clone(), setting);
                operation.prepare(&mut bench)?;
                let begin = Instant::now();
                (operation.run)(&mut bench)?;
                Ok(begin.elapsed())
            });
        server.stop();
        serving.join().map_err(|_panic| "the server panicked")??;
        took
    })
}
