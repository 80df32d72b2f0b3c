//! An I2C bus with several chips on it, and the handles to use it.
//!
//! The bus counts transactions, keeps their time, decides what wakes whom,
//! and injects faults. A [`Bus`] is a handle: clones share everything, so a
//! test can look at the chips while a driver owns the [`I2cHandle`].

mod error;
mod faults;
mod line;
mod log;
mod other;
mod transfer;

use std::num::NonZeroU32;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use embedded_hal::i2c::{ErrorType, I2c, Operation, SevenBitAddress};

pub use error::{BusError, DeadBus};
pub use log::{Acked, LogEntry};
pub use other::{OtherDevice, Reads};

use log::Observer;
use transfer::Segment;

use crate::chip::{Chip, ExecutionEntry};
use crate::clock::{Clock, Delay};
use crate::fault::{Failure, Faults, LostReply};
use crate::memory::Image;

/// Standard mode, at which a general call is a wake pulse.
const DEFAULT_SCL_HZ: NonZeroU32 = NonZeroU32::new(100_000).unwrap();

/// A shared handle to an emulated bus.
#[derive(Clone, Debug)]
pub struct Bus(Arc<Mutex<Shared>>);

#[derive(Debug)]
struct Shared {
    chips: Vec<Chip>,
    others: Vec<OtherDevice>,
    clock: Clock,
    scl_hz: NonZeroU32,
    transactions: u64,
    supplied: bool,
    dead_bus: DeadBus,
    faults: Faults,
    /// Faults that wait for the next answered read.
    awaiting_reply: Vec<ReplyFault>,
    /// Faults that wait for the next acknowledged write.
    awaiting_write: Vec<WriteFault>,
    /// Flipped in the last byte of every answered read.
    interference: u8,
    nacks_left: u32,
    /// The failure of every transaction.
    stuck: Option<Failure>,
    log: Option<Vec<LogEntry>>,
    observer: Option<Observer>,
}

/// One message of a combined transfer, as Linux's `I2C_RDWR` has them.
#[derive(Debug)]
pub struct Message<'a> {
    /// Seven-bit address.
    pub address: u8,
    /// What follows the address.
    pub operation: Operation<'a>,
}

/// What happens to the next answered read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum ReplyFault {
    Lost(LostReply),
    Corrupted { byte: usize, mask: u8 },
}

/// What happens to the next acknowledged write.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum WriteFault {
    Refused,
    Corrupted { byte: usize, mask: u8 },
    AckLost,
}

impl Bus {
    /// An empty bus at 100 kHz on a simulated clock.
    #[must_use]
    pub fn new() -> Self {
        Self::with_clock(Clock::simulated())
    }

    /// An empty bus at 100 kHz on `clock`.
    #[must_use]
    pub fn with_clock(clock: Clock) -> Self {
        Self(Arc::new(Mutex::new(Shared {
            chips: Vec::new(),
            others: Vec::new(),
            clock,
            scl_hz: DEFAULT_SCL_HZ,
            transactions: 0,
            supplied: true,
            dead_bus: DeadBus::default(),
            faults: Faults::none(),
            awaiting_reply: Vec::new(),
            awaiting_write: Vec::new(),
            interference: 0,
            nacks_left: 0,
            stuck: None,
            log: None,
            observer: None,
        })))
    }

    /// A bus at 100 kHz on a simulated clock with one chip.
    #[must_use]
    pub fn with_chip(chip: Chip) -> Self {
        let bus = Self::new();
        bus.attach(chip);
        bus
    }

    /// Put another chip on the bus. The first one has number 0.
    pub fn attach(&self, mut chip: Chip) {
        let mut shared = self.lock();
        if shared.supplied {
            chip.power_up();
        } else {
            chip.lose_power();
        }
        shared.chips.push(chip);
    }

    /// Take the first chip that answers to `address` off the bus. It loses its
    /// supply, and what it was executing has no effect. The numbers of those
    /// after it move down. `None` when there is no such chip.
    #[must_use]
    pub fn detach(&self, address: u8) -> Option<Chip> {
        let mut shared = self.lock();
        let now = shared.clock.now();
        shared.advance_to(now);
        let found = |chip: &Chip| chip.address() == address;
        let index = shared.chips.iter().position(found)?;
        let mut chip = shared.chips.remove(index);
        chip.lose_power();
        Some(chip)
    }

    /// The addresses of the chips, in their order.
    #[must_use]
    pub fn addresses(&self) -> Vec<u8> {
        self.lock().chips.iter().map(Chip::address).collect()
    }

    /// Put a device of another kind on the bus.
    pub fn attach_other(&self, device: OtherDevice) {
        self.lock().others.push(device);
    }

    /// What was written to devices of another kind: the address, and the bytes,
    /// none where only the address was sent.
    #[must_use]
    pub fn written_to_others(&self) -> Vec<(u8, Vec<u8>)> {
        let shared = self.lock();
        let writes = shared.others.iter().flat_map(OtherDevice::writes);
        writes.collect()
    }

