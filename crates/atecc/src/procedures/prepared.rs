//! A command that needs what another one left in `TempKey`.

use crate::command::Retry;
use crate::procedure::{Answer, Next};
use crate::{Command, Failure, Procedure};

/// How often the pair is started.
const TRIES: u8 = 3;

/// `preparation`, then `command`, with nothing in between.
///
/// When `command` fails for a reason that may lie in a lost `TempKey` (the
/// watchdog or another host put the chip to sleep), both start over, unless the
/// command may have been executed and a second time would change the chip: a
/// key derived twice is another key, and each use of a key of limited use
/// counts. The same holds for what the preparation has sent. Preparations nest, so that any number of commands makes one
/// procedure.
///
/// ```
/// use atecc::commands::{LoadNonce, NonceTarget, Sign, DigestSource};
/// use atecc::procedures::Prepared;
/// use atecc::procedure::Once;
/// use atecc::Slot;
///
/// let digest = LoadNonce { target: NonceTarget::TempKey, value: [0xAA; 32] };
/// let sign = Sign { source: DigestSource::TempKey, slot: Slot::S0 };
/// let procedure = Prepared::new(Once(digest), sign);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Prepared<P: Procedure, C> {
    preparation: P,
    under_way: P,
    prepared: Option<P::Output>,
    command: C,
    again: Again,
    tries: u8,
}

/// When a command that may have been executed is sent again.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Again {
    /// As [`Command::repeat`] says.
    WhereHarmless,
    /// Always: a further use of its key counts nothing.
    Always,
}

impl<P, C> Prepared<P, C>
where
    P: Procedure<Error = Failure> + Clone,
    C: Command,
{
    /// `command` after `preparation`.
    pub fn new(preparation: P, command: C) -> Self {
        Self {
            under_way: preparation.clone(),
            preparation,
            prepared: None,
            command,
            again: Again::WhereHarmless,
            tries: 1,
        }
    }

    /// The same, for a command that only uses a slot's key, and one whose slot
    /// has no `LimitedUse` in its `SlotConfig`: a lost answer is asked for by
    /// another use. Not for a command that changes the chip.
    #[must_use]
    pub fn with_unlimited_key(self) -> Self {
        let again = Again::Always;
        Self { again, ..self }
    }

    /// The command.
    #[cfg(feature = "host")]
    pub(super) const fn command(&self) -> &C {
        &self.command
    }

    fn prepare(&mut self, answer: Answer<'_>) -> Next<(P::Output, C::Response), Failure> {
        let next = self.under_way.resume(answer);
        next.and_then(|output| {
            self.prepared = Some(output);
            Next::send(&self.command)
        })
    }

    fn judge(
        &mut self,
        prepared: P::Output,
        answer: Answer<'_>,
    ) -> Next<(P::Output, C::Response), Failure> {
        match answer {
            Answer::Start => Next::send(&self.command),
            Answer::Payload(payload) => Next::Done(
                self.command
                    .decode(payload)
                    .map(|response| (prepared, response))
                    .map_err(Failure::from),
            ),
            Answer::Failed(failure) if self.may_start_over(failure) => {
                self.tries += 1;
                self.under_way = self.preparation.clone();
                self.prepare(Answer::Start)
            }
            Answer::Failed(failure) => Next::failed(failure),
        }
    }

    fn may_start_over(&self, failure: Failure) -> bool {
        let harmless = failure.not_executed() || self.command.repeat() != Retry::CheckStateFirst;
        let allowed = self.again == Again::Always || (harmless && self.preparation.is_harmless());
        self.tries < TRIES && failure.may_have_lost_state() && allowed
    }
}

impl<P, C> Procedure for Prepared<P, C>
where
    P: Procedure<Error = Failure> + Clone,
    C: Command,
{
    type Output = (P::Output, C::Response);
    type Error = Failure;

    fn is_harmless(&self) -> bool {
        let command = self.command.repeat() != Retry::CheckStateFirst;
        self.again == Again::Always || (command && self.preparation.is_harmless())
    }

    fn resume(&mut self, answer: Answer<'_>) -> Next<Self::Output, Failure> {
        match self.prepared.take() {
            None => self.prepare(answer),
            Some(prepared) => self.judge(prepared, answer),
        }
    }
}
