//! Procedures: sequences of commands with one result, sans-IO.

use crate::command::{Request, Retry};
use crate::error::{Cause, Executed};
use crate::session::{Left, Outcome, Session, Step};
use crate::{Command, Failure, ObservedTimes, Timing};

/// A sequence of commands in which each may depend on the answers before it.
///
/// A procedure runs in one awake session: nothing else reaches the chip
/// between its commands, and `TempKey` lives from one to the next.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{InfoRevision, Random};
/// use atecc::procedure::{Answer, Next, Once};
/// use atecc::{Failure, Procedure};
///
/// /// The revision, then a random number.
/// #[derive(Default)]
/// struct Greeting(bool);
///
/// impl Procedure for Greeting {
///     type Output = [u8; 32];
///     type Error = Failure;
///
///     fn resume(&mut self, answer: Answer<'_>) -> Next<[u8; 32], Failure> {
///         match answer {
///             Answer::Start => Next::send(&InfoRevision),
///             Answer::Payload(_) if !self.0 => {
///                 self.0 = true;
///                 Next::send(&Random::default())
///             }
///             answer => Once(Random::default()).resume(answer),
///         }
///     }
/// }
///
/// let random = device.run(Greeting::default())?;
/// assert_ne!(random, Random::TEST_PATTERN);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait Procedure {
    /// What it gives in the end.
    type Output;
    /// What may prevent that.
    type Error: From<Failure>;

    /// Whether it may run again after it has succeeded: nothing that it sends
    /// changes the chip a second time or counts a use of a key.
    fn is_harmless(&self) -> bool {
        false
    }

    /// Take what came of the last command and say what is next.
    fn resume(&mut self, answer: Answer<'_>) -> Next<Self::Output, Self::Error>;
}

/// What [`Procedure::resume`] is told.
#[derive(Clone, Copy, Debug)]
pub enum Answer<'a> {
    /// Nothing yet: give the first command.
    Start,
    /// The payload of the last command's response.
    Payload(&'a [u8]),
    /// The last command failed, after all repeats that were allowed.
    Failed(Failure),
}

/// What [`Procedure::resume`] says.
#[derive(Debug)]
pub enum Next<T, E> {
    /// Send this and resume with the answer.
    Send(Request),
    /// The end.
    Done(Result<T, E>),
}

impl<T, E> Next<T, E> {
    /// The same, with what `change` makes of the result.
    ///
    /// ```
    /// use atecc::procedure::Next;
    /// use atecc::Failure;
    ///
    /// let next: Next<u8, Failure> = Next::Done(Ok(2));
    /// assert!(matches!(next.map(|it| it + 1), Next::Done(Ok(3))));
    /// ```
    #[inline]
    pub fn map<U>(self, change: impl FnOnce(T) -> U) -> Next<U, E> {
        match self {
            Self::Send(request) => Next::Send(request),
            Self::Done(result) => Next::Done(result.map(change)),
        }
    }

    /// After a result comes what `then` says: another command, or an end. An
    /// error is the end.
    ///
    /// ```
    /// use atecc::commands::InfoRevision;
    /// use atecc::procedure::Next;
    /// use atecc::Failure;
    ///
    /// let woken: Next<(), Failure> = Next::Done(Ok(()));
    /// let next: Next<(), Failure> = woken.and_then(|()| Next::send(&InfoRevision));
    /// assert!(matches!(next, Next::Send(_)));
    /// ```
    #[inline]
    pub fn and_then<U>(self, then: impl FnOnce(T) -> Next<U, E>) -> Next<U, E> {
        match self {
            Self::Send(request) => Next::Send(request),
            Self::Done(Ok(value)) => then(value),
            Self::Done(Err(error)) => Next::Done(Err(error)),
        }
    }

    /// After an error comes what `then` says: a refusal may be an answer.
    ///
    /// ```
    /// use atecc::error::Cause;
    /// use atecc::procedure::Next;
    /// use atecc::Failure;
    ///
    /// let failed: Next<u8, Failure> = Next::failed(Cause::Bus.before_execution());
    /// let next: Next<u8, Failure> = failed.or_else(|_| Next::Done(Ok(0)));
    /// assert!(matches!(next, Next::Done(Ok(0))));
    /// ```
    #[inline]
    pub fn or_else<F>(self, then: impl FnOnce(E) -> Next<T, F>) -> Next<T, F> {
        match self {
            Self::Send(request) => Next::Send(request),
            Self::Done(Ok(value)) => Next::Done(Ok(value)),
            Self::Done(Err(error)) => then(error),
        }
    }
}

impl<T, E: From<Failure>> Next<T, E> {
    /// Send `command`.
    pub fn send<C: Command>(command: &C) -> Self {
        match Request::new(command) {
            Ok(request) => Self::Send(request),
            Err(error) => Self::failed(error.into()),
        }
    }

    /// End with `failure`.
    #[must_use]
    pub fn failed(failure: Failure) -> Self {
        Self::Done(Err(failure.into()))
    }
}

/// A single command as a procedure.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::procedure::Once;
/// use atecc::commands::{InfoRevision, Random};
/// use atecc::procedures::Prepared;
///
/// // Two commands, nothing between them.
/// let (revision, _random) =
///     device.run(Prepared::new(Once(InfoRevision), Random::default()))?;
/// assert!(revision.family().is_some());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct Once<C>(pub C);

impl<C: Command> Procedure for Once<C> {
    type Output = C::Response;
    type Error = Failure;

