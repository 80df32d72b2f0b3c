//! A driver's session over bus and lock, with an adapter made up of the chip's
//! own bytes.

use std::cell::RefCell;
use std::collections::VecDeque;
use std::io;
use std::path::Path;
use std::rc::Rc;
use std::time::{Duration, Instant};

use atecc::commands::InfoRevision;
use atecc::device::WakePulse;
use atecc::{BusAddress, Error};
use atecc_linux::{Bus, Delay, Locked, LockedError, LockedGeneralCall, SessionLock, Transfer};
use embedded_hal::i2c::{I2c, Operation};

const ENXIO: i32 = 6;
const EINVAL: i32 = 22;

/// What the adapter says to each transfer of a session with one Info command.
#[derive(Clone, Default)]
struct Adapter {
    general_call: i32,
    answers: VecDeque<Vec<u8>>,
    /// Whether the lock was free, per transfer; and its address.
    seen: Rc<RefCell<Vec<(u8, bool)>>>,
    probe: Option<SessionLock>,
}

impl Transfer for Adapter {
    fn transfer(&mut self, address: u8, messages: &mut [Operation<'_>]) -> io::Result<u32> {
        let free = self
            .probe
            .as_ref()
            .is_some_and(|lock| lock.try_take().is_ok());
        self.seen.borrow_mut().push((address, free));
        if address == 0 {
            return Err(io::Error::from_raw_os_error(self.general_call));
        }
        for message in messages.iter_mut() {
            if let Operation::Read(buffer) = message {
                let Some(answer) = self.answers.pop_front() else {
                    return Err(io::Error::from_raw_os_error(ENXIO));
                };
                buffer.fill(0xFF);
                buffer
                    .iter_mut()
                    .zip(answer)
                    .for_each(|(to, from)| *to = from);
            }
        }
        Ok(u32::try_from(messages.len()).unwrap())
    }
}

fn lock(directory: &Path) -> SessionLock {
    let node = directory.join("i2c-89");
    std::fs::write(&node, "").unwrap();
    SessionLock::new(node, BusAddress::DEFAULT)
        .with_old_files_in(directory)
        .with_patience(Duration::from_millis(200))
}

fn device(adapter: Adapter, lock: SessionLock) -> atecc::Device<Locked<Bus<Adapter>>, Delay> {
    let bus = Locked::new(Bus::new("/dev/i2c-89", adapter), lock);
    atecc::Device::new(bus, Delay)
}

#[test]
fn locked_from_wake_to_sleep() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let seen = Rc::default();
    let adapter = Adapter {
        general_call: ENXIO,
        answers: [AWAKE.to_vec(), AWAKE.to_vec(), REVISION.to_vec()].into(),
        seen: Rc::clone(&seen),
        probe: Some(lock.clone()),
    };
    let mut device = device(adapter, lock.clone());
    device.execute(InfoRevision).unwrap();

    // Wake, its answer, idle, wake, its answer, the command, its answer, sleep:
    // one session.
    let addresses = [0x00, 0x60, 0x60, 0x00, 0x60, 0x60, 0x60, 0x60];
    let expected: Vec<_> = addresses.map(|a| (a, false)).into();
    assert_eq!(*seen.borrow(), expected);
    drop(lock.try_take().unwrap());
}

const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];
/// Of an ATECC608A.
const REVISION: [u8; 7] = [0x07, 0x00, 0x00, 0x60, 0x02, 0x80, 0x38];

/// Whether the lock was free at any transfer of a session that goes wrong in
/// its middle: the driver lets the chip sleep and begins again.
fn free_while_recovering(device: impl FnOnce(Adapter, SessionLock) -> bool) -> bool {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let seen = Rc::default();
    let mut answers = VecDeque::from([AWAKE.to_vec(), AWAKE.to_vec()]);
    // Damaged as often as the driver reads it.
    let damaged = [0x07, 0x01, 0x00, 0x60, 0x02, 0x80, 0x38].to_vec();
    answers.extend(std::iter::repeat_n(damaged, 4));
    answers.extend([AWAKE.to_vec(), REVISION.to_vec()]);
    let adapter = Adapter {
        general_call: ENXIO,
        answers,
        seen: Rc::clone(&seen),
        probe: Some(lock.clone()),
    };
    assert!(device(adapter, lock.clone()));
    let seen = seen.borrow();
    let wakes = seen.iter().filter(|(address, _)| *address == 0).count();
    // Two to begin, one after the sleep.
    assert_eq!(wakes, 3, "{seen:?}");
    drop(lock.try_take().unwrap());
    seen.iter().any(|(_, free)| *free)
}

#[test]
fn locked_through_a_recovery() {
    let free = free_while_recovering(|adapter, lock| {
        let mut device = device(adapter, lock).with_wake(LockedGeneralCall);
        device.execute(InfoRevision).is_ok()
    });
    assert!(!free);
}

