//! The sans-IO machine that carries commands over the bus.
//!
//! A session goes from the first wake to the sleep at the end. Per command:
//! wake if asleep, write, wait the typical time, poll, check length, CRC and
//! status, and repeat what may be repeated. The caller performs each [`Step`]
//! and reports its [`Outcome`]; there is no clock here, elapsed time is the
//! sum of the waits asked for and of the bytes at 100 kHz.
//!
//! What a failure allows:
//!
//! | seen | executed? | then |
//! |---|---|---|
//! | command not acknowledged | no | sleep, wake, again |
//! | status FF (damaged on the way) or 05 (ECC fault) | no | again |
//! | status EE (watchdog near) | no | idle, wake, again |
//! | answer damaged | perhaps | rewind and read again; then as below |
//! | status 11, silence, answer still damaged | perhaps | sleep, wake, again if harmless |
//!
//! A sleep loses `TempKey`, so a command that needs it is not repeated across
//! one: its procedure starts over. Source: ATECC508A datasheet, "I2C
//! Interface" and "Status/Error Codes".

use crate::wake::{Progress, REST_US, WakeStep, Waking};
use crate::{
    Chips, DecodeError, Expect, Failure, GroupError, MAX_GROUP, Opcode, Repeat, Request, Status,
    Timing, parse_group, timing,
};

/// Tries per command, the first included.
const TRIES: u8 = 4;
/// Reads of one answer, the first included.
const READS: u8 = 4;
/// Word addresses. Source: ATECC508A datasheet, "Word Address Values".
const REWIND: &[u8] = &[0x00];
const SLEEP: &[u8] = &[0x01];
const IDLE: &[u8] = &[0x02];
/// Count and CRC around a payload.
const GROUP_OVERHEAD: u8 = 3;
/// Nine clocks at 100 kHz.
const BYTE_US: u32 = 90;

/// The next thing to do on the bus.
#[derive(Debug)]
#[must_use]
pub enum Step<'a> {
    /// SDA low for 60 us or more. Its own step, since platforms differ. An
    /// acknowledge is not expected and its absence no fault.
    Wake,
    /// An I2C write to the chip.
    Write(&'a [u8]),
    /// An I2C read from the chip, filling the buffer.
    Read(&'a mut [u8]),
    /// Wait at least this many microseconds.
    Wait(u32),
    /// The command is done, or the session is over.
    Done,
}

/// What came of a [`Step`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Outcome {
    /// Performed and acknowledged.
    Done,
    /// The chip did not acknowledge.
    Nack,
    /// The bus itself failed. The session only tries to put the chip to sleep.
    Fault,
}

#[derive(Clone, Copy, Debug)]
enum State {
    /// No command under way.
    Ready,
    Waking(Waking),
    Sending,
    /// Waiting for the first look.
    Executing,
    Reading,
    Polling,
    Rewinding,
    /// Idle, then wake: restarts the watchdog, keeps volatile state.
    Idling,
    /// Sleep, then wake: the way out of every confusion.
    Sleeping,
    Resting,
    /// The sleep at the end.
    Ending,
    /// It was not acknowledged: the chip is busy, or asleep already.
    EndResting,
    Ended,
}

/// One awake session and its commands. See the module's documentation.
pub struct Session {
    timing: Timing,
    state: State,
    request: Option<Request>,
    awake: bool,
    /// Whether the chip may have been touched, so that it has to sleep at the
    /// end.
    touched: bool,
    /// Whether the chip has ever answered in this session.
    answered: bool,
    /// Since the last wake.
    awake_us: u32,
    /// Since the command was sent.
    waited_us: u32,
    tries: u8,
    reads: u8,
    /// Bytes to read of the answer.
    want: u8,
    rx: [u8; MAX_GROUP],
    result: Result<u8, Failure>,
}

impl Session {
    /// A session with a sleeping chip.
    #[must_use]
    pub const fn new(timing: Timing) -> Self {
        Self {
            timing,
            state: State::Ready,
            request: None,
            awake: false,
            touched: false,
            answered: false,
            awake_us: 0,
            waited_us: 0,
            tries: 0,
            reads: 0,
            want: 0,
            rx: [0; MAX_GROUP],
            result: Ok(0),
        }
    }

