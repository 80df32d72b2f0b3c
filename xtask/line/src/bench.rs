//! A folder with a signer, batches and chips, and the command on it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use atecc_emulator::{Image, Revision, SerialNumber};
use serde_json::Value;
use tempfile::TempDir;
use xtask_support::error::Error;
use xtask_support::{metadata, run};

/// The command, built.
pub(crate) fn build(is_debug: bool) -> Result<PathBuf, Error> {
    let mut build = run::cargo(["build", "--quiet", "--package", "nerves-key-cli"]);
    build.args(["--features", "line-postgres"]);
    if !is_debug {
        build.arg("--release");
    }
    run::shown(&mut build)?;
    let profile = if is_debug { "debug" } else { "release" };
    let target = metadata::workspace()?.target_directory;
    Ok(target.join(profile).join("nerves-key"))
}

/// The folder, in memory where that is possible: what an emulated chip writes
/// goes to the disk each time, which no real one does.
pub(crate) struct Bench {
    folder: TempDir,
    program: PathBuf,
    ledger: String,
}

impl Bench {
    /// With a signer, and the tables of the ledger.
    pub(crate) fn new(program: &Path, ledger: String) -> Result<Self, Error> {
        let folder = tempfile::tempdir_in("/dev/shm").or_else(|_none| tempfile::tempdir());
        let folder = folder.map_err(|error| of_file(&std::env::temp_dir(), error))?;
        let bench = Self {
            folder,
            program: program.to_owned(),
            ledger,
        };
        bench.done(&["signer", "create", "signer"])?;
        bench.done(&["line", "init"])?;
        Ok(bench)
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Load a batch of the one serial pool.
    pub(crate) fn load(&self, batch: &str, count: u32) -> Result<(), Error> {
        let text = format!(
            "name = \"{batch}\"\nproduct = \"Sensor\"\ncount = {count}\n\
             signer = \"signer.cert\"\n\n[serials]\npattern = \"ACME-{{:06}}\"\nfirst = 1\n"
        );
        let path = self.path("batch.toml");
        fs::write(&path, text).map_err(|error| of_file(&path, error))?;
        self.done(&["line", "batch", "batch.toml"])?;
        Ok(())
    }

    /// A blank chip in a file. No two have one number.
    pub(crate) fn chip(&self, name: &str, number: u32) -> Result<(), Error> {
        let [a, b, c, d] = number.to_be_bytes();
        let serial = SerialNumber([0x01, 0x23, a, b, c, d, 0, 0, 0xEE]);
        let image = Image::blank(Revision::Atecc608B).with_serial(serial);
        let path = self.path(name);
        fs::write(&path, image.to_text()).map_err(|error| of_file(&path, error))
    }

    pub(crate) fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.current_dir(self.folder.path()).args(arguments);
        command.env("NERVES_KEY_LEDGER", &self.ledger);
        command.env("NERVES_KEY_STATION", "loader");
        command.env("NERVES_KEY_OPERATOR", "race");
        command.env_remove("NERVES_KEY_DEVICE");
        command
    }

    /// Standard output of a command that succeeds.
    pub(crate) fn done(&self, arguments: &[&str]) -> Result<String, Error> {
        run::captured(&mut self.command(arguments))
    }

    pub(crate) fn json(&self, arguments: &[&str]) -> Result<Value, Error> {
        let arguments: Vec<_> = arguments.iter().copied().chain(["--json"]).collect();
        Ok(serde_json::from_str(&self.done(&arguments)?)?)
    }

    /// The units of a batch.
    pub(crate) fn units(&self, batch: &str) -> Result<Vec<Value>, Error> {
        let text = self.done(&["line", "export", "--batch", batch, "--for", "jsonl"])?;
        let units = text.lines().map(serde_json::from_str);
        Ok(units.collect::<Result<_, _>>()?)
    }
}

pub(crate) fn of_file(path: &Path, error: std::io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        error,
    }
}
