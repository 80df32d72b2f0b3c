//! One slot and the chip in it, which may come, go and be another one.
//!
//! Nothing tells a bus's user that a chip was taken away, so it is asked, as
//! rarely as honesty allows:
//!
//! - What a look found is believed for `PRESENCE_TTL`, or for a slot that was
//!   slow to say nothing, for `ABSENCE_BACKOFF` times as long as the look took:
//!   dead buses do not hold up the others.
//! - A chip that is finished is recognized by its serial number (one block);
//!   what it holds is read again only when it was away.
//! - Each signature is verified under the public key that was shown before it
//!   is given out. It takes a fraction of the time that the chip needs, and a
//!   chip that was swapped, or whose bus lies, is noticed at once.
//!
//! A session is bound to the chip that it was opened on. When that chip comes
//! back after an interruption, the session goes on.

use std::fmt::{self, Display};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use std::time::{Duration, Instant};

use atecc::commands::Random;
use atecc::config::ConfigZone;
use atecc::procedure::Once;
use atecc::procedures::{ReadRegion, SignDigest};
use atecc::{Error as DeviceError, Failure, Procedure, Region, Slot, Timing};
use atecc_config::{Explanation, Known, Refused, WithCauses};
use atecc_x509::SignatureBytes;
use cryptoki_sys::CK_SLOT_ID;
use nerves_key::{ReadAuxiliary, ReadSnapshot, Stage};
use nerves_key_device::{AnyDevice, BusFault, DeviceUri, OpenError};
use nerves_key_schema::slot;

use crate::chip::{Chip, Contents};
use crate::error::Error;
use crate::fault::SlotFault;
use crate::key::{Key, Uses, is_changeable};
use crate::key_slots::{ReadKeySlots, SlotKey};
use crate::log::{Level, log};
use crate::object::Names;
use crate::options::SlotOptions;
use crate::replace_key::{ReplaceKey, Replaced};
use crate::session_objects::SessionObjects;
use crate::settings::Origin;
use crate::stuck_bus::StuckBuses;

/// How long a look is believed.
const PRESENCE_TTL: Duration = Duration::from_millis(500);
/// How many times longer than it took an empty slot is believed empty.
const ABSENCE_BACKOFF: u32 = 20;
/// But no longer than this: a chip that is plugged in later is found.
const LONGEST_TTL: Duration = Duration::from_secs(10);
/// Wake pulses for an address that nobody configured: one may be lost.
const PROBE_WAKE_PULSES: u8 = 2;

/// Signatures that are made before one verifies: a program without this one's
/// lock may have had the chip sign something else.
const SIGNATURE_ATTEMPTS: u8 = 3;

/// One slot.
pub struct Token {
    slot: CK_SLOT_ID,
    origin: Origin,
    open: Box<dyn Fn() -> Result<AnyDevice, OpenError> + Send + Sync>,
    description: String,
    /// Its bus by name, where others may be on it.
    bus: Option<String>,
    options: SlotOptions,
    stuck: Arc<StuckBuses>,
    state: Mutex<State>,
    /// [`State::chip`] for those who do not wait until the bus is free.
    latest: RwLock<Option<Arc<Chip>>>,
    logged_in: AtomicBool,
    session_objects: SessionObjects,
}

#[derive(Default)]
struct State {
    device: Option<AnyDevice>,
    /// The chip that was last there, even if it is gone.
    chip: Option<Arc<Chip>>,
    presence: Presence,
    /// What `C_WaitForSlotEvent` said last.
    reported: bool,
}

#[derive(Default)]
enum Presence {
    #[default]
    Unknown,
    Present {
        until: Instant,
    },
    Absent {
        until: Instant,
        fault: Arc<SlotFault>,
    },
}

/// How new the knowledge of a slot has to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Freshness {
    /// That of the last look, if it is recent.
    Recent,
    /// Looked for now: somebody wants this very chip.
    Now,
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Token({}, {})", self.slot, self.description)
    }
}

