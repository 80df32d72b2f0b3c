//! The configuration zone.

use std::error::Error;

use atecc::command::Request;
use atecc::commands::{Lock, LockTarget, WriteBlock, WriteWord};
use atecc::config::offset;
use atecc::procedure::{Answer, Next};
use atecc::procedures::ReadConfig;
use atecc::{ConfigZone, Procedure, Revision, Slot};
use nerves_key_provision::default_serial;
use nerves_key_schema::{ConfigWrite, Layout, check_for_use, configure, writes};
use serde::Deserialize;

use super::view::{Common, RevNum, View508, View608, as_they_stand, fields_508, fields_608};
use crate::protocol::payload;
use tests_vector_runner::{Checked, Hex, Outcome, Verdict, holds, same};

/// `VolatileKeyPermission`. Source: layout notes.
const PERMISSION: usize = 69;
/// Its bits that the reference cannot read.
const PERMISSION_RESERVED: u8 = 0x70;

#[derive(Deserialize)]
pub(super) struct Decode {
    pub(super) raw: Hex,
    crc: Hex,
    pub(super) atecc508: View508,
    atecc508_to_raw_same: bool,
    pub(super) atecc608: Outcome<View608>,
    supports_volatile: bool,
}

#[derive(Deserialize)]
pub(super) struct Configure {
    kind: String,
    before: Hex,
    #[serde(flatten)]
    done: Option<Configured>,
    err: Option<serde_json::Value>,
}

#[derive(Deserialize)]
struct Configured {
    reads: Vec<Hex>,
    writes: Vec<Hex>,
    after: Hex,
    lock: Hex,
    lock_crc: Hex,
    crc_of_after: Hex,
}

#[derive(Deserialize)]
pub(super) struct Compatible {
    raw: Hex,
    configured: bool,
    provisioned: bool,
    config_compatible: bool,
    volatile_config_compatible: Outcome<bool>,
    provisioning_info: ProvisioningInfo,
}

#[derive(Deserialize)]
struct ProvisioningInfo {
    mode: String,
    manufacturer_sn: String,
}

pub(super) fn decode(row: &Decode) -> Checked {
    let raw = row.raw.array()?;
    let zone = ConfigZone(raw);
    same("CRC", zone.crc().to_le_bytes(), row.crc.array()?)?;
    holds(
        "the reference writes what it read",
        row.atecc508_to_raw_same,
    )?;
    row.atecc508.compare(&fields_508(&zone)?)?;
    typed(&zone, &row.atecc508.common, row.atecc508.common.slot_locked)?;
    if let Outcome::Value(view) = &row.atecc608 {
        view.compare(&fields_608(&zone)?)?;
        // Big-endian in this view.
        typed(&zone, &view.common, view.common.slot_locked.swap_bytes())?;
    }
    let revision = zone.revision();
    let is_608 = matches!(revision, Revision::Atecc608A(_) | Revision::Atecc608B);
    if is_608 != row.supports_volatile {
        same("revision", revision, Revision::Atecc608A(2))?;
        return Ok(Verdict::Differs("revision-misspelt"));
    }
    if matches!(row.atecc608, Outcome::Raised { .. }) {
        holds("reserved bits", raw[PERMISSION] & PERMISSION_RESERVED != 0)?;
        as_they_stand(&raw, &fields_608(&zone)?)?;
        holds("ours says no", !check_for_use(&zone, Layout::Volatile))?;
        return Ok(Verdict::Differs("permission-bits"));
    }
    Ok(Verdict::Pass)
}

/// What the typed zone has.
fn typed(zone: &ConfigZone, view: &Common, slot_locked: u16) -> Result<(), Box<dyn Error>> {
    let serial = *zone.serial_number().as_bytes();
    same("serial number", serial, view.serial_number.array()?)?;
    let revision = zone.revision();
    match (&view.rev_num, revision_name(revision)) {
        (RevNum::Raw { raw }, _) => same("revision", revision.to_bytes(), raw.array()?)?,
        (RevNum::Name(theirs), Some(ours)) => same("revision", ours, theirs.as_str())?,
        // A sister chip: the reference has a name for it.
        (RevNum::Name(_), None) => {
            let bytes = revision.to_bytes();
            same("revision", revision, Revision::Unknown(bytes))?;
            same("revision", &bytes[..], &zone.0[4..8])?;
        }
    }
    same("I2C address", zone.i2c_address(), view.i2c_address >> 1)?;
    same("ChipMode", zone.chip_mode(), view.chip_mode)?;
    let slots: Vec<u8> = Slot::ALL
        .iter()
        .flat_map(|slot| zone.slot_config(*slot).0.to_le_bytes())
        .collect();
    same("SlotConfig", slots.as_slice(), &view.slot_config.0)?;
    let keys: Vec<u8> = Slot::ALL
        .iter()
        .flat_map(|slot| zone.key_config(*slot).0.to_le_bytes())
        .collect();
    same("KeyConfig", keys.as_slice(), &view.key_config.0)?;
    same(
        "LockValue",
        zone.data_lock().is_locked(),
        view.lock_value != 0x55,
    )?;
    same(
        "LockConfig",
        zone.config_lock().is_locked(),
        view.lock_config != 0x55,
    )?;
    for slot in Slot::ALL {
        let locked = slot_locked >> slot.index() & 1 == 0;
        same("SlotLocked", zone.slot_lock(slot).is_locked(), locked)?;
    }
    Ok(())
}

