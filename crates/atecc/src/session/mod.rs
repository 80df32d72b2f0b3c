//! The sans-IO machine that carries commands over the bus.
//!
//! A session goes from the first wake to the sleep at the end. The caller
//! performs each [`Step`] and reports its [`Outcome`]; there is no clock here.
//!
//! # What is true of the chip
//!
//! A command that was given to the bus has a fate, and the fate is part of the
//! session: [`Executed`] is `No` until a send may have reached the chip, and
//! never returns to `No` once it is `Unknown`. What may be repeated follows from
//! it, and so does what a [`Failure`] says. A failure names what happened to the
//! send whose fate is unknown, not what became of a later try; but for the bus,
//! whose failure is named as such.
//!
//! | seen | executed | then |
//! |---|---|---|
//! | address not acknowledged, arbitration lost | no | idle, wake, again |
//! | not acknowledged, and where is not known | ? | look at once: 11 after a wake, no |
//! | status FF (damaged on the way), EE (watchdog near), 03, 07, 08, 0F | no | FF: again; EE: idle, wake, again; the others end it |
//! | status 05 (ECC fault) | ? | again if harmless |
//! | sound answer | yes | done |
//! | sound answer after a command that was not acknowledged | ? | may be another host's: again if harmless |
//! | sound answer of another length, or 00 where bytes are due | ? | another host's: idle, wake, again if harmless |
//! | the answer of the command before, byte for byte, and the chip was not seen busy | ?; a refusal: no | idle, wake, again if harmless |
//! | 01 where nothing is compared, a status that no source lists | ? | ends it |
//! | a group that is damaged | ? | rewind and read again; then sleep, wake, again if harmless |
//! | all ones, longer than the command takes: a chip that waits for more bytes | ? | as above, without a rewind, which would bring back the answer before |
//! | 11 after an acknowledged command; no answer in time | ? | sleep, wake, again if harmless |
//! | bus fault, stuck bus, once the command was given to the bus | ? | sleep, end |
//!
//! "Seen busy" are two looks that were not acknowledged; before them the chip
//! holds the last answer, which a rewind, or on an ATECC508A a write that it
//! does not understand, makes readable again with a good CRC. So a command that
//! may have an answer like the last one is looked at at once, while it executes.
//!
//! # Watchdog and volatile state
//!
//! Traffic to other chips may have woken this one at any time, so the session
//! begins with wake, idle, wake: 3 ms, after which its watchdog has just
//! started. (After a session that was broken off it is wake, sleep, wake.) It is
//! restarted in the same way before a command that might not end
//! in time. Idle keeps `TempKey` and all else; an idle token that is refused is
//! repeated, and if the chip has slept all the same, a command that needs what
//! it held is not sent: it fails with [`Cause::StateLost`], and its sequence
//! begins again. A command that cannot end before any watchdog is refused before
//! anything is sent ([`Cause::TooSlow`]).
//!
//! # When it looks
//!
//! A look at a busy chip costs one byte on the bus, and to look late costs the
//! time that the chip had done. So the first look comes at a quarter of the typical
//! time, or a little before what was observed of the opcode ([`ObservedTimes`]), and
//! each other one a sixty-fourth of the time waited later: what a command takes
//! need not be known. What was observed says when to look, and nothing else.
//!
//! # Bounds
//!
//! Four tries a command, and none begins later than [`Timing::give_up_us`]
//! after the first; four reads of an answer. `cargo test -p atecc-judge`
//! measures steps and time (`docs/conformance.md`). Time is counted twice: what
//! was certainly waited, for time-outs, and what the chip may have been awake,
//! with every transfer at 100 kHz. A host with a clock tells what each step
//! really took ([`Session::advance_after`]); then transfers that fail after a
//! long time, together [`STUCK_US`], end the session. Without one a bus whose
//! transfers take a second is only bounded by the number of steps.
//!
//! # What a transport must report
//!
//! The address not acknowledged ([`Outcome::AddressNack`]) apart from a data
//! byte ([`Outcome::Nack`]): only the first is certain. One that cannot tell,
//! such as Linux, or that had a time-out or was interrupted, says
//! [`Outcome::Nack`], and pays with a look or with `Unknown`. Never an
//! acknowledge that was not there. A read that is reported as done without its
//! bytes reads as zeros, and counts as no answer.
//!
//! Sources: ATECC508A datasheet, "I2C Interface", "Status/Error Codes" and
//! "Watchdog Failsafe"; recorded sessions.

mod answer;
mod clock;
mod fate;
mod renew;
mod reply;
mod send;
mod state;
mod step;
mod wake;

