//! The first byte of every write to a chip. Source: ATECC508A datasheet, "Word
//! Address Values".

/// The next read begins with the first byte of the response again.
pub const RESET: u8 = 0x00;
/// The chip sleeps and forgets what is volatile.
pub const SLEEP: u8 = 0x01;
/// The chip idles: its watchdog stops, and what is volatile stays.
pub const IDLE: u8 = 0x02;
/// A command follows, as a group.
pub const COMMAND: u8 = 0x03;
