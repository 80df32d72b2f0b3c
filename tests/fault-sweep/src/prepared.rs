//! Chips that somebody else prepared before they reach the line.
//!
//! Who has a chip before its locks are set can write whatever it likes: a
//! private key of which it keeps a copy, certificates of a signer of its own,
//! an OTP zone, any configuration. Who buys blank chips can finish them. The
//! chips here arrive at every stage with all of that, and once more with a
//! foreign byte in each place of the configuration in turn. Ours may finish a
//! chip, with a key that it made anew, or refuse it; it must not certify the
//! key that the chip came with, nor accept a chip under another signer.

use std::collections::BTreeMap;
use std::error::Error;
use std::fmt;
use std::ops::AddAssign;

use atecc_emulator::{Bus, Chip, Entropy, Image, Slot};
use atecc_x509::{DateTime, PublicKey};
use nerves_key::Stage;
use nerves_key_provision::{AcceptedSigner, DeviceKey, KeySigner, create_signer};
use nerves_key_schema::ManufacturerSerial;

use super::parallel;
use super::setup::{SERIAL, Setup};
use super::witness::{device_key, verified_chain};
use tests_station::wire::is_only_reading;
use tests_station::{Station, StationError};

/// What came of the chips for one [`Setup`].
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct PreparedTally {
    /// Chips.
    pub runs: usize,
    /// Finished, with a key made anew under our signer.
    pub finished: usize,
    /// Refused and left untouched, by the stage that they came at.
    pub refused: BTreeMap<&'static str, usize>,
    /// Chips that do not answer where they are looked for.
    pub silent: usize,
    /// A certificate was issued for the key that the chip came with, or it was
    /// locked in: which chip.
    pub foreign_key: Vec<String>,
    /// Accepted with another signer's certificate: which chip.
    pub other_signer: Vec<String>,
    /// Anything else that must not be: which chip, and what.
    pub wrong: Vec<String>,
}

impl PreparedTally {
    /// Whether nobody else's key or signer passed.
    #[must_use]
    pub const fn is_clean(&self) -> bool {
        self.foreign_key.is_empty() && self.other_signer.is_empty() && self.wrong.is_empty()
    }
}

impl AddAssign for PreparedTally {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.finished += other.finished;
        self.silent += other.silent;
        for (stage, count) in other.refused {
            *self.refused.entry(stage).or_default() += count;
        }
        self.foreign_key.extend(other.foreign_key);
        self.other_signer.extend(other.other_signer);
        self.wrong.extend(other.wrong);
    }
}

/// Who has prepared a chip, and how.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum By {
    /// With a signer of its own, for the serial that we will ask for.
    OwnSigner,
    /// The same, and another serial.
    OwnSerial,
    /// With the public certificates of a chip of ours, and a key of its own.
    OurCertificates,
}

/// How far it went.
const STAGES: [&str; 5] = ["factory", "blank", "keyed", "key-slot-open", "finished"];

/// A chip as it arrives.
struct Prepared {
    name: String,
    stage: &'static str,
    image: Image,
    /// The key that its preparer has a copy of.
    key: PublicKey,
}

/// Chips at every stage, and those with a foreign byte at every `stride`-th
/// place from `first` on.
#[must_use]
pub fn prepared(setup: Setup, first: usize, stride: usize) -> PreparedTally {
    let places: Vec<_> = (first..128).step_by(stride.max(1)).collect();
    let chips = match chips(setup, &places) {
        Ok(chips) => chips,
        Err(error) => {
            return PreparedTally {
                wrong: vec![error.to_string()],
                ..PreparedTally::default()
            };
        }
    };
    parallel::sum(&chips, || setup.station(), provisioned)
}

fn chips(setup: Setup, places: &[usize]) -> Result<Vec<Prepared>, Box<dyn Error>> {
    let mut chips = Vec::new();
    for by in [By::OwnSigner, By::OwnSerial, By::OurCertificates] {
        let finished = finished(setup, by)?;
        let key = device_key(&finished)?;
        for stage in STAGES {
            let image = at_stage(&finished, stage)?;
            let add = |chips: &mut Vec<_>, name: fmt::Arguments<'_>, image| {
                chips.push(Prepared {
                    name: format!("{setup}, {by:?}, {stage}{name}"),
                    stage,
                    image,
                    key,
                });
            };
            add(&mut chips, format_args!(""), image.clone());
            if by == By::OwnSerial {
                // The configuration knows nothing of serials.
                continue;
            }
            for at in places.iter().copied() {
                for mask in [0xFF, 1 << (at % 8)] {
                    let mut config = *image.config();
                    if let Some(byte) = config.get_mut(at) {
                        *byte ^= mask;
                    }
                    // Bytes that make it no chip of a kind that there is.
                    let Ok(image) = image.clone().with_config(config) else {
                        continue;
                    };
                    add(&mut chips, format_args!(", byte {at} ^ {mask:02X}"), image);
                }
            }
        }
    }
    Ok(chips)
}

