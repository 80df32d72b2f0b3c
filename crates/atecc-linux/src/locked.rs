//! One process at a time on a chip, from the wake to the sleep.
//!
//! The chip's volatile state (`TempKey`, the digest context, the output
//! buffer) belongs to a session, so another process must stay out for that
//! long and no longer. [`LockedGeneralCall`] is told of its beginning and its
//! end. With another wake pulse the bytes have to tell: the wrapper takes the
//! lock at the first transfer, which is the wake pulse, and gives it back after
//! the sleep token, which the driver sends on every way out. A session that
//! recovers from an error also sleeps in its middle, where such a lock is free
//! for a moment.

use atecc::device::{GeneralCall, WakePulse};
use atecc::{BusAddress, word_address};
use embedded_hal::i2c::{Error, ErrorKind, ErrorType, I2c, Operation};

use crate::{LockError, SessionGuard, SessionLock, now_us};

/// The general call, which wakes.
const WAKE: u8 = 0x00;
const SLEEP: [Operation<'_>; 1] = [Operation::Write(&[word_address::SLEEP])];

/// A bus whose sessions with one chip hold a [`SessionLock`].
///
/// Transfers to other addresses pass. Dropping the bus, or the end of the
/// process, gives the lock back.
#[derive(Debug)]
pub struct Locked<B> {
    bus: B,
    lock: SessionLock,
    held: Option<Held>,
}

/// The lock, and what ends it.
#[derive(Debug)]
struct Held {
    guard: SessionGuard,
    until: Until,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Until {
    Sleep,
    Release,
}

/// [`GeneralCall`], where the lock is kept to the end of the session, whatever
/// sleeps are in it.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct LockedGeneralCall;

impl<B: I2c, D> WakePulse<Locked<B>, D> for LockedGeneralCall {
    fn pulse(&mut self, i2c: &mut Locked<B>, delay: &mut D) -> Result<(), LockedError<B::Error>> {
        i2c.hold_session()?;
        GeneralCall.pulse(i2c, delay)
    }

    fn session_over(&mut self, i2c: &mut Locked<B>) {
        i2c.release();
    }

    fn now_us(&mut self, _: &mut Locked<B>, _: &mut D) -> Option<u64> {
        Some(now_us())
    }
}

/// Why a transfer failed: the bus, or another process on the chip.
#[derive(Debug, thiserror::Error)]
pub enum LockedError<E> {
    /// The bus's own error.
    #[error(transparent)]
    Bus(E),
    /// The lock was not to be had; the chip was left alone.
    #[error(transparent)]
    Lock(#[from] LockError),
}

impl<B> Locked<B> {
    /// `bus`, used under `lock` where the lock's chip is concerned.
    pub const fn new(bus: B, lock: SessionLock) -> Self {
        Self {
            bus,
            lock,
            held: None,
        }
    }

    /// Take the lock now, until the next sleep token. Only a wake pulse that
    /// is no transfer has to call this.
    ///
    /// # Errors
    /// [`LockError`], also when another process holds it for too long.
    pub fn hold(&mut self) -> Result<(), LockError> {
        self.take(Until::Sleep)
    }

    /// Take the lock now, until [`Self::release`].
    ///
    /// # Errors
    /// [`LockError`], also when another process holds it for too long.
    pub fn hold_session(&mut self) -> Result<(), LockError> {
        self.take(Until::Release)
    }

    /// Give the lock back, if it is held.
    pub fn release(&mut self) {
        self.held = None;
    }

    /// A lock that came by `fork` is not ours. It is dropped, and the parent's
    /// session goes on.
    fn drop_inherited(&mut self) {
        self.held.take_if(|held| held.guard.is_inherited());
    }

    fn take(&mut self, until: Until) -> Result<(), LockError> {
        self.drop_inherited();
        self.take_unless_held(until)
    }

    fn take_unless_held(&mut self, until: Until) -> Result<(), LockError> {
        if self.held.is_none() {
            let guard = self.lock.take()?;
            self.held = Some(Held { guard, until });
        }
        Ok(())
    }

    /// The bus beneath, for transfers outside sessions.
    pub fn bus(&mut self) -> &mut B {
        &mut self.bus
    }

    const fn chip(&self) -> BusAddress {
        self.lock.address()
    }
}

impl<B: I2c> ErrorType for Locked<B> {
    type Error = LockedError<B::Error>;
}

impl<B: I2c> I2c for Locked<B> {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), Self::Error> {
        let chip = address == self.chip().get();
        let ends = chip && *operations == SLEEP;
        // At each transfer: a procedure or a delay, which run between two, may fork.
        self.drop_inherited();
        if ends && self.held.is_none() {
            // Outside a session of ours: only when no other one is running,
            // which a sleep token would destroy.
            let guard = self.lock.try_take()?;
            let until = Until::Sleep;
            self.held = Some(Held { guard, until });
        } else if chip || address == WAKE {
            self.take_unless_held(Until::Sleep)?;
        }
        let result = self.bus.transaction(address, operations);
        if ends {
            self.held.take_if(|held| held.until == Until::Sleep);
        }
        result.map_err(LockedError::Bus)
    }
}

impl<E: Error> Error for LockedError<E> {
    fn kind(&self) -> ErrorKind {
        match self {
            Self::Bus(error) => error.kind(),
            Self::Lock(_) => ErrorKind::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::time::Duration;

    use super::*;

    /// Acknowledges everything.
    struct Willing;

    impl ErrorType for Willing {
        type Error = Infallible;
    }

    impl I2c for Willing {
        fn transaction(&mut self, _: u8, _: &mut [Operation<'_>]) -> Result<(), Infallible> {
            Ok(())
        }
    }

    /// The parent has the chip: its child sends nothing in its session.
    #[test]
    fn a_session_that_came_by_fork_is_not_ours() {
        let directory = tempfile::tempdir().unwrap();
        let node = directory.path().join("i2c-1");
        std::fs::write(&node, "").unwrap();
        let lock = SessionLock::new(node, BusAddress::DEFAULT)
            .with_old_files_in(directory.path())
            .with_patience(Duration::from_millis(20));
        let mut bus = Locked::new(Willing, lock);
        bus.hold_session().unwrap();
        bus.write(0x60, &[0x03]).unwrap();
        bus.held.as_mut().unwrap().guard.pretend_fork();
        let refused = bus.write(0x60, &[0x03]);
        assert!(matches!(refused, Err(LockedError::Lock(_))), "{refused:?}");
    }
}
