//! The private keys of a chip, as its configuration lets them be used.
//!
//! What a key may do is asked of `atecc-config`. A use that has to be authorized
//! by another slot's key is none here: this module knows no such key. The latch
//! is the host's to set and uses that are limited run out, so both are allowed
//! until the chip refuses.

use atecc::{ConfigZone, Slot};
use atecc_config::{KeyNeed, Known, Need, Operation, Policy, causes, evaluate};
use atecc_x509::PublicKey;
use cryptoki_sys::CK_OBJECT_HANDLE;

use crate::key_slots::{KeySlots, SlotKey};
use crate::object::{PRIVATE_KEY, PUBLIC_KEY};

/// The first handle of keys in other slots than 0, and of keys that were made
/// in the place of others.
const OTHER_KEYS: CK_OBJECT_HANDLE = 0x40;
/// Keys in one slot after which handles come again: all are below those of
/// sessions' objects.
const GENERATIONS: u8 = 121;

/// A private key in a slot of a chip.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Key {
    /// Its slot.
    pub slot: Slot,
    /// Its public half, where the chip tells it.
    pub public: Option<PublicKey>,
    /// What it may be used for.
    pub can: KeyUse,
    /// Whether each use counts.
    pub uses: Uses,
    /// Where it comes from.
    pub origin: KeyOrigin,
    /// How many keys of its slot were seen before it.
    pub generation: Generation,
}

/// What the chip lets a key do.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct KeyUse {
    /// Signs digests.
    pub sign: Allowed,
    /// Agrees on secrets, which the chip gives out in the clear.
    pub derive: Allowed,
}

/// Whether the configuration allows it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Allowed {
    /// It does.
    Yes,
    /// It does not.
    No,
}

/// Whether the uses of a key are counted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Uses {
    /// As many as one likes.
    Unlimited,
    /// SlotConfig.LimitedUse: nothing is tried twice.
    Limited,
}

/// Where a key comes from.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KeyOrigin {
    /// Made in the chip, as far as its configuration tells.
    Chip,
    /// It may have been written there (`PrivWrite`).
    Unknown,
}

/// A number that is another one when a slot's key has become another one, so that
/// the handles of the old key stand for nothing.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct Generation(u8);

impl Generation {
    pub(crate) const fn next(self) -> Self {
        Self((self.0 + 1) % GENERATIONS)
    }
}

impl Key {
    /// The key in `slot` of a chip with this configuration, whose data zone is
    /// locked; `None` where there is none, or none of which there is anything to
    /// show: it tells no public half, neither signs nor agrees.
    #[must_use]
    pub fn new(
        config: &ConfigZone,
        slot: Slot,
        held: &KeySlots,
        generation: Generation,
    ) -> Option<Self> {
        let held = held.get(slot);
        let derives = config.slot_config(slot).ecdh_in_the_clear();
        let can = KeyUse {
            sign: allowed(is_open(config, Operation::Sign, slot)),
            derive: allowed(derives && is_open(config, Operation::Ecdh, slot)),
        };
        let is_of_use = match held {
            SlotKey::Empty => false,
            SlotKey::Hidden => can.sign == Allowed::Yes || can.derive == Allowed::Yes,
            SlotKey::Shown(_) => true,
        };
        is_of_use.then(|| Self {
            slot,
            public: held.public(),
            can,
            uses: if config.slot_config(slot).limited_use() {
                Uses::Limited
            } else {
                Uses::Unlimited
            },
            origin: if evaluate(config, Operation::PrivWrite, slot).is_allowed() {
                KeyOrigin::Unknown
            } else {
                KeyOrigin::Chip
            },
            generation,
        })
    }

    /// The private key's handle. That of slot 0 is the one that it always had.
    #[must_use]
    pub fn private_handle(&self) -> CK_OBJECT_HANDLE {
        match (self.slot, self.generation) {
            (Slot::S0, Generation(0)) => PRIVATE_KEY,
            (slot, Generation(generation)) => {
                let index = CK_OBJECT_HANDLE::from(generation) * 16;
                OTHER_KEYS + 2 * (index + CK_OBJECT_HANDLE::from(slot.index()))
            }
        }
    }

    /// The public key's handle.
    #[must_use]
    pub fn public_handle(&self) -> CK_OBJECT_HANDLE {
        match self.private_handle() {
            PRIVATE_KEY => PUBLIC_KEY,
            private => private + 1,
        }
    }
}

const fn allowed(is_allowed: bool) -> Allowed {
    if is_allowed {
        Allowed::Yes
    } else {
        Allowed::No
    }
}

/// Whether the configuration allows it, without an authorization.
pub(crate) fn is_open(config: &ConfigZone, operation: Operation, slot: Slot) -> bool {
    let needs = evaluate(config, operation, slot).needs();
    needs.is_some_and(|needs| !needs.iter().any(is_authorization))
}

const fn is_authorization(need: &Need) -> bool {
    matches!(need, Need::Key(_, KeyNeed::Authorization(_)))
}

/// Why a slot does not do this here, by the configuration; `None` where that
/// allows it.
#[must_use]
pub fn why_not(config: &ConfigZone, operation: Operation, slot: Slot) -> Option<String> {
    let causes = causes(config, operation, slot, Known::default());
    let in_the_way = causes
        .iter()
        .filter(|cause| cause.need.as_ref().is_none_or(is_authorization));
    let in_the_way: Vec<_> = in_the_way.map(ToString::to_string).collect();
    (!in_the_way.is_empty()).then(|| in_the_way.join("; "))
}

/// Whether what `slot` holds can become something else.
#[must_use]
pub fn is_changeable(config: &ConfigZone, slot: Slot) -> bool {
    !Policy::of(config, slot).ways().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::FIRST_OF_SESSION;

    /// Slot 0 keeps its own; no two keys have the same, and none that of a
    /// certificate, a profile or a session's object.
    #[test]
    fn handles_are_apart() {
        let mut seen = std::collections::BTreeSet::new();
        for slot in Slot::ALL {
            let mut generation = Generation::default();
            for _ in 0..GENERATIONS {
                let key = Key {
                    slot,
                    public: None,
                    can: KeyUse {
                        sign: Allowed::Yes,
                        derive: Allowed::No,
                    },
                    uses: Uses::Unlimited,
                    origin: KeyOrigin::Chip,
                    generation,
                };
                for handle in [key.private_handle(), key.public_handle()] {
                    assert!(seen.insert(handle), "{slot} {generation:?}");
                    assert!(handle < FIRST_OF_SESSION);
                    assert!(!(3..OTHER_KEYS).contains(&handle));
                }
                generation = generation.next();
            }
            assert_eq!(generation, Generation::default());
        }
        assert!(seen.contains(&1) && seen.contains(&2));
    }
}
