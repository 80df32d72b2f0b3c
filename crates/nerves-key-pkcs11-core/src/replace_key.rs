//! A new key in the place of the one that was shown.

use std::cell::Cell;

use atecc::commands::{GenKey, GenKeyMode};
use atecc::procedure::{Answer, Next, Once};
use atecc::procedures::CreateKey;
use atecc::{Failure, Procedure, Slot, Status};
use atecc_x509::PublicKey;

/// Where a key is to be made.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// Its slot.
    pub(crate) slot: Slot,
    /// What the caller was shown there, to be replaced.
    pub(crate) shown: Option<PublicKey>,
    /// Whether the caller wants this slot and no other.
    pub(crate) is_named: bool,
}

/// Make a key in a slot, if what it holds is what the caller was shown: a key
/// that another program has made there meanwhile is not replaced. Both happens
/// in one awake session, under one lock of the bus.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ReplaceKey<'a> {
    place: Place,
    asked: &'a Cell<bool>,
    step: Step,
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Look(Once<GenKey>),
    Create(CreateKey),
}

/// What came of it.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Replaced {
    /// The new key's public half.
    Made(PublicKey),
    /// Nothing was made: the slot holds another key than the caller was shown.
    Other,
}

impl<'a> ReplaceKey<'a> {
    /// `asked` says whether the chip may have been asked for a new one.
    #[must_use]
    pub(crate) const fn new(place: Place, asked: &'a Cell<bool>) -> Self {
        let mode = GenKeyMode::Public;
        let slot = place.slot;
        Self {
            place,
            asked,
            step: Step::Look(Once(GenKey { mode, slot })),
        }
    }

    fn found(&mut self, key: Option<PublicKey>) -> Next<Replaced, Failure> {
        if key != self.place.shown {
            return Next::Done(Ok(Replaced::Other));
        }
        self.asked.set(true);
        self.step = Step::Create(CreateKey::new(self.place.slot));
        self.resume(Answer::Start)
    }
}

impl Procedure for ReplaceKey<'_> {
    type Output = Replaced;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Replaced, Failure> {
        match &mut self.step {
            Step::Look(ask) => {
                let key = ask.resume(answer).map(|key| Some(PublicKey::from(key)));
                let key = key.or_else(|failure| match failure.refusal() {
                    Some(Status::Execution) => Next::Done(Ok(None)),
                    _ => Next::failed(failure),
                });
                key.and_then(|key| self.found(key))
            }
            Step::Create(create) => create.resume(answer).map(|key| Replaced::Made(key.into())),
        }
    }
}
