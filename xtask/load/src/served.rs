//! Finished chips on one served bus, and the configuration that names them.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use atecc_emulator::{Bus, Chip, Revision};
use atecc_x509::DateTime;
use tempfile::TempDir;
use tests_station::Station;

use xtask_support::error::Error;
use xtask_support::{metadata, run};

/// Any number.
pub(super) const BUS: u32 = 4011;
/// In the name of the server's lock file for sessions.
pub(super) const LOCKS: &str = "/socket.chips.";
/// Where the chips are; the configuration's slots are 1 and 2.
const ADDRESSES: [u8; 2] = [0x60, 0x35];
/// For the server to be there.
const START: Duration = Duration::from_secs(10);

/// How the served bus keeps time.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Pace {
    /// As real chips do.
    Real,
    /// As fast as the machine can.
    Fast,
}

/// Two chips behind a server, until this is dropped.
pub(super) struct Served {
    directory: TempDir,
    programs: PathBuf,
    server: Child,
}

impl Served {
    /// Build what is needed, finish two chips and serve them.
    pub(super) fn start(pace: Pace) -> Result<Self, Error> {
        let packages = [
            "--package",
            "nerves-key-cli",
            "--package",
            "nerves-key-pkcs11",
            "--features",
            "nerves-key-pkcs11/emulator",
        ];
        run::shown(run::cargo(["build", "--release", "--quiet"]).args(packages))?;
        let programs = metadata::workspace()?.target_directory.join("release");
        let directory = tempfile::tempdir().map_err(|error| Error::File {
            path: std::env::temp_dir(),
            error,
        })?;
        let images: Result<Vec<_>, _> = ADDRESSES
            .iter()
            .map(|address| finished(directory.path(), *address))
            .collect();
        let socket = directory.path().join("socket");
        let mut command = Command::new(programs.join("nerves-key"));
        command
            .args(["emulator", "serve", "--bus"])
            .arg(format!("{BUS}={}", images?.join(",")))
            .arg("--socket")
            .arg(&socket)
            .args((pace == Pace::Fast).then_some("--fast"))
            .stdout(Stdio::null());
        let server = command.spawn().map_err(|error| Error::Start {
            command: run::line(&command),
            error,
        })?;
        let chips = Self {
            directory,
            programs,
            server,
        };
        let lines: Vec<_> = (1..)
            .zip(ADDRESSES)
            .map(|(slot, address)| format!("slot {slot} = {}", chips.device(address)))
            .collect();
        let lines = lines.join("\n");
        write(&chips.configuration(), &format!("scan = no\n{lines}"))?;
        let start = Instant::now();
        while !socket.exists() && start.elapsed() < START {
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(chips)
    }

    /// The name of the chip at `address`.
    pub(super) fn device(&self, address: u8) -> String {
        let socket = self.socket();
        format!("unix:{}?bus={BUS}&addr={address:#04x}", socket.display())
    }

    /// For `NERVES_KEY_PKCS11_CONF`.
    pub(super) fn configuration(&self) -> PathBuf {
        self.directory.path().join("pkcs11.conf")
    }

    /// The module.
    pub(super) fn module(&self) -> PathBuf {
        self.programs.join("libnerves_key_pkcs11.so")
    }

    /// The `nerves-key` command.
    pub(super) fn command(&self) -> PathBuf {
        self.programs.join("nerves-key")
    }

    /// Where the server listens.
    pub(super) fn socket(&self) -> PathBuf {
        self.directory.path().join("socket")
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        // It may have ended already, and nothing more can be done.
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// The image of a finished chip that is at `address`. It is finished at 0x60,
/// where stations look for it; the address is in byte 16 of the configuration.
pub(super) fn finished(directory: &Path, address: u8) -> Result<String, Error> {
    let chip = Chip::throw_away(Revision::Atecc608B).map_err(|it| Error::Chip(it.to_string()))?;
    let bus = Bus::with_chip(chip);
    let now = DateTime::new(2026, 3, 15, 9, 0, 0).map_err(|it| Error::Chip(it.to_string()))?;
    let serial = format!("LOAD-{address:02X}");
    let mut station = Station::new([0x42; 32], now, Some(&serial));
    let provisioned = station.provision(&bus);
    provisioned.map_err(|it| Error::Chip(it.to_string()))?;
    let image = bus
        .image(0)
        .ok_or_else(|| Error::Chip("the bus has lost it".into()))?;
    let mut config = *image.config();
    config[16] = address << 1;
    let image = image
        .with_config(config)
        .map_err(|it| Error::Chip(it.to_string()))?;
    let path = directory.join(format!("{address:02x}.img"));
    write(&path, &image.to_text())?;
    Ok(path.display().to_string())
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    std::fs::write(path, text).map_err(|error| Error::File {
        path: path.to_owned(),
        error,
    })
}
