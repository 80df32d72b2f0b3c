//! One chip, one script of faults, the same command until it is done.

use std::fmt;

use atecc::Device;
use atecc_emulator::{Bus, Delay, Faults, I2cHandle, Image};
use atecc_x509::SignatureBytes;
use nerves_key::{Activate, Activation, Stage};
use nerves_key_schema::Layout;

use super::fault::FaultKind;
use super::setup::Setup;
use super::witness::{self, Witness};
use tests_station::Station;

/// The command is given at most so often: one time for each of two faults, and
/// a last time undisturbed.
const TRIES: u32 = 3;

/// Up to two faults by the numbers of their transactions.
#[derive(Clone, Copy, Debug)]
pub(super) struct Script(pub(super) [Option<(u64, &'static FaultKind)>; 2]);

impl Script {
    pub(super) const fn one(at: u64, kind: &'static FaultKind) -> Self {
        Self([Some((at, kind)), None])
    }

    pub(super) fn faults(&self) -> Faults {
        let faults = self.0.iter().flatten();
        faults.fold(Faults::none(), |faults, (at, kind)| {
            faults.at(*at, kind.fault)
        })
    }

    fn last(&self) -> u64 {
        self.0
            .iter()
            .flatten()
            .map(|(at, _)| *at)
            .max()
            .unwrap_or(0)
    }
}

impl fmt::Display for Script {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, (at, kind)) in self.0.iter().flatten().enumerate() {
            let join = if index == 0 { "" } else { ", " };
            write!(f, "{join}{} at {at}", kind.name)?;
        }
        Ok(())
    }
}

/// How it ended.
pub(super) struct End {
    /// After how many commands, or why not.
    pub(super) result: Result<u32, String>,
    /// Data locks without a verified chain.
    pub(super) unverified: Vec<String>,
    /// Certificates that the signer issued.
    pub(super) issued: usize,
    /// Of these, those for another key than the chip has at last.
    pub(super) orphaned: usize,
}

/// Provision a blank chip of `setup` under `script`, at a station of `setup`.
pub(super) fn run(setup: Setup, station: &mut Station, script: &Script) -> End {
    let witness = Witness::new(station);
    let bus = setup.bus(witness.clone());
    bus.set_faults(script.faults());
    station.issued.clear();
    let result = commands(setup, station, script, &bus, &witness);
    let held = bus
        .image(0)
        .and_then(|image| witness::device_key(&image).ok());
    End {
        result,
        unverified: witness.findings(),
        issued: station.issued.len(),
        orphaned: station
            .issued
            .iter()
            .filter(|key| Some(**key) != held)
            .count(),
    }
}

fn commands(
    setup: Setup,
    station: &mut Station,
    script: &Script,
    bus: &Bus,
    witness: &Witness,
) -> Result<u32, String> {
    let mut errors = Vec::new();
    for count in 1..=TRIES {
        // As a fresh process does: all that the chip holds is read and planned
        // for again, and the driver knows nothing of before.
        let result = station.provision(bus);
        // After a cut the supply comes back; otherwise the chip is found as it
        // was left.
        bus.power_up();
        if bus.transactions() > script.last() {
            bus.set_faults(Faults::none());
        }
        let image = bus.image(0).ok_or("the bus has no chip")?;
        witness.judge(&image).map_err(|error| error.to_string())?;
        match result {
            Ok(_) if is_finished(&image, setup) => {
                return check(bus, setup, station).map(|()| count);
            }
            Ok(_) => errors.push("done, but not finished".to_owned()),
            Err(error) => errors.push(error.to_string()),
        }
    }
    Err(errors.join("; then "))
}

/// By the chip's own memory.
fn is_finished(image: &Image, setup: Setup) -> bool {
    let zone = atecc::ConfigZone(*image.config());
    let slots: &[u8] = match setup.layout {
        Layout::Standard => &[0, 10, 11, 12, 13],
        Layout::Volatile => &[0, 1, 2, 10, 11, 12, 13],
    };
    zone.config_lock().is_locked() && zone.data_lock().is_locked() && locked_slots(image) == slots
}

/// By SlotLocked, bytes 88 and 89.
pub(super) fn locked_slots(image: &Image) -> Vec<u8> {
    let [low, high] = [88, 89].map(|at| image.config()[at]);
    let open = u16::from_le_bytes([low, high]);
    (0..16).filter(|slot| open >> slot & 1 == 0).collect()
}

/// The chip as its user finds it after the next power-up: stage, serial and
/// chain, and a signature by the key that the certificate names.
fn check(bus: &Bus, setup: Setup, station: &Station) -> Result<(), String> {
    let text = |error: &dyn fmt::Display| error.to_string();
    bus.set_faults(Faults::none());
    bus.power_cycle();
    let snapshot = Station::snapshot(bus).map_err(|error| text(&error))?;
    if snapshot.stage() != Stage::Finished(setup.layout) {
        return Err(format!("read as {}", snapshot.stage()));
    }
    let identity = snapshot.identity().map_err(|error| text(&error))?;
    let serial = station.request.serial.ok_or("no serial was asked")?;
    if identity.otp.manufacturer_serial() != serial.as_str().as_bytes() {
        return Err("another serial".to_owned());
    }
    let mut device = Station::device(bus);
    if setup.layout == Layout::Volatile {
        activate(&mut device, station, snapshot.config.serial_number())?;
    }
    let challenge = [0x5C; 32];
    let signature = device
        .run(nerves_key::sign(challenge))
        .map_err(|error| text(&error))?;
    let named = identity.device_certificate.public_key();
    named
        .map_err(|error| text(&error))?
        .verify(&challenge, &SignatureBytes::from_bytes(signature))
        .map_err(|error| text(&error))
}

fn activate(
    device: &mut Device<I2cHandle, Delay>,
    station: &Station,
    serial: atecc::SerialNumber,
) -> Result<(), String> {
    if device.run(nerves_key::sign([0; 32])).is_ok() {
        return Err("the key signs without activation".to_owned());
    }
    let keys = station.request.volatile_keys.as_ref().ok_or("no keys")?;
    match device.run(Activate::new(keys, serial, [0x33; 20])) {
        Ok(Activation::Active) => Ok(()),
        Ok(Activation::WrongKey) => Err("another activation key".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
