//! A served bus whose chips and faults the test has in its hands.

use std::path::Path;
use std::sync::Arc;
use std::thread::JoinHandle;

use atecc_emulator::server::Server;
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
        let server = Server::bind(socket, [(number, bus.clone())]).unwrap();
        let server = Arc::new(server);
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
