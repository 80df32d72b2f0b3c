use std::cell::Cell;

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{
    ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation, SevenBitAddress,
};

use super::*;
use crate::{Ack, Action, Redaction};

/// Answers a read with 35, 36 ..; fails as told.
#[derive(Default)]
struct Bus(Option<ErrorKind>);

impl ErrorType for Bus {
    type Error = ErrorKind;
}

impl I2c for Bus {
    fn transaction(
        &mut self,
        _: SevenBitAddress,
        operations: &mut [Operation<'_>],
    ) -> Result<(), ErrorKind> {
        for operation in operations {
            if let Operation::Read(bytes) = operation {
                (35..=u8::MAX)
                    .cycle()
                    .zip(bytes.iter_mut())
                    .for_each(|(value, byte)| *byte = value);
            }
        }
        self.0.map_or(Ok(()), Err)
    }
}

struct NoDelay;

impl DelayNs for NoDelay {
    fn delay_ns(&mut self, _: u32) {}
}

const NACK: ErrorKind = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown);
const NACK_ADDRESS: ErrorKind = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address);
const RANDOM: [u8; 8] = [0x03, 0x07, 0x1B, 0x00, 0x00, 0x00, 0x24, 0xCD];

/// What is recorded of one transaction on a bus that fails so.
fn one(
    address: u8,
    operations: &mut [Operation<'_>],
    failure: Option<ErrorKind>,
) -> Vec<Action<Vec<u8>>> {
    let seen = std::cell::RefCell::new(Vec::new());
    let sink = |record: &Record<'_>| {
        seen.borrow_mut().push(owned(&record.action));
        Ok(())
    };
    let tape = Tape::new(sink, (), Redaction::none());
    let outcome = Recorder::new(Bus(failure), &tape).transaction(address, operations);
    assert_eq!(outcome.err(), failure);
    seen.take()
}

fn owned(action: &Action<&[u8]>) -> Action<Vec<u8>> {
    match *action {
        Action::Wake => Action::Wake,
        Action::Write {
            address,
            bytes,
            ack,
        } => write(address, bytes, ack),
        Action::Read {
            address,
            bytes,
            ack,
        } => read(address, bytes, ack),
        Action::Delay(ns) => Action::Delay(ns),
    }
}

fn write(address: u8, bytes: &[u8], ack: Ack) -> Action<Vec<u8>> {
    Action::Write {
        address,
        bytes: bytes.to_vec(),
        ack,
    }
}

fn read(address: u8, bytes: &[u8], ack: Ack) -> Action<Vec<u8>> {
    Action::Read {
        address,
        bytes: bytes.to_vec(),
        ack,
    }
}

#[test]
fn transactions_become_actions() {
    let (mut three, mut two) = ([0; 3], [0; 2]);
    assert_eq!(
        one(0x60, &mut [Operation::Write(&RANDOM)], None),
        [write(0x60, &RANDOM, Ack::All)]
    );
    assert_eq!(
        one(
            0x60,
            &mut [
                Operation::Write(&[0x03]),
                Operation::Write(&[0x07]),
                Operation::Read(&mut three),
                Operation::Read(&mut two),
                Operation::Write(&[0x02]),
            ],
            None
        ),
        [
            write(0x60, &[0x03, 0x07], Ack::All),
            read(0x60, &[35, 36, 37, 35, 36], Ack::All),
            write(0x60, &[0x02], Ack::All)
        ]
    );
    // The driver has its bytes, too.
    assert_eq!((three, two), ([35, 36, 37], [35, 36]));
}

#[test]
fn failures_become_acknowledges() {
    let mut buffer = [0; 4];
    assert_eq!(
        one(0x00, &mut [Operation::Write(&[0x00])], Some(NACK)),
        [Action::Wake]
    );
    assert_eq!(
        one(0x00, &mut [Operation::Write(&[0x00])], None),
        [write(0x00, &[0x00], Ack::All)]
    );
    for (failure, writes, reads) in [
        (NACK, Ack::Unknown, Ack::NoAddress),
        (NACK_ADDRESS, Ack::NoAddress, Ack::NoAddress),
        (ErrorKind::ArbitrationLoss, Ack::Unknown, Ack::Unknown),
    ] {
        assert_eq!(
            one(0x60, &mut [Operation::Write(&RANDOM)], Some(failure)),
            [write(0x60, &RANDOM, writes)]
        );
        assert_eq!(
            one(0x60, &mut [Operation::Read(&mut buffer)], Some(failure)),
            [read(0x60, &[], reads)]
        );
    }
    // Which of the two has failed is not known.
    assert_eq!(
        one(
            0x60,
            &mut [Operation::Write(&[0x00]), Operation::Read(&mut buffer)],
            Some(NACK_ADDRESS)
        ),
        [
            write(0x60, &[0x00], Ack::Unknown),
            read(0x60, &[], Ack::Unknown)
        ]
    );
}

