//! What a bus can do.

/// Nanoseconds since the start of a transcript.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, Ord, PartialEq, PartialOrd)]
pub struct Time(pub u64);

/// One thing that happened on the bus. `B` holds bytes: a slice while
/// recording, a vector in a transcript.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
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
        /// [`Ack::All`], or [`Ack::NoAddress`].
        ack: Ack,
    },
    /// The host waited at least this many nanoseconds.
    Delay(u64),
}

/// How much of a transfer was acknowledged.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
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