impl Token {
    /// The slot `slot`, whose chip is `device`.
    #[must_use]
    pub fn new(slot: CK_SLOT_ID, device: DeviceUri, origin: Origin) -> Self {
        Self {
            bus: device.bus_name(),
            origin,
            ..Self::with_opener(slot, device.description(), move || device.open())
        }
    }

    /// A slot whose chip is opened in some other way.
    pub fn with_opener(
        slot: CK_SLOT_ID,
        description: String,
        open: impl Fn() -> Result<AnyDevice, OpenError> + Send + Sync + 'static,
    ) -> Self {
        Self {
            slot,
            origin: Origin::Configured,
            open: Box::new(open),
            description,
            bus: None,
            options: SlotOptions::default(),
            stuck: Arc::default(),
            state: Mutex::default(),
            latest: RwLock::default(),
            logged_in: AtomicBool::new(false),
            session_objects: SessionObjects::default(),
        }
    }

    /// The same, which shares what is believed of its bus with other slots.
    #[must_use]
    pub fn with_stuck_buses(self, stuck: Arc<StuckBuses>) -> Self {
        Self { stuck, ..self }
    }

    /// Its number.
    #[must_use]
    pub const fn slot(&self) -> CK_SLOT_ID {
        self.slot
    }

    /// The device by name, as in `CK_SLOT_INFO`.
    #[must_use]
    pub fn description(&self) -> &str {
        &self.description
    }

    /// What the configuration file says of it.
    #[must_use]
    pub const fn options(&self) -> &SlotOptions {
        &self.options
    }

    /// With what the configuration file says of it.
    #[must_use]
    pub fn with_options(self, options: SlotOptions) -> Self {
        Self { options, ..self }
    }

    /// Its label: the slot's number, unless the configuration file has another.
    #[must_use]
    pub fn label(&self) -> String {
        let label = self.options.label.clone();
        label.unwrap_or_else(|| Names::new(self.slot).label)
    }

    /// Whether the user has logged in, which changes nothing.
    #[must_use]
    pub fn is_logged_in(&self) -> bool {
        self.logged_in.load(Ordering::Relaxed)
    }

    /// Log the user in.
    ///
    /// # Errors
    /// [`Error::LoggedIn`].
    pub fn log_in(&self) -> Result<(), Error> {
        let before = self.logged_in.swap(true, Ordering::Relaxed);
        (!before).then_some(()).ok_or(Error::LoggedIn)
    }

    /// Log the user out, and destroy what only he may see.
    ///
    /// # Errors
    /// [`Error::NotLoggedIn`].
    pub fn log_out(&self) -> Result<(), Error> {
        let before = self.logged_in.swap(false, Ordering::Relaxed);
        before.then_some(()).ok_or(Error::NotLoggedIn)?;
        self.session_objects.destroy_private();
        Ok(())
    }

    /// What its sessions have made.
    pub(crate) const fn session_objects(&self) -> &SessionObjects {
        &self.session_objects
    }

    /// The chip in the slot.
    ///
    /// # Errors
    /// [`Error::NoToken`] when none answers.
    pub fn chip(&self, freshness: Freshness) -> Result<Arc<Chip>, Error> {
        self.look(&mut self.state(), freshness)
            .map_err(|source| Error::NoToken {
                slot: self.slot,
                source,
            })
    }

    /// What `chip` holds now, as far as it was seen: auxiliary certificates and
    /// keys come and go while it is the same chip.
    #[must_use]
    pub fn latest(&self, chip: &Arc<Chip>) -> Arc<Chip> {
        let latest = self.latest.read().unwrap_or_else(PoisonError::into_inner);
        match &*latest {
            Some(latest) if latest.is_same_chip(chip) => Arc::clone(latest),
            _ => Arc::clone(chip),
        }
    }

    /// Make sure that `chip` is in the slot.
    ///
    /// # Errors
    /// [`Error::Removed`] when it is not.
    pub fn check(&self, chip: &Arc<Chip>) -> Result<(), Error> {
        self.expect(&mut self.state(), chip)
    }

