//! Provisioning the reference's chips.

use std::error::Error;
use std::path::Path;

use atecc::config::LockState;
use atecc::{ConfigZone, Revision};
use atecc_emulator::{Bus, Chip, DATA_SIZE, Entropy, Image};
use atecc_x509::{Certificate, DateTime, NervesKeySigner};
use nerves_key::Stage;
use nerves_key_provision::{CertificateSlots, KeySigner, Report, VolatileSecrets};
use nerves_key_schema::{BoardName, Layout, ManufacturerSerial, Otp, check_for_use};

use super::end_state::end_state;
use super::kept;
use super::row::Operation;
use tests_station::{Station, StationError};
use tests_vector_runner::{Checked, Tally, Verdict, holds, read_rows, same};

/// Run the operations; the second tally has what was compared.
pub(super) fn operations(dir: &Path, file: &str) -> (Tally, Tally) {
    let list = "operations";
    let mut operations = Tally::new(file, list);
    let mut compared = Tally::new(file, "end states of operations");
    match read_rows::<Operation>(&dir.join(file), list) {
        Ok(rows) => {
            for (name, row) in rows {
                let verdict = row
                    .and_then(|row| operation(&row, &name, &mut compared))
                    .unwrap_or_else(|error| Verdict::Fail(error.to_string()));
                operations.record(&name, verdict);
            }
        }
        Err(error) => operations.failures.push(format!("{file}: {error}")),
    }
    if compared.cases == 0 {
        compared.failures.push("no end state was compared".into());
    }
    (operations, compared)
}

/// Why the reference did not provision a part that ours makes a volatile
/// NervesKey.
fn refused_by_the_reference(row: &Operation) -> Checked {
    let before = ConfigZone(row.config_before.array()?);
    let reason = match (before.config_lock(), before.revision()) {
        (LockState::Locked, _) if check_for_use(&before, Layout::Volatile) => "activation-slot",
        (LockState::Unlocked, Revision::Atecc608A(2)) => "revision-misspelt",
        _ => return Err("the reference refused, and no reason is known".into()),
    };
    Ok(Verdict::Differs(reason))
}

fn operation(row: &Operation, name: &str, compared: &mut Tally) -> Checked {
    if row.manufacturer_sn.is_none() {
        holds("it is no provisioning", !row.is_irreversible())?;
        return kept::kept(row);
    }
    let mut station = station(row)?;
    let config: [u8; 128] = row.config_before.array()?;
    let provisioned = config[86] != 0x55;
    let bus = if provisioned {
        finished(row, &mut station)?
    } else {
        blank(row)?
    };
    let before = bus.image(0).ok_or("the bus has no chip")?;
    match (station.provision(&bus), row.raised(), provisioned) {
        (Ok(Some(report)), false, false) => {
            same_certificates(&report, row, &station)?;
            end_state(&bus, row, name, compared)?;
            Ok(Verdict::Pass)
        }
        (Ok(Some(_)), true, false) if row.activation_key.is_some() => {
            let snapshot = Station::snapshot(&bus)?;
            let finished = Stage::Finished(Layout::Volatile);
            same("stage", snapshot.stage(), finished)?;
            snapshot.identity()?;
            refused_by_the_reference(row)
        }
        // The reference's stand-in let it write all that again.
        (Ok(None), false, true) => {
            holds("nothing is touched", bus.image(0) == Some(before))?;
            end_state(&bus, row, name, compared)?;
            Ok(Verdict::Differs("already-provisioned"))
        }
        (Err(StationError::Refused(_)), true, _) => {
            holds("nothing is touched", bus.image(0) == Some(before))?;
            same("configuration", config, row.config_after.array()?)?;
            Ok(Verdict::Pass)
        }
        (Err(error), _, _) => Err(error.into()),
        (Ok(report), raised, _) => {
            let wrote = report.is_some();
            Err(format!("ours wrote: {wrote}, the reference raised: {raised}").into())
        }
    }
}

