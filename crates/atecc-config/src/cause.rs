//! Why a chip answered "execution error" (0x0F), as far as its configuration
//! tells.
//!
//! The chip says no more than that one byte. Its configuration can be read at
//! any time, and says which rule was in the way, or what else was needed.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use atecc::{ConfigZone, Slot};

use crate::{Judgement, KeyNeed, Need, Operation, evaluate};

/// A cause, and what can be done about it.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Cause {
    /// What is so, or may be.
    pub text: String,
    /// What to do; nothing where the text says it.
    pub remedy: Option<&'static str>,
    /// What was missing, where no rule was in the way.
    pub need: Option<Need>,
}

/// In one line.
impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "cause: {}", self.text)?;
        match self.remedy {
            Some(remedy) => write!(f, "; remedy: {remedy}"),
            None => Ok(()),
        }
    }
}

/// What is known of a chip beside its configuration.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Known {
    /// Whether the persistent latch is set.
    pub is_latch_set: Option<bool>,
    /// Whether the slot has a key.
    pub is_key_present: Option<bool>,
}

/// What can have made a chip with this configuration, in its present state of
/// locks, refuse `operation` on `slot`: each rule in the way; or, where none is,
/// what the operation needs besides, of which one was missing.
#[must_use]
pub fn causes(zone: &ConfigZone, operation: Operation, slot: Slot, known: Known) -> Vec<Cause> {
    of(&evaluate(zone, operation, slot), zone, known)
}

fn of(judgement: &Judgement, zone: &ConfigZone, known: Known) -> Vec<Cause> {
    match judgement {
        Judgement::Refused(reasons) => reasons
            .iter()
            .map(|reason| Cause {
                text: reason.to_string(),
                remedy: Some(reason.remedy(zone.config_lock())),
                need: None,
            })
            .collect(),
        Judgement::Allowed(needs) => {
            let mut unmet: Vec<_> = needs
                .iter()
                .filter_map(|need| missing(*need, known))
                .collect();
            // What is known to be missing is the cause.
            let is_sure = |(sure, _): &(bool, Cause)| *sure;
            if unmet.iter().any(is_sure) {
                unmet.retain(is_sure);
            }
            unmet.into_iter().map(|(_, cause)| cause).collect()
        }
        Judgement::Depends { on_508, on_608 } => {
            let mut causes = of(on_508, zone, known);
            for cause in of(on_608, zone, known) {
                if !causes.contains(&cause) {
                    causes.push(cause);
                }
            }
            causes
        }
    }
}

/// The cause that `need` was unmet, and whether that is certain; `None` where it
/// was met.
fn missing(need: Need, known: Known) -> Option<(bool, Cause)> {
    let is_met = match need {
        // What a driver's procedures do themselves.
        Need::TempKey | Need::WholeBlock => Some(true),
        // Used up for good would be a rule in the way.
        Need::Key(_, KeyNeed::Use(uses)) if uses.limit().is_none() => Some(true),
        Need::Key(_, KeyNeed::Latch | KeyNeed::LatchUnconfirmed) => known.is_latch_set,
        Need::KeyPresent => known.is_key_present,
        _ => None,
    };
    let text = match (is_met, need) {
        (Some(true), _) => return None,
        (Some(false), Need::KeyPresent) => "there is no key in the slot".to_string(),
        (Some(false), _) => format!("it needs {need}, and has not"),
        (None, _) => format!("the configuration allows it, given {need}"),
    };
    let cause = Cause {
        text,
        remedy: Some(need.remedy()),
        need: Some(need),
    };
    Some((is_met.is_some(), cause))
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
        let causes = causes(zone, operation, Slot::S0, Known::default());
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

    /// The latch and the key can be asked for: what is there is no cause.
    #[test]
    fn what_is_known_is_no_guess() {
        let zone = {
            let mut zone = zone(0x2087, 0x1033, [0, 0]);
            // Slot 5 gives the permission.
            zone.0[69] = 0x85;
            zone
        };
        let of = |is_latch_set, is_key_present| {
            let known = Known {
                is_latch_set,
                is_key_present,
            };
            let causes = causes(&zone, Operation::Sign, Slot::S0, known);
            causes
                .into_iter()
                .map(|cause| cause.text)
                .collect::<Vec<_>>()
        };
        let unknown = of(None, None);
        assert!(unknown.len() == 2 && unknown.iter().all(|text| text.contains("given")));
        assert_eq!(of(Some(true), Some(false)), ["there is no key in the slot"]);
        let latch = of(Some(false), None);
        assert!(
            latch.len() == 1 && latch[0].contains("latch set"),
            "{latch:?}"
        );
        assert!(of(Some(true), Some(true)).is_empty());
    }
}
