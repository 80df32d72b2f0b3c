//! The interpreter of a plan's steps, sans-IO.
//!
//! It is a [`Procedure`], but one that stops half-way: the device certificate
//! is issued away from the chip. Run it until it stops with
//! [`RunOutcome::NeedsSignature`], give it the signature, run it again.
//!
//! What a run knows is its state (`state.rs`); each state begins the steps that
//! may follow it, and says what the chip is asked, what it has to answer and
//! which state comes then (`open.rs`, `issued.rs`, `locked.rs`).

mod failing;
mod issued;
mod lock_compared;
mod locked;
mod open;
mod prove;
mod read_slots;
mod state;
mod task;

use alloc::boxed::Box;
use core::mem;
use core::sync::atomic::{AtomicBool, Ordering};

use atecc::Procedure;
use atecc::procedure::{Answer, Next};
use atecc_x509::SignatureBytes;

use failing::Failing;
use prove::activate_locked;
use state::{Context, State};
use task::{Progress, StepEnd, StepStart, Task};

use crate::{Challenges, Plan, Report, RunError, SigningRequest, Step};

/// Where a run stands.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A step begins.
    Started {
        /// From 0.
        index: usize,
        /// How many the plan has.
        total: usize,
        /// The plan's, with this index.
        step: &'a Step,
    },
    /// It is done.
    Done {
        /// From 0.
        index: usize,
        /// The plan's, with this index.
        step: &'a Step,
    },
    /// The chip refused to sign before the data lock; it is asked again after.
    PossessionUnproved,
    /// The chip refused to activate its key before the data lock; it is asked
    /// again after.
    ActivationUnproved,
}

/// What a run of the [`Runner`] came to.
#[derive(Debug)]
pub enum RunOutcome {
    /// The device certificate is to be signed: [`Runner::signed`] goes on.
    NeedsSignature(Box<SigningRequest>),
    /// All steps are done.
    Finished,
}

/// The interpreter. See the module's documentation.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/request.rs"));
/// use nerves_key::ReadSnapshot;
/// use nerves_key_provision::{Challenges, Plan, Runner, RunOutcome};
///
/// let plan = Plan::new(&device.run(ReadSnapshot::new())?, &request)?;
/// let challenges = Challenges {
///     before_certificate: [0xCE; 32],
///     before_lock: [0xB0; 32],
///     after_lock: [0xAF; 32],
/// };
/// let mut runner = Runner::new(&plan, challenges, |_| {});
/// // It stops for the signer, and the chip sleeps meanwhile.
/// let RunOutcome::NeedsSignature(request) = device.run(&mut runner)? else {
///     unreachable!("a blank chip has no certificate");
/// };
/// request.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Runner<'p, F> {
    context: Context<'p>,
    on_event: F,
    stop: Option<&'p AtomicBool>,
    at: usize,
    phase: Phase<'p>,
}

