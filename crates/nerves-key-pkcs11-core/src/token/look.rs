//! Looking at a slot: whether a chip is there, and what it holds.

use std::fmt;
use std::sync::{Arc, TryLockError};
use std::time::Instant;

use atecc::config::ConfigZone;
use atecc::procedures::ReadRegion;
use atecc::{Error as DeviceError, Region, Timing};
use nerves_key_device::{AnyDevice, BusFault};
use nerves_key_schema::slot;

use super::{Freshness, State, Token};
use crate::chip::Chip;
use crate::fault::SlotFault;
use crate::key::is_changeable;
use crate::key_slots::ReadKeySlots;
use crate::log::{Level, log};
use crate::presence::{Belief, Found, Presence};
use crate::read_contents::ReadContents;
use crate::settings::Origin;

/// Wake pulses for an address that nobody configured: one may be lost.
const PROBE_WAKE_PULSES: u8 = 2;

impl Token {
    pub(super) fn find(&self, freshness: Freshness) -> Found {
        if freshness == Freshness::Now {
            return self.at_chip(&mut self.state(), |state| self.look(state, freshness));
        }
        if let Some(believed) = self.seen().believed() {
            return believed;
        }
        let busy = match self.state.try_lock() {
            Ok(mut state) => return self.at_chip(&mut state, |state| self.look(state, freshness)),
            Err(TryLockError::Poisoned(_)) => None,
            // The thread that is at the chip will see.
            Err(TryLockError::WouldBlock) => self.seen().last(),
        };
        busy.unwrap_or_else(|| self.at_chip(&mut self.state(), |state| self.look(state, freshness)))
    }

    pub(super) fn look(&self, state: &mut State, freshness: Freshness) -> Found {
        let present = self
            .seen()
            .present()
            .filter(|_| freshness == Freshness::Recent);
        if freshness == Freshness::Recent
            && let Some(believed) = self.seen().believed()
        {
            return believed;
        }
        if let Some(chip) = present.as_ref().filter(|_| (self.is_in_use)()) {
            self.seen().presence = Presence::Present(Belief::of_presence());
            return Ok(Arc::clone(chip));
        }
        let start = Instant::now();
        let was_open = state.device.is_some();
        let mut found = self.read_chip(state, freshness);
        // The bus of the chip that was there may have gone with it.
        if was_open && matches!(&found, Err(fault) if fault.is_absence() && !fault.is_stuck()) {
            state.device = None;
            found = self.read_chip(state, freshness);
        }
        let absence = Belief::of_absence(start.elapsed());
        let fault = match found {
            Ok(chip) => {
                self.seen().presence = Presence::Present(Belief::of_presence());
                return Ok(chip);
            }
            Err(fault) => fault,
        };
        if fault.is_vain_wait() {
            state.device = None;
            let said = format_args!("slot {}: as it was last seen: {fault}", self.slot);
            log(Level::Error, said);
            let mut seen = self.seen();
            if seen.present().is_some() {
                seen.presence = Presence::Present(absence);
                return present.ok_or(fault);
            }
        } else if !matches!(self.seen().presence, Presence::Absent(..)) {
            self.forget(state, &fault);
        }
        state.device = None;
        self.seen().presence = Presence::Absent(absence, Arc::clone(&fault));
        Err(fault)
    }

    /// What is wrong with the chip of `state`, or with its bus.
    pub(super) fn fault(&self, state: &mut State, error: DeviceError<BusFault>) -> Arc<SlotFault> {
        let mut fault = SlotFault::from(error);
        // A server that says nothing looks like it.
        if fault.is_of_the_bus()
            && let Some(device) = state.device.take()
        {
            let (mut bus, _) = device.release();
            if bus.is_server_silent() {
                fault = SlotFault::SilentServer;
            }
        }
        self.remember(fault)
    }

    /// What is wrong with a bus is wrong for all its slots.
    pub(super) fn remember(&self, fault: SlotFault) -> Arc<SlotFault> {
        let fault = Arc::new(fault);
        let place = if fault.is_of_the_server() {
            &self.server
        } else {
            &self.bus
        };
        if let Some(place) = place
            && (fault.is_of_the_server() || fault.is_of_the_bus())
        {
            self.stuck.remember(place, &fault);
        }
        fault
    }

    /// What is known to be wrong with the bus or its server.
    fn known_fault(&self) -> Option<Arc<SlotFault>> {
        let mut places = [&self.server, &self.bus].into_iter().flatten();
        places.find_map(|place| self.stuck.recall(place))
    }

