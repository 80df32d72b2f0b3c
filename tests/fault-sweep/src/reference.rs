//! Chips that the reference left half done.
//!
//! The recorded sequences of the reference are played to an emulated chip by a
//! host of their own, the power is cut at each of its transactions, and then
//! ours provisions. A sequence is played in two ways. With a certificate of
//! its own: the emulated chip makes another key than the recorded one did, so
//! the device certificate is issued for it, as the reference would have done.
//! As recorded: the certificate is for another key. Once its data are locked
//! such a chip cannot be mended; it has to be named and left untouched.

use std::collections::BTreeMap;
use std::error::Error;
use std::ops::AddAssign;
use std::path::Path;

use atecc::crc::Crc16;
use atecc::group::Group;
use atecc_emulator::{Bus, Faults, Slot};
use atecc_x509::{Format, Name, NervesKeyDevice, PublicKey, round_trip};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use nerves_key::Stage;
use nerves_key_provision::{CertificateSlots, DEVICE_YEARS, Refusal};

use super::fault::{FaultKind, cuts};
use super::parallel;
use super::run::locked_slots;
use super::witness::verified_chain;
use tests_station::wire::is_only_reading;
use tests_station::{Station, StationError};
use tests_vector_runner::read_rows;
use tests_vector_suites::sequences::{Operation, operation};

/// Where the recorded chips are.
pub(super) const CHIP: u8 = 0x60;
/// From the sleep token until a wake pulse counts, as the emulator has it.
pub(super) const ASLEEP_MS: u32 = 1;

/// What came of one sequence.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct ReferenceTally {
    /// The name of its row.
    pub sequence: String,
    /// Whose certificate the chip was given.
    pub certificate: &'static str,
    /// Bus transactions of the whole sequence.
    pub transactions: u64,
    /// Chips that were cut off.
    pub runs: usize,
    /// Finished by ours.
    pub recovered: usize,
    /// Named as not recoverable and left untouched, by reason.
    pub named: BTreeMap<String, usize>,
    /// Neither: what was done, and why.
    pub neither: Vec<String>,
}

impl AddAssign for ReferenceTally {
    fn add_assign(&mut self, other: Self) {
        self.runs += other.runs;
        self.recovered += other.recovered;
        for (reason, count) in other.named {
            *self.named.entry(reason).or_default() += count;
        }
        self.neither.extend(other.neither);
    }
}

/// Whose certificate.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Certificate {
    /// For the key that the emulated chip makes.
    Own,
    /// For the key that the recorded chip had.
    Recorded,
}

/// Play each provisioning of `transcripts.json` in `dir`, cut at every
/// `stride`-th transaction and at its end.
#[must_use]
pub fn references(dir: &Path, stride: usize) -> Vec<ReferenceTally> {
    let rows = read_rows::<Operation>(&dir.join("transcripts.json"), "operations");
    let rows = match rows {
        Ok(rows) => rows,
        Err(error) => {
            return vec![ReferenceTally {
                sequence: "transcripts.json".to_owned(),
                neither: vec![error.to_string()],
                ..ReferenceTally::default()
            }];
        }
    };
    let mut tallies = Vec::new();
    for (name, row) in rows {
        let Ok(row) = row else { continue };
        if !row.provisions() {
            continue;
        }
        for certificate in [Certificate::Own, Certificate::Recorded] {
            tallies.push(sequence(&name, &row, certificate, stride));
        }
    }
    tallies
}

