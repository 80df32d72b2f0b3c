//! Emulated buses on a Unix socket.
//!
//! One thread hears all clients, and each bus has one for its transfers: to open
//! and to close a connection costs no thread. A transfer has the bus to itself
//! from START to STOP, and takes the time that its [`Clock`](crate::Clock) says.
//! A client that sends nonsense or vanishes loses its connection and disturbs
//! nobody.

mod connection;
mod dispatch;
mod error;
mod listener;
mod worker;

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;

use rustix::net::{Shutdown, shutdown};

use dispatch::Dispatcher;
pub use error::ServeError;
use listener::Listener;
use worker::{Bell, Worker};

use crate::bus::{Bus, BusError};
use crate::chip::Chip;
use crate::protocol::Pace;

/// Buses on a Unix socket.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    buses: Buses,
    stopped: AtomicBool,
    bell: Bell,
    chips: Option<Chips>,
}

/// Makes the chip of a name that a client wants to have on a bus, ready for its
/// clock; or says why there is none.
pub struct Chips(Box<MakeChip>);

type MakeChip = dyn Fn(&str) -> Result<Chip, String> + Send + Sync;

impl Chips {
    /// By this function.
    pub fn new(make: impl Fn(&str) -> Result<Chip, String> + Send + Sync + 'static) -> Self {
        Self(Box::new(make))
    }
}

impl fmt::Debug for Chips {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Chips")
    }
}

/// The buses, and how they keep time.
#[derive(Debug)]
struct Buses {
    numbered: BTreeMap<u32, Bus>,
    pace: Pace,
}

impl Server {
    /// Listen at `path`, which nobody but the owner may then open. A socket
    /// that a dead server left there is replaced.
    ///
    /// Give the buses [`Clock::real`](crate::Clock::real), or
    /// [`Clock::skipping`](crate::Clock::skipping) and chips of
    /// [`ExecutionTime::Instant`](crate::ExecutionTime::Instant). Clients are
    /// told that there is no need to wait unless one of the clocks is real.
    ///
    /// # Errors
    /// [`ServeError`]: another server is there, or something else.
    pub fn bind(
        path: impl AsRef<Path>,
        buses: impl IntoIterator<Item = (u32, Bus)>,
    ) -> Result<Self, ServeError> {
        let numbered: BTreeMap<_, _> = buses.into_iter().collect();
        let pace = if numbered.values().any(|bus| bus.clock().is_real()) {
            Pace::Real
        } else {
            Pace::Fast
        };
        let path = path.as_ref();
        let bell = Bell::new().map_err(|error| ServeError::Socket {
            path: path.to_owned(),
            error: error.into(),
        })?;
        Ok(Self {
            listener: Listener::bind(path)?,
            buses: Buses { numbered, pace },
            stopped: AtomicBool::new(false),
            bell,
            chips: None,
        })
    }

    /// The same server, whose clients may plug chips. Without it they may only
    /// unplug.
    #[must_use]
    pub fn with_chips(mut self, chips: Chips) -> Self {
        self.chips = Some(chips);
        self
    }

    /// The socket.
    #[must_use]
    pub fn path(&self) -> &Path {
        self.listener.path()
    }

    /// Serve until [`Self::stop`]. `report` hears of failures of a bus that
    /// are more than a missing acknowledge, such as an image file that cannot
    /// be written.
    ///
    /// # Errors
    /// [`ServeError::Accept`].
    pub fn run(&self, report: impl Fn(&BusError) + Sync) -> Result<(), ServeError> {
        let report: &(dyn Fn(&BusError) + Sync) = &report;
        thread::scope(|scope| {
            let mut workers = BTreeMap::new();
            for (number, bus) in &self.buses.numbered {
                let worker = Worker::start(scope, *number, bus, self, report);
                workers.insert(*number, worker.map_err(|error| self.cannot_serve(error))?);
            }
            let result = Dispatcher::new(self, workers).run();
            self.stop();
            // A worker may be about to ring.
            self.bell.silence();
            result
        })
    }

    fn cannot_serve(&self, error: std::io::Error) -> ServeError {
        ServeError::Accept {
            path: self.path().to_owned(),
            error,
        }
    }

    /// End [`Self::run`], and all connections after their current transfer.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        // Nobody can connect any more.
        let _ = shutdown(&self.listener, Shutdown::Both);
        self.bell.end();
    }

    fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::SeqCst)
    }

    /// Remove the socket from the file system now, and not only when this is
    /// dropped.
    pub fn remove_socket(&self) {
        self.listener.remove();
    }
}