pub use step::{Left, Outcome, Step};

use answer::{AFTER_WAKE, Mark};
use state::{Blind, Chip, Shown, State, Volatile};
use wake::{Purpose, REST_US, WakeStep, Waking};

use crate::command::Request;
use crate::error::{Cause, Executed};
use crate::group::MAX_GROUP;
use crate::{Failure, ObservedTimes, Opcode, Timing, word_address};

/// No answer is longer than a group.
#[expect(clippy::cast_possible_truncation, reason = "155")]
const LONGEST: u8 = MAX_GROUP as u8;
/// Tries per command, the first included.
const TRIES: u8 = 4;
/// Reads of one answer, the first included.
const READS: u8 = 4;
/// Looks that are not acknowledged before a chip counts as seen busy.
const BUSY_LOOKS: u8 = 2;
/// Idle tokens, and wakes after them, before a chip counts as asleep.
const IDLES: u8 = 4;
const REWIND: &[u8] = &[word_address::RESET];
const SLEEP: &[u8] = &[word_address::SLEEP];
const IDLE: &[u8] = &[word_address::IDLE];
/// A transfer that fails after this long has failed slowly: the longest group
/// takes 14 ms at 100 kHz, and adapters that watch SCL give up after 25 to 35 ms
/// (System Management Bus specification 2.0, section 3.1.1.3).
const SLOW_US: u32 = 20_000;
/// Time in transfers that failed slowly, after which the bus is stuck.
pub const STUCK_US: u32 = 1_500_000;
/// A chip that has just been woken: a renewal gains nothing.
const FRESH_US: u32 = 10_000;
/// Between two tries to send a chip to idle.
const IDLE_REST_US: u32 = 500;

/// One awake session and its commands. See the module's documentation.
///
/// A clone is the same machine at the same step, on which what would follow can
/// be tried.
///
/// ```
/// use atecc::commands::InfoRevision;
/// use atecc::command::Request;
/// use atecc::session::{Outcome, Session, Step};
/// use atecc::Timing;
///
/// let mut session = Session::new(Timing::default());
/// session.begin(Request::new(&InfoRevision)?);
/// // The loop of a transport: do the step, say what came of it.
/// assert!(matches!(session.step(), Step::Wake));
/// session.advance(Outcome::Nack);
/// assert!(matches!(session.step(), Step::Wait(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
// In this order the bytes and then the words lie within reach of a Cortex-M0's
// short loads and stores: a tenth of the code less.
#[repr(C)]
#[derive(Clone)]
pub struct Session {
    state: State,
    chip: Chip,
    shown: Shown,
    volatile: Volatile,
    purpose: Purpose,
    /// The chip woke with status 0x07.
    failed_self_test: bool,
    /// Somebody may have left something in the chip's volatile memory.
    sleeps_first: bool,
    /// The watchdog has been restarted by this session.
    renewed: bool,
    /// Whether commands are done before the chip can be seen busy: then it is woken
    /// before those that may not be repeated, so that their answers are not like the
    /// one before.
    blind: Blind,
    /// Of the command under way, all its sends together.
    executed: Executed,
    /// The last send was not acknowledged whole.
    doubtful: bool,
    /// The chip has slept since the command was begun.
    slept: bool,
    busy_looks: u8,
    tries: u8,
    idles: u8,
    reads: u8,
    /// Bytes to read of the answer.
    want: u8,
    /// A one-byte result that may be a status, and how often it was said.
    unconfirmed: Option<(u8, u8)>,
    left: Left,
    /// What the chip's buffer held when the command was sent.
    before: Mark,
    /// A bit for each opcode's row: the chip was seen busy with it.
    seen_busy: u32,
    /// Since the last wake, at most.
    awake_us: u32,
    /// Since the command was sent, at least.
    waited_us: u32,
    /// Of that, when the chip was last seen busy, and when the present look began.
    last_busy_us: u32,
    looked_us: u32,
    /// Since the command was first sent, or the end.
    spent_us: u32,
    /// In transfers that failed slowly.
    slow_us: u32,
    /// How long the chip may be busy when the session ends.
    busy_us: u32,
    /// Of [`State::Waking`].
    waking: Waking,
    timing: Timing,
    /// What happened to the send that made it [`Executed::Unknown`].
    first: Option<Cause>,
    result: Result<u8, Failure>,
    request: Option<Request>,
    rx: [u8; MAX_GROUP],
    observed: ObservedTimes,
}