    /// Whether a chip is there, if that has changed since this was last asked.
    pub fn event(&self) -> bool {
        let mut state = self.state();
        let present = self.look(&mut state, Freshness::Recent).is_ok();
        std::mem::replace(&mut state.reported, present) != present
    }

    /// Have `key` of `chip` sign `digest`: R then S. A signature of a key whose
    /// public half the chip does not tell is given out as it is.
    ///
    /// # Errors
    /// [`Error::Removed`] when the chip is gone or another one, or
    /// [`Error::Device`].
    pub fn sign(&self, chip: &Arc<Chip>, key: &Key, digest: [u8; 32]) -> Result<[u8; 64], Error> {
        let procedure = || {
            let sign = SignDigest::new(key.slot, digest);
            match key.uses {
                Uses::Unlimited => sign.with_unlimited_key(),
                Uses::Limited => sign,
            }
        };
        let mut tries = match key.uses {
            Uses::Unlimited => SIGNATURE_ATTEMPTS,
            Uses::Limited => 1,
        };
        loop {
            let signature = self.run(chip, key.uses, procedure)?;
            let verified = key.public.map_or(Ok(()), |public| {
                public.verify(&digest, &SignatureBytes::from_bytes(signature))
            });
            let Err(error) = verified else {
                return Ok(signature);
            };
            // Another chip shows itself at the next try.
            self.forget(&mut self.state(), "its signature does not verify");
            tries -= 1;
            if tries == 0 {
                return Err(self.removed(Arc::new(SlotFault::Unverified(error))));
            }
        }
    }

    /// Have `chip` make a key in `slot`, which holds what `chip` shows there.
    ///
    /// # Errors
    /// [`Error::KeyChanged`] when it holds another key; as [`Token::sign`].
    pub fn replace_key(&self, chip: &Arc<Chip>, slot: Slot) -> Result<Key, Error> {
        let shown = chip.contents().keys.get(slot).public();
        let replaced = self.run(chip, Uses::Limited, || ReplaceKey::new(slot, shown));
        let mut state = self.state();
        let public = match replaced {
            Ok(Replaced::Made(public)) => public,
            Ok(Replaced::Other) => {
                self.forget(&mut state, "it holds another key");
                return Err(Error::KeyChanged(slot));
            }
            // There may be a new key.
            Err(error) => {
                self.forget(&mut state, "a key was to be made");
                return Err(error);
            }
        };
        let known = match &state.chip {
            Some(known) if known.is_same_chip(chip) => Arc::clone(known),
            _ => Arc::clone(chip),
        };
        let mut contents = known.contents().clone();
        contents.keys = contents.keys.with(slot, SlotKey::Shown(public));
        let now = Arc::new(known.reread(contents));
        let lost = match shown {
            Some(_) => "; the one that was there is lost",
            None => "",
        };
        log(
            Level::Error,
            format_args!(
                "slot {}: a new key in {slot} of chip {}{lost}",
                self.slot,
                now.serial_number()
            ),
        );
        self.keep(&mut state, &now);
        let key = now.key_in(slot).copied();
        key.ok_or(Error::KeyUse { why: None })
    }

    /// 32 random bytes of `chip`.
    ///
    /// # Errors
    /// As [`Token::sign`].
    pub fn random(&self, chip: &Arc<Chip>) -> Result<[u8; 32], Error> {
        self.run(chip, Uses::Unlimited, || Once(Random::default()))
    }

