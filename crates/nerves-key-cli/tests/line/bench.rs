//! A bench: a folder with a signer, a batch, a ledger and chips.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

pub(crate) const BATCH: &str = "name = \"b\"\nproduct = \"Sensor\"\ncount = 100\n\
                                signer = \"signer.cert\"\n\n[serials]\npattern = \"ACME-{:06}\"\n\
                                first = 1\n";

pub(crate) struct Bench {
    folder: tempfile::TempDir,
    ledger: String,
}

impl Bench {
    /// With a signer and the tables.
    pub(crate) fn new() -> Self {
        Self::on("line.db".to_owned())
    }

    /// On a ledger that is elsewhere.
    pub(crate) fn on(ledger: String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let bench = Self { folder, ledger };
        bench.done(&["signer", "create", "signer"]);
        bench.done(&["line", "init"]);
        bench
    }

    /// With the batch `b`, too.
    pub(crate) fn with_batch() -> Self {
        Self::new().loaded()
    }

    /// With the batch `b` loaded.
    pub(crate) fn loaded(self) -> Self {
        let bench = self;
        bench.write("b.toml", BATCH);
        bench.done(&["line", "batch", "b.toml"]);
        bench
    }

    pub(crate) fn path(&self) -> &Path {
        self.folder.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).unwrap();
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_nerves-key"));
        command.current_dir(self.path()).args(arguments);
        command.env("NERVES_KEY_LEDGER", &self.ledger);
        command.env("NERVES_KEY_STATION", "bench");
        command.env("NERVES_KEY_OPERATOR", "ada");
        command.env_remove("NERVES_KEY_DEVICE");
        // What else decides over colours.
        for name in ["NO_COLOR", "CLICOLOR", "CLICOLOR_FORCE", "CI"] {
            command.env_remove(name);
        }
        command
    }

    pub(crate) fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    /// Standard output of a command that succeeds.
    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        let error = String::from_utf8(output.stderr).unwrap();
        assert!(output.status.success(), "{arguments:?}: {error}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// Exit code and standard error of one that does not.
    pub(crate) fn refused(&self, arguments: &[&str]) -> (i32, String) {
        let output = self.run(arguments);
        assert!(!output.status.success(), "{arguments:?}");
        (
            output.status.code().unwrap(),
            String::from_utf8(output.stderr).unwrap(),
        )
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Value {
        let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
        serde_json::from_str(&self.done(&arguments)).unwrap()
    }

    /// Blank chips in image files.
    pub(crate) fn chips(&self, count: usize) -> Vec<String> {
        let names = (0..count).map(|index| {
            let name = format!("chip{index}.img");
            self.done(&["emulator", "create", &name]);
            format!("emu:{name}")
        });
        names.collect()
    }

    /// Arguments of a run on each of `devices` once.
    pub(crate) fn line_run<'a>(devices: &'a [String], more: &[&'a str]) -> Vec<&'a str> {
        let mut arguments = vec!["line", "run", "--batch", "b", "--signer-key", "signer.key"];
        arguments.extend(["--once", "--yes"]);
        for device in devices {
            arguments.extend(["--device", device]);
        }
        arguments.extend(more);
        arguments
    }

    /// The units of the batch, one document each.
    pub(crate) fn units(&self) -> Vec<Value> {
        let text = self.done(&["line", "export", "--batch", "b", "--for", "jsonl"]);
        text.lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// That the ledger is sound, and each of `devices` is what it says.
    pub(crate) fn audit(&self, devices: &[String]) {
        let mut arguments = vec!["line", "audit"];
        for device in devices {
            arguments.extend(["--against-chips", device]);
        }
        self.done(&arguments);
    }
}
