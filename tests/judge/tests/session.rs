//! The session on an emulated chip, and on scripted buses where time or bytes
//! are what matters.

use std::time::Duration;

use atecc::command::Request;
use atecc::commands::{Engines, InfoRevision, Random, SelfTest};
use atecc::crc::crc16;
use atecc::error::{Cause, Executed};
use atecc::procedure::{Once, Run};
use atecc::session::{Left, Outcome, Session, Step};
use atecc::timing::ClockDivider;
use atecc::{Device, Error, Family, Status, Timing};
use atecc_emulator::{
    Bus, Chip, Defects, Entropy, ExecutionTime, Failure, FailureKind, Fault, Faults, Heard, Image,
    Revision,
};

fn device(bus: &Bus) -> Device<atecc_emulator::I2cHandle, atecc_emulator::Delay> {
    Device::new(bus.i2c(), bus.delay())
}

fn group(payload: &[u8]) -> Vec<u8> {
    let mut group = vec![u8::try_from(payload.len() + 3).unwrap()];
    group.extend(payload);
    group.extend(crc16(&group).to_le_bytes());
    group
}

/// Perform a session's steps: a chip that wakes, and answers each look after a
/// command by `answer`. The time that was waited.
fn perform(session: &mut Session, mut answer: impl FnMut(u32) -> Option<Vec<u8>>) -> u64 {
    let (mut asked, mut looks, mut waited) = (false, 0, 0);
    loop {
        let outcome = match session.step() {
            Step::Done => return waited,
            Step::Wait(us) => {
                waited += u64::from(us);
                Outcome::Done
            }
            Step::Wake => Outcome::AddressNack,
            Step::Write(bytes) => {
                asked = bytes[0] == 0x03;
                looks = 0;
                Outcome::Done
            }
            Step::Read(buffer) => {
                looks += 1;
                let said = if asked {
                    answer(looks)
                } else {
                    Some(group(&[0x11]))
                };
                said.map_or(Outcome::AddressNack, |bytes| {
                    buffer.fill(0xFF);
                    buffer
                        .iter_mut()
                        .zip(bytes)
                        .for_each(|(to, from)| *to = from);
                    Outcome::Done
                })
            }
        };
        session.advance(outcome);
    }
}

#[test]
fn no_status_is_a_result_of_a_self_test() {
    let tests = Engines::ALL;
    for status in [0x03, 0x07, 0x0F, 0x11, 0xEE, 0xFF] {
        let mut session = Session::new(Timing::new(Some(Family::Atecc608)));
        session.begin(Request::new(&SelfTest { tests }).unwrap());
        perform(&mut session, |look| (look > 2).then(|| group(&[status])));
        assert!(session.answer().is_err(), "{status:02X}");
    }
    // What may be a status or a result has to be said twice.
    for (first, second, right) in [(0x05, 0x00, 0x00), (0x08, 0x08, 0x08), (0x01, 0x10, 0x10)] {
        let mut session = Session::new(Timing::new(Some(Family::Atecc608)));
        session.begin(Request::new(&SelfTest { tests }).unwrap());
        let mut runs = 0;
        perform(&mut session, |look| {
            runs += u32::from(look == 3);
            (look > 2).then(|| group(&[if runs == 1 { first } else { second }]))
        });
        assert_eq!(session.answer(), Ok(&[right][..]));
        assert_eq!(runs, 2);
    }
}

#[test]
fn what_no_watchdog_allows_is_not_sent() {
    let timing = Timing {
        divider: ClockDivider::M2,
        ..Timing::new(Some(Family::Atecc608))
    };
    let mut session = Session::new(timing);
    let tests = Engines::ALL;
    session.begin(Request::new(&SelfTest { tests }).unwrap());
    assert!(matches!(session.step(), Step::Done));
    let failure = session.answer().unwrap_err();
    assert!(matches!(
        failure.cause,
        Cause::TooSlow {
            longest_us: 2_324_000,
            ..
        }
    ));
    assert_eq!(failure.executed, Executed::No);
    session.end();
    assert!(matches!(session.step(), Step::Done));
    assert_eq!(session.left(), Left::Asleep);
}

/// A look that nobody acknowledges takes no time to speak of: what is said to
/// have been waited was waited.
#[test]
fn a_time_out_comes_when_it_says() {
    let mut session = Session::new(Timing::default());
    session.begin(Request::new(&InfoRevision).unwrap());
    // Twice, since Info is harmless; and the wakes.
    let waited = perform(&mut session, |_| None);
    let failure = session.answer().unwrap_err();
    let Cause::Timeout { waited_us, .. } = failure.cause else {
        panic!("{failure:?}");
    };
    assert!(waited_us >= 2_500_000, "{waited_us}");
    assert!((2_500_000..5_600_000).contains(&waited), "{waited}");
}

#[test]
fn a_host_with_a_clock_ends_a_stuck_bus() {
    let mut run = Run::new(Once(InfoRevision), Timing::default());
    let mut transfers = 0;
    while !matches!(run.step(), Step::Done) {
        let outcome = match run.step() {
            Step::Wait(_) | Step::Done => {
                run.advance(Outcome::Done);
                continue;
            }
            Step::Wake | Step::Write(_) | Step::Read(_) => Outcome::Nack,
        };
        transfers += 1;
        run.advance_after(outcome, 1_000_000);
    }
    assert!(transfers <= 3, "{transfers}");
    let failure = run.finish().unwrap_err();
    assert!(matches!(failure.cause, Cause::Stuck { .. }), "{failure:?}");
}

