//! One session after a fault: what it takes along to the next command, and what
//! it does not.

use std::collections::VecDeque;

use atecc::command::{DecodeError, Request};
use atecc::commands::{
    Counter, CounterId, CounterMode, Engines, GenKey, GenKeyMode, InfoRevision, SelfTest,
    WriteBlock,
};
use atecc::error::{Cause, Executed};
use atecc::group::Group;
use atecc::session::{Left, Outcome, Session, Step};
use atecc::{BlockAddress, Command, Failure, Family, Opcode, Region, Slot, Status, Timing};

/// What a session did.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Act {
    Wake,
    Idle,
    Sleep,
    Rewind,
    Command,
    Read(usize),
    Wait(u32),
}

/// A chip that does as it should, and its bus.
struct Chip {
    /// The payloads that it answers with, first to last.
    answers: VecDeque<Vec<u8>>,
    /// Looks that it does not acknowledge after each command.
    busy: u32,
    holds: Vec<u8>,
    looks: u32,
    done: Vec<Act>,
}

/// What becomes of the last of these acts; `None` when the chip decides.
type Disturb<'a> = &'a mut dyn FnMut(&[Act]) -> Option<Outcome>;

fn group(payload: &[u8]) -> Vec<u8> {
    Group::new(payload).unwrap().as_bytes().to_vec()
}

impl Chip {
    fn new(answers: &[&[u8]]) -> Self {
        Self {
            answers: answers.iter().map(|answer| answer.to_vec()).collect(),
            busy: 2,
            holds: Vec::new(),
            looks: 0,
            done: Vec::new(),
        }
    }

    /// Perform the session's steps up to the end of the command.
    fn carry(&mut self, session: &mut Session, disturb: Disturb<'_>) {
        loop {
            let outcome = match session.step() {
                Step::Done => return,
                step => self.perform(step, disturb),
            };
            session.advance(outcome);
        }
    }

    fn perform(&mut self, step: Step<'_>, disturb: Disturb<'_>) -> Outcome {
        self.done.push(match &step {
            Step::Done => unreachable!("no step"),
            Step::Wake => Act::Wake,
            Step::Wait(us) => Act::Wait(*us),
            Step::Read(bytes) => Act::Read(bytes.len()),
            Step::Write(bytes) => match bytes[0] {
                0x00 => Act::Rewind,
                0x01 => Act::Sleep,
                0x02 => Act::Idle,
                _ => Act::Command,
            },
        });
        if let Some(outcome) = disturb(&self.done) {
            return outcome;
        }
        match (self.done.last(), step) {
            (Some(Act::Wake), _) => {
                self.holds = group(&[0x11]);
                Outcome::AddressNack
            }
            (Some(Act::Command), _) => {
                self.holds = group(&self.answers.pop_front().unwrap());
                self.looks = self.busy;
                Outcome::Done
            }
            (_, Step::Read(_)) if self.looks > 0 => {
                self.looks -= 1;
                Outcome::AddressNack
            }
            (_, Step::Read(bytes)) => {
                bytes.fill(0xFF);
                for (to, from) in bytes.iter_mut().zip(&self.holds) {
                    *to = *from;
                }
                Outcome::Done
            }
            _ => Outcome::Done,
        }
    }

    /// Run one command undisturbed.
    fn run<C: Command>(&mut self, session: &mut Session, command: &C) -> Result<Vec<u8>, Failure> {
        self.run_disturbed(session, command, &mut |_| None)
    }

    fn run_disturbed<C: Command>(
        &mut self,
        session: &mut Session,
        command: &C,
        disturb: Disturb<'_>,
    ) -> Result<Vec<u8>, Failure> {
        session.begin(Request::new(command).unwrap());
        self.carry(session, disturb);
        session.answer().map(<[u8]>::to_vec)
    }

    fn count(&self, act: Act) -> usize {
        self.done.iter().filter(|done| **done == act).count()
    }
}

/// The first `times` commands of all are not acknowledged.
fn untaken(times: usize) -> impl FnMut(&[Act]) -> Option<Outcome> {
    let mut left = times;
    move |done| {
        let hit = done.last() == Some(&Act::Command) && left > 0;
        left -= usize::from(hit);
        hit.then_some(Outcome::AddressNack)
    }
}

/// The revision of an ATECC608A and of an ATECC608B.
const A: &[u8] = &[0x00, 0x00, 0x60, 0x02];
const B: &[u8] = &[0x00, 0x00, 0x60, 0x03];

const INCREMENT: Counter = Counter {
    mode: CounterMode::Increment,
    counter: CounterId::Zero,
};

const CREATE: GenKey = GenKey {
    mode: GenKeyMode::Create,
    slot: Slot::S0,
};

