//! A command that needs what another one left in `TempKey`.

use crate::{Answer, Command, Failure, Next, Procedure};

/// How often the pair is started.
const TRIES: u8 = 3;

/// `preparation`, then `command`, with nothing in between.
///
/// When `command` fails for a reason that may lie in a lost `TempKey` (the
/// watchdog or another host put the chip to sleep), both start over. Preparations
/// nest, so that any number of commands makes one procedure.
///
/// ```
/// use atecc::commands::{LoadNonce, NonceTarget, Sign, DigestSource};
/// use atecc::procedures::Prepared;
/// use atecc::{Once, Slot};
///
/// let digest = LoadNonce { target: NonceTarget::TempKey, value: [0xAA; 32] };
/// let sign = Sign { source: DigestSource::TempKey, slot: Slot::ALL[0] };
/// let procedure = Prepared::new(Once(digest), sign);
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Prepared<P: Procedure, C> {
    preparation: P,
    under_way: P,
    prepared: Option<P::Output>,
    command: C,
    tries: u8,
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
            tries: 1,
        }
    }

    fn prepare(&mut self, answer: Answer<'_>) -> Next<(P::Output, C::Response), Failure> {
        match self.under_way.resume(answer) {
            Next::Send(request) => Next::Send(request),
            Next::Done(Ok(output)) => {
                self.prepared = Some(output);
                Next::send(&self.command)
            }
            Next::Done(Err(failure)) => Next::failed(failure),
        }
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
            Answer::Failed(failure) if self.tries < TRIES && failure.may_have_lost_state() => {
                self.tries += 1;
                self.under_way = self.preparation.clone();
                self.prepare(Answer::Start)
            }
            Answer::Failed(failure) => Next::failed(failure),
        }
    }
}

impl<P, C> Procedure for Prepared<P, C>
where
    P: Procedure<Error = Failure> + Clone,
    C: Command,
{
    type Output = (P::Output, C::Response);
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Self::Output, Failure> {
        match self.prepared.take() {
            None => self.prepare(answer),
            Some(prepared) => self.judge(prepared, answer),
        }
    }
}
