//! A chip that answers what it is told to answer, and a record of the bus.

use std::collections::VecDeque;
use std::error::Error;

use atecc::command::Request;
use atecc::group::Group;
use atecc::procedure::{Answer, Next, Run};
use atecc::session::{Outcome, Step};
use atecc::{Failure, Procedure, Timing};

const AFTER_WAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];
/// A chip that executes acknowledges no look; ours looks at once at a command
/// whose answer may be like the one before.
const LOOKS_AT_ONCE: usize = 2;
/// More steps than any conversation takes.
const STEPS: usize = 10_000;

/// One transfer on the bus.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) enum Transfer {
    /// The wake pulse.
    Wake,
    /// Acknowledged.
    Write(Vec<u8>),
    /// This many bytes; `None` when the chip did not acknowledge.
    Read(usize, Option<Vec<u8>>),
}

impl Transfer {
    /// The sleep token.
    pub(super) fn sleep() -> Self {
        Self::Write(vec![0x01])
    }

    /// Whether it sends a command.
    pub(super) fn is_command(&self) -> bool {
        self.command().is_some()
    }

    /// The command that it sends: opcode, Param1, Param2, data.
    pub(crate) fn command(&self) -> Option<&[u8]> {
        match self {
            Self::Write(bytes) => match bytes.as_slice() {
                [0x03, _, command @ .., _, _] => Some(command),
                _ => None,
            },
            Self::Wake | Self::Read(..) => None,
        }
    }
}

/// What the chip answers to one command.
#[derive(Clone, Debug)]
pub(crate) struct Reply {
    /// How many reads it does not acknowledge before, at least.
    pub(super) busy: usize,
    /// The group.
    pub(super) group: Vec<u8>,
}

impl Reply {
    /// A ready answer.
    pub(crate) fn new(payload: &[u8]) -> Self {
        let group = Group::new(payload).map(|group| group.as_bytes().to_vec());
        Self {
            busy: 0,
            group: group.unwrap_or_default(),
        }
    }
}

/// Run `procedure` on a chip that gives `replies` in turn, from the first one
/// again when there are no more.
pub(super) fn run<P: Procedure>(
    procedure: P,
    replies: &[Reply],
) -> (Result<P::Output, P::Error>, Vec<Transfer>) {
    let mut replies = replies.iter().cycle();
    run_with(procedure, |_| replies.next().cloned())
}

/// Run `procedure` on a chip that replies to each command by what it is: opcode,
/// Param1, Param2, data. Without a reply the buffer stays as it is.
pub(crate) fn run_with<P: Procedure>(
    procedure: P,
    mut reply: impl FnMut(&[u8]) -> Option<Reply>,
) -> (Result<P::Output, P::Error>, Vec<Transfer>) {
    let mut run = Run::new(procedure, Timing::default());
    let mut pending = Reply::new(&[]);
    let mut woken = true;
    let mut log = Vec::new();
    for _ in 0..STEPS {
        let mut outcome = Outcome::Done;
        match run.step() {
            Step::Done => break,
            Step::Wait(_) => {}
            Step::Wake => {
                log.push(Transfer::Wake);
                woken = true;
                pending = Reply {
                    busy: 0,
                    group: AFTER_WAKE.to_vec(),
                };
                outcome = Outcome::Nack;
            }
            Step::Write(bytes) => {
                log.push(Transfer::Write(bytes.to_vec()));
                if let [0x03, _, command @ .., _, _] = bytes
                    && let Some(reply) = reply(command)
                {
                    pending = reply;
                    if !std::mem::take(&mut woken) {
                        pending.busy = pending.busy.max(LOOKS_AT_ONCE);
                    }
                }
            }
            Step::Read(buffer) => {
                let data = if pending.busy > 0 {
                    pending.busy -= 1;
                    outcome = Outcome::Nack;
                    None
                } else {
                    // A chip fills what is read past its group with FF.
                    let group = pending.group.iter().copied().chain(std::iter::repeat(0xFF));
                    buffer
                        .iter_mut()
                        .zip(group)
                        .for_each(|(to, from)| *to = from);
                    Some(buffer.to_vec())
                };
                log.push(Transfer::Read(buffer.len(), data));
            }
        }
        run.advance(outcome);
    }
    (run.finish(), log)
}

/// What the chip acknowledged, to be compared with a host that looks at other
/// times, and without what ours begins with: idle and another wake, for a
/// watchdog that has just started.
pub(super) fn comparable(log: &[Transfer]) -> Result<Vec<Transfer>, Box<dyn Error>> {
    let woken = [
        Transfer::Wake,
        Transfer::Read(AFTER_WAKE.len(), Some(AFTER_WAKE.to_vec())),
    ];
    let renewal = [&woken[..], &[Transfer::Write(vec![0x02])]].concat();
    let log = if log.is_empty() {
        log
    } else {
        log.strip_prefix(&renewal[..])
            .ok_or("ours does not renew the watchdog first")?
    };
    let acknowledged = log
        .iter()
        .filter(|transfer| !matches!(transfer, Transfer::Read(_, None)));
    Ok(acknowledged.cloned().collect())
}

/// Requests, sent one after the other whatever is answered.
#[derive(Debug)]
pub(super) struct Send {
    requests: VecDeque<Request>,
    payloads: Vec<Vec<u8>>,
}

impl Send {
    pub(super) fn new(requests: impl IntoIterator<Item = Request>) -> Self {
        Self {
            requests: requests.into_iter().collect(),
            payloads: Vec::new(),
        }
    }
}

impl Procedure for Send {
    type Output = Vec<Vec<u8>>;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Vec<Vec<u8>>, Failure> {
        match answer {
            Answer::Start => {}
            Answer::Payload(payload) => self.payloads.push(payload.to_vec()),
            Answer::Failed(failure) => return Next::failed(failure),
        }
        match self.requests.pop_front() {
            Some(request) => Next::Send(request),
            None => Next::Done(Ok(std::mem::take(&mut self.payloads))),
        }
    }
}

/// Opcode to data: what stands between count and CRC.
pub(crate) fn payload(request: &Request) -> Vec<u8> {
    let bytes = request.as_bytes();
    let end = bytes.len().saturating_sub(2);
    bytes.get(2..end).unwrap_or_default().to_vec()
}
