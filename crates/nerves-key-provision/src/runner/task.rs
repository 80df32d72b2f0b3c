//! What a step has the chip do, and what follows from it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::fmt;

use atecc::command::Request;
use atecc::procedure::{Answer, Next};
use atecc::{Failure, Procedure};
use zeroize::Zeroizing;

use super::Event;
use super::state::State;
use crate::{RunError, SigningRequest, Step};

/// A step that has begun.
pub(super) enum StepStart<'p> {
    /// The chip works on it.
    Task(Task<'p>),
    /// It needed no chip.
    Done(State<'p>),
    /// It is the signer's.
    NeedsSignature(Box<SigningRequest>, State<'p>),
}

/// What a step came to.
pub(super) struct StepEnd<'p> {
    pub(super) state: State<'p>,
    /// What is told besides.
    pub(super) event: Option<Event<'p>>,
}

impl<'p> From<State<'p>> for StepEnd<'p> {
    fn from(state: State<'p>) -> Self {
        Self { state, event: None }
    }
}

/// What the chip still has to do for a step.
pub(super) struct Task<'p>(Box<dyn Commands<'p> + Send + 'p>);

/// How far a [`Task`] has got.
pub(super) enum Progress<'p> {
    Send(Request, Task<'p>),
    Done(Result<StepEnd<'p>, RunError>),
}

impl<'p> Task<'p> {
    pub(super) fn resume(self, answer: Answer<'_>) -> Progress<'p> {
        self.0.resume(answer)
    }
}

impl fmt::Debug for Task<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Task").finish_non_exhaustive()
    }
}

trait Commands<'p> {
    fn resume(self: Box<Self>, answer: Answer<'_>) -> Progress<'p>;
}

/// A procedure, and what its result means.
struct Then<P, F> {
    procedure: P,
    then: F,
}

impl<'p, P, F> Commands<'p> for Then<P, F>
where
    P: Procedure<Error = Failure> + Send + 'p,
    F: FnOnce(Result<P::Output, Failure>) -> Result<StepEnd<'p>, RunError> + Send + 'p,
{
    fn resume(mut self: Box<Self>, answer: Answer<'_>) -> Progress<'p> {
        match self.procedure.resume(answer) {
            Next::Send(request) => Progress::Send(request, Task(self)),
            Next::Done(result) => Progress::Done((self.then)(result)),
        }
    }
}

/// Have the chip do `procedure`; `then` judges its result. A failure ends the run.
pub(super) fn run<'p, P, F>(step: &'p Step, procedure: P, then: F) -> StepStart<'p>
where
    P: Procedure<Error = Failure> + Send + 'p,
    F: FnOnce(P::Output) -> Result<State<'p>, RunError> + Send + 'p,
{
    let failed = move |failure| step_failed(step, failure);
    run_or_refuse(procedure, move |result| {
        then(result.map_err(failed)?).map(StepEnd::from)
    })
}

/// As [`run`], where a failure may mean something else.
pub(super) fn run_or_refuse<'p, P, F>(procedure: P, then: F) -> StepStart<'p>
where
    P: Procedure<Error = Failure> + Send + 'p,
    F: FnOnce(Result<P::Output, Failure>) -> Result<StepEnd<'p>, RunError> + Send + 'p,
{
    StepStart::Task(Task(Box::new(Then { procedure, then })))
}

pub(super) fn step_failed(step: &Step, failure: Failure) -> RunError {
    RunError::Step {
        step: step.clone(),
        failure,
    }
}

pub(super) fn out_of_order(step: &Step) -> RunError {
    RunError::OutOfOrder(step.clone())
}

/// Contents of a slot, which may be secret.
pub(super) struct Bytes(Zeroizing<Vec<u8>>);

impl Bytes {
    pub(super) fn copy(bytes: &[u8]) -> Self {
        Self(Zeroizing::new(bytes.to_vec()))
    }
}

impl AsRef<[u8]> for Bytes {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
