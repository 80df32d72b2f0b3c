//! Emulated buses on a Unix socket.
//!
//! Each client has a thread; a transfer has the bus to itself from START to
//! STOP, and takes the time that its [`Clock`](crate::Clock) says. A client
//! that sends nonsense or vanishes loses its connection and disturbs nobody.

mod connection;
mod error;
mod listener;

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, Scope};
use std::time::Duration;

use rustix::io::Errno;
use rustix::net::{Shutdown, SocketFlags, accept_with, shutdown};

use connection::Connection;
pub use error::ServeError;
use listener::Listener;

use crate::bus::{Bus, BusError};
use crate::protocol::Pace;

/// Most clients at a time; more are turned away.
const MAX_CLIENTS: usize = 256;

/// How long to wait for descriptors or memory to be freed.
const OUT_OF_RESOURCES: Duration = Duration::from_millis(50);

/// Buses on a Unix socket.
#[derive(Debug)]
pub struct Server {
    listener: Listener,
    buses: Buses,
    stopped: AtomicBool,
    clients: Mutex<BTreeMap<u64, Arc<OwnedFd>>>,
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
        Ok(Self {
            listener: Listener::bind(path.as_ref())?,
            buses: Buses { numbered, pace },
            stopped: AtomicBool::new(false),
            clients: Mutex::default(),
        })
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
            let result = self.accept_all(scope, report);
            self.stop();
            result
        })
    }

    /// End [`Self::run`], and all connections after their current transfer.
    pub fn stop(&self) {
        self.stopped.store(true, Ordering::SeqCst);
        // On Linux this ends an accept that waits.
        let _ = shutdown(&self.listener, Shutdown::Both);
        for client in self.clients().values() {
            let _ = shutdown(client, Shutdown::Both);
        }
    }

    /// Remove the socket from the file system now, and not only when this is
    /// dropped.
    pub fn remove_socket(&self) {
        self.listener.remove();
    }

    fn accept_all<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        report: &'scope (dyn Fn(&BusError) + Sync),
    ) -> Result<(), ServeError> {
        let mut number = 0;
        loop {
            let accepted = accept_with(&self.listener, SocketFlags::CLOEXEC);
            if self.stopped.load(Ordering::SeqCst) {
                return Ok(());
            }
            match accepted {
                Ok(client) => {
                    number += 1;
                    self.welcome(scope, report, number, client);
                }
                Err(Errno::INTR | Errno::CONNABORTED) => {}
                Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                    thread::sleep(OUT_OF_RESOURCES);
                }
                Err(error) => {
                    return Err(ServeError::Accept {
                        path: self.path().to_owned(),
                        error: error.into(),
                    });
                }
            }
        }
    }

    fn welcome<'scope>(
        &'scope self,
        scope: &'scope Scope<'scope, '_>,
        report: &'scope (dyn Fn(&BusError) + Sync),
        number: u64,
        client: OwnedFd,
    ) {
        let client = Arc::new(client);
        {
            let mut clients = self.clients();
            // Looked at under the lock: `stop` may have been through already.
            if clients.len() >= MAX_CLIENTS || self.stopped.load(Ordering::SeqCst) {
                return;
            }
            clients.insert(number, Arc::clone(&client));
        }
        let spawned = thread::Builder::new()
            .name(format!("client {number}"))
            .spawn_scoped(scope, move || {
                Connection::new(&self.buses, report).serve(client.as_fd());
                self.clients().remove(&number);
            });
        if spawned.is_err() {
            self.clients().remove(&number);
        }
    }

    fn clients(&self) -> MutexGuard<'_, BTreeMap<u64, Arc<OwnedFd>>> {
        self.clients.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