#[test]
fn after_a_bus_fault_the_chip_is_woken_anew() {
    let mut session = Session::new(Timing::default());
    let mut chip = Chip::new(&[A, B]);
    assert_eq!(chip.run(&mut session, &InfoRevision).as_deref(), Ok(A));
    let failure = chip
        .run_disturbed(&mut session, &InfoRevision, &mut |done| {
            (done.last() == Some(&Act::Command)).then_some(Outcome::Fault)
        })
        .unwrap_err();
    assert_eq!(failure.cause, Cause::Bus);
    chip.done.clear();
    assert_eq!(chip.run(&mut session, &InfoRevision).as_deref(), Ok(B));
    assert_eq!(chip.done.first(), Some(&Act::Wake));
}

/// A chip that does not wake from its renewal may be in any state.
#[test]
fn after_a_wake_that_failed_the_chip_is_woken_anew() {
    let mut session = Session::new(Timing::default());
    let mut chip = Chip::new(&[A, B]);
    chip.run(&mut session, &InfoRevision).unwrap();
    grow_old(&mut session, &mut chip);
    let mut idle = false;
    let failure = chip
        .run_disturbed(&mut session, &InfoRevision, &mut |done| {
            idle |= done.last() == Some(&Act::Idle);
            (idle && matches!(done.last(), Some(Act::Read(_)))).then_some(Outcome::AddressNack)
        })
        .unwrap_err();
    assert!(
        matches!(failure.cause, Cause::NoAnswer { .. }),
        "{failure:?}"
    );
    assert_eq!(failure.executed, Executed::No);
    chip.done.clear();
    assert_eq!(chip.run(&mut session, &InfoRevision).as_deref(), Ok(B));
    assert_eq!(chip.done.first(), Some(&Act::Wake));
}

/// Have a command take so long that the next one waits for a new watchdog.
fn grow_old(session: &mut Session, chip: &mut Chip) {
    session.begin(Request::new(&InfoRevision).unwrap());
    chip.answers.push_front(A.to_vec());
    loop {
        let took_us = match session.step() {
            Step::Done => return,
            Step::Wait(_) => Timing::default().awake_us,
            _ => 0,
        };
        let outcome = chip.perform(session.step(), &mut |_| None);
        session.advance_after(outcome, took_us);
    }
}

#[test]
fn a_renewal_lasts_for_more_than_one_command() {
    let mut session = Session::new(Timing::default());
    let mut chip = Chip::new(&[A, B, A, B]);
    chip.run(&mut session, &InfoRevision).unwrap();
    grow_old(&mut session, &mut chip);
    chip.done.clear();
    chip.run(&mut session, &InfoRevision).unwrap();
    assert_eq!(chip.count(Act::Idle), 1);
    chip.run(&mut session, &InfoRevision).unwrap();
    assert_eq!((chip.count(Act::Idle), chip.count(Act::Wake)), (1, 1));
}

/// Four tries a command, whatever the one before needed.
#[test]
fn each_command_has_its_own_tries() {
    let mut session = Session::new(Timing::default());
    let mut chip = Chip::new(&[A, B]);
    for answer in [A, B] {
        let said = chip.run_disturbed(&mut session, &InfoRevision, &mut untaken(3));
        assert_eq!(said.as_deref(), Ok(answer));
    }
    let failure = chip.run_disturbed(&mut session, &InfoRevision, &mut untaken(4));
    let opcode = Opcode::Info;
    assert_eq!(failure.unwrap_err().cause, Cause::NotTaken { opcode });
}

/// The first was reset when it might have been executed; of the second nobody
/// doubts that it was not.
#[test]
fn what_became_of_one_command_says_nothing_of_the_next() {
    let mut session = Session::new(Timing::default());
    let mut chip = Chip::new(&[&[0x11], A, B, &[0x0F]]);
    assert_eq!(chip.run(&mut session, &InfoRevision).as_deref(), Ok(A));
    assert_eq!(chip.count(Act::Command), 2);
    let counted = chip.run_disturbed(&mut session, &INCREMENT, &mut untaken(1));
    assert_eq!(counted.as_deref(), Ok(B), "sent again: it was not executed");
    let failure = chip.run(&mut session, &INCREMENT).unwrap_err();
    assert_eq!(failure.executed, Executed::No);
    assert_eq!(failure.refusal(), Some(Status::Execution));
}

#[test]
fn the_answer_of_one_command_is_not_that_of_the_next() {
    let mut session = Session::new(Timing::default());
    let mut chip = Chip::new(&[A, B]);
    assert_eq!(chip.run(&mut session, &InfoRevision).as_deref(), Ok(A));
    session.begin(Request::new(&InfoRevision).unwrap());
    let early = session.answer().unwrap_err();
    assert_eq!(early.cause, Cause::NoCommand);
    chip.carry(&mut session, &mut |_| None);
    assert_eq!(session.answer(), Ok(B));
}

/// A result that may be a status has to be said twice, to the same command.
#[test]
fn a_self_test_is_not_confirmed_by_the_one_before() {
    let tests = Engines::ALL;
    let mut session = Session::new(Timing::new(Some(Family::Atecc608)));
    let mut chip = Chip::new(&[&[0x08], &[0x0F], &[0x08], &[0x00]]);
    let failure = chip.run(&mut session, &SelfTest { tests });
    assert!(failure.is_err(), "{failure:?}");
    let passed = chip.run(&mut session, &SelfTest { tests });
    assert_eq!(passed.as_deref(), Ok(&[0x00][..]));
}

