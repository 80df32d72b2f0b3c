//! What a session makes of time and of answers that say nothing: the rows of its
//! table, one by one.

use atecc::command::Request;
use atecc::commands::{Counter, CounterId, CounterMode, InfoRevision, Lock, LockTarget};
use atecc::error::{Cause, Executed};
use atecc::group::Group;
use atecc::session::STUCK_US;
use atecc::session::{Outcome, Session, Step};
use atecc::{Command, Opcode, Slot, Timing};

/// What a step is, without its buffer.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Seen {
    Wake,
    Rewind,
    Sleep,
    Idle,
    Command,
    Read,
    Wait(u32),
    Done,
}

fn seen(session: &mut Session) -> Seen {
    match session.step() {
        Step::Wake => Seen::Wake,
        Step::Wait(us) => Seen::Wait(us),
        Step::Read(_) => Seen::Read,
        Step::Done => Seen::Done,
        Step::Write([0x00]) => Seen::Rewind,
        Step::Write([0x01]) => Seen::Sleep,
        Step::Write([0x02]) => Seen::Idle,
        Step::Write(_) => Seen::Command,
    }
}

fn group(payload: &[u8]) -> Vec<u8> {
    Group::new(payload).unwrap().as_bytes().to_vec()
}

/// The session reads these bytes, and a released line after them.
fn give(session: &mut Session, bytes: &[u8]) {
    match session.step() {
        Step::Read(buffer) => {
            buffer.fill(0xFF);
            for (to, from) in buffer.iter_mut().zip(bytes) {
                *to = *from;
            }
        }
        step => panic!("no read: {step:?}"),
    }
    session.advance(Outcome::Done);
}

/// Wakes, idles and waits up to the next of `wanted`, on a chip that wakes.
fn go_on(session: &mut Session, wanted: Seen) {
    for _ in 0..100 {
        let now = seen(session);
        if now == wanted {
            return;
        }
        match now {
            Seen::Read => give(session, &group(&[0x11])),
            Seen::Wake => session.advance(Outcome::AddressNack),
            Seen::Done => panic!("the end before {wanted:?}: {:?}", session.answer()),
            _ => session.advance(Outcome::Done),
        }
    }
    panic!("no {wanted:?}");
}

fn begun<C: Command>(command: &C) -> Session {
    let mut session = Session::new(Timing::default());
    session.begin(Request::new(command).unwrap());
    session
}

/// The command has been acknowledged, and the first look is due.
fn asked<C: Command>(command: &C) -> Session {
    let mut session = begun(command);
    go_on(&mut session, Seen::Command);
    session.advance(Outcome::Done);
    session
}

const INCREMENT: Counter = Counter {
    mode: CounterMode::Increment,
    counter: CounterId::Zero,
};
const REVISION: [u8; 4] = [0x00, 0x00, 0x60, 0x02];
/// The longest that Info takes. Source: cryptoauthlib `calib_execution.c`.
const INFO_US: u32 = 5_000;
/// A transfer that fails after more than this has failed slowly: twice what the
/// longest group takes at 100 kHz, less than any adapter's time-out.
const SLOW_US: u32 = 20_000;

#[test]
fn only_transfers_that_fail_and_take_long_are_slow() {
    // A wake is one: its absent acknowledge is no fault, its time is.
    for (outcome, took_us, slow_us) in [
        (Outcome::Done, SLOW_US + 1, 0),
        (Outcome::AddressNack, SLOW_US, 0),
        (Outcome::AddressNack, SLOW_US + 1, SLOW_US + 1),
    ] {
        let mut session = begun(&InfoRevision);
        assert_eq!(seen(&mut session), Seen::Wake);
        session.advance_after(outcome, took_us);
        assert_eq!(session.slow_us(), slow_us, "wake {outcome:?} {took_us}");

        let mut session = begun(&InfoRevision);
        go_on(&mut session, Seen::Command);
        session.advance_after(outcome, took_us);
        assert_eq!(session.slow_us(), slow_us, "write {outcome:?} {took_us}");

        let mut session = asked(&InfoRevision);
        go_on(&mut session, Seen::Read);
        session.advance_after(outcome, took_us);
        assert_eq!(session.slow_us(), slow_us, "read {outcome:?} {took_us}");
    }
}