    /// Run a procedure on `chip`, and once more when the bus had to be opened
    /// anew in between, unless what it uses is counted.
    ///
    /// # Errors
    /// As [`Token::sign`].
    pub fn run<P: Procedure<Error = Failure>>(
        &self,
        chip: &Arc<Chip>,
        uses: Uses,
        procedure: impl Fn() -> P,
    ) -> Result<P::Output, Error> {
        let mut state = self.state();
        self.expect(&mut state, chip)?;
        let mut tries = match uses {
            Uses::Unlimited => 2,
            Uses::Limited => 1,
        };
        loop {
            let device = self
                .device(&mut state)
                .map_err(|fault| self.removed(fault))?;
            // A refusal is final: the chip is there and says no.
            let error = match device.run(WithCauses::new(procedure())) {
                Ok(Ok(output)) => return Ok(output),
                Ok(Err(refused)) => {
                    return Err(Error::Device {
                        slot: self.slot,
                        source: Arc::new(refusal(refused, chip.config())),
                    });
                }
                Err(error) => error,
            };
            let fault = self.fault(error);
            if !fault.is_absence() {
                return Err(Error::Device {
                    slot: self.slot,
                    source: fault,
                });
            }
            self.forget(&mut state, &fault);
            tries -= 1;
            if tries == 0 || fault.is_stuck() {
                return Err(self.removed(fault));
            }
            self.expect(&mut state, chip)?;
        }
    }