#[test]
fn free_once_a_session_is_over() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let adapter = Adapter {
        general_call: ENXIO,
        answers: [AWAKE.to_vec(), AWAKE.to_vec(), REVISION.to_vec()].into(),
        ..Adapter::default()
    };
    let mut device = device(adapter, lock.clone()).with_wake(LockedGeneralCall);
    device.execute(InfoRevision).unwrap();
    drop(lock.try_take().unwrap());
}

#[test]
fn a_chip_in_use_is_left_alone() {
    let directory = tempfile::tempdir().unwrap();
    let lock = lock(directory.path());
    let other = lock.take().unwrap();
    let adapter = Adapter::default();
    let seen = Rc::clone(&adapter.seen);
    let start = Instant::now();
    let error = device(adapter, lock).execute(InfoRevision).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Bus {
                error: LockedError::Lock(_),
                ..
            }
        ),
        "{error:?}"
    );
    assert_eq!(*seen.borrow(), []);
    // The wait is not repeated for the sleep token.
    assert!(start.elapsed() < Duration::from_millis(400));
    drop(other);
}

#[test]
fn an_adapter_without_general_call_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let adapter = Adapter {
        general_call: EINVAL,
        ..Adapter::default()
    };
    let lock = lock(directory.path());
    let error = device(adapter, lock.clone())
        .execute(InfoRevision)
        .unwrap_err();
    let Error::Bus { error, .. } = error else {
        panic!("{error:?}");
    };
    let text = error.to_string();
    assert!(text.contains("/dev/i2c-89"), "{text}");
    assert!(text.contains("refuses address 0"), "{text}");
    drop(lock.try_take().unwrap());
}

/// A bus with the lock, and another holder of the same lock.
fn bus(directory: &Path) -> (Locked<Bus<Adapter>>, SessionLock, Adapter) {
    let lock = lock(directory);
    let adapter = Adapter {
        probe: Some(lock.clone()),
        ..Adapter::default()
    };
    let bus = Locked::new(Bus::new("/dev/i2c-89", adapter.clone()), lock.clone());
    (bus, lock, adapter)
}

const SLEEP: [u8; 1] = [0x01];

#[test]
fn held_until_it_is_released() {
    let directory = tempfile::tempdir().unwrap();
    let (mut bus, other, adapter) = bus(directory.path());
    bus.hold_session().unwrap();
    assert!(other.try_take().is_err());
    bus.write(0x60, &SLEEP).unwrap();
    assert!(other.try_take().is_err(), "a sleep in a session's middle");
    bus.release();
    drop(other.try_take().unwrap());
    assert_eq!(*adapter.seen.borrow(), [(0x60, false)]);
}

#[test]
fn held_until_the_sleep() {
    let directory = tempfile::tempdir().unwrap();
    let (mut bus, other, _) = bus(directory.path());
    bus.hold().unwrap();
    bus.write(0x60, &[0x03]).unwrap();
    assert!(other.try_take().is_err());
    bus.write(0x60, &SLEEP).unwrap();
    drop(other.try_take().unwrap());
}

/// A sleep token outside a session takes the lock for itself alone.
#[test]
fn a_lone_sleep_is_locked() {
    let directory = tempfile::tempdir().unwrap();
    let (mut bus, other, adapter) = bus(directory.path());
    bus.write(0x60, &SLEEP).unwrap();
    assert_eq!(*adapter.seen.borrow(), [(0x60, false)]);
    let holder = other.take().unwrap();
    assert!(matches!(bus.write(0x60, &SLEEP), Err(LockedError::Lock(_))));
    drop(holder);
}

/// An EEPROM on the same bus has no session.
#[test]
fn transfers_to_others_pass() {
    let directory = tempfile::tempdir().unwrap();
    let (mut bus, other, adapter) = bus(directory.path());
    bus.write(0x50, &SLEEP).unwrap();
    assert_eq!(*adapter.seen.borrow(), [(0x50, true)]);
    let holder = other.take().unwrap();
    bus.write(0x50, &[0x00]).unwrap();
    drop(holder);
}

#[test]
fn the_clock_of_a_session_runs() {
    let directory = tempfile::tempdir().unwrap();
    let (mut bus, ..) = bus(directory.path());
    let mut now = || {
        let wake = &mut LockedGeneralCall;
        WakePulse::<_, Delay>::now_us(wake, &mut bus, &mut Delay).unwrap()
    };
    let first = now();
    std::thread::sleep(Duration::from_millis(5));
    let second = now();
    assert!(second - first >= 5_000, "{first} {second}");
    assert!(second - first < 5_000_000, "{first} {second}");
}
