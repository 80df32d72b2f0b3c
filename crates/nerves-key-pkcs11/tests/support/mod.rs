//! Provisioned emulated chips.

use std::path::Path;

use atecc_emulator::{Bus, Chip, Revision};
use atecc_x509::DateTime;
use tests_station::Station;

/// Have a station finish the chip on `bus`.
pub(crate) fn provision(bus: &Bus, serial: &str) {
    let now = DateTime::new(2026, 3, 15, 9, 0, 0).unwrap();
    let mut station = Station::new([0x42; 32], now, Some(serial));
    station.provision(bus).unwrap().unwrap();
}

/// A finished chip in an image file, named by a configuration file beside it.
#[allow(dead_code, reason = "not every test has files")]
pub(crate) fn configured(directory: &Path) -> std::path::PathBuf {
    let image = directory.join("chip.img");
    let chip = Chip::open(&image, Some(Revision::Atecc608B)).unwrap();
    provision(&Bus::with_chip(chip), "PKCS11-1");
    let blank = directory.join("blank.img");
    drop(Chip::open(&blank, Some(Revision::Atecc608B)).unwrap());
    let configuration = directory.join("pkcs11.conf");
    let lines = format!(
        "scan = no\nslot 1 = emu:{}\nslot 2 = i2c:/dev/i2c-no-such-bus\nslot 3 = emu:{}\n",
        image.display(),
        blank.display()
    );
    std::fs::write(&configuration, lines).unwrap();
    configuration
}
