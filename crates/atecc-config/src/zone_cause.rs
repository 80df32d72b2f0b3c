//! Why commands that ask nothing of a slot are refused.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use atecc::config::offset;
use atecc::{ConfigZone, Opcode};

use crate::{Cause, Counter, Reason};

/// Bits 1-0 of Param1 of `Read` and `Write`.
const CONFIG: u8 = 0;
const OTP: u8 = 1;
/// Bit 7 of Param1: 32 bytes instead of 4.
const BLOCK: u8 = 0x80;

/// As far as configuration and locks tell.
pub(crate) fn of(zone: &ConfigZone, opcode: Opcode, param1: u8, param2: u16) -> Vec<Cause> {
    let [low, _] = param2.to_le_bytes();
    let (config, data) = (zone.config_lock(), zone.data_lock());
    let rule = |reason: Reason| Cause {
        text: reason.to_string(),
        remedy: Some(reason.remedy(config)),
        need: None,
    };
    let known = |text: &str, remedy: &'static str| Cause {
        text: String::from(text),
        remedy: Some(remedy),
        need: None,
    };
    let found = match (opcode, param1 & 0b11) {
        (Opcode::Read, OTP) if !data.is_locked() => rule(Reason::DataUnlocked),
        (Opcode::Write, CONFIG) if config.is_locked() => known(
            "the configuration is locked (byte 87 is 00)",
            "none: a lock cannot be undone",
        ),
        (Opcode::Write, CONFIG) if is_fixed(param1, low) => known(
            "bytes 0 to 15 and 84 to 87 of the configuration are not written by Write",
            "leave them out: write words of 4 bytes there; UpdateExtra and Lock change 84 to 87",
        ),
        (Opcode::Write, OTP) if data.is_locked() => known(
            "the OTP zone is locked (byte 86 is 00)",
            "none: a lock cannot be undone",
        ),
        (Opcode::Write | Opcode::Lock, OTP) if !config.is_locked() => rule(Reason::ConfigUnlocked),
        (Opcode::Lock, CONFIG) if config.is_locked() => known(
            "the configuration is locked already",
            "nothing is left to do",
        ),
        (Opcode::Lock, OTP) if data.is_locked() => {
            known("data and OTP are locked already", "nothing is left to do")
        }
        (Opcode::Lock, CONFIG | OTP) => known(
            "the CRC that came with the command is not that of what the chip holds",
            "read the zone back and compare it with what was written",
        ),
        (Opcode::Counter, _) if low > 1 => known("there are counters 0 and 1", "name one of them"),
        (Opcode::Counter, 1) if is_at_its_end(zone, low) => known(
            "the counter is at its end, 2097151",
            "none: counters do not go back",
        ),
        (Opcode::UpdateExtra, 0) if zone.byte(offset::USER_EXTRA) != 0 => known(
            "byte 84 (UserExtra) is written already",
            "none: it is written once",
        ),
        (Opcode::UpdateExtra, 1) if zone.byte(offset::SELECTOR) != 0 => {
            known("byte 85 is written already", "none: it is written once")
        }
        _ => return Vec::new(),
    };
    alloc::vec![found]
}

/// Whether the write touches what `Write` never changes.
fn is_fixed(param1: u8, word: u8) -> bool {
    let first = usize::from(word) * 4;
    let (first, length) = if param1 & BLOCK == 0 {
        (first, 4)
    } else {
        (first & !31, 32)
    };
    first < offset::I2C_ADDRESS || (first < 88 && first + length > 84)
}

fn is_at_its_end(zone: &ConfigZone, counter: u8) -> bool {
    let at = Counter::OFFSETS.get(usize::from(counter));
    at.is_some_and(|at| Counter::from_bytes(Counter::bytes_at(zone, *at)) >= Counter::LAST)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Datasheet, "Write Command", "Lock Command", "Counter Command" and
    /// "UpdateExtra Command".
    #[test]
    fn what_each_zone_refuses() {
        let with = |bytes: &[(usize, u8)]| {
            let mut zone = [0; 128];
            zone[86..88].fill(0x55);
            for (at, byte) in bytes {
                zone[*at] = *byte;
            }
            ConfigZone(zone)
        };
        let (open, half) = (with(&[]), with(&[(87, 0)]));
        let closed = with(&[(87, 0), (86, 0), (84, 1), (85, 0xC0)]);
        let mut at_end = closed;
        at_end.0[60..68].copy_from_slice(&Counter::LAST.to_bytes());
        for (zone, opcode, param1, param2, text) in [
            (&half, Opcode::Read, 0x81, 0, "byte 86 is 55"),
            (&half, Opcode::Write, 0x00, 5, "byte 87 is 00"),
            (&open, Opcode::Write, 0x80, 0, "bytes 0 to 15"),
            (&open, Opcode::Write, 0x00, 21, "84 to 87"),
            (&open, Opcode::Write, 0x80, 0x10, "84 to 87"),
            (&closed, Opcode::Write, 0x81, 0, "OTP zone is locked"),
            (&open, Opcode::Write, 0x81, 0, "byte 87 is 55"),
            (&half, Opcode::Lock, 0x00, 0, "locked already"),
            (&open, Opcode::Lock, 0x01, 0, "byte 87 is 55"),
            (&closed, Opcode::Lock, 0x81, 0, "locked already"),
            (&open, Opcode::Lock, 0x00, 0, "CRC"),
            (&half, Opcode::Lock, 0x01, 0, "CRC"),
            (&half, Opcode::Counter, 0x00, 2, "counters 0 and 1"),
            (&at_end, Opcode::Counter, 0x01, 1, "2097151"),
            (&closed, Opcode::UpdateExtra, 0x00, 7, "byte 84"),
            (&closed, Opcode::UpdateExtra, 0x01, 7, "byte 85"),
        ] {
            let causes = of(zone, opcode, param1, param2);
            let [cause] = causes.as_slice() else {
                panic!("{opcode} {param1:02X} {param2:04X}: {causes:?}");
            };
            assert!(cause.text.contains(text), "{text}: {}", cause.text);
            assert!(cause.remedy.is_some());
        }
        for (zone, opcode, param1, param2) in [
            (&open, Opcode::Write, 0x00, 4),
            (&open, Opcode::Write, 0x80, 0x18),
            (&closed, Opcode::Read, 0x81, 0),
            (&closed, Opcode::Counter, 0x01, 1),
            (&closed, Opcode::Random, 0x00, 0),
        ] {
            assert_eq!(of(zone, opcode, param1, param2), []);
        }
    }
}
