//! `nerves-key emulator serve`, running.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use crate::harness::Harness;

/// A server, killed when dropped.
pub(crate) struct Serving(Child);

impl Serving {
    /// Start, and wait until it says that it serves.
    pub(crate) fn new(harness: &Harness, arguments: &[&str]) -> Self {
        let arguments = [&["emulator", "serve"], arguments].concat();
        let mut command = harness.command(&arguments);
        let mut child = command.stdout(Stdio::piped()).spawn().unwrap();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let said: Vec<_> = lines
            .map(Result::unwrap)
            .take_while(|line| !line.contains("NERVES_KEY_DEVICE="))
            .collect();
        let variable = |line: &String| line.contains("ATECC_EMULATOR_SOCKET=");
        assert!(said.iter().any(variable), "{said:?}");
        Self(child)
    }

    /// Ask it to end. Its exit code.
    pub(crate) fn terminate(mut self) -> Option<i32> {
        let id = self.0.id().to_string();
        assert!(Command::new("kill").arg(id).status().unwrap().success());
        self.0.wait().unwrap().code()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
