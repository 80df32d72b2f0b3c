//! A bus that does mischief and knows what came of it.
//!
//! It stands between the driver and the emulated bus. What it changes on the
//! way is so changed for the chip too, so the emulator's own state says what the
//! chip heard: after a write that leaves it busy it executes the bytes in its
//! input, and the first thing that it can be read afterwards is the answer. That
//! answer is read here, at 1 GHz, before the driver's next transfer, and
//! rewound. Nothing is taken from what the driver says.

use std::cell::RefCell;
use std::num::NonZeroU32;
use std::rc::Rc;
use std::time::Duration;

use atecc_emulator::{Bus, BusError, Chip, Fault, Faults, I2cHandle, Power};
use embedded_hal::i2c::{ErrorKind, ErrorType, I2c, NoAcknowledgeSource, Operation};

use crate::mischief::{Mischief, Moment, Transfer};

/// So fast that looking costs no time.
const LOOKING_HZ: NonZeroU32 = NonZeroU32::new(1_000_000_000).unwrap();

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

struct Inner {
    bus: Bus,
    i2c: I2cHandle,
    chip: usize,
    address: u8,
    adapter: Adapter,
    /// Asked before each transfer.
    mischief: Box<Choice>,
    transfers: u64,
    input: Vec<u8>,
    executions: Vec<Execution>,
}

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

impl Inner {
    fn carry(&mut self, address: u8, operation: &mut Operation<'_>) -> Result<(), WireError> {
        self.look();
        self.forget_input_of_a_sleeper();
        let moment = Moment {
            number: self.transfers,
            address,
            transfer: match operation {
                Operation::Write(bytes) => Transfer::Write(bytes),
                Operation::Read(buffer) => Transfer::Read(buffer.len()),
            },
            power: self.power(),
        };
        self.transfers += 1;
        let mischief = (self.mischief)(&moment);
        self.disturb(mischief);
        let result = match operation {
            Operation::Write(bytes) => self.write(address, bytes, mischief),
            Operation::Read(buffer) => self.read(address, buffer, mischief),
        };
        self.forget_input_of_a_sleeper();
        result.map_err(|error| WireError(self.told(error.0)))
    }

    /// What happens to the chip before the transfer.
    fn disturb(&mut self, mischief: Option<Mischief>) {
        let fault = match mischief {
            Some(Mischief::Reset) => Fault::Reset,
            Some(Mischief::Watchdog) => Fault::EarlyWatchdog,
            Some(Mischief::NoisyWake) => Fault::NoisyWake,
            _ => return,
        };
        let cuts = fault != Fault::NoisyWake;
        if cuts && self.power() == Some(Power::Busy) {
            self.end(End::Cut);
        }
        let next = self.bus.transactions();
        self.bus.set_faults(Faults::none().at(next, fault));
    }

    fn write(
        &mut self,
        address: u8,
        bytes: &[u8],
        mischief: Option<Mischief>,
    ) -> Result<(), WireError> {
        let mut heard = bytes.to_vec();
        match mischief {
            Some(Mischief::Refused) => return self.silence(),
            Some(Mischief::Lost(kind)) => return Err(WireError(kind)),
            Some(Mischief::Flip { byte, bit }) => {
                if let Some(byte) = heard.get_mut(byte) {
                    *byte ^= 1 << bit;
                }
            }
            Some(Mischief::Half(_)) => heard.truncate(bytes.len() / 2),
            _ => {}
        }
        let busy_before = self.power() == Some(Power::Busy);
        let result = self.i2c.write(address, &heard).map_err(kind);
        if address == self.address {
            self.heard(&heard, result, busy_before);
        }
        match mischief {
            Some(Mischief::AckLost) if result.is_ok() => Err(WireError(DATA_NACK)),
            Some(Mischief::Failed(kind) | Mischief::Half(kind)) => Err(WireError(kind)),
            _ => result.map_err(WireError),
        }
    }

    /// What the chip has taken of a write.
    fn heard(&mut self, bytes: &[u8], result: Result<(), ErrorKind>, busy_before: bool) {
        let Some((word, data)) = bytes.split_first() else {
            return;
        };
        if result == Err(ADDRESS_NACK) {
            return;
        }
        match word {
            0x00..=0x02 => self.input.clear(),
            0x03 => self.input.extend_from_slice(data),
            _ => {}
        }
        let busy = self.power() == Some(Power::Busy);
        if busy && !busy_before {
            self.end(End::Unseen);
            let mut group = std::mem::take(&mut self.input);
            // What is past the count was not acknowledged.
            let count = group.first().map_or(0, |count| usize::from(*count));
            group.truncate(count.max(1));
            self.executions.push(Execution {
                group,
                at: self.bus.clock().now(),
                end: End::Running,
            });
        }
    }