impl Session {
    /// A session with the chip at an address that is known to be one's.
    #[must_use]
    pub const fn new(timing: Timing) -> Self {
        Self::with_purpose(timing, Purpose::Begin)
    }

    /// A session with an address that may be another device's: nothing is
    /// written to it before it has given a sound group. It is not waited for as
    /// one that is known to be a busy chip's.
    #[must_use]
    pub const fn probe(timing: Timing) -> Self {
        Self::with_purpose(timing, Purpose::Probe)
    }

    const fn with_purpose(timing: Timing, purpose: Purpose) -> Self {
        Self {
            timing,
            purpose,
            state: State::Ready,
            waking: Waking::new(purpose),
            request: None,
            chip: Chip::Untouched,
            shown: Shown::Nothing,
            volatile: Volatile::Empty,
            failed_self_test: false,
            sleeps_first: false,
            renewed: false,
            blind: Blind::No,
            seen_busy: 0,
            before: AFTER_WAKE,
            awake_us: 0,
            waited_us: 0,
            last_busy_us: 0,
            looked_us: 0,
            spent_us: 0,
            slow_us: 0,
            busy_us: 0,
            executed: Executed::No,
            first: None,
            doubtful: false,
            slept: false,
            unconfirmed: None,
            busy_looks: 0,
            tries: 0,
            idles: 0,
            reads: 0,
            want: 0,
            rx: [0; MAX_GROUP],
            observed: ObservedTimes::new(),
            result: Err(Cause::NoCommand.before_execution()),
            left: Left::Asleep,
        }
    }

    /// Begin with a sleep, where the session before was broken off: what it has
    /// left in `TempKey` would outlive the idle that a session begins with. To be
    /// called before the first step.
    pub const fn sleep_first(&mut self) {
        self.sleeps_first = true;
    }

    /// What was observed of the chip before, so that the first looks are in time.
    pub const fn set_observed_times(&mut self, observed: ObservedTimes) {
        self.observed = observed;
    }

    /// What was observed of the chip, this session included.
    #[must_use]
    pub const fn observed_times(&self) -> &ObservedTimes {
        &self.observed
    }

    /// Start a command. Perform the steps until [`Step::Done`], then ask for
    /// [`Session::answer`].
    // Once in a firmware, and not in each procedure.
    #[inline(never)]
    pub fn begin(&mut self, request: Request) {
        let refused = self.refuse(&request);
        self.request = Some(request);
        self.executed = Executed::No;
        self.result = Err(Cause::NoCommand.before_execution());
        self.slept = false;
        self.unconfirmed = None;
        self.tries = 1;
        self.idles = 0;
        if let Some(cause) = refused {
            self.fail(cause, Executed::No);
        } else if self.chip == Chip::Awake {
            self.send();
        } else {
            self.renewed = false;
            self.wake();
        }
    }

    /// Leave the chip asleep. Perform the steps until [`Step::Done`].
    // As `begin`.
    #[inline(never)]
    pub fn end(&mut self) {
        let owed = match self.purpose {
            Purpose::Probe => Shown::Group,
            Purpose::Begin | Purpose::Renew => Shown::Acknowledge,
        };
        // A chip that may be executing is busy for as long as that takes.
        self.busy_us = match self.result {
            Err(Failure { executed, .. }) if executed != Executed::No => {
                self.timing.longest_us(self.opcode())
            }
            _ => 0,
        };
        if let Some(request) = &mut self.request {
            request.wipe();
        }
        self.request = None;
        self.rx = [0; MAX_GROUP];
        self.result = Err(Cause::NoCommand.before_execution());
        self.spent_us = 0;
        self.tries = 1;
        self.waking = Waking::new(Purpose::Renew);
        self.left = if self.chip == Chip::Untouched {
            Left::Asleep
        } else {
            Left::Unknown
        };
        self.state = match self.chip {
            _ if self.slow_us >= STUCK_US || self.shown < owed => State::Ended,
            Chip::Idle => State::Waking,
            Chip::Untouched | Chip::Awake | Chip::Unknown => State::Ending,
        };
    }

