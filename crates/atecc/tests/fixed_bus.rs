//! A bus that always answers the same way to the same kind of step, and a host
//! that may be slow: whatever it answers, each command ends.

use atecc::command::Request;
use atecc::commands::{
    Counter, CounterId, CounterMode, DigestSource, Engines, GenKey, GenKeyMode, InfoRevision,
    LoadNonce, NonceTarget, Pause, SelfTest, Sign,
};
use atecc::error::Cause;
use atecc::group::Group;
use atecc::session::{Outcome, Session, Step};
use atecc::timing::ClockDivider;
use atecc::{Failure, Slot, Timing};
use proptest::prelude::*;

/// More than any command has taken.
const MOST_STEPS: u32 = 8_000;

/// How a kind of step ends, from a number.
#[derive(Clone, Debug)]
struct Policy {
    /// By token: rewind, sleep, idle, command.
    writes: [u8; 4],
    /// After each token or the pulse, of four bytes and of more.
    reads: [[u8; 2]; 5],
    /// Longer than was asked for, as a slow host waits.
    waits_us: u32,
}

fn policy() -> impl Strategy<Value = Policy> {
    let writes = prop::array::uniform4(0_u8..8);
    let reads = prop::array::uniform5(prop::array::uniform2(0_u8..16));
    let waits_us = prop::sample::select(vec![0, 0, 15_000, 30_000]);
    (writes, reads, waits_us).prop_map(|(writes, reads, waits_us)| Policy {
        writes,
        reads,
        waits_us,
    })
}

fn write(policy: u8) -> Outcome {
    match policy {
        0 => Outcome::AddressNack,
        1 => Outcome::Nack,
        2 => Outcome::ArbitrationLost,
        _ => Outcome::Done,
    }
}

fn read(policy: u8, buffer: &mut [u8]) -> Outcome {
    let status = match policy {
        0 => return Outcome::AddressNack,
        1 => return Outcome::Nack,
        2 => return Outcome::ArbitrationLost,
        3 | 12.. => 0x11,
        4 => 0x07,
        5 => 0x00,
        6 => 0xFF,
        7 => 0xEE,
        8 => 0x0F,
        other => {
            buffer.fill(if other == 9 { 0xFF } else { 0x43 });
            return Outcome::Done;
        }
    };
    let group = Group::new(&[status]).unwrap();
    buffer.fill(0xFF);
    buffer
        .iter_mut()
        .zip(group.as_bytes())
        .for_each(|(to, from)| *to = *from);
    Outcome::Done
}

fn ends(session: &mut Session, policy: &Policy) -> Result<(), TestCaseError> {
    let mut last = 4;
    for _ in 0..MOST_STEPS {
        let (outcome, took_us) = match session.step() {
            Step::Done => return Ok(()),
            Step::Wait(us) => (Outcome::Done, us.max(policy.waits_us)),
            Step::Wake => {
                last = 4;
                (Outcome::AddressNack, 0)
            }
            Step::Write(bytes) => {
                last = usize::from(bytes[0]);
                (write(policy.writes[last]), 0)
            }
            Step::Read(buffer) => {
                let more = usize::from(buffer.len() > 4);
                (read(policy.reads[last][more], buffer), 0)
            }
        };
        session.advance_after(outcome, took_us);
    }
    Err(TestCaseError::fail("the command does not end"))
}

fn requests() -> Vec<Request> {
    let (slot, tests) = (Slot::S0, Engines::NONE);
    let load = LoadNonce {
        target: NonceTarget::TempKey,
        value: [0xAA; 32],
    };
    let sign = Sign {
        source: DigestSource::TempKey,
        slot,
    };
    let count = Counter {
        mode: CounterMode::Increment,
        counter: CounterId::One,
    };
    let mode = GenKeyMode::Create;
    let all = [
        Request::new(&InfoRevision),
        Request::new(&count),
        Request::new(&load),
        Request::new(&sign),
        Request::new(&SelfTest { tests }),
        Request::new(&Pause { selector: 0 }),
        Request::new(&GenKey { mode, slot }),
    ];
    all.into_iter().map(Result::unwrap).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4_000))]

    #[test]
    fn every_command_ends(
        policy in policy(),
        is_slow in any::<bool>(),
        is_probe in any::<bool>(),
        sleeps_first in any::<bool>(),
        commands in prop::collection::vec(prop::sample::select(requests()), 1..4),
    ) {
        let mut timing = Timing { busy_us: 60_000, ..Timing::default() };
        if is_slow {
            timing.divider = ClockDivider::M2;
            timing.watchdog_us = 5_000_000;
        }
        let mut session = if is_probe {
            Session::probe(timing)
        } else {
            Session::new(timing)
        };
        if sleeps_first {
            session.sleep_first();
        }
        for command in commands {
            session.begin(command);
            ends(&mut session, &policy)?;
        }
        session.end();
        ends(&mut session, &policy)?;
    }
}

/// How long a command takes by the host's clock on a bus on which each transfer
/// fails after `each_us`.
fn given_up_after_us(mut session: Session, each_us: u32) -> (u32, Failure) {
    let mut spent_us = 0;
    session.begin(Request::new(&InfoRevision).unwrap());
    loop {
        let (outcome, took_us) = match session.step() {
            Step::Done => return (spent_us, session.answer().unwrap_err()),
            Step::Wait(us) => (Outcome::Done, us),
            Step::Wake | Step::Write(_) | Step::Read(_) => (Outcome::Nack, each_us),
        };
        spent_us += took_us;
        session.advance_after(outcome, took_us);
    }
}

/// Short of what counts as slow they are many.
#[test]
fn the_time_of_failed_transfers_counts_while_nobody_answers() {
    for each_us in [0, 100, 5_000, 10_000, 19_999] {
        let (spent_us, failure) = given_up_after_us(Session::new(Timing::default()), each_us);
        assert!(matches!(failure.cause, Cause::NoAnswer { .. }), "{failure}");
        // Until the latest watchdog, the pulses besides, and the looks after the
        // last one.
        let looks = 1_750_000..2_400_000;
        assert!(looks.contains(&spent_us), "{each_us}: {spent_us}");
    }
}

/// A scan of all addresses has 112 of them.
#[test]
fn a_probe_of_a_bus_with_time_outs_is_short() {
    for each_us in [0, 100, 10_000, 25_000, 35_000] {
        let (spent_us, failure) = given_up_after_us(Session::probe(Timing::default()), each_us);
        assert!(matches!(failure.cause, Cause::NoAnswer { .. }), "{failure}");
        assert!(spent_us < 450_000, "{each_us}: {spent_us}");
    }
}
