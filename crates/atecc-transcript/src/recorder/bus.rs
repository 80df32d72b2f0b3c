//! A bus that is recorded.

use embedded_hal::i2c::{
    Error, ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation, SevenBitAddress,
};

use super::tape::{Joined, Piece};
use super::{Clock, Sink, Tape};
use crate::{Ack, Action, Time};

/// A bus whose transactions are recorded, those of all chips on it.
///
/// A write to address 0 that fails is a wake pulse: nobody acknowledges one.
/// A transaction of several segments becomes an action for each, of which the
/// first has the time; when it fails, none of them is known to be done.
#[derive(Debug)]
pub struct Recorder<'t, I2C, S, C> {
    pub(super) bus: I2C,
    tape: &'t Tape<S, C>,
}

impl<'t, I2C, S: Sink, C: Clock> Recorder<'t, I2C, S, C> {
    /// Record `bus` on `tape`.
    pub const fn new(bus: I2C, tape: &'t Tape<S, C>) -> Self {
        Self { bus, tape }
    }

    /// The bus, no longer recorded.
    pub fn into_inner(self) -> I2C {
        self.bus
    }

    /// What passes by is not recorded: for a wake pulse that needs the bus
    /// itself, with [`Tape::wake`].
    pub const fn unrecorded(&mut self) -> &mut I2C {
        &mut self.bus
    }

    /// The time before a transaction.
    pub(super) fn now(&self) -> Option<Time> {
        self.tape.now()
    }

    /// Record a transaction that has ended. `operations` hold what was read.
    pub(super) fn ended(
        &self,
        mut at: Option<Time>,
        address: SevenBitAddress,
        operations: &[Operation<'_>],
        failure: Option<ErrorKind>,
    ) {
        let mut segments = operations
            .chunk_by(|a, b| is_read(a) == is_read(b))
            .peekable();
        let mut alone = true;
        while let Some(segment) = segments.next() {
            alone = alone && segments.peek().is_none();
            let failure = failure.map(|kind| if alone { kind } else { ErrorKind::Other });
            self.segment(at.take(), address, segment, failure);
            alone = false;
        }
    }

    /// Operations of one direction follow each other without a START.
    fn segment(
        &self,
        at: Option<Time>,
        address: SevenBitAddress,
        operations: &[Operation<'_>],
        failure: Option<ErrorKind>,
    ) {
        let reads = operations.first().is_some_and(is_read);
        if failure.is_some() && address == 0 && !reads {
            return self.tape.put(at, &Action::Wake);
        }
        let piece = match operations {
            _ if reads && failure.is_some() => Piece::One(&[]),
            [one] => Piece::One(bytes(one)),
            several => Piece::Joined(Joined::new(several.iter().map(bytes))),
        };
        self.tape.put_piece(at, &piece, |bytes| {
            if reads {
                Action::Read {
                    address,
                    bytes,
                    ack: failure.map_or(Ack::All, read_ack),
                }
            } else {
                Action::Write {
                    address,
                    bytes,
                    ack: failure.map_or(Ack::All, write_ack),
                }
            }
        });
    }
}

fn is_read(operation: &Operation<'_>) -> bool {
    matches!(operation, Operation::Read(_))
}

fn bytes<'a>(operation: &'a Operation<'_>) -> &'a [u8] {
    match operation {
        Operation::Read(bytes) => bytes,
        Operation::Write(bytes) => bytes,
    }
}

/// Of a read, nothing but the address needs an acknowledge of the chip.
fn read_ack(failure: ErrorKind) -> Ack {
    match failure {
        ErrorKind::NoAcknowledge(_) => Ack::NoAddress,
        _ => Ack::Unknown,
    }
}

fn write_ack(failure: ErrorKind) -> Ack {
    match failure {
        ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address) => Ack::NoAddress,
        _ => Ack::Unknown,
    }
}

impl<I2C: ErrorType, S, C> ErrorType for Recorder<'_, I2C, S, C> {
    type Error = I2C::Error;
}

impl<I2C: I2c, S: Sink, C: Clock> I2c for Recorder<'_, I2C, S, C> {
    fn transaction(
        &mut self,
        address: SevenBitAddress,
        operations: &mut [Operation<'_>],
    ) -> Result<(), I2C::Error> {
        let at = self.now();
        let outcome = self.bus.transaction(address, operations);
        self.ended(
            at,
            address,
            operations,
            outcome.as_ref().err().map(Error::kind),
        );
        outcome
    }
}