#[test]
fn times_delays_and_secrets() {
    let now = Cell::new(0);
    let clock = || Time(now.replace(now.get() + 1));
    let seen = std::cell::RefCell::new(Vec::new());
    let sink = |record: &Record<'_>| {
        let action = owned(&record.action);
        seen.borrow_mut()
            .push((record.at, action, record.redacted.clone()));
        Ok(())
    };
    let tape = Tape::new(sink, clock, Redaction::secrets());
    let mut bus = Recorder::new(Bus::default(), &tape);
    let mut delay = DelayRecorder::new(NoDelay, &tape);
    tape.wake();
    delay.delay_us(1_500);
    delay.delay_ms(23);
    delay.delay_ns(7);
    let mut buffer = [0; 5];
    let mut operations = [Operation::Write(&RANDOM), Operation::Read(&mut buffer)];
    assert_eq!(bus.transaction(0x60, &mut operations), Ok(()));
    assert_eq!(
        *seen.borrow(),
        [
            (Some(Time(0)), Action::Wake, 0..0),
            (Some(Time(1)), Action::Delay(1_500_000), 0..0),
            (Some(Time(2)), Action::Delay(23_000_000), 0..0),
            (Some(Time(3)), Action::Delay(7), 0..0),
            (Some(Time(4)), write(0x60, &RANDOM, Ack::All), 0..0),
            (None, read(0x60, &[35, 0, 0, 0, 0], Ack::All), 1..5),
        ]
    );
    // Hidden from the sink, not from the driver.
    assert_eq!(buffer, [35, 36, 37, 38, 39]);
}

#[test]
fn losses_are_counted_and_disturb_nothing() {
    let full = Cell::new(true);
    let missing = Cell::new(0);
    let sink = |record: &Record<'_>| {
        missing.set(record.lost);
        if full.get() { Err(Lost) } else { Ok(()) }
    };
    let tape = Tape::new(sink, (), Redaction::secrets());
    let mut bus = Recorder::new(Bus::default(), &tape);
    assert_eq!(bus.write(0x60, &RANDOM), Ok(()));
    assert_eq!(tape.lost(), 1);
    // Too long to be put together, and too long to be hidden.
    full.set(false);
    let (mut one, mut other) = ([0; 100], [0; 100]);
    let mut operations = [Operation::Read(&mut one), Operation::Read(&mut other)];
    assert_eq!(bus.transaction(0x60, &mut operations), Ok(()));
    assert_eq!(bus.read(0x60, &mut [0; 300]), Ok(()));
    assert_eq!(tape.lost(), 3);
    assert_eq!(bus.write(0x60, &[0x02]), Ok(()));
    assert_eq!(missing.get(), 3);
    assert_eq!(bus.write(0x60, &[0x02]), Ok(()));
    assert_eq!((missing.get(), tape.lost()), (0, 3));
    // Nothing needs to be copied: any length.
    assert_eq!(bus.read(0x35, &mut [0; 300]), Ok(()));
    assert_eq!(tape.lost(), 3);
}

#[cfg(feature = "alloc")]
#[test]
fn a_vector_is_a_sink() {
    let tape = Tape::new(Vec::new(), (), Redaction::none());
    let mut bus = Recorder::new(Bus(Some(NACK)), &tape);
    assert_eq!(bus.write(0x00, &[0x00]), Err(NACK));
    let lines: Vec<Line> = tape.into_sink();
    assert_eq!(lines.len(), 1);
    assert_eq!(lines[0].to_string(), "-            wake\n");
}

#[cfg(feature = "async")]
mod awaited {
    use std::future::Future;
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use embedded_hal_async::delay::DelayNs;
    use embedded_hal_async::i2c::I2c;

    use super::*;

    impl I2c for Bus {
        async fn transaction(
            &mut self,
            address: SevenBitAddress,
            operations: &mut [Operation<'_>],
        ) -> Result<(), ErrorKind> {
            embedded_hal::i2c::I2c::transaction(self, address, operations)
        }
    }

    impl DelayNs for NoDelay {
        async fn delay_ns(&mut self, _: u32) {}
    }

    /// Of a future that never waits.
    fn outcome<T>(future: impl Future<Output = T>) -> T {
        match pin!(future).poll(&mut Context::from_waker(Waker::noop())) {
            Poll::Ready(outcome) => outcome,
            Poll::Pending => panic!("nothing to wait for"),
        }
    }

    #[test]
    fn what_is_awaited_is_recorded() {
        let seen = std::cell::RefCell::new(Vec::new());
        let sink = |record: &Record<'_>| {
            seen.borrow_mut().push(owned(&record.action));
            Ok(())
        };
        let tape = Tape::new(sink, (), Redaction::none());
        let mut bus = Recorder::new(Bus(Some(NACK_ADDRESS)), &tape);
        let mut delay = DelayRecorder::new(NoDelay, &tape);
        assert_eq!(
            outcome(I2c::write(&mut bus, 0x00, &[0x00])),
            Err(NACK_ADDRESS)
        );
        outcome(DelayNs::delay_us(&mut delay, 1_500));
        outcome(DelayNs::delay_ms(&mut delay, 1));
        let mut buffer = [0; 4];
        assert_eq!(
            outcome(I2c::read(&mut bus, 0x60, &mut buffer)),
            Err(NACK_ADDRESS)
        );
        assert_eq!(
            seen.take(),
            [
                Action::Wake,
                Action::Delay(1_500_000),
                Action::Delay(1_000_000),
                read(0x60, &[], Ack::NoAddress)
            ]
        );
    }
}