    /// What to do next.
    pub fn step(&mut self) -> Step<'_> {
        match self.state {
            State::Ready | State::Ended => Step::Done,
            State::Waking => match self.waking.step() {
                WakeStep::Pulse => Step::Wake,
                WakeStep::Wait(us) => Step::Wait(us),
                WakeStep::Look => Step::Read(self.rx.first_chunk_mut::<4>().map_or(&mut [], |b| b)),
                WakeStep::Sleep => Step::Write(SLEEP),
            },
            State::Sending => Step::Write(self.request.as_ref().map_or(&[], Request::as_bytes)),
            State::Polling | State::IdleResting => Step::Wait(self.pause_us()),
            // `want` is at most the buffer; a read of nothing counts as no answer.
            State::Reading => Step::Read(
                self.rx
                    .get_mut(..usize::from(self.want))
                    .unwrap_or_default(),
            ),
            State::Rewinding => Step::Write(REWIND),
            State::Idling => Step::Write(IDLE),
            State::Sleeping | State::Ending => Step::Write(SLEEP),
            State::Resting | State::EndWaiting | State::EndResting => Step::Wait(REST_US),
        }
    }

    /// Report what came of the step last given, on a host without a clock.
    pub fn advance(&mut self, outcome: Outcome) {
        self.advance_after(outcome, 0);
    }

    /// Report what came of the step last given, and how many microseconds it
    /// took by the host's clock.
    pub fn advance_after(&mut self, outcome: Outcome, took_us: u32) {
        self.account(outcome, took_us);
        let ending = matches!(
            self.state,
            State::Ending | State::EndWaiting | State::EndResting | State::Ended
        );
        if self.slow_us >= STUCK_US {
            let spent_us = self.slow_us;
            return self.break_off(ending, Cause::Stuck { spent_us });
        }
        if outcome == Outcome::Fault && !ending {
            return self.break_off(ending, Cause::Bus);
        }
        let done = outcome == Outcome::Done;
        match self.state {
            State::Ready | State::Ended => {}
            State::Waking => self.woke(done, took_us),
            State::Sending => self.sent(outcome),
            State::Polling | State::Rewinding => self.look(),
            State::Reading if done => self.received(),
            State::Reading => self.unanswered(outcome),
            State::Sleeping => {
                // One that did not take it may have been awake for long.
                self.idles = self.idles.saturating_add(1);
                self.renewed = done || self.idles > IDLES;
                self.state = State::Resting;
            }
            State::Idling if done => self.wake_for(Purpose::Renew),
            State::Idling if self.idles < IDLES => self.state = State::IdleResting,
            State::Idling => {
                self.lose_volatile();
                self.renewed = true;
                self.wake();
            }
            State::IdleResting => self.idle(),
            State::Resting => self.wake(),
            State::Ending if done => {
                self.left = Left::Asleep;
                self.state = State::EndResting;
            }
            State::Ending if self.tries < TRIES || self.spent_us < self.busy_us => {
                self.tries = self.tries.saturating_add(1);
                self.state = State::EndWaiting;
            }
            State::EndWaiting => self.state = State::Ending,
            State::Ending | State::EndResting => {
                self.chip = Chip::Unknown;
                self.state = State::Ended;
            }
        }
    }

    /// The payload of the answer to the last command: one status byte, or more.
    ///
    /// # Errors
    /// The [`Failure`] that ended it; [`Cause::NoCommand`] before the first and
    /// after [`Session::end`].
    pub fn answer(&self) -> Result<&[u8], Failure> {
        let len = usize::from(self.result?);
        // Of a group that the buffer held; an empty payload would be refused.
        Ok(self.rx.get(1..=len).unwrap_or_default())
    }

    /// How the chip was left, once the session has ended.
    #[must_use]
    pub const fn left(&self) -> Left {
        self.left
    }

    /// Microseconds in transfers that failed slowly, on a host with a clock. At
    /// [`STUCK_US`] the session ends.
    #[must_use]
    pub const fn slow_us(&self) -> u32 {
        self.slow_us
    }

    fn opcode(&self) -> Opcode {
        self.request.as_ref().map_or(Opcode::Info, Request::opcode)
    }
}

/// What was received may be a secret, so it is not shown.
impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session")
            .field("state", &self.state)
            .field("request", &self.request)
            .field("waking", &self.waking)
            .field("chip", &self.chip)
            .field("shown", &self.shown)
            .field("volatile", &self.volatile)
            .field("failed_self_test", &self.failed_self_test)
            .field("renewed", &self.renewed)
            .field("blind", &self.blind)
            .field("seen_busy", &self.seen_busy)
            .field("executed", &self.executed)
            .field("first", &self.first)
            .field("doubtful", &self.doubtful)
            .field("slept", &self.slept)
            .field("unconfirmed", &self.unconfirmed)
            .field("busy_looks", &self.busy_looks)
            .field("tries", &self.tries)
            .field("idles", &self.idles)
            .field("reads", &self.reads)
            .field("want", &self.want)
            .field("result", &self.result)
            .field("left", &self.left)
            .finish_non_exhaustive()
    }
}