#[test]
fn a_wait_of_any_length_is_not_slow() {
    let mut session = asked(&InfoRevision);
    assert!(matches!(seen(&mut session), Seen::Wait(_)));
    session.advance_after(Outcome::Done, STUCK_US);
    assert_eq!(session.slow_us(), 0);
}

/// After the looks at once comes the rest of the time that was observed, and when
/// there is no rest the shortest time between two looks.
#[test]
fn looks_at_once_are_part_of_the_time_to_the_first_look() {
    let mut session = asked(&InfoRevision);
    let mut waited_us = 0;
    while waited_us < 3_200 {
        if let Seen::Wait(us) = seen(&mut session) {
            waited_us += us;
        }
        session.advance(Outcome::AddressNack);
    }
    go_on(&mut session, Seen::Read);
    give(&mut session, &group(&REVISION));
    assert!(session.answer().is_ok());
    let shortest_us = session.observed_times().shortest_us(Opcode::Info).unwrap();
    assert!((2_900..=waited_us).contains(&shortest_us), "{shortest_us}");
    let first_us = shortest_us - shortest_us / 32;
    let half_us = first_us.div_ceil(2);
    let rest_us = first_us - 2 * (half_us - 1);
    for (took_us, wait_us) in [
        (0, first_us),
        (half_us - 1, rest_us),
        (half_us, 2 * half_us / 64),
    ] {
        let mut session = session.clone();
        // The chip holds an answer like the one to come: it is looked at at once.
        session.begin(Request::new(&InfoRevision).unwrap());
        assert_eq!(seen(&mut session), Seen::Command);
        session.advance(Outcome::Done);
        for _ in 0..2 {
            assert_eq!(seen(&mut session), Seen::Read);
            session.advance_after(Outcome::AddressNack, took_us);
        }
        assert_eq!(seen(&mut session), Seen::Wait(wait_us), "{took_us}");
    }
}

/// Half a millisecond, whatever the command takes.
#[test]
fn an_idle_that_is_refused_is_repeated_after_a_rest() {
    let mut session = begun(&InfoRevision);
    go_on(&mut session, Seen::Idle);
    for _ in 0..3 {
        session.advance(Outcome::AddressNack);
        assert_eq!(seen(&mut session), Seen::Wait(500));
        session.advance(Outcome::Done);
        assert_eq!(seen(&mut session), Seen::Idle);
    }
    // The fourth: it has slept, or will have by the next wake.
    session.advance(Outcome::AddressNack);
    assert_eq!(seen(&mut session), Seen::Wake);
}

/// One and four more, each after a wake: then the chip is taken as it is.
#[test]
fn a_sleep_that_is_refused_at_the_beginning_is_repeated_four_times() {
    let mut session = Session::new(Timing::default());
    session.sleep_first();
    session.begin(Request::new(&InfoRevision).unwrap());
    for sleep in 0..5 {
        go_on(&mut session, Seen::Sleep);
        session.advance(Outcome::AddressNack);
        assert!(matches!(seen(&mut session), Seen::Wait(_)), "{sleep}");
        session.advance(Outcome::Done);
        assert_eq!(seen(&mut session), Seen::Wake, "{sleep}");
    }
    loop {
        match seen(&mut session) {
            Seen::Sleep => panic!("a sixth sleep"),
            Seen::Command => return,
            now => go_on_from(&mut session, now),
        }
    }
}

fn go_on_from(session: &mut Session, now: Seen) {
    match now {
        Seen::Read => give(session, &group(&[0x11])),
        Seen::Wake => session.advance(Outcome::AddressNack),
        _ => session.advance(Outcome::Done),
    }
}

/// A released line is a missing acknowledge with noise: a chip that may still be
/// busy is asked again, as often as it takes.
#[test]
fn a_released_line_is_a_busy_chip_as_long_as_it_may_be_one() {
    let mut session = asked(&InfoRevision);
    let mut waited_us = 0;
    let mut reads = 0;
    loop {
        match seen(&mut session) {
            Seen::Wait(us) if waited_us + us < INFO_US => {
                waited_us += us;
                session.advance(Outcome::Done);
            }
            Seen::Wait(_) => break,
            Seen::Read => {
                reads += 1;
                give(&mut session, &[]);
            }
            other => panic!("{other:?} after {waited_us} us"),
        }
    }
    assert!(reads > 4, "{reads} reads");
    session.advance(Outcome::Done);
    give(&mut session, &group(&REVISION));
    assert_eq!(session.answer(), Ok(&REVISION[..]));
}

