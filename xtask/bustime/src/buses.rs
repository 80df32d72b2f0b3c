//! `cargo xtask bus-time --buses N`: signatures on as many served buses at once,
//! beside those on one, in the machine's own time.

use std::thread;
use std::time::{Duration, Instant};

use atecc_emulator::client::Client;
use atecc_emulator::server::Server;
use atecc_emulator::{Bus, Clock, ExecutionTime, Image};
use nerves_key_schema::Layout;
use tempfile::TempDir;

use crate::bench::{Bench, bus};
use crate::operations::{Error, State};
use crate::setting::{Part, Setting};

/// Of each chip.
const SIGNATURES: u32 = 50;
const DIGEST: [u8; 32] = [0x5A; 32];

/// One kind of chip, alone and on many buses.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Buses {
    pub(crate) part: Part,
    pub(crate) alone: Duration,
    pub(crate) together: Duration,
}

impl Buses {
    /// A finished `part` on one bus, and one on each of `number` buses, all with
    /// typical times.
    pub(crate) fn new(part: Part, number: u32) -> Result<Self, Error> {
        let image = State::Finished(Layout::Standard).image(part)?;
        let setting = Setting {
            part,
            model: ExecutionTime::Typical,
            scl_khz: 100,
        };
        Ok(Self {
            part,
            alone: signatures(&image, setting, 1)?,
            together: signatures(&image, setting, number)?,
        })
    }

    /// How much longer the many take.
    pub(crate) fn ratio(&self) -> f64 {
        self.together.as_secs_f64() / self.alone.as_secs_f64()
    }
}

/// From the first START to the last signature on any bus; a thread for each.
fn signatures(image: &Image, setting: Setting, number: u32) -> Result<Duration, Error> {
    let buses: Vec<_> = (0..number)
        .map(|seed| bus(Clock::real(), image, setting, seed.into()))
        .collect();
    let directory = TempDir::new()?;
    let path = directory.path().join("buses");
    let server = Server::bind(&path, (0..).zip(buses.iter().cloned()))?;
    thread::scope(|scope| {
        let serving = scope.spawn(|| server.run(|_| ()));
        let begin = Instant::now();
        let users: Vec<_> = (0..)
            .zip(buses)
            .map(|(number, bus)| {
                let path = &path;
                scope.spawn(move || {
                    let client = Client::connect(path, Some(number));
                    client
                        .map_err(|error| error.to_string())
                        .and_then(|client| sign(bus, client, image, setting))
                })
            })
            .collect();
        let ended: Vec<_> = users
            .into_iter()
            .map(thread::ScopedJoinHandle::join)
            .collect();
        let took = begin.elapsed();
        server.stop();
        serving.join().map_err(|_panic| "the server panicked")??;
        for user in ended {
            user.map_err(|_panic| "a user panicked")??;
        }
        Ok(took)
    })
}

/// An error is a text, to cross threads.
fn sign(bus: Bus, client: Client, image: &Image, setting: Setting) -> Result<(), String> {
    let mut bench = Bench::served(bus, client, image.clone(), setting);
    for _ in 0..SIGNATURES {
        let signed = bench.device.run(nerves_key::sign(DIGEST));
        signed.map_err(|error| error.to_string())?;
    }
    Ok(())
}