    fn read(
        &mut self,
        address: u8,
        buffer: &mut [u8],
        mischief: Option<Mischief>,
    ) -> Result<(), WireError> {
        match mischief {
            Some(Mischief::Refused) => return self.silence(),
            Some(Mischief::Lost(kind)) => return Err(WireError(kind)),
            _ => {}
        }
        let busy_before = self.power() == Some(Power::Busy);
        let result = self.i2c.read(address, buffer).map_err(kind);
        if busy_before && result.is_ok() {
            // It ended within the address byte.
            let end = payload(buffer).map_or(End::Unseen, End::Answered);
            self.end(end);
        }
        match mischief {
            Some(Mischief::Flip { byte, bit }) if result.is_ok() => {
                if let Some(byte) = buffer.get_mut(byte) {
                    *byte ^= 1 << bit;
                }
            }
            Some(Mischief::Blank) if result.is_ok() => buffer.fill(0xFF),
            Some(Mischief::Failed(kind)) => return Err(WireError(kind)),
            _ => {}
        }
        result.map_err(WireError)
    }

    /// An address byte that nobody acknowledges takes its time.
    fn silence(&self) -> Result<(), WireError> {
        let bits = Duration::from_secs(11) / self.bus.scl_hz().get();
        self.bus.clock().advance(bits);
        Err(WireError(ADDRESS_NACK))
    }

    fn told(&self, error: ErrorKind) -> ErrorKind {
        match (self.adapter, error) {
            (Adapter::Vague, ErrorKind::NoAcknowledge(_)) => {
                ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown)
            }
            _ => error,
        }
    }

    fn power(&self) -> Option<Power> {
        self.bus.inspect(self.chip, Chip::power)
    }

    /// A chip that is not awake has nothing in its input.
    fn forget_input_of_a_sleeper(&mut self) {
        if !matches!(self.power(), Some(Power::Awake)) {
            self.input.clear();
        }
    }

    /// See what became of the execution under way, if it has ended.
    fn look(&mut self) {
        let running = self.executions.last().map(|last| &last.end);
        if running != Some(&End::Running) {
            return;
        }
        match self.power() {
            Some(Power::Busy) => {}
            Some(Power::Idle) => self.end(End::Answered(Vec::new())),
            Some(Power::Awake) => {
                let end = self.answer().map_or(End::Unseen, End::Answered);
                self.end(end);
            }
            _ => self.end(End::Unseen),
        }
    }

    /// Read what the chip answers, and rewind it.
    fn answer(&mut self) -> Option<Vec<u8>> {
        let usual = self.bus.scl_hz();
        self.bus.set_scl_hz(LOOKING_HZ);
        let group = self.group();
        let rewound = self.i2c.write(self.address, &[0x00]);
        self.bus.set_scl_hz(usual);
        rewound.ok().and_then(|()| payload(&group.ok()?))
    }

    fn group(&mut self) -> Result<Vec<u8>, BusError> {
        let mut group = vec![0];
        self.i2c.read(self.address, &mut group)?;
        let mut rest = vec![0; usize::from(group[0]).saturating_sub(1)];
        if !rest.is_empty() {
            self.i2c.read(self.address, &mut rest)?;
        }
        group.append(&mut rest);
        Ok(group)
    }

    fn end(&mut self, end: End) {
        if let Some(last) = self.executions.last_mut()
            && last.end == End::Running
        {
            last.end = end;
        }
    }
}

const ADDRESS_NACK: ErrorKind = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address);
const DATA_NACK: ErrorKind = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Data);

#[expect(clippy::needless_pass_by_value, reason = "for map_err")]
fn kind(error: BusError) -> ErrorKind {
    embedded_hal::i2c::Error::kind(&error)
}

/// What is in a sound group; whatever follows it does not count.
fn payload(read: &[u8]) -> Option<Vec<u8>> {
    let count = usize::from(*read.first()?);
    let (body, crc) = read.get(..count)?.split_last_chunk::<2>()?;
    let (_, payload) = body.split_first()?;
    (*crc == checksum(body)).then(|| payload.to_vec())
}

/// CRC-16 of a group. Source: ATECC508A datasheet, "CRC": polynomial 8005, each
/// byte from its lowest bit on, sent low byte first.
fn checksum(bytes: &[u8]) -> [u8; 2] {
    let bits = bytes
        .iter()
        .flat_map(|byte| (0..8).map(move |at| u16::from(byte >> at & 1)));
    bits.fold(0_u16, |crc, bit| {
        let shifted = crc << 1;
        if crc >> 15 == bit {
            shifted
        } else {
            shifted ^ 0x8005
        }
    })
    .to_le_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sound_group() {
        assert_eq!(payload(&[0x04, 0x11, 0x33, 0x43]), Some(vec![0x11]));
        assert_eq!(payload(&[0x04, 0x11, 0x33, 0x43, 0xFF]), Some(vec![0x11]));
        assert_eq!(payload(&[0x04, 0x11, 0x33, 0x42]), None);
        assert_eq!(payload(&[0xFF; 4]), None);
    }
}