/// Not longer: a chip that waits for the rest of a command reads like this, and
/// sleep is the way out.
#[test]
fn a_released_line_is_no_busy_chip_once_the_longest_time_is_over() {
    for (waited_us, next) in [(INFO_US - 1, None), (INFO_US, Some(Seen::Sleep))] {
        let mut session = asked(&InfoRevision);
        assert!(matches!(seen(&mut session), Seen::Wait(_)));
        session.advance_after(Outcome::Done, waited_us);
        give(&mut session, &[]);
        match next {
            Some(next) => assert_eq!(seen(&mut session), next),
            None => assert!(matches!(seen(&mut session), Seen::Wait(_))),
        }
    }
}

/// Has been refused, has the command again in its hand, and is not seen busy.
fn refused_before(status: u8) -> Session {
    let mut session = asked(&INCREMENT);
    go_on(&mut session, Seen::Read);
    give(&mut session, &group(&[status]));
    assert!(session.answer().is_err());
    session.begin(Request::new(&INCREMENT).unwrap());
    session
}

/// Refused, or not heard: neither has counted, so that it is sent again, and known
/// not to have been executed in the end.
#[test]
fn a_refusal_like_the_last_one_has_executed_nothing() {
    let mut session = refused_before(0x0F);
    let mut commands = 0;
    loop {
        // The renewal between the tries gives the chip 11, so that the second
        // refusal is its own.
        match seen(&mut session) {
            Seen::Done => break,
            Seen::Command => {
                commands += 1;
                session.advance(Outcome::Done);
                while seen(&mut session) != Seen::Read {
                    session.advance(Outcome::Done);
                }
                give(&mut session, &group(&[0x0F]));
            }
            now => go_on_from(&mut session, now),
        }
    }
    assert_eq!(commands, 2, "one that was stale and one that was answered");
    let failure = session.answer().unwrap_err();
    assert_eq!(failure.executed, Executed::No);
}

/// 11, and the write had not been acknowledged whole: the chip has not heard it,
/// and even an increment is sent again.
#[test]
fn after_a_wake_and_a_doubtful_write_nothing_was_heard() {
    let mut session = begun(&INCREMENT);
    go_on(&mut session, Seen::Command);
    session.advance(Outcome::Nack);
    give(&mut session, &group(&[0x11]));
    go_on(&mut session, Seen::Command);
    session.advance(Outcome::Done);
    go_on(&mut session, Seen::Read);
    give(&mut session, &group(&[1, 0, 0, 0]));
    assert_eq!(session.answer(), Ok(&[1, 0, 0, 0][..]));
}

/// The same after a look that was not acknowledged: the chip may have been busy
/// with it, and was reset.
#[test]
fn after_a_busy_look_a_doubtful_write_may_have_been_heard() {
    let mut session = begun(&INCREMENT);
    go_on(&mut session, Seen::Command);
    session.advance(Outcome::Nack);
    assert_eq!(seen(&mut session), Seen::Read);
    session.advance(Outcome::AddressNack);
    give(&mut session, &group(&[0x11]));
    let opcode = Opcode::Counter;
    assert_eq!(
        session.answer(),
        Err(Cause::Reset { opcode }.of_unknown_fate())
    );
}

/// A look that somebody else's transfer broke is none: the chip was not seen busy,
/// and what it holds may be the last answer.
#[test]
fn a_look_that_lost_the_bus_is_no_sign_of_a_busy_chip() {
    for (outcome, is_believed) in [
        (Outcome::AddressNack, true),
        (Outcome::Nack, true),
        (Outcome::ArbitrationLost, false),
    ] {
        let mut session = asked(&InfoRevision);
        go_on(&mut session, Seen::Read);
        give(&mut session, &group(&REVISION));
        session.begin(Request::new(&InfoRevision).unwrap());
        assert_eq!(seen(&mut session), Seen::Command);
        session.advance(Outcome::Done);
        for _ in 0..2 {
            go_on_to_read(&mut session);
            session.advance(outcome);
        }
        go_on_to_read(&mut session);
        give(&mut session, &group(&REVISION));
        assert_eq!(session.answer().is_ok(), is_believed, "{outcome:?}");
    }
}