fn sequence(
    name: &str,
    row: &Operation,
    certificate: Certificate,
    stride: usize,
) -> ReferenceTally {
    let mut tally = ReferenceTally {
        sequence: name.to_owned(),
        certificate: match certificate {
            Certificate::Own => "its own",
            Certificate::Recorded => "another's",
        },
        ..ReferenceTally::default()
    };
    tally.transactions = match undisturbed(row, certificate) {
        Ok(transactions) => transactions,
        Err(error) => {
            tally.neither.push(format!("undisturbed: {error}"));
            return tally;
        }
    };
    let points = (0..tally.transactions).step_by(stride.max(1));
    let scripts: Vec<_> = points
        .flat_map(|at| cuts().map(move |kind| Some((at, kind))))
        // Not cut at all.
        .chain([None])
        .collect();
    tally += parallel::sum(
        &scripts,
        || (),
        |(), script| {
            let mut tally = ReferenceTally {
                runs: 1,
                ..ReferenceTally::default()
            };
            match cut_and_resume(row, certificate, *script) {
                Ok(None) => tally.recovered += 1,
                Ok(Some(reason)) => {
                    tally.named.insert(reason, 1);
                }
                Err(error) => {
                    let script = script.map(|(at, kind)| format!("{} at {at}", kind.name));
                    let script = script.unwrap_or_else(|| "not cut".to_owned());
                    tally.neither.push(format!("{script}: {error}"));
                }
            }
            tally
        },
    );
    tally
}

fn undisturbed(row: &Operation, certificate: Certificate) -> Result<u64, Box<dyn Error>> {
    let bus = operation::blank(row)?;
    play(&bus, row, certificate)?;
    Ok(bus.transactions())
}

/// Why it cannot be finished, if so.
fn cut_and_resume(
    row: &Operation,
    certificate: Certificate,
    cut: Option<(u64, &FaultKind)>,
) -> Result<Option<String>, Box<dyn Error>> {
    let bus = operation::blank(row)?;
    if let Some((at, kind)) = cut {
        bus.set_faults(Faults::none().at(at, kind.fault));
    }
    // The reference stops where the supply does.
    let played = play(&bus, row, certificate);
    if let (Err(error), None) = (&played, cut) {
        return Err(error.to_string().into());
    }
    bus.set_faults(Faults::none());
    bus.power_cycle();
    let mut station = operation::station(row)?;
    station.request.certificate_slots = CertificateSlots::Lock;
    let before = bus.image(0).ok_or("the bus has no chip")?;
    bus.start_log();
    match station.provision(&bus) {
        Ok(_) => {
            verified_chain(&bus, &station)?;
            let stage = Station::snapshot(&bus)?.stage();
            match stage {
                Stage::Finished(layout) if layout == station.request.layout => {
                    certificates_locked(&bus, before.config()).map(|()| None)
                }
                stage => Err(format!("read as {stage}").into()),
            }
        }
        Err(StationError::Refused(refusal)) => {
            let untouched = bus.image(0) == Some(before) && is_only_reading(&bus.take_log());
            match *refusal {
                Refusal::Stranded(_) if untouched => Ok(Some(refusal.to_string())),
                _ if untouched => Err(format!("refused: {refusal}").into()),
                _ => Err(format!("touched, then refused: {refusal}").into()),
            }
        }
        Err(error) => Err(error.into()),
    }
}

/// What ours has finished it has hardened. What the reference had finished
/// stays as that left it.
fn certificates_locked(bus: &Bus, before: &[u8; 128]) -> Result<(), Box<dyn Error>> {
    let image = bus.image(0).ok_or("the bus has no chip")?;
    let locked = locked_slots(&image);
    let all = [10, 11, 12, 13].iter().all(|slot| locked.contains(slot));
    if all || image.config() == before {
        Ok(())
    } else {
        Err(format!("of the slots only {locked:?} are locked").into())
    }
}

/// Send the recorded commands.
fn play(bus: &Bus, row: &Operation, certificate: Certificate) -> Result<(), Box<dyn Error>> {
    play_by(bus, row, certificate, |request, _| exchange(bus, request))
}

