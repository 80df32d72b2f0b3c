//! One transfer, and what the chip makes of it.

use std::num::NonZeroU32;
use std::time::Duration;

use atecc_emulator::{Bus, BusError, Chip, Fault, Faults, I2cHandle, Power};
use embedded_hal::i2c::{ErrorKind, I2c, NoAcknowledgeSource, Operation};

use super::group::payload;
use super::{Adapter, Choice, End, Execution, WireError};
use crate::mischief::{Mischief, Moment, Transfer};

/// So fast that looking costs no time.
const LOOKING_HZ: NonZeroU32 = NonZeroU32::new(1_000_000_000).unwrap();

/// What the clones of a wire share.
pub(super) struct Inner {
    pub(super) bus: Bus,
    pub(super) i2c: I2cHandle,
    pub(super) chip: usize,
    pub(super) address: u8,
    pub(super) adapter: Adapter,
    /// Asked before each transfer.
    pub(super) mischief: Box<Choice>,
    pub(super) transfers: u64,
    pub(super) input: Vec<u8>,
    pub(super) executions: Vec<Execution>,
}

impl Inner {
    pub(super) fn carry(
        &mut self,
        address: u8,
        operation: &mut Operation<'_>,
    ) -> Result<(), WireError> {
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
    pub(super) fn look(&mut self) {
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