    fn is_harmless(&self) -> bool {
        self.0.repeat() != Retry::CheckStateFirst
    }

    fn resume(&mut self, answer: Answer<'_>) -> Next<C::Response, Failure> {
        match answer {
            Answer::Start => Next::send(&self.0),
            Answer::Payload(payload) => Next::Done(self.0.decode(payload).map_err(Failure::from)),
            Answer::Failed(failure) => Next::failed(failure),
        }
    }
}

/// A procedure on its way over the bus: the steps from the first wake to the
/// sleep at the end, whatever happens in between.
///
/// ```
/// # use atecc::procedure::{Once, Run};
/// # use atecc::session::{Outcome, Step};
/// # use atecc::{Timing, commands::InfoRevision};
/// let mut run = Run::new(Once(InfoRevision), Timing::default());
/// assert!(matches!(run.step(), Step::Wake));
/// run.advance(Outcome::Nack); // nobody acknowledges the general call
/// assert!(matches!(run.step(), Step::Wait(1500)));
/// ```
#[derive(Debug)]
pub struct Run<P: Procedure> {
    procedure: P,
    session: Session,
    result: Option<Result<P::Output, P::Error>>,
    /// What is known of the commands that failed: the worst of it.
    executed: Executed,
    /// The bus failed under a command.
    is_broken: bool,
}

impl<P: Procedure> Run<P> {
    /// Start `procedure`.
    pub fn new(procedure: P, timing: Timing) -> Self {
        Self::over(Session::new(timing), procedure)
    }

    /// Start `procedure` at an address that may be another device's: nothing is
    /// written to it before it has given a sound group.
    pub fn probe(procedure: P, timing: Timing) -> Self {
        Self::over(Session::probe(timing), procedure)
    }

    fn over(session: Session, procedure: P) -> Self {
        let mut run = Self {
            procedure,
            session,
            result: None,
            executed: Executed::No,
            is_broken: false,
        };
        run.resume(Some(Answer::Start));
        run.proceed();
        run
    }

    /// What to do next; after [`Step::Done`] ask for [`Run::finish`].
    pub fn step(&mut self) -> Step<'_> {
        self.session.step()
    }

    /// Report what came of the step last given, on a host without a clock.
    pub fn advance(&mut self, outcome: Outcome) {
        self.advance_after(outcome, 0);
    }

    /// Report what came of the step last given, and how many microseconds it
    /// took by the host's clock.
    pub fn advance_after(&mut self, outcome: Outcome, took_us: u32) {
        self.session.advance_after(outcome, took_us);
        self.proceed();
    }

    /// See [`Session::sleep_first`].
    pub const fn sleep_first(&mut self) {
        self.session.sleep_first();
    }

    /// See [`Session::set_observed_times`].
    pub const fn set_observed_times(&mut self, observed: ObservedTimes) {
        self.session.set_observed_times(observed);
    }

    /// See [`Session::observed_times`].
    pub const fn observed_times(&self) -> &ObservedTimes {
        self.session.observed_times()
    }

    /// How the chip was left, once the steps are done.
    pub fn left(&self) -> Left {
        self.session.left()
    }

    /// See [`Session::slow_us`].
    pub const fn slow_us(&self) -> u32 {
        self.session.slow_us()
    }

    /// Whether the bus failed under a command, and what is known of that one
    /// and of those that failed before: the procedure may have been about to ask
    /// what had become of one.
    pub(crate) const fn broken(&self) -> Option<Executed> {
        if self.is_broken {
            Some(self.executed)
        } else {
            None
        }
    }

    /// The session, while it has steps left. Its caller performs them to
    /// [`Step::Done`] and then has the run [`Run::proceed`].
    pub(crate) fn session(&mut self) -> Option<&mut Session> {
        let ended = matches!(self.session.step(), Step::Done);
        (!ended).then_some(&mut self.session)
    }

    /// After a command, go on to the next; past those that are refused before
    /// anything is sent.
    pub(crate) fn proceed(&mut self) {
        while self.result.is_none() && matches!(self.session.step(), Step::Done) {
            self.resume(None);
        }
    }

    /// The result, once the steps are done.
    ///
    /// # Errors
    /// The procedure's own; [`Cause::Bus`] when the steps were not all
    /// performed.
    pub fn finish(self) -> Result<P::Output, P::Error> {
        self.result
            .unwrap_or_else(|| Err(P::Error::from(Cause::Bus.of_unknown_fate())))
    }

    fn resume(&mut self, start: Option<Answer<'_>>) {
        let answer = start.unwrap_or_else(|| match self.session.answer() {
            Ok(payload) => Answer::Payload(payload),
            Err(failure) => Answer::Failed(failure),
        });
        // A bus that failed will not carry another command.
        let broken = match answer {
            Answer::Failed(failure) if failure.is_of_the_bus() => Some(failure),
            _ => None,
        };
        if let Answer::Failed(failure) = answer {
            self.is_broken = failure.cause == Cause::Bus;
            if failure.executed != Executed::No {
                self.executed = failure.executed;
            }
        }
        match (self.procedure.resume(answer), broken) {
            (Next::Send(_), Some(failure)) => {
                self.result = Some(Err(P::Error::from(failure)));
                self.session.end();
            }
            (Next::Send(request), None) => self.session.begin(request),
            (Next::Done(result), _) => {
                self.result = Some(result);
                self.session.end();
            }
        }
    }
}
