//! One slot and the chip in it, which may come, go and be another one.
//!
//! Nothing tells a bus's user that a chip was taken away, so it is asked, as
//! rarely as honesty allows:
//!
//! - What a look found is believed for a while (`presence.rs`): dead buses do
//!   not hold up the others.
//! - A chip that another process or thread is using is shown as it was last seen.
//!   Nobody waits for them but who wants the chip itself; when that is in vain, he is
//!   told who has it, and not that the chip is gone.
//! - A chip that is finished is recognized by its serial number (one block);
//!   what it holds is read again only when it was away.
//! - Each signature is verified under the public key that was shown before it
//!   is given out. It takes a fraction of the time that the chip needs, and a
//!   chip that was swapped, or whose bus lies, is noticed at once. Before what
//!   nobody verifies (a new key, a secret, a signature of a key that hides its
//!   public half) the serial number is read.
//!
//! A session is bound to the chip that it was opened on. When that chip comes
//! back after an interruption, the session goes on.

mod look;

use std::cell::Cell;
use std::fmt::{self, Display};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use atecc::commands::Random;
use atecc::config::ConfigZone;
use atecc::procedure::Once;
use atecc::procedures::SignDigest;
use atecc::{Failure, Procedure, Slot};
use atecc_config::{Explanation, Known, Refused, WithCauses};
use atecc_x509::SignatureBytes;
use cryptoki_sys::CK_SLOT_ID;
use nerves_key_device::{AnyDevice, DeviceUri, OpenError};

use crate::chip::Chip;
use crate::error::Error;
use crate::fault::SlotFault;
use crate::key::{Key, Uses};
use crate::key_slots::SlotKey;
use crate::log::{Level, log};
use crate::object::Names;
use crate::options::SlotOptions;
use crate::presence::{Presence, Seen};
use crate::replace_key::{Place, ReplaceKey, Replaced};
use crate::session_objects::SessionObjects;
use crate::settings::Origin;
use crate::stuck_bus::StuckBuses;

/// For an image file that another process has: as long as a lock is waited for.
const PATIENCE: Duration = Duration::from_secs(30);
/// Signatures that are made before one verifies: a program without this one's
/// lock may have had the chip sign something else.
const SIGNATURE_ATTEMPTS: u8 = 3;

/// One slot.
pub struct Token {
    slot: CK_SLOT_ID,
    origin: Origin,
    open: Box<dyn Fn() -> Result<AnyDevice, OpenError> + Send + Sync>,
    /// Whether another process is in a session with its chip.
    is_in_use: Box<dyn Fn() -> bool + Send + Sync>,
    /// When the chip is given back.
    hold: Hold,
    description: String,
    /// Its bus by name, where others may be on it.
    bus: Option<String>,
    /// Its bus's server by name.
    server: Option<String>,
    options: SlotOptions,
    stuck: Arc<StuckBuses>,
    state: Mutex<State>,
    /// Locked for moments: nobody waits here until the bus is free.
    seen: Mutex<Seen>,
    /// What `C_WaitForSlotEvent` said last.
    reported: AtomicBool,
    logged_in: AtomicBool,
    session_objects: SessionObjects,
}

/// What is locked while a thread is at the chip.
#[derive(Default)]
struct State {
    device: Option<AnyDevice>,
}

