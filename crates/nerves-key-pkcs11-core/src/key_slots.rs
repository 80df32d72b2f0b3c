//! Which slots of a chip hold a private key, and the public halves that the chip
//! tells.
//!
//! `GenKey` computes a public half where the configuration lets it; elsewhere
//! `Info` says whether there is a key at all.

use atecc::commands::{GenKey, GenKeyMode, InfoKeyValid};
use atecc::config::KeyType;
use atecc::procedure::{Answer, Next, Once};
use atecc::{ConfigZone, Failure, Procedure, Slot, Status};
use atecc_config::Operation;
use atecc_x509::PublicKey;

use crate::key::is_open;

/// What one slot holds, as far as private keys go.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub enum SlotKey {
    /// No private key.
    #[default]
    Empty,
    /// A private key whose public half the chip does not tell.
    Hidden,
    /// A private key.
    Shown(PublicKey),
}

impl SlotKey {
    /// The public half.
    #[must_use]
    pub const fn public(self) -> Option<PublicKey> {
        match self {
            Self::Shown(public) => Some(public),
            Self::Empty | Self::Hidden => None,
        }
    }
}

/// What each slot holds.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub struct KeySlots([SlotKey; 16]);

impl KeySlots {
    /// What `slot` holds.
    #[must_use]
    pub fn get(&self, slot: Slot) -> SlotKey {
        self.0[usize::from(slot.index())]
    }

    /// The same with `key` in `slot`.
    #[must_use]
    pub fn with(mut self, slot: Slot, key: SlotKey) -> Self {
        self.0[usize::from(slot.index())] = key;
        self
    }
}

/// The slots that may hold a private key, once the data zone is locked: before
/// that the chip does not enforce its configuration, and everything may still be
/// replaced.
pub fn private_slots(config: &ConfigZone) -> impl Iterator<Item = Slot> {
    let is_private = |slot: &Slot| {
        let key_config = config.key_config(*slot);
        key_config.private() && key_config.key_type() == KeyType::P256
    };
    let locked = config.data_lock().is_locked();
    Slot::ALL
        .into_iter()
        .filter(move |slot| locked && is_private(slot))
}

/// Ask for what some slots hold.
#[derive(Clone, Debug)]
pub struct ReadKeySlots {
    /// In reverse; the last one is being asked for.
    slots: Vec<Ask>,
    known: KeySlots,
}

#[derive(Clone, Copy, Debug)]
enum Ask {
    Public(Once<GenKey>),
    IsThere(Once<InfoKeyValid>, Slot),
}

impl ReadKeySlots {
    /// Ask for `slots` of a chip with this configuration; of the others `known`
    /// holds.
    #[must_use]
    pub fn new(
        config: &ConfigZone,
        slots: impl IntoIterator<Item = Slot>,
        known: KeySlots,
    ) -> Self {
        let ask = |slot| {
            if is_open(config, Operation::PublicKey, slot) {
                let mode = GenKeyMode::Public;
                Ask::Public(Once(GenKey { mode, slot }))
            } else {
                Ask::IsThere(Once(InfoKeyValid { slot }), slot)
            }
        };
        let mut slots: Vec<_> = slots.into_iter().map(ask).collect();
        slots.reverse();
        Self { slots, known }
    }
}

impl Ask {
    fn resume(&mut self, answer: Answer<'_>) -> Next<(Slot, SlotKey), Failure> {
        match self {
            Self::Public(ask) => {
                let slot = ask.0.slot;
                let key = ask.resume(answer).map(|key| SlotKey::Shown(key.into()));
                key.or_else(none_if_refused).map(|key| (slot, key))
            }
            Self::IsThere(ask, slot) => {
                let slot = *slot;
                let key = ask.resume(answer).map(|there| {
                    if there {
                        SlotKey::Hidden
                    } else {
                        SlotKey::Empty
                    }
                });
                key.or_else(none_if_refused).map(|key| (slot, key))
            }
        }
    }
}

/// A refusal is an answer: there is no key.
fn none_if_refused(failure: Failure) -> Next<SlotKey, Failure> {
    match failure.refusal() {
        Some(Status::Execution | Status::Parse) => Next::Done(Ok(SlotKey::Empty)),
        _ => Next::failed(failure),
    }
}

impl Procedure for ReadKeySlots {
    type Output = KeySlots;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<KeySlots, Failure> {
        let mut answer = answer;
        while let Some(ask) = self.slots.last_mut() {
            match ask.resume(answer) {
                Next::Send(request) => return Next::Send(request),
                Next::Done(Err(failure)) => return Next::failed(failure),
                Next::Done(Ok((slot, key))) => self.known = self.known.with(slot, key),
            }
            self.slots.pop();
            answer = Answer::Start;
        }
        Next::Done(Ok(self.known))
    }
}
