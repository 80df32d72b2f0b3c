//! One chip: EEPROM, registers, and the states between power-up and sleep.
//!
//! Time is given from outside: every call says when it happens, and
//! [`Chip::advance_to`] lets everything happen that was due before. Sources:
//! ATECC508A datasheet, section 6 (states), section 8.3 (times).

mod build;
mod execute;
mod port;

use std::fmt;
use std::time::Duration;

use port::{Effect, Port};

pub(crate) use port::Ack;
pub use port::PartialRead;

use crate::command::Status;
use crate::defect::Defects;
use crate::entropy::Generator;
use crate::image_file::ImageFileError;
use crate::memory::Image;
use crate::revision::Revision;
use crate::store::Store;
use crate::timing::ExecutionTime;
use crate::volatile::Volatile;

/// From wake to the watchdog with `ChipMode` bit 2 = 1. Source: section 2.2. A
/// vendor's program for the 608 has 13 s "nominal": open (unconfirmed).
const LONG_WATCHDOG: Duration = Duration::from_secs(10);
/// A low pulse of this length on SDA wakes. Source: section 8.3, tWLO.
pub(crate) const WAKE_LOW: Duration = Duration::from_micros(60);

/// From a wake with self-tests until a 608 answers. Source: 608 online
/// documentation, tWHIST; that a wake from idle tests nothing is unconfirmed.
const SELF_TEST_DELAY: Duration = Duration::from_millis(20);

/// A direction on the bus.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Direction {
    /// From the host to the chip.
    Write,
    /// From the chip to the host.
    Read,
}

/// What a chip is doing, as far as the bus can tell.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Power {
    /// Without supply.
    Off,
    /// Told to sleep, and deaf, but not yet to be woken.
    FallingAsleep,
    /// In sleep: registers lost.
    Asleep,
    /// In idle: registers kept, watchdog stopped.
    Idle,
    /// Woken, not yet listening.
    Waking,
    /// Listening.
    Awake,
    /// Executing a command.
    Busy,
}

enum State {
    Off,
    FallingAsleep {
        asleep: Duration,
    },
    /// Since the power-up when there is no time.
    Asleep {
        since: Option<Duration>,
    },
    Idle,
    Waking {
        ready: Duration,
    },
    Awake,
    Busy(Execution),
}

/// A command whose effects wait for its end.
struct Execution {
    ends: Duration,
    /// None at all when `Pause` sends the chip to idle.
    response: Vec<u8>,
    /// The EEPROM after the command, when it changed.
    memory: Option<Box<Image>>,
}

/// A command that a chip has begun to execute, and how long it takes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ExecutionEntry {
    /// Count, opcode, parameters, data and CRC, as they came.
    pub command: Vec<u8>,
    /// The answer without count and CRC: a status, or the result. Empty when
    /// `Pause` sends the chip to idle.
    pub answer: Vec<u8>,
    /// From the STOP after the command to the answer.
    pub time: Duration,
}

/// An emulated ATECC508A, ATECC608A or ATECC608B.
///
/// Memory, registers and buffers hold keys: `Debug` shows none of them.
pub struct Chip {
    memory: Image,
    volatile: Volatile,
    state: State,
    port: Port,
    /// Answers to this seven-bit address since the last power-up or wake
    /// from sleep. That a wake from idle does not reload it is unconfirmed.
    address: u8,
    /// When the watchdog puts the chip to sleep.
    watchdog: Option<Duration>,
    /// From wake to the watchdog, `ChipMode` bit 2 = 0.
    watchdog_budget: Duration,
    wake_delay: Duration,
    sleep_delay: Duration,
    execution_time: ExecutionTime,
    generator: Generator,
    defects: Defects,
    timing_generator: Generator,
    executions: Option<Vec<ExecutionEntry>>,
    store: Option<Box<dyn Store>>,
    failure: Option<ImageFileError>,
}

impl Chip {
    /// The EEPROM as it is now.
    #[must_use]
    pub const fn image(&self) -> &Image {
        &self.memory
    }

    /// Which chip this is.
    #[must_use]
    pub const fn revision(&self) -> Revision {
        self.memory.revision()
    }