/// How long a device is kept open.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Hold {
    /// Its sessions have a lock.
    Open,
    /// Opening it is its lock.
    Session,
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
        let hold = if device.is_exclusive() {
            Hold::Session
        } else {
            Hold::Open
        };
        let asked = device.clone();
        Self {
            bus: device.bus_name(),
            server: device.server_name(),
            origin,
            hold,
            is_in_use: Box::new(move || asked.is_in_use()),
            ..Self::with_opener(slot, device.description(), move || {
                device.open_within(PATIENCE)
            })
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
            is_in_use: Box::new(|| false),
            hold: Hold::Open,
            description,
            bus: None,
            server: None,
            options: SlotOptions::default(),
            stuck: Arc::default(),
            state: Mutex::default(),
            seen: Mutex::default(),
            reported: AtomicBool::new(false),
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
    /// [`Error::NoToken`] when none answers, [`Error::Device`] when nobody can tell.
    pub fn chip(&self, freshness: Freshness) -> Result<Arc<Chip>, Error> {
        self.find(freshness).map_err(|source| {
            let slot = self.slot;
            if source.is_vain_wait() {
                Error::Device { slot, source }
            } else {
                Error::NoToken { slot, source }
            }
        })
    }

    /// What `chip` holds now, as far as it was seen: auxiliary certificates and
    /// keys come and go while it is the same chip.
    #[must_use]
    pub fn latest(&self, chip: &Arc<Chip>) -> Arc<Chip> {
        match &self.seen().chip {
            Some(latest) if latest.is_same_chip(chip) => Arc::clone(latest),
            _ => Arc::clone(chip),
        }
    }

    /// Make sure that `chip` is in the slot.
    ///
    /// # Errors
    /// [`Error::Removed`] when it is not, [`Error::Device`] when nobody can tell.
    pub fn check(&self, chip: &Arc<Chip>) -> Result<(), Error> {
        if self.is_present(chip) {
            return Ok(());
        }
        self.at_chip(&mut self.state(), |state| self.expect(state, chip))
    }

    /// Whether a chip is there, if that has changed since this was last asked.
    pub fn event(&self) -> bool {
        let present = self.find(Freshness::Recent).is_ok();
        self.reported.swap(present, Ordering::Relaxed) != present
    }

    /// Count what was found since `start` as found now.
    pub(crate) fn renew(&self, start: Instant) {
        self.seen().renew(start);
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
            let freshness = match key.public {
                Some(_) => Freshness::Recent,
                None => Freshness::Now,
            };
            let signature = self.run_at(freshness, chip, key.uses, procedure)?;
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
                return Err(self.lost(Arc::new(SlotFault::Unverified(error))));
            }
        }
    }

    /// Have `chip` make a key in the place that `choose` takes by what the chip holds
    /// now, and again where another program has just made one there, unless it
    /// was named. No other thread is at the chip meanwhile.
    ///
    /// # Errors
    /// [`Error::KeyChanged`] when it holds another key; those of `choose`; as
    /// [`Token::sign`].
    pub(crate) fn replace_key(
        &self,
        chip: &Arc<Chip>,
        choose: impl Fn(&Chip) -> Result<Place, Error>,
    ) -> Result<Key, Error> {
        self.at_chip(&mut self.state(), |state| {
            let mut tries = Slot::ALL.len();
            loop {
                self.confirm(state, chip)?;
                let place = choose(&self.latest(chip))?;
                tries -= 1;
                match self.replace_key_in(state, chip, place) {
                    Err(Error::KeyChanged(_)) if !place.is_named && tries > 0 => {}
                    result => return result,
                }
            }
        })
    }

    fn replace_key_in(
        &self,
        state: &mut State,
        chip: &Arc<Chip>,
        place: Place,
    ) -> Result<Key, Error> {
        let slot = place.slot;
        let asked = Cell::new(false);
        let procedure = || ReplaceKey::new(place, &asked);
        let public = match self.run_on(state, chip, Uses::Limited, procedure) {
            Ok(Replaced::Made(public)) => public,
            Ok(Replaced::Other) => {
                self.forget(state, "it holds another key");
                return Err(Error::KeyChanged(slot));
            }
            // Somebody was waited for, and nothing was asked.
            Err(error) if is_vain_wait(&error) && !asked.get() => return Err(error),
            // There may be a new key.
            Err(error) => {
                self.forget(state, "a key was to be made");
                return Err(error);
            }
        };
        let known = self.latest(chip);
        let mut contents = known.contents().clone();
        contents.keys = contents.keys.with(slot, SlotKey::Shown(public));
        let now = Arc::new(known.reread(contents));
        let lost = match place.shown {
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
        self.keep(&now);
        let key = now.key_in(slot).copied();
        key.ok_or(Error::KeyUse { why: None })
    }

    /// 32 random bytes of `chip`.
    ///
    /// # Errors
    /// As [`Token::sign`].
    pub fn random(&self, chip: &Arc<Chip>) -> Result<[u8; 32], Error> {
        let procedure = || Once(Random::default());
        self.run_at(Freshness::Recent, chip, Uses::Unlimited, procedure)
    }

    /// Run a procedure on `chip`, which is looked for before, and once more when the
    /// bus had to be opened anew in between, unless what it uses is counted.
    ///
    /// # Errors
    /// As [`Token::sign`].
    pub fn run<P: Procedure<Error = Failure>>(
        &self,
        chip: &Arc<Chip>,
        uses: Uses,
        procedure: impl Fn() -> P,
    ) -> Result<P::Output, Error> {
        self.run_at(Freshness::Now, chip, uses, procedure)
    }

    /// As [`Token::run`], where `freshness` says how surely `chip` has to be there.
    fn run_at<P: Procedure<Error = Failure>>(
        &self,
        freshness: Freshness,
        chip: &Arc<Chip>,
        uses: Uses,
        procedure: impl Fn() -> P,
    ) -> Result<P::Output, Error> {
        self.at_chip(&mut self.state(), |state| {
            match freshness {
                Freshness::Recent => self.expect(state, chip)?,
                Freshness::Now => self.confirm(state, chip)?,
            }
            self.run_on(state, chip, uses, procedure)
        })
    }

    fn run_on<P: Procedure<Error = Failure>>(
        &self,
        state: &mut State,
        chip: &Arc<Chip>,
        uses: Uses,
        procedure: impl Fn() -> P,
    ) -> Result<P::Output, Error> {
        let mut tries = match uses {
            Uses::Unlimited => 2,
            Uses::Limited => 1,
        };
        loop {
            let device = self.device(state).map_err(|fault| self.lost(fault))?;
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
            let fault = self.fault(state, error);
            if !fault.is_absence() {
                if fault.is_vain_wait() {
                    state.device = None;
                }
                return Err(Error::Device {
                    slot: self.slot,
                    source: fault,
                });
            }
            self.forget(state, &fault);
            tries -= 1;
            if tries == 0 || fault.is_stuck() {
                return Err(self.lost(fault));
            }
            self.expect(state, chip)?;
        }
    }

    /// Nothing that panicked leaves a state that the next look would not mend.
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Do `work` with the chip, and give it back to other processes.
    fn at_chip<T>(&self, state: &mut State, work: impl FnOnce(&mut State) -> T) -> T {
        let result = work(state);
        if self.hold == Hold::Session {
            state.device = None;
        }
        result
    }

    /// The session's chip is gone, or nobody can tell.
    fn lost(&self, source: Arc<SlotFault>) -> Error {
        let slot = self.slot;
        if source.is_vain_wait() {
            Error::Device { slot, source }
        } else {
            Error::Removed { slot, source }
        }
    }

    /// As far as is known. Its sessions go on when only its auxiliary certificates
    /// were written.
    fn is_present(&self, chip: &Arc<Chip>) -> bool {
        let present = self.seen().present();
        present.is_some_and(|there| Arc::ptr_eq(&there, chip) || there.is_same_chip(chip))
    }

    /// `chip` is in the slot, as far as is known. Before it is refused, the slot is
    /// looked at: it may be back where there was none, or another one.
    fn expect(&self, state: &mut State, chip: &Arc<Chip>) -> Result<(), Error> {
        if self.is_present(chip) {
            return Ok(());
        }
        self.confirm(state, chip)
    }

    /// `chip` is in the slot, which is looked at now.
    fn confirm(&self, state: &mut State, chip: &Arc<Chip>) -> Result<(), Error> {
        let there = self
            .look(state, Freshness::Now)
            .map_err(|fault| self.lost(fault))?;
        if self.is_present(chip) {
            return Ok(());
        }
        let replaced = SlotFault::Replaced(there.serial_number());
        Err(self.lost(Arc::new(replaced)))
    }

    fn device<'s>(&self, state: &'s mut State) -> Result<&'s mut AnyDevice, Arc<SlotFault>> {
        let device = match state.device.take() {
            Some(device) => device,
            None => (self.open)().map_err(|error| self.remember(error.into()))?,
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
        self.seen().presence = Presence::Unknown;
    }
}