#[derive(Debug)]
enum Phase<'p> {
    /// No step is under way.
    Between(State<'p>),
    /// The chip works on one.
    Working(Task<'p>),
    /// An error ends the run, and the chip says which one it is.
    Failing(Box<Failing<'p>>),
    /// An error ended the run.
    Failed,
}

impl<'p, F: FnMut(Event<'_>)> Runner<'p, F> {
    /// Begin `plan`. `on_event` is told of each step.
    pub const fn new(plan: &'p Plan, challenges: Challenges, on_event: F) -> Self {
        Self {
            context: Context { plan, challenges },
            on_event,
            stop: None,
            at: 0,
            phase: Phase::Between(State::Unread),
        }
    }

    /// The same, but once `stop` is true no further step begins: the run ends with
    /// [`RunError::Stopped`]. The step in hand is finished first.
    ///
    /// ```
    /// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
    /// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/request.rs"));
    /// use std::sync::atomic::{AtomicBool, Ordering};
    ///
    /// use nerves_key::{ReadSnapshot, Stage};
    /// use nerves_key_provision::{Challenges, Event, Plan, Runner, Step};
    ///
    /// let plan = Plan::new(&device.run(ReadSnapshot::new())?, &request)?;
    /// let challenges = Challenges {
    ///     before_certificate: [0xCE; 32],
    ///     before_lock: [0xB0; 32],
    ///     after_lock: [0xAF; 32],
    /// };
    /// let stop = AtomicBool::new(false);
    /// let on_event = |event: Event<'_>| {
    ///     if matches!(event, Event::Started { step: Step::LockConfig { .. }, .. }) {
    ///         stop.store(true, Ordering::Relaxed);
    ///     }
    /// };
    /// let mut runner = Runner::new(&plan, challenges, on_event).stop_on(&stop);
    /// assert!(device.run(&mut runner).is_err());
    /// let stage = device.run(ReadSnapshot::new())?.stage();
    /// assert!(matches!(stage, Stage::Configured(_)));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn stop_on(self, stop: &'p AtomicBool) -> Self {
        Self {
            stop: Some(stop),
            ..self
        }
    }

    /// Whether the chip is to be asked for nothing.
    pub(crate) fn is_empty(&self) -> bool {
        let plan = self.context.plan;
        plan.steps.is_empty() && !plan.has_key_to_try()
    }

    /// Take the signer's signature over the device certificate.
    ///
    /// # Errors
    /// [`RunError`] when it does not verify, or the certificate would not come
    /// back byte for byte. The chip is then as it was.
    pub fn signed(&mut self, signature: SignatureBytes) -> Result<(), RunError> {
        match mem::replace(&mut self.phase, Phase::Failed) {
            Phase::Between(State::Signing(signing)) => {
                let issued = signing.sign(self.context.plan, &signature);
                let (state, result) = match issued {
                    Ok(issued) => (State::Issued(issued), Ok(())),
                    Err(error) => (State::Proved(signing.proved), Err(error)),
                };
                self.phase = Phase::Between(state);
                result
            }
            phase => {
                self.phase = phase;
                Err(RunError::OutOfOrder(Step::IssueCertificate))
            }
        }
    }

    /// What was done, once the runner has stopped with [`RunOutcome::Finished`].
    #[must_use]
    pub fn into_report(self) -> Option<Report> {
        match self.phase {
            Phase::Between(State::Finished(report)) => Some(*report),
            _ => None,
        }
    }

    /// Begin the next step.
    fn begin(&mut self, state: State<'p>) -> Result<Advance<'p>, RunError> {
        let (plan, index) = (self.context.plan, self.at);
        let Some(step) = plan.steps.get(index) else {
            if index == 0 && plan.has_key_to_try() {
                let tried = activate_locked(self.context, &Step::Activate, state)?;
                return Ok(self.advance(tried));
            }
            self.phase = Phase::Between(state);
            return Ok(Advance::Stop(RunOutcome::Finished));
        };
        if self.stop.is_some_and(|stop| stop.load(Ordering::Relaxed)) {
            return Err(RunError::Stopped(step.clone()));
        }
        // The signer's step has begun before the signature.
        if !matches!(state, State::Issued(_)) || *step != Step::IssueCertificate {
            let total = plan.steps.len();
            (self.on_event)(Event::Started { index, total, step });
        }
        let start = state.begin(self.context, step)?;
        Ok(self.advance(start))
    }

    /// What a step that has begun comes to first.
    fn advance(&mut self, start: StepStart<'p>) -> Advance<'p> {
        match start {
            StepStart::Task(task) => Advance::Task(task),
            StepStart::Done(state) => {
                self.end(state.into());
                Advance::Ended
            }
            StepStart::NeedsSignature(request, state) => {
                self.phase = Phase::Between(state);
                Advance::Stop(RunOutcome::NeedsSignature(request))
            }
        }
    }

    /// The present step is done.
    fn end(&mut self, StepEnd { state, event }: StepEnd<'p>) {
        if let Some(event) = event {
            (self.on_event)(event);
        }
        let index = self.at;
        if let Some(step) = self.context.plan.steps.get(index) {
            (self.on_event)(Event::Done { index, step });
        }
        self.at += 1;
        self.phase = Phase::Between(state);
    }
}

/// What the next step begins with.
enum Advance<'p> {
    Task(Task<'p>),
    /// It is done already.
    Ended,
    /// The run stops.
    Stop(RunOutcome),
}

impl<F: FnMut(Event<'_>)> Procedure for &mut Runner<'_, F> {
    type Output = RunOutcome;
    type Error = RunError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<RunOutcome, RunError> {
        let mut answer = answer;
        loop {
            let task = match mem::replace(&mut self.phase, Phase::Failed) {
                Phase::Failed => return Next::Done(Err(RunError::Ended)),
                Phase::Working(task) => task,
                Phase::Failing(mut failing) => {
                    let next = failing.resume(answer);
                    if matches!(next, Next::Send(_)) {
                        self.phase = Phase::Failing(failing);
                    }
                    return next;
                }
                Phase::Between(state) => match self.begin(state) {
                    Err(error) => return Next::Done(Err(error)),
                    Ok(Advance::Stop(outcome)) => return Next::Done(Ok(outcome)),
                    Ok(Advance::Ended) => continue,
                    Ok(Advance::Task(task)) => {
                        answer = Answer::Start;
                        task
                    }
                },
            };
            match task.resume(answer) {
                Progress::Send(request, task) => {
                    self.phase = Phase::Working(task);
                    return Next::Send(request);
                }
                Progress::Done(Err(error)) if error.may_be_of_another_chip() => {
                    let failing = Failing::new(&self.context.plan.found, error);
                    self.phase = Phase::Failing(Box::new(failing));
                }
                Progress::Done(Err(error)) => return Next::Done(Err(error)),
                Progress::Done(Ok(after)) => self.end(after),
            }
            answer = Answer::Start;
        }
    }
}