    /// The host's end of the bus.
    #[must_use]
    pub fn i2c(&self) -> I2cHandle {
        I2cHandle(self.clone())
    }

    /// Perform `messages` with a repeated START before each but the first,
    /// and one STOP. Nobody else uses the bus meanwhile.
    ///
    /// # Errors
    /// [`BusError`]; the messages after the one that failed are not sent.
    pub fn transfer(&self, messages: &mut [Message<'_>]) -> Result<(), BusError> {
        let mut segments: Vec<_> = messages
            .iter_mut()
            .map(|message| Segment {
                address: message.address,
                operations: std::slice::from_mut(&mut message.operation),
            })
            .collect();
        self.lock().transaction(&mut segments)
    }

    /// A delay on the clock of this bus.
    #[must_use]
    pub fn delay(&self) -> Delay {
        Delay::new(self.clock())
    }

    /// The clock of this bus.
    #[must_use]
    pub fn clock(&self) -> Clock {
        self.lock().clock.clone()
    }

    /// Look at chip number `index` as it is now. `None` when there is none.
    /// The bus waits meanwhile: `look` must not use it.
    pub fn inspect<R>(&self, index: usize, look: impl FnOnce(&Chip) -> R) -> Option<R> {
        let mut shared = self.lock();
        let now = shared.clock.now();
        let chip = shared.chips.get_mut(index)?;
        chip.advance_to(now);
        Some(look(chip))
    }

    /// A copy of the EEPROM of chip number `index`.
    #[must_use]
    pub fn image(&self, index: usize) -> Option<Image> {
        self.inspect(index, |chip| chip.image().clone())
    }

    /// Set the clock rate of the bus.
    pub fn set_scl_hz(&self, scl_hz: NonZeroU32) {
        self.lock().scl_hz = scl_hz;
    }

    /// The clock rate of the bus.
    #[must_use]
    pub fn scl_hz(&self) -> NonZeroU32 {
        self.lock().scl_hz
    }

    /// Replace the fault script. Faults that are still pending are dropped.
    pub fn set_faults(&self, faults: Faults) {
        let mut shared = self.lock();
        shared.faults = faults;
        shared.awaiting_reply.clear();
        shared.awaiting_write.clear();
        shared.interference = 0;
        shared.nacks_left = 0;
        shared.stuck = None;
    }

    /// How many transactions have started.
    #[must_use]
    pub fn transactions(&self) -> u64 {
        self.lock().transactions
    }

    /// What a host sees while the supply is cut.
    pub fn set_dead_bus(&self, dead_bus: DeadBus) {
        self.lock().dead_bus = dead_bus;
    }

    /// Take the supply away. Commands in execution change nothing.
    pub fn power_down(&self) {
        let mut shared = self.lock();
        let now = shared.clock.now();
        shared.advance_to(now);
        shared.cut_power();
    }

    /// Give the supply back. The chips are asleep.
    pub fn power_up(&self) {
        let mut shared = self.lock();
        shared.supplied = true;
        shared.chips.iter_mut().for_each(Chip::power_up);
    }

    /// Supply off and on again.
    pub fn power_cycle(&self) {
        self.power_down();
        self.power_up();
    }

    /// Forget the log and record from now on.
    pub fn start_log(&self) {
        self.lock().log = Some(Vec::new());
    }

    /// What was recorded since [`Bus::start_log`]; recording goes on.
    #[must_use]
    pub fn take_log(&self) -> Vec<LogEntry> {
        self.lock()
            .log
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Have chip number `index` note what it executes, and forget what it had
    /// noted. Nothing happens when there is no such chip.
    pub fn log_executions(&self, index: usize) {
        if let Some(chip) = self.lock().chips.get_mut(index) {
            chip.log_executions();
        }
    }

    /// What chip number `index` has executed since [`Bus::log_executions`] or
    /// the last call of this; noting goes on.
    #[must_use]
    pub fn take_executions(&self, index: usize) -> Vec<ExecutionEntry> {
        let mut shared = self.lock();
        let chip = shared.chips.get_mut(index);
        chip.map(Chip::take_executions).unwrap_or_default()
    }

    /// Show each segment to `observer` when it has ended, log or no log. It has
    /// the bus to itself meanwhile and must not use it.
    pub fn observe(&self, observer: impl FnMut(&LogEntry) + Send + 'static) {
        self.lock().observer = Some(Observer(Box::new(observer)));
    }

    fn lock(&self) -> MutexGuard<'_, Shared> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for Bus {
    fn default() -> Self {
        Self::new()
    }
}

/// The host's end of a [`Bus`]. Clones share the bus.
#[derive(Clone, Debug)]
pub struct I2cHandle(Bus);

impl ErrorType for I2cHandle {
    type Error = BusError;
}

impl I2c<SevenBitAddress> for I2cHandle {
    fn transaction(
        &mut self,
        address: SevenBitAddress,
        operations: &mut [Operation<'_>],
    ) -> Result<(), BusError> {
        let mut segments = transfer::segments(address, operations);
        self.0.lock().transaction(&mut segments)
    }
}