fn is_vain_wait(error: &Error) -> bool {
    matches!(error, Error::Device { source, .. } if source.is_vain_wait())
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

#[cfg(test)]
mod tests {
    use atecc::BusAddress;
    use atecc::commands::{GenKey, GenKeyMode};
    use atecc_emulator::{Bus, Chip as Emulated, DATA_SIZE, Entropy, Image};
    use nerves_key_device::{AnyBus, AnyDelay, AnyWake, EmulatedBus, EmulatedDelay};

    use super::*;

    /// A real 608B-TNGTLS. Source: recording `ducky-608b-tngtls`.
    const TNGTLS: &str = "\
        012321a10000600307d31d31016145006a000001850082008520852085200f8f\
        8f0f8f8f0f0f8f0f0f8f0f8f0f8f8f8f8f8f8f8fffffffff00000000ffffffff\
        00000000000000f700697600000000000000000000000000ffff0e6000000000\
        530053007300730073001c007c001c003c001a001c0010001c001c001c001c00";

    /// Another program makes a key between look and choice on one side and the new
    /// key on the other: who named the slot is told, who did not gets another one.
    #[test]
    fn a_slot_that_was_taken_meanwhile_is_chosen_again() {
        for is_named in [true, false] {
            let byte = |at: usize| u8::from_str_radix(&TNGTLS[2 * at..2 * at + 2], 16).unwrap();
            let config = std::array::from_fn(byte);
            let image = Image::from_zones(config, [0; 64], [0; DATA_SIZE]).unwrap();
            let bus = Bus::with_chip(Emulated::new(image, Entropy::Seeded(7)).unwrap());
            let on_bus = bus.clone();
            let device = move || {
                let i2c = AnyBus::Emulated(EmulatedBus::InProcess(on_bus.i2c()));
                let delay = AnyDelay::Emulated(EmulatedDelay::InProcess(on_bus.delay()));
                let device = atecc::Device::new(i2c, delay).with_wake(AnyWake);
                device.with_address(BusAddress::TRUST_AND_GO)
            };
            let mut other = device();
            let token = Token::with_opener(1, "a socket".into(), move || Ok(device()));
            let token = token.with_options(SlotOptions {
                generate: [Slot::S2, Slot::S3].into_iter().collect(),
                ..SlotOptions::default()
            });
            let chip = token.chip(Freshness::Now).unwrap();
            let other = Mutex::new((&mut other, None));
            let result = token.replace_key(&chip, |now| {
                let mut other = other.lock().unwrap();
                let mut slots = [Slot::S2, Slot::S3].into_iter();
                let empty = slots.find(|slot| now.contents().keys.get(*slot) == SlotKey::Empty);
                let slot = empty.ok_or(Error::NoRoom)?;
                if other.1.is_none() {
                    let mode = GenKeyMode::Create;
                    other.1 = Some(other.0.execute(GenKey { mode, slot }).unwrap());
                }
                Ok(Place {
                    slot,
                    shown: None,
                    is_named,
                })
            });
            match result {
                Ok(key) => assert!(!is_named && key.slot == Slot::S3),
                Err(error) => assert!(is_named && matches!(error, Error::KeyChanged(Slot::S2))),
            }
            let (other, theirs) = other.into_inner().unwrap();
            let (mode, slot) = (GenKeyMode::Public, Slot::S2);
            assert_eq!(Some(other.execute(GenKey { mode, slot }).unwrap()), theirs);
        }
    }
}
