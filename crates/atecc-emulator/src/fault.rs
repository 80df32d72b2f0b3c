//! Faults as data: what goes wrong, and at which bus transaction.

use std::collections::BTreeMap;
use std::time::Duration;

/// One thing that goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Fault {
    /// All chips lose their supply until [`Bus::power_up`](crate::Bus::power_up).
    PowerCut(CutPoint),
    /// The next answered read, from this transaction on, does not arrive.
    ReplyLost(LostReply),
    /// The next answered read, from this transaction on, that is long enough
    /// arrives with these bits flipped.
    ReplyCorrupted {
        /// Index of the byte within the read.
        byte: usize,
        /// The bits to flip.
        mask: u8,
    },
    /// The next acknowledged write, from this transaction on, that is long
    /// enough is heard with these bits flipped: another word address, another
    /// count, anything.
    WriteCorrupted {
        /// Index of the byte within the write; 0 is the word address.
        byte: usize,
        /// The bits to flip.
        mask: u8,
    },
    /// The acknowledge of the last byte of the next acknowledged write, from
    /// this transaction on, is lost: the host sees a byte that was not
    /// acknowledged, and the chip has it all.
    WriteAckLost,
    /// The address of the next write that a chip would acknowledge, from this
    /// transaction on, is not acknowledged: the chip hears nothing.
    WriteRefused,
    /// The host's adapter reports a failure of this transaction.
    TransferFailed(Failure),
    /// From this transaction on the adapter reports this failure of every one,
    /// as on a bus whose line is held low.
    Stuck(Failure),
    /// Nobody acknowledges this transaction and the ones after it.
    NackBurst {
        /// How many transactions in all.
        transactions: u32,
    },
    /// The watchdog of every awake chip expires before this transaction.
    EarlyWatchdog,
    /// A dip of the supply resets every chip before this transaction: asleep,
    /// registers lost, a command in execution without effect.
    Reset,
    /// From this transaction on these bits are flipped in the last byte of every
    /// answered read, as on a bad line.
    Interference {
        /// The bits to flip.
        mask: u8,
    },
    /// Noise before this transaction wakes every sleeping or idle chip.
    NoisyWake,
}

/// What an adapter reports, when, and what of it is true.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Failure {
    /// As what the host sees it.
    pub kind: FailureKind,
    /// What has reached the chips.
    pub heard: Heard,
    /// The transaction takes so long before it fails, or the time of its bits
    /// if that is more. A line that is held low for 25 to 75 ms would also make
    /// chips forget a transfer (ATECC508A datasheet, section 6.7); nothing is
    /// under way at that moment here.
    pub after: Duration,
}

/// How a failure looks to the host: the kinds of embedded-hal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum FailureKind {
    /// [`ErrorKind::Bus`](embedded_hal::i2c::ErrorKind::Bus).
    Bus,
    /// [`ErrorKind::ArbitrationLoss`](embedded_hal::i2c::ErrorKind::ArbitrationLoss):
    /// another controller has won the bus.
    ArbitrationLoss,
    /// [`ErrorKind::Other`](embedded_hal::i2c::ErrorKind::Other): a time-out,
    /// say.
    Other,
}

/// What of a failed transaction has reached the chips.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Heard {
    /// Nothing: there was not even a START.
    Nothing,
    /// All of it, to the STOP. What a chip answered is not the host's.
    Everything,
}

/// When the supply fails.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum CutPoint {
    /// Before the transaction: it already fails.
    Before,
    /// During it: it fails, but the chip has received all of it. A command
    /// that it completed has begun, and this is what becomes of its effect.
    During(EepromEffect),
    /// After it: it succeeds, and a command that it completed is cut short.
    After,
}

/// What a command that the power cut ended has done to the EEPROM.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum EepromEffect {
    /// Nothing.
    Lost,
    /// All of it. Half a command is never written.
    Committed,
}

/// How a reply gets lost.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum LostReply {
    /// The read is not acknowledged. The chip still holds the response.
    Nack,
    /// The host reads FF bytes while the chip sends its response.
    Blank,
}

/// A fault script: which faults happen at which bus transaction.
///
/// Transactions are numbered from 0, in the order in which they start,
/// wake pulses included. [`Bus::transactions`](crate::Bus::transactions) is
/// the number of the next one.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub struct Faults(BTreeMap<u64, Vec<Fault>>);

impl Faults {
    /// Nothing goes wrong.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// The same script, and `fault` at `transaction`.
    #[must_use]
    pub fn at(mut self, transaction: u64, fault: Fault) -> Self {
        self.0.entry(transaction).or_default().push(fault);
        self
    }

    pub(crate) fn of(&self, transaction: u64) -> &[Fault] {
        self.0.get(&transaction).map_or(&[], Vec::as_slice)
    }
}
