//! Asking a chip why it refused, right after it did.

use atecc::commands::{InfoKeyValid, InfoLatch};
use atecc::procedure::{Answer, Next};
use atecc::procedures::ReadConfig;
use atecc::{Command, ConfigZone, Failure, Procedure, Slot};

use crate::cause::Known;
use crate::explanation::refused;
use crate::{Explanation, KeyNeed, Need};

/// Read what explains a refusal: the configuration, and, where the answer
/// depends on them, the latch and whether there is a key. Nothing is changed.
#[derive(Clone, Debug)]
pub struct ReadCauses {
    failure: Failure,
    step: Step,
    known: Known,
}

#[derive(Clone, Debug)]
enum Step {
    Config(ReadConfig),
    Latch(ConfigZone),
    Key(ConfigZone),
}

impl ReadCauses {
    /// Of `failure`; `None` where it is no "execution error" of the chip's.
    #[must_use]
    pub fn new(failure: &Failure) -> Option<Self> {
        refused(failure).map(|_| Self {
            failure: *failure,
            step: Step::Config(ReadConfig::new()),
            known: Known::default(),
        })
    }

    fn explanation(&self, zone: &ConfigZone) -> Option<Explanation> {
        Explanation::new(zone, &self.failure, self.known)
    }

    fn may_lack(&self, zone: &ConfigZone, is_it: impl Fn(&Need) -> bool) -> Option<Slot> {
        let explanation = self.explanation(zone)?;
        let lacks = explanation
            .causes
            .iter()
            .filter_map(|cause| cause.need.as_ref());
        let (_, slot) = explanation.asked.first()?;
        lacks.into_iter().any(is_it).then_some(*slot)
    }

    fn ask_latch(&mut self, zone: ConfigZone) -> Next<Option<Explanation>, Failure> {
        let latch = |need: &Need| {
            matches!(
                need,
                Need::Key(_, KeyNeed::Latch | KeyNeed::LatchUnconfirmed)
            )
        };
        if self.may_lack(&zone, latch).is_none() {
            return self.ask_key(zone);
        }
        self.step = Step::Latch(zone);
        Next::send(&InfoLatch::Read)
    }

    fn ask_key(&mut self, zone: ConfigZone) -> Next<Option<Explanation>, Failure> {
        let slot = self.may_lack(&zone, |need| *need == Need::KeyPresent);
        let private = |slot: &Slot| zone.key_config(*slot).private();
        let Some(slot) = slot.filter(private) else {
            return Next::Done(Ok(self.explanation(&zone)));
        };
        self.step = Step::Key(zone);
        Next::send(&InfoKeyValid { slot })
    }
}

/// What a command answers that may fail without harm.
fn told<C: Command>(command: &C, answer: Answer<'_>) -> Option<C::Response> {
    match answer {
        Answer::Payload(payload) => command.decode(payload).ok(),
        Answer::Start | Answer::Failed(_) => None,
    }
}

impl Procedure for ReadCauses {
    type Output = Option<Explanation>;
    type Error = Failure;

    fn is_harmless(&self) -> bool {
        true
    }

    fn resume(&mut self, answer: Answer<'_>) -> Next<Option<Explanation>, Failure> {
        match &mut self.step {
            Step::Config(read) => match read.resume(answer) {
                Next::Send(request) => Next::Send(request),
                Next::Done(Ok(zone)) => self.ask_latch(zone),
                Next::Done(Err(failure)) => Next::failed(failure),
            },
            Step::Latch(zone) => {
                let zone = *zone;
                self.known.is_latch_set = told(&InfoLatch::Read, answer);
                self.ask_key(zone)
            }
            Step::Key(zone) => {
                let zone = *zone;
                let command = InfoKeyValid { slot: Slot::S0 };
                self.known.is_key_present = told(&command, answer);
                Next::Done(Ok(self.explanation(&zone)))
            }
        }
    }
}

/// A procedure whose refusal is explained in the same session.
///
/// That the chip refused is a result here and no error: a bus that fails while
/// the causes are read takes nothing from it.
#[derive(Debug)]
pub struct WithCauses<P: Procedure> {
    procedure: P,
    /// What failed last: a procedure may look at the chip once more before it
    /// gives up.
    last: Option<Failure>,
    refused: Option<(P::Error, Failure, ReadCauses)>,
}

/// The chip answered "execution error".
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Refused<E> {
    /// The procedure's own error.
    pub error: E,
    /// The refusal that it is made of.
    pub failure: Failure,
    /// Why; `None` when the chip did not show its configuration.
    pub explanation: Option<Explanation>,
}

impl<P: Procedure> WithCauses<P> {
    /// Run `procedure`.
    pub const fn new(procedure: P) -> Self {
        Self {
            procedure,
            last: None,
            refused: None,
        }
    }

    fn explain(
        &mut self,
        answer: Answer<'_>,
    ) -> Option<Next<<Self as Procedure>::Output, P::Error>> {
        let (_, _, read) = self.refused.as_mut()?;
        let explanation = match read.resume(answer) {
            Next::Send(request) => return Some(Next::Send(request)),
            Next::Done(Ok(explanation)) => explanation,
            Next::Done(Err(_)) => None,
        };
        let (error, failure, _) = self.refused.take()?;
        Some(Next::Done(Ok(Err(Refused {
            error,
            failure,
            explanation,
        }))))
    }
}

impl<P: Procedure> Procedure for WithCauses<P> {
    type Output = Result<P::Output, Refused<P::Error>>;
    type Error = P::Error;

    fn is_harmless(&self) -> bool {
        self.procedure.is_harmless()
    }

    fn resume(&mut self, answer: Answer<'_>) -> Next<Self::Output, P::Error> {
        if let Some(next) = self.explain(answer) {
            return next;
        }
        if let Answer::Failed(failure) = answer {
            self.last = Some(failure);
        }
        let error = match self.procedure.resume(answer) {
            Next::Send(request) => {
                if !matches!(answer, Answer::Failed(_)) {
                    self.last = None;
                }
                return Next::Send(request);
            }
            Next::Done(Ok(output)) => return Next::Done(Ok(Ok(output))),
            Next::Done(Err(error)) => error,
        };
        let read = self
            .last
            .and_then(|failure| Some((failure, ReadCauses::new(&failure)?)));
        let Some((failure, read)) = read else {
            return Next::Done(Err(error));
        };
        self.refused = Some((error, failure, read));
        self.explain(Answer::Start)
            .unwrap_or_else(|| Next::failed(failure))
    }
}