/// The reference's name of a revision that both know.
pub(crate) const fn revision_name(revision: Revision) -> Option<&'static str> {
    match revision {
        Revision::Atecc508A(0) => Some("ecc508a"),
        Revision::Atecc608A(1) => Some("ecc608a_1"),
        Revision::Atecc608A(2) => Some("ecc608a_2"),
        Revision::Atecc608B => Some("ecc608b"),
        _ => None,
    }
}

/// The same reads, image, writes in order, and lock.
pub(super) fn configured(row: &Configure) -> Checked {
    let layout = match row.kind.as_str() {
        "nerves_key" => Layout::Standard,
        "volatile" => Layout::Volatile,
        kind => return Err(format!("layout {kind} is not known here").into()),
    };
    let before: [u8; 128] = row.before.array()?;
    let zone = configure(&ConfigZone(before), layout);
    let (Some(done), None) = (&row.done, &row.err) else {
        same("layout", layout, Layout::Volatile)?;
        holds(
            "reserved bits",
            before[PERMISSION] & PERMISSION_RESERVED != 0,
        )?;
        same("VolatileKeyPermission", zone.0[PERMISSION], 0x81)?;
        return Ok(Verdict::Differs("permission-bits"));
    };
    same("reads", reads(&before)?, hex(&done.reads))?;
    same("image", zone.0, done.after.array()?)?;
    let ours = writes(&zone)
        .map(|write| match write {
            ConfigWrite::Word(address, data) => Request::new(&WriteWord { address, data }),
            ConfigWrite::Block(address, data) => Request::new(&WriteBlock { address, data }),
        })
        .map(|request| request.map(|request| payload(&request)))
        .collect::<Result<Vec<_>, _>>()?;
    same("writes", ours, hex(&done.writes))?;
    let crc = zone.crc();
    let target = LockTarget::Config { crc };
    same(
        "lock",
        payload(&Request::new(&Lock { target })?),
        done.lock.0.clone(),
    )?;
    same("CRC", crc.to_le_bytes(), done.lock_crc.array()?)?;
    same("CRC", crc.to_le_bytes(), done.crc_of_after.array()?)?;
    Ok(Verdict::Pass)
}

/// What ours sends to read a zone.
fn reads(zone: &[u8; 128]) -> Result<Vec<Vec<u8>>, Box<dyn Error>> {
    let mut procedure = ReadConfig::new();
    let mut sent = Vec::new();
    let mut next = procedure.resume(Answer::Start);
    for block in zone.chunks(32) {
        let Next::Send(request) = next else { break };
        sent.push(payload(&request));
        next = procedure.resume(Answer::Payload(block));
    }
    match next {
        Next::Done(read) => same("zone", read?.0, *zone)?,
        Next::Send(_) => return Err("one read too many".into()),
    }
    Ok(sent)
}

fn hex(list: &[Hex]) -> Vec<Vec<u8>> {
    list.iter().map(|bytes| bytes.0.clone()).collect()
}

pub(super) fn compatible(row: &Compatible) -> Checked {
    let raw: [u8; 128] = row.raw.array()?;
    let mut verdict = Verdict::Pass;
    let real = ConfigZone(raw);
    // The reference takes a lock byte for locked when it is 0 only. What it
    // says about such a zone is compared with what is said of an open one.
    let mut zone = real;
    for at in [offset::LOCK_VALUE, offset::LOCK_CONFIG] {
        if !matches!(raw[at], 0x00 | 0x55) {
            zone.0[at] = 0x55;
            first(&mut verdict, "lock-byte");
        }
    }
    let locks = (real.config_lock().is_locked(), real.data_lock().is_locked());
    let locked = |at: usize| raw[at] != 0x55;
    same(
        "locks",
        locks,
        (locked(offset::LOCK_CONFIG), locked(offset::LOCK_VALUE)),
    )?;
    let theirs = (row.configured, row.provisioned);
    let seen = (zone.config_lock().is_locked(), zone.data_lock().is_locked());
    same("configured and provisioned", seen, theirs)?;

    let standard = check_for_use(&zone, Layout::Standard);
    same("compatible", standard, row.config_compatible)?;
    let volatile = check_for_use(&zone, Layout::Volatile);
    match row.volatile_config_compatible {
        Outcome::Value(theirs) if theirs == volatile => {}
        // What ours writes too, though the reference's check does not know it.
        Outcome::Value(false) => {
            same("SlotConfig of slot 1", &raw[22..24], &[0x81, 0x90][..])?;
            first(&mut verdict, "activation-slot");
        }
        Outcome::Value(true) => return Err("ours is not compatible as volatile".into()),
        Outcome::Raised { .. } => {
            holds("reserved bits", raw[PERMISSION] & PERMISSION_RESERVED != 0)?;
            holds("ours says no", !volatile)?;
            first(&mut verdict, "permission-bits");
        }
    }

    let info = &row.provisioning_info;
    let serial = default_serial(&zone.serial_number())?;
    same("default serial", serial.as_str(), &info.manufacturer_sn)?;
    let ours = match (seen.1, standard, volatile) {
        (false, _, _) => "unprovisioned",
        (true, true, _) => "regular",
        (true, false, true) => "volatile",
        (true, false, false) => "unrecognized",
    };
    if ours != info.mode {
        same("mode", ours, "unrecognized")?;
        first(&mut verdict, "mode-by-four-bytes");
    }
    Ok(verdict)
}

/// Of several differences the first one counts.
fn first(verdict: &mut Verdict, reason: &'static str) {
    if *verdict == Verdict::Pass {
        *verdict = Verdict::Differs(reason);
    }
}