/// What the chip holds before it has executed a command is the last answer, and
/// that it was busy with the command before proves nothing.
#[test]
fn the_last_answer_is_not_believed_of_a_chip_that_was_not_seen_busy() {
    let mut session = Session::new(Timing::default());
    let mut chip = Chip::new(&[A, A, A]);
    chip.run(&mut session, &InfoRevision).unwrap();
    assert_eq!(chip.count(Act::Command), 1);
    chip.busy = 0;
    chip.run(&mut session, &InfoRevision).unwrap();
    assert_eq!(chip.count(Act::Command), 3, "sent again after a renewal");
}

/// An answer that is longer than the command has one is read whole, and is
/// another host's.
#[test]
fn a_longer_answer_is_read_at_its_length_and_named() {
    let mut session = Session::new(Timing::default());
    let mut chip = Chip::new(&[&[0x5A; 32][..]; 4]);
    let write = WriteBlock {
        address: BlockAddress::new(Region::Slot(Slot::S8), 0).unwrap(),
        data: [0; 32],
    };
    let failure = chip.run(&mut session, &write).unwrap_err();
    let decode = DecodeError {
        opcode: Opcode::Write,
        expected: 1,
        got: 32,
    };
    assert_eq!(failure.cause, Cause::Decode(decode));
    assert!(chip.count(Act::Read(35)) > 0, "{:?}", chip.done);
}

/// Start and address of a transfer at 100 kHz.
const ADDRESS_US: u32 = 90;

/// End the session: a sleep token is acknowledged after `refusals` that are not.
/// How many were sent, and how long that took.
fn end(session: &mut Session, chip: &mut Chip, refusals: usize) -> (usize, u32) {
    session.end();
    chip.done.clear();
    chip.carry(session, &mut |done| {
        let sleeps = done.iter().filter(|act| **act == Act::Sleep).count();
        let refused = done.last() == Some(&Act::Sleep) && sleeps <= refusals;
        refused.then_some(Outcome::AddressNack)
    });
    let waits = chip.done.iter().map(|act| match act {
        Act::Wait(us) => *us,
        _ => ADDRESS_US,
    });
    (chip.count(Act::Sleep), waits.sum())
}

/// Four tries, whatever the command before needed.
#[test]
fn a_sleep_that_is_refused_is_repeated() {
    for (refusals, sent, left) in [
        (0, 1, Left::Asleep),
        (1, 2, Left::Asleep),
        (3, 4, Left::Asleep),
        (4, 4, Left::Unknown),
    ] {
        let mut session = Session::new(Timing::default());
        let mut chip = Chip::new(&[A]);
        chip.run_disturbed(&mut session, &InfoRevision, &mut untaken(3))
            .unwrap();
        assert_eq!(end(&mut session, &mut chip, refusals).0, sent);
        assert_eq!(session.left(), left, "{refusals}");
    }
}

/// It may still be making a key, and hears nothing until that is done.
#[test]
fn a_chip_that_may_be_busy_is_put_to_sleep_when_it_must_have_done() {
    let timing = Timing::new(Some(Family::Atecc608));
    let longest_us = timing.longest_us(Opcode::GenKey);
    let mut session = Session::new(timing);
    let mut chip = Chip::new(&[&[0x5A; 64]]);
    chip.busy = u32::MAX;
    let failure = chip.run(&mut session, &CREATE).unwrap_err();
    assert_eq!(failure.executed, Executed::Unknown, "{failure:?}");
    let (sent, took_us) = end(&mut session, &mut chip, usize::MAX);
    assert!(
        (longest_us..2 * longest_us).contains(&took_us),
        "{took_us} us, {sent} tries"
    );
    assert_eq!(session.left(), Left::Unknown);
}

/// A chip that acknowledges, and answers nothing that could be understood, may
/// be awake. Of an address that is only probed, nobody knows whether it is a
/// chip's: nothing is written to it.
#[test]
fn what_has_shown_itself_is_put_to_sleep() {
    let garbled = |session: &mut Session| {
        let mut chip = Chip::new(&[]);
        session.begin(Request::new(&InfoRevision).unwrap());
        loop {
            let outcome = match session.step() {
                Step::Done => break,
                Step::Read(bytes) => {
                    bytes.fill(0x5A);
                    Outcome::Done
                }
                step => chip.perform(step, &mut |_| None),
            };
            session.advance(outcome);
        }
        assert!(session.answer().is_err());
        end(session, &mut chip, 0).0
    };
    assert_eq!(garbled(&mut Session::new(Timing::default())), 1);
    assert_eq!(garbled(&mut Session::probe(Timing::default())), 0);
    let mut session = Session::probe(Timing::default());
    let mut chip = Chip::new(&[A]);
    chip.run(&mut session, &InfoRevision).unwrap();
    assert_eq!(end(&mut session, &mut chip, 0).0, 1);
}
