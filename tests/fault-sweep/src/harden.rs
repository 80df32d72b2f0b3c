//! Hardening, disturbed at every transaction.

use std::error::Error;

use atecc_emulator::{Bus, Chip, Entropy, Faults, Image, Slot};
use nerves_key_provision::{CertificateSlots, Harden, Hardening};

use super::fault::FAULTS;
use super::parallel;
use super::run::{End, Script, locked_slots};
use super::setup::Setup;
use super::{Tally, Witness, transactions};
use tests_station::Station;

/// As often as a command is given in a provisioning.
const TRIES: u32 = 2;

/// A finished chip as the reference leaves it, hardened with one fault at
/// every `stride`-th transaction from `first` on.
///
/// # Panics
/// When an undisturbed hardening fails.
#[must_use]
pub fn hardened(setup: Setup, first: usize, stride: usize) -> Tally {
    let open = open_chip(setup);
    let bus = chip(&open, &Witness::new(&setup.station()));
    let transactions = transactions::of(&bus, |bus| command(bus).expect("nothing disturbs it"));
    let struck = transactions.iter().skip(first).step_by(stride.max(1));
    let scripts: Vec<_> = struck
        .flat_map(|at| FAULTS.iter().map(move |kind| Script::one(*at, kind)))
        .collect();
    let work = |station: &mut Station, script: &Script| {
        let mut tally = Tally::default();
        tally.count(script, run(&open, station, script));
        tally
    };
    let mut tally = parallel::sum(&scripts, || setup.station(), work);
    tally.transactions = transactions.len();
    tally.kinds = FAULTS.len();
    tally
}

fn open_chip(setup: Setup) -> Image {
    let bus = Bus::with_chip(Chip::blank(setup.revision));
    let mut station = setup.station();
    station.request.certificate_slots = CertificateSlots::LeaveOpen;
    station.provision(&bus).expect("nothing disturbs it");
    bus.image(0).expect("the bus has a chip")
}

fn chip(image: &Image, witness: &Witness) -> Bus {
    let chip = Chip::new(image.clone(), Entropy::Seeded(7)).expect("no entropy is asked for");
    Bus::with_chip(chip.with_store(witness.clone()))
}

/// As one process does it.
fn command(bus: &Bus) -> Result<(), Box<dyn Error>> {
    let plan = Hardening::new(&Station::snapshot(bus)?)?;
    if !plan.slots().is_empty() {
        Station::device(bus).run(Harden::new(&plan))?;
    }
    Ok(())
}

fn run(open: &Image, station: &Station, script: &Script) -> End {
    let witness = Witness::new(station);
    let bus = chip(open, &witness);
    bus.set_faults(script.faults());
    let mut errors = Vec::new();
    let mut result = None;
    for count in 1..=TRIES {
        let done = command(&bus);
        bus.power_up();
        bus.set_faults(Faults::none());
        match done {
            Ok(()) => {
                result = Some(count);
                break;
            }
            Err(error) => errors.push(error.to_string()),
        }
    }
    let kept = bus.image(0).map_or_else(
        || Err("the bus has no chip".to_owned()),
        |image| same_but_locked(open, &image),
    );
    let result = result.ok_or_else(|| errors.join("; then "));
    End {
        result: kept.and(result),
        unverified: witness.findings(),
        issued: 0,
        orphaned: 0,
    }
}

/// Every byte of `open`, with the locks of slots 10 to 13 set.
fn same_but_locked(open: &Image, found: &Image) -> Result<(), String> {
    let mut config = *open.config();
    // Byte 89, bits 2 to 5: SlotLocked of slots 10 to 13, 0 for locked.
    config[89] &= !0x3C;
    let slots = (0..16).filter_map(Slot::new);
    for slot in slots {
        if open.slot(slot) != found.slot(slot) {
            return Err(format!("{slot:?} has changed"));
        }
    }
    if found.config() != &config {
        let locked = locked_slots(found);
        return Err(format!("another configuration, slots {locked:?} locked"));
    }
    if found.otp() != open.otp() {
        return Err("another OTP zone".to_owned());
    }
    Ok(())
}