/// The result counts; that the chip may be awake is another matter.
#[test]
fn a_bus_that_fails_at_the_end_takes_no_result() {
    // Each session has as many transfers: none is a look at a busy chip.
    let chip = Chip::blank(Revision::Atecc608B).with_execution_time(ExecutionTime::Instant);
    let bus = Bus::with_chip(chip);
    let mut device = device(&bus);
    device.execute(InfoRevision).unwrap();
    let transfers = bus.transactions();
    bus.start_log();
    device.execute(InfoRevision).unwrap();
    assert_eq!(device.left(), Left::Asleep);
    let sleep = 2 * transfers + transfers - 1;
    let fault = Fault::TransferFailed(Failure {
        kind: FailureKind::Bus,
        heard: Heard::Nothing,
        after: Duration::ZERO,
    });
    let faults = (0..6).fold(Faults::none(), |faults, more| {
        faults.at(sleep + more, fault)
    });
    bus.set_faults(faults);
    let revision = device.execute(InfoRevision).unwrap();
    assert_eq!(revision, atecc::Revision::Atecc608B);
    assert_eq!(device.left(), Left::Unknown);
    bus.set_faults(Faults::none());
    device.execute(InfoRevision).unwrap();
    assert_eq!(device.left(), Left::Asleep);
}

/// Silicon takes a moment to fall asleep, and loses a pulse that comes earlier.
#[test]
fn sessions_follow_each_other_without_a_lost_pulse() {
    let bus = Bus::with_chip(Chip::blank(Revision::Atecc608B));
    let mut device = device(&bus);
    let start = bus.clock().now();
    for _ in 0..10 {
        device.execute(InfoRevision).unwrap();
    }
    let took = bus.clock().now().saturating_sub(start);
    assert!(took < Duration::from_millis(100), "{took:?}");
}

#[test]
fn a_chip_whose_self_test_failed_tells_which() {
    let image = Image::blank(Revision::Atecc608B);
    let mut config = *image.config();
    // ChipOptions bit 0: a self test at each wake.
    config[90] |= 1;
    let image = image.with_config(config).unwrap();
    let defects = Defects::none().failing(atecc_emulator::Engine::Sha);
    let chip = Chip::new(image, Entropy::Seeded(1))
        .unwrap()
        .with_defects(defects);
    let bus = Bus::with_chip(chip);
    let mut device = device(&bus);
    // The command reaches the chip, which refuses it.
    let Error::Failed(failure) = device.execute(InfoRevision).unwrap_err() else {
        panic!("not the bus");
    };
    assert_eq!(failure.refusal(), Some(Status::SelfTest));
    let tests = Engines::NONE;
    assert_eq!(device.execute(SelfTest { tests }).unwrap(), Engines::SHA);
    let error = device.execute(Random::default()).unwrap_err();
    let Error::Failed(failure) = error else {
        panic!("{error:?}");
    };
    assert_eq!(failure.cause, Cause::SelfTestFailed);
}

#[test]
fn there_is_no_answer_before_a_command_nor_after_the_end() {
    let mut session = Session::new(Timing::default());
    let none = Cause::NoCommand.before_execution();
    assert_eq!(session.answer(), Err(none));
    session.begin(Request::new(&InfoRevision).unwrap());
    perform(&mut session, |look| {
        (look > 2).then(|| group(&[0, 0, 0x60, 2]))
    });
    assert!(session.answer().is_ok());
    session.begin(Request::new(&Random::default()).unwrap());
    assert_eq!(session.answer(), Err(none));
    session.end();
    assert_eq!(session.answer(), Err(none));
}

/// A transport that says "done" without filling the buffer.
#[test]
fn an_answer_of_before_is_not_found_in_the_buffer() {
    let mut session = Session::new(Timing::default());
    session.begin(Request::new(&InfoRevision).unwrap());
    perform(&mut session, |look| {
        (look > 2).then(|| group(&[0, 0, 0x60, 2]))
    });
    session.begin(Request::new(&InfoRevision).unwrap());
    loop {
        let outcome = match session.step() {
            Step::Done => break,
            Step::Wake => Outcome::AddressNack,
            // Nothing is filled.
            Step::Wait(_) | Step::Write(_) | Step::Read(_) => Outcome::Done,
        };
        session.advance(outcome);
    }
    assert!(session.answer().is_err());
}

#[test]
fn a_refusal_is_certain_and_a_lost_answer_is_not() {
    let mut session = Session::new(Timing::default());
    session.begin(Request::new(&Random::default()).unwrap());
    perform(&mut session, |look| (look > 2).then(|| group(&[0x0F])));
    let failure = session.answer().unwrap_err();
    assert_eq!(failure.refusal(), Some(Status::Execution));
    assert!(failure.not_executed());
    assert!(!failure.to_string().contains("may have been"));

    session.begin(Request::new(&Random::default()).unwrap());
    perform(&mut session, |_| None);
    let failure = session.answer().unwrap_err();
    assert_eq!(failure.executed, Executed::Unknown);
    let said = failure.to_string();
    assert!(said.contains("it may have been executed"), "{said}");
}