    /// Nothing that panicked leaves a state that the next look would not mend.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn removed(&self, source: Arc<SlotFault>) -> Error {
        Error::Removed {
            slot: self.slot,
            source,
        }
    }

    /// `chip` is in the slot, as far as is known. Before it is refused, the slot is
    /// looked at: it may be back where there was none, or another one.
    fn expect(&self, state: &mut State, chip: &Arc<Chip>) -> Result<(), Error> {
        // Its sessions go on when only its auxiliary certificates were written.
        let is_it = |there: &Arc<Chip>| Arc::ptr_eq(there, chip) || there.is_same_chip(chip);
        if let (Presence::Present { .. }, Some(there)) = (&state.presence, &state.chip)
            && is_it(there)
        {
            return Ok(());
        }
        let there = self
            .look(state, Freshness::Now)
            .map_err(|fault| self.removed(fault))?;
        if is_it(&there) {
            return Ok(());
        }
        let replaced = SlotFault::Replaced(there.serial_number());
        Err(self.removed(Arc::new(replaced)))
    }

    fn device<'s>(&self, state: &'s mut State) -> Result<&'s mut AnyDevice, Arc<SlotFault>> {
        let device = match state.device.take() {
            Some(device) => device,
            None => (self.open)().map_err(SlotFault::from)?,
        };
        Ok(state.device.insert(device))
    }

    /// The chip is gone. The bus is opened anew when it is next wanted: an
    /// adapter that was unplugged leaves a descriptor that never works again.
    fn forget(&self, state: &mut State, why: impl Display) {
        log(
            Level::Error,
            format_args!("slot {}: lost: {why}", self.slot),
        );
        state.device = None;
        state.presence = Presence::Unknown;
    }

    fn look(&self, state: &mut State, freshness: Freshness) -> Result<Arc<Chip>, Arc<SlotFault>> {
        let now = Instant::now();
        match (&state.presence, &state.chip) {
            (Presence::Present { until }, Some(chip))
                if freshness == Freshness::Recent && now < *until =>
            {
                return Ok(Arc::clone(chip));
            }
            (Presence::Absent { until, fault }, _)
                if freshness == Freshness::Recent && now < *until =>
            {
                return Err(Arc::clone(fault));
            }
            _ => {}
        }
        let was_open = state.device.is_some();
        let mut found = self.read_chip(state, freshness);
        // The bus of the chip that was there may have gone with it.
        if was_open && matches!(&found, Err(fault) if fault.is_absence() && !fault.is_stuck()) {
            state.device = None;
            found = self.read_chip(state, freshness);
        }
        let took = now.elapsed();
        match &found {
            Ok(_) => {
                let until = Instant::now() + PRESENCE_TTL;
                state.presence = Presence::Present { until };
            }
            Err(fault) => {
                if !matches!(state.presence, Presence::Absent { .. }) {
                    self.forget(state, fault);
                }
                let ttl = (took * ABSENCE_BACKOFF).clamp(PRESENCE_TTL, LONGEST_TTL);
                state.device = None;
                state.presence = Presence::Absent {
                    until: Instant::now() + ttl,
                    fault: Arc::clone(fault),
                };
            }
        }
        found
    }

    /// What is wrong with a bus is wrong for all its slots.
    fn fault(&self, error: DeviceError<BusFault>) -> Arc<SlotFault> {
        let fault = Arc::new(SlotFault::from(error));
        if let Some(bus) = self.bus.as_deref().filter(|_| fault.is_of_the_bus()) {
            self.stuck.remember(bus, &fault, LONGEST_TTL);
        }
        fault
    }

    /// Ask the bus. An address that nobody configured and that never had a chip
    /// is probed, with fewer wake pulses unless its chip is wanted.
    fn read_chip(
        &self,
        state: &mut State,
        freshness: Freshness,
    ) -> Result<Arc<Chip>, Arc<SlotFault>> {
        if freshness == Freshness::Recent
            && let Some(fault) = self.bus.as_deref().and_then(|bus| self.stuck.recall(bus))
        {
            return Err(fault);
        }
        let fault = |error| self.fault(error);
        let known = state.chip.clone();
        let present = matches!(state.presence, Presence::Present { .. });
        let device = self.device(state)?;
        let mut timing = known
            .as_ref()
            .map_or_else(Timing::default, |chip| Timing::from_config(chip.config()));
        let stranger = known.is_none() && self.origin == Origin::Found;
        if stranger && freshness == Freshness::Recent {
            timing.wake_pulses = PROBE_WAKE_PULSES;
        }
        device.set_timing(timing);
        if let Some(chip) = known.as_ref().filter(|chip| present && chip.is_final())
            && is_unchanged(device, chip).map_err(fault)?
        {
            return self.ask_again(state, chip, freshness).map_err(fault);
        }
        let snapshot = if stranger {
            device.probe(ReadSnapshot::new())
        } else {
            device.run(ReadSnapshot::new())
        };
        let snapshot = snapshot.map_err(fault)?;
        let mut contents = Contents::new(snapshot);
        if matches!(snapshot.stage(), Stage::Finished(_)) {
            contents.auxiliary = Some(device.run(ReadAuxiliary::new()).map_err(fault)?);
        }
        let read = ReadKeySlots::new(&snapshot.config, contents.other_slots(), contents.keys);
        contents.keys = device.run(read).map_err(fault)?;
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
        self.keep(state, &chip);
        Ok(chip)
    }

    /// What a chip that is the same holds in the slots where this program may make
    /// keys, which others may then as well.
    fn ask_again(
        &self,
        state: &mut State,
        chip: &Arc<Chip>,
        freshness: Freshness,
    ) -> Result<Arc<Chip>, DeviceError<BusFault>> {
        let asked = self.options.generate.iter().copied();
        let open: Vec<_> = asked
            .filter(|slot| freshness == Freshness::Now && is_changeable(chip.config(), *slot))
            .collect();
        let Some(device) = state.device.as_mut().filter(|_| !open.is_empty()) else {
            return Ok(Arc::clone(chip));
        };
        let mut contents = chip.contents().clone();
        contents.keys = device.run(ReadKeySlots::new(chip.config(), open, contents.keys))?;
        if contents.keys == chip.contents().keys {
            return Ok(Arc::clone(chip));
        }
        let now = self.new_chip(chip.reread(contents));
        self.keep(state, &now);
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

    fn keep(&self, state: &mut State, chip: &Arc<Chip>) {
        state.chip = Some(Arc::clone(chip));
        let mut latest = self.latest.write().unwrap_or_else(PoisonError::into_inner);
        *latest = Some(Arc::clone(chip));
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

/// The refusal with its causes, by the configuration as it was read last when the
/// chip does not show it now.
fn refusal(refused: Refused<Failure>, last: &ConfigZone) -> SlotFault {
    let failure = refused.failure;
    let told = refused.explanation;
    let told = told.or_else(|| Explanation::new(last, &failure, Known::default()));
    match told {
        Some(explanation) => SlotFault::Refused {
            failure,
            explanation,
        },
        None => SlotFault::Chip(failure),
    }
}
