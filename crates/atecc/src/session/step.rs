//! What a session asks of its transport, and what it is told.

/// The next thing to do on the bus.
#[derive(Debug)]
#[must_use]
pub enum Step<'a> {
    /// SDA low for 60 us or more. Its own step, since platforms differ. An
    /// acknowledge is not expected and its absence no fault.
    Wake,
    /// An I2C write to the chip.
    Write(&'a [u8]),
    /// An I2C read from the chip, filling the buffer, which holds zeros.
    Read(&'a mut [u8]),
    /// Wait at least this many microseconds.
    Wait(u32),
    /// The command is done, or the session is over.
    Done,
}

/// What came of a [`Step`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Performed and acknowledged.
    Done,
    /// The chip did not acknowledge its address: it took nothing.
    AddressNack,
    /// Something was not acknowledged, and what the chip has taken is not
    /// known: a data byte, or the transport cannot tell; a time-out or an
    /// interruption of the transfer besides.
    Nack,
    /// Another controller won the bus; the chip has not got all of it.
    ArbitrationLost,
    /// The bus itself failed. The session only tries to put the chip to sleep.
    Fault,
}

/// How a session has left the chip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Left {
    /// It took the sleep token, or was never woken.
    Asleep,
    /// It did not acknowledge the sleep token, or the bus failed: it may be
    /// awake until its watchdog ends that, and hold what it held.
    Unknown,
}