    /// Start a command. Perform the steps until [`Step::Done`], then ask for
    /// [`Session::answer`].
    // Once in a firmware, and not in each procedure.
    #[inline(never)]
    pub fn begin(&mut self, request: Request) {
        if let (Chips::Only(has), Some(is)) = (request.chips(), self.timing.family)
            && has != is
        {
            let opcode = request.opcode();
            self.request = Some(request);
            return self.fail(Failure::NotOnThisChip { opcode, has, is });
        }
        self.touched = true;
        self.tries = 1;
        self.result = Ok(0);
        let longest = timing::longest_us(request.opcode());
        self.state = if !self.awake {
            State::Waking(Waking::new())
        } else if self.awake_us.saturating_add(longest) > self.timing.awake_us {
            State::Idling
        } else {
            State::Sending
        };
        self.request = Some(request);
    }

    /// Leave the chip asleep. Perform the steps until [`Step::Done`].
    // As `begin`.
    #[inline(never)]
    pub fn end(&mut self) {
        self.request = None;
        self.rx = [0; MAX_GROUP];
        self.tries = 1;
        self.state = if self.touched {
            State::Ending
        } else {
            State::Ended
        };
    }

    /// What to do next.
    pub fn step(&mut self) -> Step<'_> {
        match self.state {
            State::Ready | State::Ended => Step::Done,
            State::Waking(waking) => match waking.step() {
                WakeStep::Pulse => Step::Wake,
                WakeStep::Wait(us) => Step::Wait(us),
                WakeStep::Look => Step::Read(self.rx.first_chunk_mut::<4>().map_or(&mut [], |b| b)),
                WakeStep::Sleep => Step::Write(SLEEP),
            },
            State::Sending => Step::Write(self.request.as_ref().map_or(&[], Request::bytes)),
            State::Executing => Step::Wait(self.timing.typical_us(self.opcode())),
            State::Polling => Step::Wait(self.timing.poll_us(self.opcode())),
            State::Reading => Step::Read(
                self.rx
                    .get_mut(..usize::from(self.want))
                    .unwrap_or_default(),
            ),
            State::Rewinding => Step::Write(REWIND),
            State::Idling => Step::Write(IDLE),
            State::Sleeping | State::Ending => Step::Write(SLEEP),
            State::Resting | State::EndResting => Step::Wait(REST_US),
        }
    }

    /// Report what came of the step last given.
    pub fn advance(&mut self, outcome: Outcome) {
        self.account();
        if outcome == Outcome::Fault && !matches!(self.state, State::Ending | State::EndResting) {
            self.awake = false;
            return self.fail(Failure::Bus);
        }
        let done = outcome == Outcome::Done;
        match self.state {
            State::Ready | State::Ended => {}
            State::Waking(waking) => self.waking(waking, done),
            State::Sending if done => self.sent(),
            State::Sending => self.again(
                Failure::NotTaken {
                    opcode: self.opcode(),
                },
                State::Sleeping,
            ),
            State::Executing | State::Polling | State::Rewinding => self.state = State::Reading,
            State::Reading if done => self.received(),
            State::Reading if self.silence_is_an_answer() => {
                self.awake = false;
                self.succeed(0);
            }
            // Still busy, or asleep: the chip says neither.
            State::Reading if self.waited_us >= self.timing.give_up_us => {
                let timeout = Failure::Timeout {
                    opcode: self.opcode(),
                    waited_us: self.waited_us,
                };
                self.again(timeout, State::Sleeping);
            }
            State::Reading => self.state = State::Polling,
            State::Sleeping => self.state = State::Resting,
            State::Idling | State::Resting => self.state = State::Waking(Waking::new()),
            State::Ending if outcome == Outcome::Nack && self.answered && self.tries < TRIES => {
                self.tries += 1;
                self.state = State::EndResting;
            }
            State::EndResting => self.state = State::Ending,
            State::Ending => {
                self.awake = false;
                self.touched = false;
                self.state = State::Ended;
            }
        }
    }

    /// The payload of the answer to the last command: one status byte, or more.
    ///
    /// # Errors
    /// The [`Failure`] that ended it.
    pub fn answer(&self) -> Result<&[u8], Failure> {
        let len = usize::from(self.result?);
        Ok(self.rx.get(1..=len).unwrap_or_default())
    }

    /// Whether the chip has been silent for long enough to have obeyed.
    fn silence_is_an_answer(&self) -> bool {
        let expect = self.request.as_ref().map(Request::expect);
        let longest = timing::longest_us(self.opcode());
        expect == Some(Expect::DoneOrSilence) && self.waited_us > longest.saturating_mul(2)
    }

    fn opcode(&self) -> Opcode {
        self.request.as_ref().map_or(Opcode::Info, Request::opcode)
    }

    /// Add the time that the present step takes.
    fn account(&mut self) {
        let us = match self.step() {
            Step::Wait(us) => us,
            Step::Write(bytes) => transfer_us(bytes),
            Step::Read(bytes) => transfer_us(bytes),
            Step::Wake | Step::Done => 0,
        };
        self.awake_us = self.awake_us.saturating_add(us);
        self.waited_us = self.waited_us.saturating_add(us);
    }

    fn waking(&mut self, mut waking: Waking, done: bool) {
        let seen = (done && waking.step() == WakeStep::Look)
            .then(|| self.rx.first_chunk::<4>().copied())
            .flatten();
        if waking.step() == WakeStep::Pulse {
            self.awake_us = 0;
        }
        match waking.advance(&self.timing, seen) {
            Progress::Going => self.state = State::Waking(waking),
            Progress::Awake => {
                self.awake = true;
                self.answered = true;
                self.state = State::Sending;
            }
            Progress::Failed(failure) => {
                self.awake = false;
                self.fail(failure);
            }
        }
    }

    fn sent(&mut self) {
        let payload = self
            .request
            .as_ref()
            .map_or(0, |request| request.expect().payload_len());
        self.want = payload.saturating_add(GROUP_OVERHEAD);
        self.reads = 0;
        self.waited_us = 0;
        self.state = State::Executing;
    }

    fn received(&mut self) {
        let Some(request) = &self.request else { return };
        let (opcode, expect) = (request.opcode(), request.expect());
        self.reads = self.reads.saturating_add(1);
        let received = self.rx.get(..usize::from(self.want)).unwrap_or_default();
        let payload = match parse_group(received) {
            Ok(payload) => payload,
            Err(error) if self.reads < READS => {
                if let GroupError::Short { count, .. } = error {
                    self.want = count;
                }
                self.state = State::Rewinding;
                return;
            }
            Err(error) => return self.again(Failure::Damaged { opcode, error }, State::Sleeping),
        };
        let status = match payload {
            [byte] => Some(Status::from_byte(*byte)),
            _ => None,
        };
        match status {
            Some(status) if expect.is_answer(status) => self.succeed(1),
            Some(Status::Watchdog) => {
                let status = Status::Watchdog;
                self.again(Failure::Status { opcode, status }, State::Idling);
            }
            Some(status @ (Status::Communication | Status::EccFault)) => {
                self.again(Failure::Status { opcode, status }, State::Sending);
            }
            Some(Status::AfterWake) => self.again(Failure::Reset { opcode }, State::Sleeping),
            Some(status) => self.fail(Failure::Status { opcode, status }),
            None if expect.takes(payload.len()) => {
                self.succeed(u8::try_from(payload.len()).unwrap_or_default());
            }
            None => {
                let (expected, got) = (expect.payload_len().into(), payload.len());
                self.fail(Failure::Decode(DecodeError {
                    opcode,
                    expected,
                    got,
                }));
            }
        }
    }

    /// Try the command again by way of `recovery`, where that is allowed.
    fn again(&mut self, failure: Failure, recovery: State) {
        let repeat = self
            .request
            .as_ref()
            .map_or(Repeat::ReadStateFirst, Request::repeat);
        let allowed = match repeat {
            Repeat::Harmless => true,
            Repeat::NeedsVolatile => failure.not_executed() && !matches!(recovery, State::Sleeping),
            Repeat::ReadStateFirst => failure.not_executed(),
        };
        if allowed && self.tries < TRIES {
            self.tries += 1;
            self.state = recovery;
        } else {
            if matches!(recovery, State::Sleeping) {
                // Whatever comes next starts from a fresh wake.
                self.awake = false;
            }
            self.fail(failure);
        }
    }

    fn succeed(&mut self, len: u8) {
        self.result = Ok(len);
        self.state = State::Ready;
    }

    fn fail(&mut self, failure: Failure) {
        self.result = Err(failure);
        self.state = State::Ready;
    }
}

/// What was received may be a secret, so it is not shown.
impl core::fmt::Debug for Session {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Session")
            .field("state", &self.state)
            .field("request", &self.request)
            .field("result", &self.result)
            .finish_non_exhaustive()
    }
}

/// Start, address, bytes and stop at 100 kHz, in microseconds.
fn transfer_us(bytes: &[u8]) -> u32 {
    u32::try_from(bytes.len())
        .unwrap_or(u32::MAX)
        .saturating_add(1)
        .saturating_mul(BYTE_US)
}
