//! Why a chip answered "execution error" (0x0F), as far as its configuration
//! tells.
//!
//! The chip says no more than that one byte. Its configuration can be read at
//! any time, and says which rule was in the way, or what else was needed.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use atecc::{ConfigZone, Slot};

use crate::{Judgement, Need, Operation, judge};

/// A cause, and what can be done about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cause {
    /// What is so, or may be.
    pub text: String,
    /// What to do; nothing where the text says it.
    pub remedy: Option<&'static str>,
}

/// What can have made a chip with this configuration, in its present state of
/// locks, refuse `operation` on `slot`: each rule in the way; or, where none is,
/// what the operation needs besides, of which one was missing.
#[must_use]
pub fn causes(zone: &ConfigZone, operation: Operation, slot: Slot) -> Vec<Cause> {
    of(&judge(zone, operation, slot), zone)
}

fn of(judgement: &Judgement, zone: &ConfigZone) -> Vec<Cause> {
    match judgement {
        Judgement::Refused(reasons) => reasons
            .iter()
            .map(|reason| Cause {
                text: reason.to_string(),
                remedy: Some(reason.remedy(zone.config_lock())),
            })
            .collect(),
        Judgement::Allowed(needs) => needs
            .iter()
            // What a driver's procedures do themselves.
            .filter(|need| !matches!(need, Need::TempKey | Need::WholeBlock))
            .map(|need| Cause {
                text: format!("the configuration allows it, given {need}"),
                remedy: None,
            })
            .collect(),
        Judgement::Depends { on_508, on_608 } => {
            let mut causes = of(on_508, zone);
            for cause in of(on_608, zone) {
                if !causes.contains(&cause) {
                    causes.push(cause);
                }
            }
            causes
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(slot_config: u16, key_config: u16, locks: [u8; 2]) -> ConfigZone {
        let mut zone = [0; 128];
        zone[..8].copy_from_slice(&[0x01, 0x23, 0x45, 0x67, 0, 0, 0x60, 3]);
        zone[13..15].fill(1);
        zone[52..56].fill(0xFF);
        zone[60..64].fill(0xFF);
        zone[86..88].copy_from_slice(&locks);
        zone[88..90].fill(0xFF);
        zone[20..22].copy_from_slice(&slot_config.to_le_bytes());
        zone[96..98].copy_from_slice(&key_config.to_le_bytes());
        ConfigZone(zone)
    }

    fn texts(zone: &ConfigZone, operation: Operation) -> String {
        let causes = causes(zone, operation, Slot::ALL[0]);
        let texts: Vec<_> = causes.into_iter().map(|cause| cause.text).collect();
        texts.join("; ")
    }

    /// Each of these ends in 0x0F, of which people ask.
    #[test]
    fn what_people_ask_about() {
        let locked = [0, 0];
        for (zone, operation, text) in [
            (
                zone(0x2087, 0x0033, [0x55; 2]),
                Operation::Sign,
                "byte 87 is 55",
            ),
            (
                zone(0x2082, 0x0033, locked),
                Operation::Sign,
                "ReadKey bit 0 is 0",
            ),
            (
                zone(0x2007, 0x0033, locked),
                Operation::Sign,
                "needs SlotConfig.IsSecret",
            ),
            (zone(0x2087, 0x1033, locked), Operation::Sign, "latch"),
            (
                zone(0x2087, 0x0533 | 0x80, locked),
                Operation::Sign,
                "slot 5",
            ),
            (
                zone(0x2083, 0x0033, locked),
                Operation::Ecdh,
                "ReadKey bit 2 is 0",
            ),
            (
                zone(0x0087, 0x0033, locked),
                Operation::CreateKey,
                "WriteConfig bit 1 is 0",
            ),
            (
                zone(0x2F0F, 0x003C, locked),
                Operation::Write,
                "WriteConfig says never",
            ),
            (
                zone(0x0F8F, 0x003C, locked),
                Operation::Read,
                "the slot is secret",
            ),
            (
                zone(0x2087, 0x0013, locked),
                Operation::Lock,
                "Lockable is 0",
            ),
            (
                zone(0x0F0F, 0x001C, locked),
                Operation::Aes,
                "KeyType is not 6",
            ),
            (zone(0x0F1F, 0x001C, locked), Operation::Mac, "NoMac is 1"),
            (
                zone(0x2087, 0x0033, locked),
                Operation::Sign,
                "a key in the slot",
            ),
        ] {
            let found = texts(&zone, operation);
            assert!(found.contains(text), "{operation}: {text} not in {found}");
        }
    }
}
