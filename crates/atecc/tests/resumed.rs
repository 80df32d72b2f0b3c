//! Procedures that are resumed by hand: what they do about answers that no
//! undisturbed chip gives.

use atecc::command::Request;
use atecc::commands::{CounterId, Lock, LockTarget, ReadWord, WriteBlock};
use atecc::config::{ConfigZone, KeyConfig, offset};
use atecc::crc::Crc16;
use atecc::error::{Cause, Executed};
use atecc::procedure::{Answer, Next};
use atecc::procedures::{
    Configure, Configured, IncrementCounter, LockData, WriteData, WriteDataError, WrittenData,
};
use atecc::{BlockAddress, Command, Failure, Opcode, Procedure, Region, Slot, Status, WordAddress};

fn sent<T: core::fmt::Debug, E: core::fmt::Debug>(next: Next<T, E>) -> Vec<u8> {
    match next {
        Next::Send(request) => request.as_bytes().to_vec(),
        Next::Done(result) => panic!("the end: {result:?}"),
    }
}

fn ended<T, E>(next: Next<T, E>) -> Result<T, E> {
    match next {
        Next::Done(result) => result,
        Next::Send(request) => panic!("another command: {request:?}"),
    }
}

fn bytes_of<C: Command>(command: &C) -> Vec<u8> {
    Request::new(command).unwrap().as_bytes().to_vec()
}

const READ_COUNTER: u8 = 0;
const INCREMENT: u8 = 1;

/// Mode of the next Counter command.
fn counter_mode(next: Next<u32, Failure>) -> u8 {
    let bytes = sent(next);
    assert_eq!(bytes[2], Opcode::Counter as u8);
    bytes[3]
}

/// One that has read `before` and has sent its increment.
fn incrementing(before: u32) -> IncrementCounter {
    let mut count = IncrementCounter::new(CounterId::One);
    assert_eq!(counter_mode(count.resume(Answer::Start)), READ_COUNTER);
    let next = count.resume(Answer::Payload(&before.to_le_bytes()));
    assert_eq!(counter_mode(next), INCREMENT);
    count
}

const fn lost() -> Failure {
    let (opcode, waited_us) = (Opcode::Counter, 2_500_000);
    Failure {
        cause: Cause::Timeout { opcode, waited_us },
        executed: Executed::Unknown,
    }
}

fn refused(opcode: Opcode, status: Status) -> Failure {
    Failure {
        cause: Cause::Status {
            opcode,
            parameters: [0; 3],
            status,
        },
        executed: Executed::No,
    }
}

/// Goes on after the answer to the increment was lost and the counter then says
/// `value`.
fn after_a_loss(count: &mut IncrementCounter, value: u32) -> Next<u32, Failure> {
    let next = count.resume(Answer::Failed(lost()));
    assert_eq!(counter_mode(next), READ_COUNTER);
    count.resume(Answer::Payload(&value.to_le_bytes()))
}

#[test]
fn one_more_than_before_was_counted() {
    let next = after_a_loss(&mut incrementing(6), 7);
    assert_eq!(ended(next), Ok(7));
}

#[test]
fn a_counter_that_stands_as_before_is_incremented_again_twice_and_no_more() {
    let mut count = incrementing(6);
    for _ in 0..2 {
        let next = after_a_loss(&mut count, 6);
        assert_eq!(counter_mode(next), INCREMENT);
    }
    let failure = ended(after_a_loss(&mut count, 6)).unwrap_err();
    assert_eq!(
        (failure.cause, failure.executed),
        (lost().cause, Executed::No)
    );
}

/// Somebody else counts as well, or the chip is another one by now: whether the
/// increment is in the difference cannot be told.
#[test]
fn a_counter_that_jumped_or_went_back_says_nothing_of_the_increment() {
    for value in [8, 100, 5, 0] {
        let failure = ended(after_a_loss(&mut incrementing(6), value)).unwrap_err();
        assert_eq!(failure, lost(), "{value}");
    }
}

/// The second loss is not the same as none: each try is compared with the value
/// before the first.
#[test]
fn a_counter_that_jumped_after_a_second_try_says_nothing_either() {
    let mut count = incrementing(6);
    assert_eq!(counter_mode(after_a_loss(&mut count, 6)), INCREMENT);
    let failure = ended(after_a_loss(&mut count, 8)).unwrap_err();
    assert_eq!(failure.executed, Executed::Unknown);
}