    /// Ask the bus. An address that nobody configured and that never had a chip
    /// is probed, with fewer wake pulses unless its chip is wanted.
    fn read_chip(&self, state: &mut State, freshness: Freshness) -> Found {
        if freshness == Freshness::Recent
            && let Some(fault) = self.known_fault()
        {
            return Err(fault);
        }
        let read = self.read(self.device(state)?, freshness);
        read.map_err(|error| self.fault(state, error))
    }

    fn read(
        &self,
        device: &mut AnyDevice,
        freshness: Freshness,
    ) -> Result<Arc<Chip>, DeviceError<BusFault>> {
        let (known, present) = {
            let seen = self.seen();
            (seen.chip.clone(), seen.present().is_some())
        };
        let mut timing = known
            .as_ref()
            .map_or_else(Timing::default, |chip| Timing::from_config(chip.config()));
        let stranger = known.is_none() && self.origin == Origin::Found;
        if stranger && freshness == Freshness::Recent {
            timing.wake_pulses = PROBE_WAKE_PULSES;
        }
        device.set_timing(timing);
        if let Some(chip) = known.as_ref().filter(|chip| present && chip.is_final())
            && is_unchanged(device, chip)?
        {
            return self.ask_again(device, chip, freshness);
        }
        let contents = if stranger {
            device.probe(ReadContents::new())
        } else {
            device.run(ReadContents::new())
        };
        let contents = contents?;
        let chip = match known {
            Some(known) => {
                let chip = known.reread(contents);
                if known.is_unchanged(&chip) {
                    known
                } else {
                    self.new_chip(chip)
                }
            }
            None => self.new_chip(Chip::new(contents, self.slot)),
        };
        device.set_timing(Timing::from_config(chip.config()));
        self.keep(&chip);
        Ok(chip)
    }

    /// What a chip that is the same holds in the slots where this program may make
    /// keys, which others may then as well.
    fn ask_again(
        &self,
        device: &mut AnyDevice,
        chip: &Arc<Chip>,
        freshness: Freshness,
    ) -> Result<Arc<Chip>, DeviceError<BusFault>> {
        let asked = self.options.generate.iter().copied();
        let open: Vec<_> = asked
            .filter(|slot| freshness == Freshness::Now && is_changeable(chip.config(), *slot))
            .collect();
        if open.is_empty() {
            return Ok(Arc::clone(chip));
        }
        let mut contents = chip.contents().clone();
        contents.keys = device.run(ReadKeySlots::new(chip.config(), open, contents.keys))?;
        if contents.keys == chip.contents().keys {
            return Ok(Arc::clone(chip));
        }
        let now = self.new_chip(chip.reread(contents));
        self.keep(&now);
        Ok(now)
    }

    /// A chip that was not seen before, or not like this.
    fn new_chip(&self, chip: Chip) -> Arc<Chip> {
        let slot = self.slot;
        let say = |said: fmt::Arguments<'_>| log(Level::Error, format_args!("slot {slot}: {said}"));
        say(format_args!("chip {}", chip.serial_number()));
        if let Some(why) = chip.why_no_key() {
            say(format_args!("no key to be used: {why}"));
        } else if let Some(without) = chip.slots_without_key() {
            say(format_args!("in the chip: {without}"));
        }
        Arc::new(chip)
    }

    /// Show `chip` from now on.
    pub(super) fn keep(&self, chip: &Arc<Chip>) {
        self.seen().chip = Some(Arc::clone(chip));
    }
}

/// Whether a chip that was finished is the same: its serial number, and the
/// beginning of the auxiliary device certificate, which is a signature.
fn is_unchanged(device: &mut AnyDevice, chip: &Chip) -> Result<bool, DeviceError<BusFault>> {
    let mut config = ConfigZone([0; 128]);
    config.0[..32].copy_from_slice(&first_block(device, Region::Config)?);
    if config.serial_number() != chip.serial_number() {
        return Ok(false);
    }
    let Some(known) = &chip.contents().auxiliary else {
        return Ok(true);
    };
    let block = first_block(device, Region::Slot(slot::AUX_DEVICE_CERTIFICATE))?;
    Ok(known.device_certificate.starts_with(&block))
}

fn first_block(device: &mut AnyDevice, place: Region) -> Result<[u8; 32], DeviceError<BusFault>> {
    device.run(ReadRegion::<32>::new(place))
}
