//! What provisioning refuses, it refuses before the chip is touched: it only
//! reads, and the chip's memory stays as it was.

mod chips;
mod inputs;
mod locked;

use atecc::SerialNumber;
use atecc_emulator::{Bus, Chip, DATA_SIZE, Entropy, Image, Revision};
use atecc_x509::{Certificate, CheckedSigner, DateTime, NervesKeySigner, SignerError};
use nerves_key::{Foreign, Snapshot, Stage};
use nerves_key_provision::{
    AcceptedSigner, DeviceSubject, KeySigner, Plan, Refusal, VolatileSecrets, create_device,
    create_signer,
};
use nerves_key_schema::{BoardName, ConfigField, Layout, ManufacturerSerial, OtpError, configure};
use tests_fault_sweep::{SETUPS, Setup};
use tests_station::wire::{commands, is_only_reading};
use tests_station::{Station, StationError};

const REVISIONS: [Revision; 3] = Revision::ALL;
const STANDARD: Setup = Setup {
    revision: Revision::Atecc608B,
    layout: Layout::Standard,
};

fn station() -> Station {
    STANDARD.station()
}

fn date(year: u16, month: u8, day: u8) -> DateTime {
    DateTime::new(year, month, day, 12, 34, 56).unwrap()
}

/// The refusal, after checking that the chip was only read.
fn refusal(bus: &Bus, station: &mut Station) -> Refusal {
    let before = bus.image(0).unwrap();
    bus.start_log();
    let error = station.provision(bus).unwrap_err();
    let log = bus.take_log();
    assert!(commands(&log).count() > 0, "the chip was read");
    assert!(is_only_reading(&log), "{error}: {log:?}");
    assert_eq!(bus.image(0).unwrap(), before, "{error}");
    match error {
        StationError::Refused(refusal) => *refusal,
        error => panic!("{error}"),
    }
}

/// On a blank chip of each kind.
fn refused_by_all(station: &mut Station, expected: impl Fn(&Refusal) -> bool) {
    for revision in REVISIONS {
        let bus = Bus::with_chip(Chip::blank(revision));
        let refusal = refusal(&bus, station);
        assert!(expected(&refusal), "{revision}: {refusal}");
    }
}

/// A part with this configuration and OTP, its slots as the factory left them.
fn part(config: [u8; 128], otp: [u8; 64]) -> Bus {
    let image = Image::from_zones(config, otp, [0xFF; DATA_SIZE]).unwrap();
    Bus::with_chip(Chip::new(image, Entropy::Seeded(1)).unwrap())
}

fn blank(revision: Revision) -> [u8; 128] {
    *Image::blank(revision).config()
}

fn configured(revision: Revision, layout: Layout) -> [u8; 128] {
    let mut config = configure(&atecc::ConfigZone(blank(revision)), layout).0;
    config[87] = 0;
    config
}