/// Send the recorded commands by `exchange`, which is given the reference's
/// time-out for each, in milliseconds.
pub(super) fn play_by(
    bus: &Bus,
    row: &Operation,
    certificate: Certificate,
    mut exchange: impl FnMut(&[u8], Option<u32>) -> Result<Vec<u8>, Box<dyn Error>>,
) -> Result<(), Box<dyn Error>> {
    let mut slot_10 = None;
    for (request, timeout_ms) in row.requests().zip(row.timeouts_ms()) {
        let mut request = request.to_vec();
        match (certificate, request.as_mut_slice()) {
            (Certificate::Own, [0x12, 0x82, 0x50, block, data @ ..]) => {
                let slot: &[u8; 96] = slot_10.as_ref().ok_or("no key was made")?;
                let at = 32 * usize::from(*block);
                data.copy_from_slice(slot.get(at..at + 32).ok_or("no such block")?);
            }
            (Certificate::Own, [0x17, 0x01, crc @ ..]) => {
                crc.copy_from_slice(&lock_crc(bus)?.to_le_bytes());
            }
            _ => {}
        }
        let answer = exchange(&request, timeout_ms)?;
        if let [0x40, 0x04, ..] = request.as_slice() {
            let mut slot = [0; 96];
            let key = PublicKey::from_bytes(answer.as_slice().try_into()?);
            let (certificate, _) = slot.split_at_mut(72);
            certificate.copy_from_slice(&issued(row, key)?);
            slot_10 = Some(slot);
        }
    }
    Ok(())
}

/// The compressed certificate that the reference would have issued for `key`.
fn issued(row: &Operation, public_key: PublicKey) -> Result<[u8; 72], Box<dyn Error>> {
    let station = operation::station(row)?;
    let serial = station.request.serial.ok_or("no serial")?;
    let signer_public_key = station.request.signer.signer.public_key;
    let device_sn = *row.chip()?.as_bytes();
    let device = NervesKeyDevice {
        subject: Name::from_serial(serial.as_str())?,
        device_sn,
        public_key,
        signer_public_key,
    };
    let validity = atecc_x509::Validity::issued_at(station.request.now, DEVICE_YEARS)?;
    let tbs = device.issue(validity, Format::V0)?;
    let certificate = tbs.assemble(&station.key.sign_digest(&tbs.digest())?);
    Ok(round_trip(&certificate, &device)?.to_bytes())
}

/// Over what the chip holds: slots 1 to 15, then OTP.
fn lock_crc(bus: &Bus) -> Result<u16, Box<dyn Error>> {
    let image = bus.image(0).ok_or("the bus has no chip")?;
    let mut crc = Crc16::new();
    for slot in (1..16).filter_map(Slot::new) {
        crc.update(image.slot(slot));
    }
    crc.update(image.otp());
    Ok(crc.finish())
}

/// One command as the reference's transport sends it: wake, command, wait,
/// read, sleep. The payload of the answer.
fn exchange(bus: &Bus, request: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    /// Longer than any command takes.
    const PATIENCE_MS: u32 = 200;
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    let command = [&[0x03], Group::new(request)?.as_bytes()].concat();
    // Nobody acknowledges the general call.
    let _: Result<(), _> = i2c.write(0x00, &[0x00]);
    delay.delay_us(1_500);
    let mut wake = [0; 4];
    i2c.read(CHIP, &mut wake)?;
    i2c.write(CHIP, &command)?;
    delay.delay_ms(PATIENCE_MS);
    let mut answer = [0; 67];
    i2c.read(CHIP, &mut answer)?;
    i2c.write(CHIP, &[0x01])?;
    delay.delay_ms(ASLEEP_MS);
    payload(&answer)
}

/// The payload of an answer that is no refusal.
pub(super) fn payload(answer: &[u8]) -> Result<Vec<u8>, Box<dyn Error>> {
    let count = answer.first().copied().unwrap_or_default();
    let payload = answer.get(1..usize::from(count).saturating_sub(2));
    match payload.ok_or("an impossible count")? {
        [status] if *status != 0 => Err(format!("status {status:02X}").into()),
        payload => Ok(payload.to_vec()),
    }
}
