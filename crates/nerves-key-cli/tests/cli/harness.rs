//! Running the command.

use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use tempfile::TempDir;

/// A folder with a signer in it, and the command run there.
pub(crate) struct Harness(TempDir);

impl Harness {
    pub(crate) fn new() -> Self {
        let harness = Self(TempDir::new().unwrap());
        harness.ok(&["signer", "create", "signer", "--years", "5"]);
        harness
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nerves-key"));
        command
            .args(arguments)
            .current_dir(self.path())
            .env_remove("NERVES_KEY_DEVICE")
            .stdin(Stdio::null());
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of a command that succeeds.
    pub(crate) fn ok(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(
            output.status.success(),
            "{arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
        String::from_utf8(output.stdout).unwrap()
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<_> = ["--json"].iter().chain(arguments).copied().collect();
        serde_json::from_str(&self.ok(&arguments)).unwrap()
    }

    /// Exit code and message of a command that fails.
    pub(crate) fn fails(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        let message = String::from_utf8(output.stderr).unwrap();
        (output.status.code().unwrap(), message)
    }

    pub(crate) fn provision<'a>(device: &'a str, more: &[&'a str]) -> Vec<&'a str> {
        let signer = ["--signer-cert", "signer.cert", "--signer-key", "signer.key"];
        ["provision", "--device", device]
            .iter()
            .chain(&signer)
            .chain(more)
            .copied()
            .collect()
    }
}