    /// The seven-bit address that the chip answers to now.
    #[must_use]
    pub const fn address(&self) -> u8 {
        self.address
    }

    /// What the chip is doing.
    #[must_use]
    pub const fn power(&self) -> Power {
        match self.state {
            State::Off => Power::Off,
            State::FallingAsleep { .. } => Power::FallingAsleep,
            State::Asleep { .. } => Power::Asleep,
            State::Idle => Power::Idle,
            State::Waking { .. } => Power::Waking,
            State::Awake => Power::Awake,
            State::Busy(_) => Power::Busy,
        }
    }

    /// Forget what was executed and note it from now on.
    pub(crate) fn log_executions(&mut self) {
        self.executions = Some(Vec::new());
    }

    /// What was executed since the last call of this, or of
    /// [`Chip::log_executions`].
    pub(crate) fn take_executions(&mut self) -> Vec<ExecutionEntry> {
        self.executions
            .as_mut()
            .map(std::mem::take)
            .unwrap_or_default()
    }

    /// Why the chip went off by itself: its image could not be stored.
    pub(crate) fn take_failure(&mut self) -> Option<ImageFileError> {
        self.failure.take()
    }

    /// Let everything happen that is due at `now`, in order.
    pub(crate) fn advance_to(&mut self, now: Duration) {
        if matches!(self.state, State::Waking { ready } if ready <= now) {
            self.state = State::Awake;
        }
        // A command that was begun ends before the watchdog expires: one that
        // might not is answered with 0xEE.
        if matches!(&self.state, State::Busy(execution) if execution.ends <= now) {
            self.finish();
        }
        if let Some(bedtime) = self.bedtime().filter(|bedtime| *bedtime <= now) {
            self.sleep(bedtime);
        }
    }

    /// When the chip will be asleep: by the watchdog, or by the sleep token.
    const fn bedtime(&self) -> Option<Duration> {
        match self.state {
            State::FallingAsleep { asleep } => Some(asleep),
            _ => self.watchdog,
        }
    }

    /// SDA was low for [`WAKE_LOW`] or more and rose at `now`. Whoever fell
    /// asleep during the pulse has seen only the rest of it.
    pub(crate) fn wake(&mut self, now: Duration) {
        self.advance_to(now);
        match self.state {
            State::Asleep { since: Some(since) } if now.saturating_sub(since) < WAKE_LOW => return,
            State::Asleep { .. } => self.address = self.memory.i2c_address(),
            // Any wake clears the failure register of a 608.
            State::Idle => self.volatile.failures = 0,
            State::Off
            | State::FallingAsleep { .. }
            | State::Waking { .. }
            | State::Awake
            | State::Busy(_) => return,
        }
        let budget = if self.memory.chip_mode() & 0x04 == 0 {
            self.watchdog_budget
        } else {
            LONG_WATCHDOG
        };
        self.watchdog = Some(now + budget);
        let tests_itself = matches!(self.state, State::Asleep { .. })
            && self.memory.chip_options().self_test_at_wake();
        let (status, delay) = if tests_itself {
            self.volatile.failures = self.defects.failing_engines();
            let delay = self.wake_delay.max(SELF_TEST_DELAY);
            (self_test_status(self.volatile.failures), delay)
        } else {
            (Status::Wake, self.wake_delay)
        };
        self.port.awake(status);
        self.state = State::Waking { ready: now + delay };
        self.advance_to(now);
    }

    /// A wake token by general call. An awake chip keeps its state and
    /// rewinds its output (seen in a capture of a real 508A).
    pub(crate) fn wake_token(&mut self, now: Duration) {
        self.advance_to(now);
        if matches!(self.state, State::Awake) {
            self.port.rewind();
        } else {
            self.wake(now);
        }
    }

    /// START and the address byte.
    pub(crate) fn start(&mut self, now: Duration, address: u8, direction: Direction) -> Ack {
        if !self.would_answer(now, address, direction) {
            return Ack::Nack;
        }
        match direction {
            Direction::Write => self.port.start_write(),
            Direction::Read => self.port.start_read(),
        }
        Ack::Ack
    }

