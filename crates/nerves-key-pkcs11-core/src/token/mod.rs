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
mod run;

use std::fmt::{self, Display};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use cryptoki_sys::CK_SLOT_ID;
use nerves_key_device::{AnyDevice, DeviceUri, OpenError};

use crate::chip::Chip;
use crate::error::Error;
use crate::fault::SlotFault;
use crate::log::{Level, log};
use crate::object::Names;
use crate::options::SlotOptions;
use crate::presence::{Presence, Seen};
use crate::session_objects::SessionObjects;
use crate::settings::Origin;
use crate::stuck_bus::StuckBuses;

/// For an image file that another process has: as long as a lock is waited for.
const PATIENCE: Duration = Duration::from_secs(30);

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
