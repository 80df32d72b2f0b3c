//! The first byte of a write to a chip. Source: ATECC508A datasheet, "Word
//! Address Values".

/// The next read begins with the response's first byte again.
pub(crate) const REWIND: u8 = 0x00;
pub(crate) const SLEEP: u8 = 0x01;
#[cfg(feature = "alloc")]
pub(crate) const IDLE: u8 = 0x02;
/// A command follows.
pub(crate) const COMMAND: u8 = 0x03;