/// An increment answers the new value. What is not one more is the answer of
/// another command: the counter is asked.
#[test]
fn an_increment_that_answers_something_else_is_not_believed() {
    for value in [6_u32, 5, 8] {
        let mut count = incrementing(6);
        let next = count.resume(Answer::Payload(&value.to_le_bytes()));
        assert_eq!(counter_mode(next), READ_COUNTER, "{value}");
        let next = count.resume(Answer::Payload(&7_u32.to_le_bytes()));
        assert_eq!(ended(next), Ok(7));
        // And where nobody can tell, the failure is that the answer was stale.
        let mut count = incrementing(6);
        count.resume(Answer::Payload(&value.to_le_bytes()));
        let failure = ended(count.resume(Answer::Payload(&9_u32.to_le_bytes()))).unwrap_err();
        let opcode = Opcode::Counter;
        assert_eq!(failure, Cause::Stale { opcode }.of_unknown_fate());
    }
}

/// A counter at its end refuses; the value says so, and nothing is sent again.
#[test]
fn a_refusal_is_looked_at_and_not_repeated() {
    let refusal = refused(Opcode::Counter, Status::Execution);
    let mut count = incrementing(6);
    let next = count.resume(Answer::Failed(refusal));
    assert_eq!(counter_mode(next), READ_COUNTER);
    let next = count.resume(Answer::Payload(&6_u32.to_le_bytes()));
    assert_eq!(ended(next), Err(refusal));
}

/// What was certainly not sent needs no look.
#[test]
fn an_increment_that_was_not_taken_ends_at_once() {
    let opcode = Opcode::Counter;
    let failure = Cause::NotTaken { opcode }.before_execution();
    let next = incrementing(6).resume(Answer::Failed(failure));
    assert_eq!(ended(next), Err(failure));
}

#[test]
fn a_counter_that_cannot_be_read_was_not_incremented() {
    let mut count = IncrementCounter::new(CounterId::Zero);
    count.resume(Answer::Start);
    let failure = ended(count.resume(Answer::Failed(lost()))).unwrap_err();
    assert_eq!(failure.executed, Executed::No);
}

/// The words of a part in which every byte differs, as they are written.
#[test]
fn each_word_that_differs_is_written_once_and_the_one_with_the_address_last() {
    let layout = |part: &ConfigZone| {
        let other = ConfigZone(part.0.map(|byte| !byte));
        other.with(offset::I2C_ADDRESS, &[0x6A])
    };
    let mut part = ConfigZone([0; 128]);
    part.0[offset::LOCK_CONFIG] = 0x55;
    part.0[offset::LOCK_VALUE] = 0x55;
    let (mut configure, next) = read(layout, &part);
    let mut written = Vec::new();
    let mut next = next;
    loop {
        let bytes = sent(next);
        if bytes[2] != Opcode::Write as u8 {
            break;
        }
        written.push(bytes[4]);
        next = configure.resume(Answer::Payload(&[0]));
    }
    // Words 0 to 3 and 21 are none that Write changes.
    let expected: Vec<u8> = (5..32).filter(|word| *word != 21).chain([4]).collect();
    assert_eq!(written, expected);
}

/// A `Configure` that has read `part`, and what it does then.
fn read<F: Fn(&ConfigZone) -> ConfigZone>(
    layout: F,
    part: &ConfigZone,
) -> (
    Configure<F>,
    Next<Configured, atecc::procedures::ConfigureError>,
) {
    let mut configure = Configure::new(layout);
    let mut next = configure.resume(Answer::Start);
    for block in part.as_bytes().chunks(32) {
        assert_eq!(sent(next)[2], Opcode::Read as u8);
        next = configure.resume(Answer::Payload(block));
    }
    (configure, next)
}

