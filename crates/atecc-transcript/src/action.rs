//! What a bus can do.

use core::ops::Range;

#[cfg(feature = "alloc")]
use crate::word_address::{IDLE, REWIND, SLEEP};

/// Nanoseconds since the start of a transcript.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
#[cfg_attr(feature = "postcard", derive(serde::Serialize, serde::Deserialize))]
pub struct Time(pub u64);

/// One thing that happened on the bus. `B` holds bytes: a slice while
/// recording, a vector in a transcript.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "postcard", derive(serde::Serialize, serde::Deserialize))]
pub enum Action<B> {
    /// SDA low for a wake pulse, as a general call or by other means. Nobody
    /// acknowledges it.
    Wake,
    /// START, address, bytes, STOP. The first byte that goes to a chip is the
    /// word address: 00 rewinds its response, 01 is sleep, 02 idle, 03 begins a
    /// command. Source: ATECC508A datasheet, "Word Address Values".
    Write {
        /// Seven-bit address.
        address: u8,
        /// All that the host wanted to send after the address.
        bytes: B,
        /// How much of it was acknowledged.
        ack: Ack,
    },
    /// START, address, bytes, STOP.
    Read {
        /// Seven-bit address.
        address: u8,
        /// What the host received; empty when the address was not acknowledged.
        bytes: B,
        /// [`Ack::All`], [`Ack::NoAddress`], or [`Ack::Unknown`] when the transfer
        /// failed otherwise.
        ack: Ack,
    },
    /// The host waited at least this many nanoseconds.
    Delay(u64),
}

/// How much of a transfer was acknowledged.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[cfg_attr(feature = "postcard", derive(serde::Serialize, serde::Deserialize))]
pub enum Ack {
    /// The address and every byte.
    All,
    /// Not even the address: nobody there, asleep or busy.
    NoAddress,
    /// The address and this many bytes, but not the next.
    Bytes(u16),
    /// Not all, but how much is not known: many adapters do not tell.
    Unknown,
}

/// Wake, idle, sleep and rewind have words of their own in a transcript.
#[cfg(feature = "alloc")]
pub(crate) const WORDS: [(&str, u8); 3] = [("rewind", REWIND), ("sleep", SLEEP), ("idle", IDLE)];

/// An action that no bus can do.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum Impossible {
    /// The address has more than seven bits.
    #[error("address {0:#04x} is not a seven-bit address, 00 to 7f")]
    Address(u8),
    /// More was acknowledged than was sent.
    #[error("of {bytes} bytes, {acknowledged} and not the next are said to be acknowledged")]
    Acknowledged {
        /// How many are said to be.
        acknowledged: u16,
        /// How many there are.
        bytes: usize,
    },
    /// A read that was not acknowledged has brought bytes.
    #[error("a read that was not acknowledged brings no bytes, here {0}")]
    Read(usize),
    /// The redacted bytes are not among those of the action, or not zero.
    #[error("bytes {start} to {end} of {bytes} cannot be redacted")]
    Redacted {
        /// The first.
        start: usize,
        /// After the last.
        end: usize,
        /// How many there are.
        bytes: usize,
    },
}

impl<B: AsRef<[u8]>> Action<B> {
    /// The bytes of a write or read.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match self {
            Self::Write { bytes, .. } | Self::Read { bytes, .. } => bytes.as_ref(),
            Self::Wake | Self::Delay(_) => &[],
        }
    }

    /// The same with borrowed bytes.
    #[must_use]
    pub fn borrowed(&self) -> Action<&[u8]> {
        match *self {
            Self::Wake => Action::Wake,
            Self::Write {
                address,
                ref bytes,
                ack,
            } => Action::Write {
                address,
                bytes: bytes.as_ref(),
                ack,
            },
            Self::Read {
                address,
                ref bytes,
                ack,
            } => Action::Read {
                address,
                bytes: bytes.as_ref(),
                ack,
            },
            Self::Delay(ns) => Action::Delay(ns),
        }
    }

    /// Whether a bus can do this, with these of its bytes redacted.
    ///
    /// # Errors
    /// [`Impossible`].
    pub fn check(&self, redacted: &Range<usize>) -> Result<(), Impossible> {
        let bytes = self.bytes();
        let hidden = bytes.get(redacted.clone());
        if !redacted.is_empty() && !hidden.is_some_and(|hidden| hidden.iter().all(|b| *b == 0)) {
            return Err(Impossible::Redacted {
                start: redacted.start,
                end: redacted.end,
                bytes: bytes.len(),
            });
        }
        let (address, ack) = match *self {
            Self::Wake | Self::Delay(_) => return Ok(()),
            Self::Read { ack, .. } if ack != Ack::All && !bytes.is_empty() => {
                return Err(Impossible::Read(bytes.len()));
            }
            Self::Write { address, ack, .. } | Self::Read { address, ack, .. } => (address, ack),
        };
        match ack {
            _ if address > 0x7F => Err(Impossible::Address(address)),
            Ack::Bytes(acknowledged) if usize::from(acknowledged) >= bytes.len() => {
                Err(Impossible::Acknowledged {
                    acknowledged,
                    bytes: bytes.len(),
                })
            }
            _ => Ok(()),
        }
    }
}
