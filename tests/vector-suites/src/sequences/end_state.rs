//! What a chip holds in the end, zone by zone, slot by slot, lock by lock.

use std::error::Error;

use atecc::{ConfigZone, Slot};
use atecc_emulator::Bus;

use super::row::Operation;
use tests_station::Station;
use tests_vector_runner::{Checked, Tally, Verdict, holds, same};

/// The certificate in slot 10 begins with a signature over a fresh key; from
/// here on it has dates and ids.
const SIGNATURE: usize = 64;

/// Compare and count; the error is the first that is not as it should be.
pub(super) fn end_state(
    bus: &Bus,
    row: &Operation,
    name: &str,
    compared: &mut Tally,
) -> Result<(), Box<dyn Error>> {
    let image = bus.image(0).ok_or("the bus has no chip")?;
    let ours = ConfigZone(*image.config());
    let theirs = ConfigZone(row.config_after.array()?);
    let mut items: Vec<(String, Checked)> = vec![
        ("configuration".into(), equal(&ours.0[..], &theirs.0[..])),
        ("OTP".into(), equal(&image.otp()[..], &row.otp_after.0)),
        (
            "lock of the configuration".into(),
            equal(ours.config_lock(), theirs.config_lock()),
        ),
        (
            "lock of data and OTP".into(),
            equal(ours.data_lock(), theirs.data_lock()),
        ),
    ];
    for slot in Slot::ALL {
        let lock = equal(ours.slot_lock(slot), theirs.slot_lock(slot));
        items.push((format!("lock of {slot}"), lock));
        if slot.index() > 0 {
            let emulated = atecc_emulator::Slot::new(slot.index()).ok_or("no such slot")?;
            items.push((
                slot.to_string(),
                contents(row, slot, image.slot(emulated), bus),
            ));
        }
    }
    for (item, verdict) in items {
        let verdict = verdict.unwrap_or_else(|error| Verdict::Fail(error.to_string()));
        let failed = match &verdict {
            Verdict::Fail(why) => Some(format!("{item}: {why}")),
            Verdict::Pass | Verdict::Differs(_) => None,
        };
        compared.record(&format!("{name}: {item}"), verdict);
        if let Some(failed) = failed {
            return Err(failed.into());
        }
    }
    Ok(())
}

fn contents(row: &Operation, slot: Slot, ours: &[u8], bus: &Bus) -> Checked {
    let theirs = row
        .slot_bytes(slot.index())
        .ok_or("the row has no such slot")?;
    let theirs = theirs.get(..slot.size()).ok_or("the row's slot is short")?;
    if slot.index() != 10 {
        return equal(ours, theirs);
    }
    same(
        "dates and ids",
        ours.get(SIGNATURE..),
        theirs.get(SIGNATURE..),
    )?;
    let identity = Station::snapshot(bus)?.identity()?;
    let signature = identity.device_certificate.signature()?;
    holds(
        "another signature",
        signature.as_bytes()[..] != theirs[..SIGNATURE],
    )?;
    same("signature", &signature.as_bytes()[..], &ours[..SIGNATURE])?;
    Ok(Verdict::Pass)
}

fn equal<T: PartialEq + std::fmt::Debug>(ours: T, theirs: T) -> Checked {
    same("contents", ours, theirs).map(|()| Verdict::Pass)
}