    /// Whether the chip acknowledges `address`. Address 0 is the general
    /// call, which the family never acknowledges.
    pub(crate) fn would_answer(
        &mut self,
        now: Duration,
        address: u8,
        direction: Direction,
    ) -> bool {
        self.advance_to(now);
        address != 0
            && address == self.address
            && matches!(self.state, State::Awake)
            && (direction == Direction::Write || self.port.can_be_read())
    }

    /// One byte from the host, after an acknowledged write address.
    pub(crate) fn receive(&mut self, now: Duration, byte: u8) -> Ack {
        self.advance_to(now);
        match self.state {
            State::Awake => self.port.receive(byte),
            _ => Ack::Nack,
        }
    }

    /// One byte to the host, after an acknowledged read address.
    pub(crate) fn transmit(&mut self, now: Duration) -> u8 {
        self.advance_to(now);
        match self.state {
            State::Awake => self.port.transmit(),
            _ => 0xFF,
        }
    }

    /// STOP, after an acknowledged address.
    pub(crate) fn stop(&mut self, now: Duration) {
        self.advance_to(now);
        if !matches!(self.state, State::Awake) {
            return;
        }
        match self.port.stop() {
            Effect::None => {}
            Effect::Sleep => self.fall_asleep(now),
            Effect::Idle => self.idle(),
            Effect::Execute(group) => self.state = State::Busy(self.execute(now, &group)),
        }
    }

    /// The watchdog expires now, whatever its budget.
    pub(crate) fn expire_watchdog(&mut self, now: Duration) {
        if self.watchdog.is_some() {
            self.sleep(now);
        }
    }

    /// Power goes away for a moment.
    pub(crate) fn reset(&mut self) {
        if !matches!(self.state, State::Off) {
            self.lose_power();
            self.power_up();
        }
    }

    /// Power goes away. What the running command does to the EEPROM is lost
    /// unless `commit` is called first.
    pub(crate) fn lose_power(&mut self) {
        self.volatile.lose_power();
        self.watchdog = None;
        self.state = State::Off;
    }

    /// Power comes back.
    pub(crate) fn power_up(&mut self) {
        if matches!(self.state, State::Off) {
            self.address = self.memory.i2c_address();
            self.state = State::Asleep { since: None };
        }
    }

    /// Write the EEPROM effect of the running command, if there is one.
    pub(crate) fn commit(&mut self) {
        let State::Busy(Execution { memory, .. }) = &mut self.state else {
            return;
        };
        let Some(memory) = memory.take() else {
            return;
        };
        let stored = self
            .store
            .as_mut()
            .map_or(Ok(()), |store| store.commit(&memory));
        match stored {
            Ok(()) => self.memory = *memory,
            Err(failure) => {
                self.failure = Some(failure);
                self.lose_power();
            }
        }
    }

    /// The running command ends.
    fn finish(&mut self) {
        self.commit();
        if let State::Busy(execution) = std::mem::replace(&mut self.state, State::Off) {
            if execution.response.is_empty() {
                self.idle();
            } else {
                self.port.respond(&execution.response);
                self.state = State::Awake;
            }
        }
    }

    fn idle(&mut self) {
        self.watchdog = None;
        self.state = State::Idle;
    }

    /// Silicon takes a moment to be asleep, and a wake pulse before that is
    /// lost.
    fn fall_asleep(&mut self, now: Duration) {
        self.watchdog = None;
        self.state = State::FallingAsleep {
            asleep: now + self.sleep_delay,
        };
        self.advance_to(now);
    }

    fn sleep(&mut self, now: Duration) {
        self.volatile.sleep();
        self.watchdog = None;
        self.state = State::Asleep { since: Some(now) };
    }
}

/// What a chip says after a wake with self-tests.
const fn self_test_status(failures: u8) -> Status {
    if failures == 0 {
        Status::Wake
    } else {
        Status::SelfTest
    }
}

impl fmt::Debug for Chip {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Chip")
            .field("image", &self.memory)
            .field("volatile", &self.volatile)
            .field("power", &self.power())
            .field("address", &self.address)
            .field("watchdog", &self.watchdog)
            .finish_non_exhaustive()
    }
}