/// A chip that `by` has finished, who knows the key in slot 0.
fn finished(setup: Setup, by: By) -> Result<Image, Box<dyn Error>> {
    const OWN_KEY: [u8; 32] = [0x66; 32];
    let now = DateTime::new(2026, 12, 6, 10, 20, 30)?;
    let mut station = setup.station();
    if by != By::OurCertificates {
        let key = KeySigner::from_bytes(&[0x43; 32])?;
        let certificate = create_signer(&key, now, 10, atecc_x509::Format::V0)?;
        let mut own = Station::with_signer(key, certificate, now, Some(SERIAL));
        own.request.layout = setup.layout;
        own.request.volatile_keys = station.request.volatile_keys.take();
        station = own;
    }
    if by == By::OwnSerial {
        station.request.serial = Some(ManufacturerSerial::new("N6666")?);
    }
    let bus = Bus::with_chip(Chip::blank(setup.revision));
    station.provision(&bus)?.ok_or("nothing was done")?;
    let mut image = bus.image(0).ok_or("the bus has no chip")?;
    if by == By::OurCertificates {
        let slot = image.slot_mut(Slot::new(0).ok_or("no such slot")?);
        let scalar = slot.get_mut(4..36).ok_or("slot 0 is short")?;
        scalar.copy_from_slice(&OWN_KEY);
    }
    Ok(image)
}

/// All that `finished` holds, with the locks of `stage`.
fn at_stage(finished: &Image, stage: &str) -> Result<Image, Box<dyn Error>> {
    const OPEN: u8 = 0x55;
    let mut config = *finished.config();
    let [.., data, configuration] = config.first_chunk_mut::<88>().ok_or("a short zone")?;
    match stage {
        "factory" | "blank" => (*data, *configuration) = (OPEN, OPEN),
        "keyed" => *data = OPEN,
        _ => {}
    }
    if stage != "finished"
        && let Some(slots) = config.get_mut(88..90)
    {
        slots.fill(0xFF);
    }
    if stage == "factory" {
        // As it left the factory, but for its contents.
        let blank = Image::blank(finished.revision());
        if let (Some(to), Some(from)) = (config.get_mut(16..), blank.config().get(16..)) {
            to.copy_from_slice(from);
        }
    }
    Ok(finished.clone().with_config(config)?)
}

/// What ours makes of one.
fn provisioned(station: &mut Station, chip: &Prepared) -> PreparedTally {
    let mut tally = PreparedTally {
        runs: 1,
        ..PreparedTally::default()
    };
    if let Err(error) = judge(station, chip, &mut tally) {
        tally.wrong.push(format!("{}: {error}", chip.name));
    }
    tally
}

fn judge(
    station: &mut Station,
    chip: &Prepared,
    tally: &mut PreparedTally,
) -> Result<(), Box<dyn Error>> {
    let arrived = Chip::new(chip.image.clone(), Entropy::Seeded(7))?;
    let bus = Bus::with_chip(arrived);
    bus.start_log();
    station.issued.clear();
    let result = station.provision(&bus);
    let log = bus.take_log();
    let after = bus.image(0).ok_or("the bus has no chip")?;
    if station.issued.contains(&chip.key) {
        tally.foreign_key.push(format!("{}: certified", chip.name));
    }
    match result {
        Ok(_) => {
            if device_key(&after)? == chip.key {
                tally.foreign_key.push(format!("{}: accepted", chip.name));
            }
            let snapshot = Station::snapshot(&bus)?;
            let identity = snapshot.identity()?;
            if identity.signer_certificate != station.certificate {
                tally.other_signer.push(chip.name.clone());
                return Ok(());
            }
            verified_chain(&bus, station)?;
            let stage = snapshot.stage();
            if stage != Stage::Finished(station.request.layout) {
                return Err(format!("read as {stage}").into());
            }
            tally.finished += 1;
        }
        Err(StationError::Refused(refusal)) => {
            if after != chip.image || !is_only_reading(&log) {
                return Err(format!("touched, then refused: {refusal}").into());
            }
            tally.refused.insert(chip.stage, 1);
        }
        Err(StationError::Read(_)) => tally.silent += 1,
        Err(StationError::Stopped(error)) => {
            return Err(format!("begun, and not finished: {error}").into());
        }
    }
    Ok(())
}

/// What the judgement has to find: the same chips at a station that trusts what
/// it should not.
///
/// # Panics
/// When the chips cannot be made.
#[must_use]
pub fn trusting(setup: Setup) -> PreparedTally {
    let chips = chips(setup, &[]).expect("chips for a known layout");
    let mut tally = PreparedTally::default();
    for chip in &chips {
        let mut station = setup.station();
        station.request.accepted_signer = AcceptedSigner::Any;
        station.request.device_key = DeviceKey::Recorded(chip.key);
        tally += provisioned(&mut station, chip);
    }
    tally
}
