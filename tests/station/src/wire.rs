//! What a host did to a chip, judged by what went over the bus.

use atecc_emulator::{Direction, LogEntry};

/// Opcode and Param1 of every command group that was sent, answered or not.
pub fn commands(log: &[LogEntry]) -> impl Iterator<Item = (u8, u8)> {
    log.iter().filter_map(|entry| match entry.bytes.as_slice() {
        [0x03, _count, opcode, param1, ..] if entry.direction == Direction::Write => {
            Some((*opcode, *param1))
        }
        _ => None,
    })
}

/// Whether nothing was asked of the chip that changes its EEPROM: `Read`,
/// `Info`, and the public half of a key.
#[must_use]
pub fn is_only_reading(log: &[LogEntry]) -> bool {
    commands(log).all(|command| matches!(command, (0x02 | 0x30, _) | (0x40, 0x00)))
}