/// A station that is asked for what the reference was asked for, which locks
/// no certificate's slot.
///
/// # Errors
/// When the row does not say what was asked.
pub fn station(row: &Operation) -> Result<Station, Box<dyn Error>> {
    let serial = row.manufacturer_sn.as_deref().ok_or("no serial")?;
    let key = row.signer_private_key.as_ref().ok_or("no signer key")?;
    let key = KeySigner::from_bytes(&key.array()?)?;
    let pem = row.signer_pem.as_deref().ok_or("no signer certificate")?;
    let certificate = Certificate::from_pem(pem)?;
    NervesKeySigner::check(&certificate)?;
    let mut station = Station::with_signer(key, certificate, date(&row.now)?, None);
    let board = row.board_name.as_deref().ok_or("no board name")?;
    station.request.certificate_slots = CertificateSlots::LeaveOpen;
    station.request.board = Some(BoardName::stored(board)?);
    station.request.serial = Some(ManufacturerSerial::stored(serial)?);
    if let (Some(activation), Some(encryption)) = (&row.activation_key, &row.encryption_key) {
        station.request.layout = Layout::Volatile;
        let keys = VolatileSecrets::new(&activation.array()?, &encryption.array()?);
        station.request.volatile_keys = Some(keys);
    }
    Ok(station)
}

/// `2026-12-06T10:20:30Z`.
pub(super) fn date(text: &str) -> Result<DateTime, Box<dyn Error>> {
    let parts: Vec<u16> = text
        .trim_end_matches('Z')
        .split(['-', 'T', ':'])
        .map(str::parse)
        .collect::<Result<_, _>>()?;
    let &[year, month, day, hour, minute, second] = parts.as_slice() else {
        return Err(format!("{text} is no date").into());
    };
    let byte = u8::try_from;
    let (month, day, hour) = (byte(month)?, byte(day)?, byte(hour)?);
    Ok(DateTime::new(
        year,
        month,
        day,
        hour,
        byte(minute)?,
        byte(second)?,
    )?)
}

/// A bus with the row's chip as it was before.
///
/// # Errors
/// When the row's zones are no chip's.
pub fn blank(row: &Operation) -> Result<Bus, Box<dyn Error>> {
    bus(row.config_before.array()?, row.otp_before.array()?)
}

/// A bus with a chip that has these zones, and nothing in its slots.
fn bus(config: [u8; 128], otp: [u8; 64]) -> Result<Bus, Box<dyn Error>> {
    let image = Image::from_zones(config, otp, [0xFF; DATA_SIZE])?;
    Ok(Bus::with_chip(Chip::new(image, Entropy::Seeded(1))?))
}

/// A finished chip with the row's first configuration and OTP zone. The row
/// has no private key, so ours provisions it.
fn finished(row: &Operation, station: &mut Station) -> Result<Bus, Box<dyn Error>> {
    let finished: [u8; 128] = row.config_before.array()?;
    let mut open = finished;
    open[86..88].fill(0x55);
    open[88..90].fill(0xFF);
    let bus = bus(open, [0xFF; 64])?;
    let asked = station.request.clone();
    let otp = Otp::from_bytes(row.otp_before.array()?)?;
    let text = std::str::from_utf8;
    station.request.board = Some(BoardName::stored(text(otp.board_name())?)?);
    let serial = ManufacturerSerial::stored(text(otp.manufacturer_serial())?)?;
    station.request.serial = Some(serial);
    station
        .provision(&bus)?
        .ok_or("the open chip was finished")?;
    station.request = asked;
    let image = bus.image(0).ok_or("the bus has no chip")?;
    same("configuration before", image.config(), &finished)?;
    same("OTP before", image.otp(), otp.as_bytes())?;
    Ok(bus)
}

/// Both certificates were rebuilt from the chip and verified; the signer's is
/// the row's, the device's differs from the reference's in key and signature.
fn same_certificates(
    report: &Report,
    row: &Operation,
    station: &Station,
) -> Result<(), Box<dyn Error>> {
    same("signer", &report.signer_certificate, &station.certificate)?;
    let theirs = row.snapshot()?.identity()?;
    same(
        "signer",
        &report.signer_certificate,
        &theirs.signer_certificate,
    )?;
    same("OTP", report.otp, theirs.otp)?;
    let (ours, theirs) = (&report.device_certificate, &theirs.device_certificate);
    same("not before", ours.not_before()?, theirs.not_before()?)?;
    same("not after", ours.not_after()?, theirs.not_after()?)?;
    same("subject", ours.subject_text(), theirs.subject_text())?;
    same("issuer", ours.issuer_text(), theirs.issuer_text())
}
