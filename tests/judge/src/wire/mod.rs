//! A bus that does mischief and knows what came of it.
//!
//! It stands between the driver and the emulated bus. What it changes on the
//! way is so changed for the chip too, so the emulator's own state says what the
//! chip heard: after a write that leaves it busy it executes the bytes in its
//! input, and the first thing that it can be read afterwards is the answer. That
//! answer is read here, at 1 GHz, before the driver's next transfer, and
//! rewound. Nothing is taken from what the driver says.

mod group;
mod inner;

use std::cell::RefCell;
use std::rc::Rc;
use std::time::Duration;

use atecc_emulator::Bus;
use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, Operation};

use crate::mischief::{Mischief, Moment};
use inner::Inner;

/// Something that the chip began to execute.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Execution {
    /// What it had in its input: count to CRC of a sound command.
    pub group: Vec<u8>,
    /// When the execution began.
    pub at: Duration,
    /// What became of it.
    pub end: End,
}

/// What became of an execution.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum End {
    /// Nothing yet.
    Running,
    /// It ended with this payload; none at all where `Pause` sent the chip to
    /// idle.
    Answered(Vec<u8>),
    /// A reset or the watchdog ended it, without effect.
    Cut,
    /// It ended, and the chip slept before anybody could look.
    Unseen,
}

/// What the host is told of a transfer that failed.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct WireError(pub ErrorKind);

impl embedded_hal::i2c::Error for WireError {
    fn kind(&self) -> ErrorKind {
        self.0
    }
}

/// What a host's adapter can tell of a missing acknowledge.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum Adapter {
    /// Whether it was the address's.
    #[default]
    Exact,
    /// Nothing, as on Linux.
    Vague,
}

/// What goes wrong at a transfer.
type Choice = dyn FnMut(&Moment<'_>) -> Option<Mischief>;

/// A handle to the bus; clones share it.
#[derive(Clone)]
pub struct Wire(Rc<RefCell<Inner>>);

impl Wire {
    /// A quiet wire to chip number `chip` of `bus`, which is at `address`.
    #[must_use]
    pub fn new(bus: &Bus, chip: usize, address: u8) -> Self {
        Self(Rc::new(RefCell::new(Inner {
            bus: bus.clone(),
            i2c: bus.i2c(),
            chip,
            address,
            adapter: Adapter::Exact,
            mischief: Box::new(|_| None),
            transfers: 0,
            input: Vec::new(),
            executions: Vec::new(),
        })))
    }

    /// What the host's adapter can tell.
    pub fn set_adapter(&self, adapter: Adapter) {
        self.0.borrow_mut().adapter = adapter;
    }

    /// Do this mischief from now on.
    pub fn set_mischief(&self, mischief: impl FnMut(&Moment<'_>) -> Option<Mischief> + 'static) {
        self.0.borrow_mut().mischief = Box::new(mischief);
    }

    /// No mischief any more.
    pub fn calm(&self) {
        self.set_mischief(|_| None);
    }

    /// How many transfers there were.
    #[must_use]
    pub fn transfers(&self) -> u64 {
        self.0.borrow().transfers
    }

    /// How many executions have begun.
    #[must_use]
    pub fn executions(&self) -> usize {
        self.0.borrow().executions.len()
    }

    /// The executions from number `first` on, as far as they can be known now.
    #[must_use]
    pub fn executions_since(&self, first: usize) -> Vec<Execution> {
        let mut inner = self.0.borrow_mut();
        inner.look();
        inner.executions.get(first..).unwrap_or_default().to_vec()
    }

    /// Forget the executions so far.
    pub fn forget(&self) {
        self.0.borrow_mut().executions.clear();
    }

    fn carry(&self, address: u8, operation: &mut Operation<'_>) -> Result<(), WireError> {
        self.0.borrow_mut().carry(address, operation)
    }
}

impl std::fmt::Debug for Wire {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Wire(..)")
    }
}

impl ErrorType for Wire {
    type Error = WireError;
}

/// The driver sends single transfers, so each operation is one with its own
/// STOP.
impl I2c for Wire {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), WireError> {
        operations
            .iter_mut()
            .try_for_each(|operation| self.carry(address, operation))
    }
}