/// A chip that was not seen busy is woken before what may not be repeated, where its
/// answer could be like the last one; an answer of another length could not.
#[test]
fn a_renewal_is_for_answers_that_could_be_alike() {
    const LOCK: Lock = Lock {
        target: LockTarget::Slot(Slot::S8),
    };
    let mut session = asked(&InfoRevision);
    go_on(&mut session, Seen::Read);
    give(&mut session, &group(&REVISION));
    let mut answered = |request: Request, payload: &[u8]| {
        session.begin(request);
        let before = seen(&mut session);
        go_on(&mut session, Seen::Command);
        session.advance(Outcome::Done);
        go_on_to_read(&mut session);
        give(&mut session, &group(payload));
        if seen(&mut session) == Seen::Idle {
            go_on(&mut session, Seen::Command);
            session.advance(Outcome::Done);
            go_on_to_read(&mut session);
            give(&mut session, &group(payload));
        }
        assert_eq!(session.answer(), Ok(payload));
        before
    };
    let info = || Request::new(&InfoRevision).unwrap();
    let lock = || Request::new(&LOCK).unwrap();
    let increment = || Request::new(&INCREMENT).unwrap();
    // May be repeated: sent again after a wake.
    assert_eq!(answered(info(), &REVISION), Seen::Command);
    // Four bytes before one: both ways.
    assert_eq!(answered(lock(), &[0x00]), Seen::Command);
    assert_eq!(answered(lock(), &[0x00]), Seen::Idle);
    // Any command may be refused by one byte.
    assert_eq!(answered(increment(), &[1, 0, 0, 0]), Seen::Idle);
    assert_eq!(answered(increment(), &[2, 0, 0, 0]), Seen::Idle);
    assert_eq!(answered(lock(), &[0x00]), Seen::Command);
}

/// What a chip was seen busy with needs no wake; the others do. Where it once was not
/// seen busy with that, all do.
#[test]
fn a_renewal_is_for_commands_that_the_chip_was_not_seen_busy_with() {
    const LOCK: Lock = Lock {
        target: LockTarget::Slot(Slot::S8),
    };
    let mut session = asked(&InfoRevision);
    go_on(&mut session, Seen::Read);
    give(&mut session, &group(&REVISION));
    let mut answered = |request: Request, busy: u32, payload: &[u8]| {
        session.begin(request);
        let mut before = seen(&mut session);
        if before == Seen::Idle {
            go_on(&mut session, Seen::Command);
        }
        loop {
            session.advance(Outcome::Done);
            for _ in 0..busy {
                go_on_to_read(&mut session);
                session.advance(Outcome::AddressNack);
            }
            go_on_to_read(&mut session);
            give(&mut session, &group(payload));
            if seen(&mut session) != Seen::Idle {
                break;
            }
            before = Seen::Idle;
            go_on(&mut session, Seen::Command);
        }
        (before, session.answer().is_ok())
    };
    let info = || Request::new(&InfoRevision).unwrap();
    let lock = || Request::new(&LOCK).unwrap();
    let increment = || Request::new(&INCREMENT).unwrap();
    // Done too soon: sent again.
    assert_eq!(answered(info(), 0, &REVISION), (Seen::Idle, true));
    assert_eq!(answered(lock(), 1, &[0x00]), (Seen::Command, true));
    // One look is not enough.
    assert_eq!(answered(lock(), 2, &[0x00]), (Seen::Idle, true));
    assert_eq!(answered(lock(), 2, &[0x00]), (Seen::Command, true));
    // Another command.
    assert_eq!(answered(increment(), 0, &[1, 0, 0, 0]), (Seen::Idle, true));
    assert_eq!(answered(lock(), 2, &[0x00]), (Seen::Command, true));
    // The host was stopped: not believed, and not sent twice.
    assert_eq!(answered(lock(), 0, &[0x00]), (Seen::Command, false));
    assert_eq!(answered(lock(), 0, &[0x00]), (Seen::Idle, true));
}

fn go_on_to_read(session: &mut Session) {
    while matches!(seen(session), Seen::Wait(_)) {
        session.advance(Outcome::Done);
    }
    assert_eq!(seen(session), Seen::Read);
}