/// A function has no text, and a key no place in a log.
#[test]
fn what_is_shown_of_them_has_no_contents() {
    let configure = format!("{:?}", Configure::new(|part: &ConfigZone| *part));
    assert!(configure.starts_with("Configure {"), "{configure}");
    assert!(configure.contains("phase: Reading"), "{configure}");

    let key = [0xA7; 32];
    let write = WriteData::new(&ConfigZone([0; 128]), &[0xA7; 64])
        .with_slot(Slot::S9, &key)
        .unwrap();
    let shown = format!("{write:?}");
    assert!(shown.starts_with("WriteData {"), "{shown}");
    assert!(shown.contains("block: 0"), "{shown}");
    for secret in ["167", "A7", "a7"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// Slots 0 to 14 have private keys: slot 15 and OTP are what is written.
fn one_slot() -> ConfigZone {
    let private = KeyConfig::private_key().build();
    (0..15).fold(ConfigZone([0; 128]), |zone, index| {
        zone.with_key_config(Slot::ALL[index], private)
    })
}

const OPEN: [u8; 4] = [0x00, 0x00, 0x55, 0x00];

/// All that was written, and what has come of it.
fn write_all(
    config: &ConfigZone,
    slot_15: &[u8],
    otp: &[u8; 64],
) -> (Vec<Vec<u8>>, Result<WrittenData, WriteDataError>) {
    let write = WriteData::new(config, otp).with_slot(Slot::S15, slot_15);
    let mut write = write.unwrap();
    let locks = WordAddress::new(Region::Config, 21).unwrap();
    let look = sent(write.resume(Answer::Start));
    assert_eq!(look, bytes_of(&ReadWord { address: locks }));
    let mut written = Vec::new();
    let mut next = write.resume(Answer::Payload(&OPEN));
    loop {
        match next {
            Next::Send(request) => written.push(request.as_bytes().to_vec()),
            Next::Done(result) => return (written, result),
        }
        next = write.resume(Answer::Payload(&[0]));
    }
}

fn block(region: Region, block: u8, data: [u8; 32]) -> Vec<u8> {
    let address = BlockAddress::new(region, block).unwrap();
    bytes_of(&WriteBlock { address, data })
}

/// Slot 15 has 72 bytes, so its third block has 8 that count.
#[test]
fn every_block_is_written_to_the_last_of_otp_and_counts_in_the_crc() {
    let mut otp = [0x22; 64];
    otp[63] = 0x33;
    let (written, result) = write_all(&one_slot(), &[0x11; 40], &otp);

    let (mut second, mut last) = ([0; 32], [0x22; 32]);
    second[..8].fill(0x11);
    last[31] = 0x33;
    let slot = Region::Slot(Slot::S15);
    let expected = [
        block(slot, 0, [0x11; 32]),
        block(slot, 1, second),
        block(slot, 2, [0; 32]),
        block(Region::Otp, 0, [0x22; 32]),
        block(Region::Otp, 1, last),
    ];
    assert_eq!(written, expected);

    let mut crc = Crc16::new();
    crc.update(&[0x11; 40]);
    crc.update(&[0; 32]);
    crc.update(&otp);
    assert_eq!(result.map(WrittenData::crc), Ok(crc.finish()));
}

/// A lock of data that are written, on its way.
fn locking() -> LockData {
    let (_, written) = write_all(&one_slot(), &[], &[0; 64]);
    let written = written.unwrap();
    let mut lock = LockData::new(written);
    let target = LockTarget::Data { crc: written.crc() };
    assert_eq!(sent(lock.resume(Answer::Start)), bytes_of(&Lock { target }));
    lock
}

/// The word with the lock bytes, `LockValue` at its third place.
const LOCKED: [u8; 4] = [0x00, 0x00, 0x00, 0x00];

fn lock_lost() -> Failure {
    let (opcode, waited_us) = (Opcode::Lock, 2_500_000);
    Cause::Timeout { opcode, waited_us }.of_unknown_fate()
}

#[test]
fn a_lock_that_is_answered_is_done() {
    assert_eq!(ended(locking().resume(Answer::Payload(&[0]))), Ok(()));
}

#[test]
fn a_lock_whose_answer_is_lost_and_that_is_found_set_is_ours() {
    let mut lock = locking();
    sent(lock.resume(Answer::Failed(lock_lost())));
    assert_eq!(ended(lock.resume(Answer::Payload(&LOCKED))), Ok(()));
}

/// The chip said that it holds something else, and is locked: by somebody, with
/// that.
#[test]
fn a_lock_that_was_refused_and_is_found_set_is_not_ours() {
    let refusal = refused(Opcode::Lock, Status::Execution);
    let mut lock = locking();
    sent(lock.resume(Answer::Failed(refusal)));
    let failure = ended(lock.resume(Answer::Payload(&LOCKED))).unwrap_err();
    assert_eq!(failure.cause, refusal.cause);
    assert_eq!(failure.executed, Executed::Unknown);
}

/// The first lock may have been the one that set it: the second one's refusal is
/// what a locked chip says.
#[test]
fn a_refusal_after_a_lost_answer_does_not_deny_the_lock() {
    let refusal = refused(Opcode::Lock, Status::Execution);
    let mut lock = locking();
    sent(lock.resume(Answer::Failed(lock_lost())));
    sent(lock.resume(Answer::Payload(&OPEN)));
    sent(lock.resume(Answer::Failed(refusal)));
    assert_eq!(ended(lock.resume(Answer::Payload(&LOCKED))), Ok(()));
}

/// What is not a refusal is no proof that nothing was locked: it counts as lost.
#[test]
fn a_command_that_was_not_taken_is_no_refusal() {
    let opcode = Opcode::Lock;
    let mut lock = locking();
    sent(lock.resume(Answer::Failed(lock_lost())));
    sent(lock.resume(Answer::Payload(&OPEN)));
    sent(lock.resume(Answer::Failed(
        Cause::NotTaken { opcode }.before_execution(),
    )));
    assert_eq!(ended(lock.resume(Answer::Payload(&LOCKED))), Ok(()));
}
