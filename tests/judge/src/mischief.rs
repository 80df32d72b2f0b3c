//! What can go wrong at one transfer.

use atecc_emulator::Power;
use embedded_hal::i2c::ErrorKind;

/// A transfer that is about to begin.
#[derive(Clone, Copy, Debug)]
pub struct Moment<'a> {
    /// The number of the transfer, from 0.
    pub number: u64,
    /// Where it goes; 0 for a wake pulse.
    pub address: u8,
    /// What it is.
    pub transfer: Transfer<'a>,
    /// How the chip is.
    pub power: Option<Power>,
}

/// What the driver asks for.
#[derive(Clone, Copy, Debug)]
pub enum Transfer<'a> {
    /// Word address and what follows it.
    Write(&'a [u8]),
    /// So many bytes.
    Read(usize),
}

impl Moment<'_> {
    /// How many bytes are transferred.
    #[must_use]
    pub const fn len(&self) -> usize {
        match self.transfer {
            Transfer::Write(bytes) => bytes.len(),
            Transfer::Read(len) => len,
        }
    }

    /// Whether nothing is transferred but the address.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The group of a command, if it carries one.
    #[must_use]
    pub const fn command(&self) -> Option<&[u8]> {
        match self.transfer {
            Transfer::Write([0x03, group @ ..]) if self.address != 0 => Some(group),
            _ => None,
        }
    }
}

/// What goes wrong.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Mischief {
    /// The other side hears this bit of this byte otherwise.
    Flip {
        /// Index of the byte; that of a write's word address is 0.
        byte: usize,
        /// 0 to 7.
        bit: u8,
    },
    /// The last acknowledge of a write does not arrive.
    AckLost,
    /// The address is not acknowledged; the chip hears nothing.
    Refused,
    /// A read gives ones; the chip has sent its answer.
    Blank,
    /// The adapter reports this, and nothing was on the bus.
    Lost(ErrorKind),
    /// The adapter reports this, and the chip has heard it all.
    Failed(ErrorKind),
    /// A write breaks off after half of its bytes, and the adapter reports this.
    Half(ErrorKind),
    /// A dip of the supply before the transfer.
    Reset,
    /// The watchdog expires before the transfer.
    Watchdog,
    /// Noise wakes the chip before the transfer.
    NoisyWake,
}
