//! A served bus whose chips and faults the test has in its hands.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use atecc_emulator::server::{ServeError, Server};
use atecc_emulator::{Bus, Chip, Clock, Entropy, Image};

/// A server of this process, stopped when dropped.
pub(crate) struct InProcess {
    pub(crate) bus: Bus,
    server: Arc<Server>,
    thread: Option<JoinHandle<()>>,
}

impl InProcess {
    /// Serve one bus in real time, as number `number`, at `socket`.
    pub(crate) fn new(socket: &Path, number: u32) -> Self {
        let bus = Bus::with_clock(Clock::real());
        // What another thread starts has a copy of the lock of a server that has
        // gone, until it has become another program.
        let begin = Instant::now();
        let server = loop {
            match Server::bind(socket, [(number, bus.clone())]) {
                Err(ServeError::InUse { .. }) if begin.elapsed() < Duration::from_secs(5) => {
                    std::thread::sleep(Duration::from_millis(10));
                }
                bound => break Arc::new(bound.unwrap()),
            }
        };
        let running = Arc::clone(&server);
        let thread = std::thread::spawn(move || running.run(|_| {}).unwrap());
        Self {
            bus,
            server,
            thread: Some(thread),
        }
    }

    /// The chip of `image`, besides.
    pub(crate) fn with(self, image: &Image) -> Self {
        let chip = Chip::new(image.clone(), Entropy::Os).unwrap();
        self.bus.attach(chip);
        self
    }
}

impl Drop for InProcess {
    fn drop(&mut self) {
        self.server.stop();
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
