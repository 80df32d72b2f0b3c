//! Devices on a mocked bus: every byte that goes over it, in order.

use atecc::commands::{CreateTempKey, InfoRevision, Lock, LockTarget, Random};
use atecc::crc::crc16;
use atecc::error::{Cause, Executed};
use atecc::group::{Group, GroupError};
use atecc::procedures::{CreateKey, LockAndConfirm, ReadRegion, SignDigest, WriteRegion};
use atecc::{
    BusAddress, Device, Error, Family, Opcode, PublicKey, Region, Revision, Slot, Status, Timing,
};
use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
use embedded_hal_mock::eh1::delay::NoopDelay;
use embedded_hal_mock::eh1::i2c::{Mock, Transaction};

const CHIP: u8 = 0x60;

fn nack_address(transaction: Transaction) -> Transaction {
    transaction.with_error(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Address))
}

fn nack(transaction: Transaction) -> Transaction {
    transaction.with_error(ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown))
}

/// The pulse that nobody acknowledges, and the answer of a woken chip.
fn wake() -> [Transaction; 2] {
    [
        nack(Transaction::write(0x00, vec![0x00])),
        Transaction::read(CHIP, vec![0x04, 0x11, 0x33, 0x43]),
    ]
}

fn idle() -> Transaction {
    Transaction::write(CHIP, vec![0x02])
}

/// How a session begins: idle in between restarts the watchdog.
fn begin() -> Vec<Transaction> {
    [&wake()[..], &[idle()], &wake()].concat()
}

/// A look at a chip that executes.
fn busy_looks(len: usize) -> [Transaction; 2] {
    [busy(len), busy(len)]
}

fn sleep() -> Transaction {
    Transaction::write(CHIP, vec![0x01])
}

fn group(body: &[u8]) -> Vec<u8> {
    Group::new(body).unwrap().as_bytes().to_vec()
}

fn command(body: &[u8]) -> Transaction {
    let mut bytes = vec![0x03];
    bytes.extend(group(body));
    Transaction::write(CHIP, bytes)
}

/// What a read of `len` bytes gives when the chip has this group.
fn answer(body: &[u8], len: usize) -> Transaction {
    let mut bytes = group(body);
    bytes.resize(len.max(bytes.len()), 0xFF);
    Transaction::read(CHIP, bytes)
}

fn busy(len: usize) -> Transaction {
    nack(Transaction::read(CHIP, vec![0; len]))
}

fn on<T>(transactions: &[Transaction], run: impl FnOnce(&mut Device<Mock, NoopDelay>) -> T) -> T {
    let mut mock = Mock::new(transactions);
    let mut device = Device::new(mock.clone(), NoopDelay::new());
    let result = run(&mut device);
    mock.done();
    result
}

#[test]
fn info_byte_by_byte() {
    let bus = vec![
        nack(Transaction::write(0x00, vec![0x00])), // wake pulse
        Transaction::read(CHIP, vec![0x04, 0x11, 0x33, 0x43]), // woken
        Transaction::write(CHIP, vec![0x02]),       // idle: the watchdog stops
        nack(Transaction::write(0x00, vec![0x00])), // and starts anew
        Transaction::read(CHIP, vec![0x04, 0x11, 0x33, 0x43]),
        Transaction::write(
            CHIP,
            vec![
                0x03, // word address: command
                0x07, // count
                0x30, 0x00, // Info, mode revision
                0x00, 0x00, // Param2
                0x03, 0x5D, // CRC
            ],
        ),
        // count, revision of an ATECC608A, CRC
        Transaction::read(CHIP, vec![0x07, 0x00, 0x00, 0x60, 0x02, 0x80, 0x38]),
        Transaction::write(CHIP, vec![0x01]), // sleep
    ];
    let revision = on(&bus, |device| device.execute(InfoRevision));
    assert_eq!(revision, Ok(Revision::Atecc608A(2)));
}

#[test]
fn sign_is_one_awake_session() {
    let mut bus = begin();
    let mut nonce = vec![0x16, 0x03, 0x00, 0x00];
    nonce.extend([0xAA; 32]);
    bus.extend([
        command(&nonce),
        answer(&[0x00], 4),
        command(&[0x41, 0x80, 0x00, 0x00]),
        busy(67),
        busy(67),
        answer(&[0x5A; 64], 67),
        sleep(),
    ]);
    let signature = on(&bus, |device| {
        device.run(SignDigest::new(Slot::S0, [0xAA; 32]))
    });
    assert_eq!(signature, Ok([0x5A; 64]));
}

#[test]
fn sign_starts_over_when_temp_key_is_lost() {
    let mut nonce = vec![0x16, 0x03, 0x00, 0x00];
    nonce.extend([0xAA; 32]);
    let sign = &[0x41, 0x80, 0x00, 0x00];
    let mut bus = begin();
    bus.extend([
        command(&nonce),
        answer(&[0x00], 4),
        // The watchdog fired in between: nobody takes the command, nor idle.
        nack_address(command(sign)),
        nack_address(idle()),
        nack_address(idle()),
        nack_address(idle()),
        nack_address(idle()),
    ]);
    bus.extend(wake());
    bus.extend([command(&nonce), answer(&[0x00], 4), command(sign)]);
    bus.extend(busy_looks(67));
    bus.extend([answer(&[0x5A; 64], 67), sleep()]);
    let signature = on(&bus, |device| {
        device.run(SignDigest::new(Slot::S0, [0xAA; 32]))
    });
    assert_eq!(signature, Ok([0x5A; 64]));
}

#[test]
fn a_refusal_is_not_repeated_and_the_chip_sleeps() {
    let mut bus = begin();
    bus.extend([
        command(&[0x1B, 0x00, 0x00, 0x00]),
        answer(&[0x0F], 35),
        sleep(),
    ]);
    assert_eq!(
        on(&bus, |device| device.execute(Random::default())),
        Err(Error::Failed(
            Cause::Status {
                opcode: Opcode::Random,
                parameters: [0; 3],
                status: Status::Execution
            }
            .before_execution()
        ))
    );
}

#[test]
fn damaged_on_the_way_there() {
    let mut bus = begin();
    bus.extend([
        command(&[0x1B, 0x00, 0x00, 0x00]),
        answer(&[0xFF], 35),
        command(&[0x1B, 0x00, 0x00, 0x00]),
        busy(35),
        busy(35),
        answer(&[7; 32], 35),
        sleep(),
    ]);
    assert_eq!(
        on(&bus, |device| device.execute(Random::default())),
        Ok([7; 32])
    );
}

#[test]
fn damaged_on_the_way_back_is_read_again_not_sent_again() {
    let mut bad = group(&[7; 32]);
    bad[9] ^= 0x10;
    let mut bus = begin();
    bus.extend([
        command(&[0x1B, 0x00, 0x00, 0x00]),
        Transaction::read(CHIP, bad),
        Transaction::write(CHIP, vec![0x00]), // rewind the read pointer
        answer(&[7; 32], 35),
        sleep(),
    ]);
    assert_eq!(
        on(&bus, |device| device.execute(Random::default())),
        Ok([7; 32])
    );
}

#[test]
fn watchdog_near_means_idle_wake_again() {
    let mut bus = begin();
    bus.extend([
        command(&[0x1B, 0x00, 0x00, 0x00]),
        answer(&[0xEE], 35),
        Transaction::write(CHIP, vec![0x02]), // idle keeps TempKey
    ]);
    bus.extend(wake());
    bus.extend([
        command(&[0x1B, 0x00, 0x00, 0x00]),
        answer(&[7; 32], 35),
        sleep(),
    ]);
    assert_eq!(
        on(&bus, |device| device.execute(Random::default())),
        Ok([7; 32])
    );
}

#[test]
fn a_lock_with_unknown_outcome_is_never_sent_blindly() {
    // The answer is lost for good: after rereads the lock bytes decide.
    let damaged = || Transaction::read(CHIP, vec![0x04, 0x00, 0xFF, 0x00]);
    let rewind = || Transaction::write(CHIP, vec![0x00]);
    let lock = &[0x17, 0x01, 0xD2, 0x7E];
    let mut bus = begin();
    bus.extend([command(lock)]);
    bus.extend([
        damaged(),
        rewind(),
        damaged(),
        rewind(),
        damaged(),
        rewind(),
    ]);
    bus.extend([damaged()]);
    bus.extend(begin());
    bus.extend([
        command(&[0x02, 0x00, 0x15, 0x00]),   // Read configuration word 21
        answer(&[0x00, 0x00, 0x00, 0x00], 7), // LockValue and LockConfig: locked
        sleep(),
    ]);
    let target = LockTarget::Data { crc: 0x7ED2 };
    assert_eq!(
        on(&bus, |device| device.run(LockAndConfirm::new(target))),
        Ok(())
    );

    // The bare command reports that nobody knows.
    let bus: Vec<_> = bus[..13].iter().cloned().chain([sleep()]).collect();
    assert_eq!(
        on(&bus, |device| device.execute(Lock { target })),
        Err(Error::Failed(
            Cause::Damaged {
                opcode: Opcode::Lock,
                error: GroupError::Crc {
                    got: 0x00FF,
                    computed: crc16(&[0x04, 0x00])
                },
            }
            .of_unknown_fate()
        ))
    );
}

#[test]
fn a_lost_new_key_is_asked_for() {
    let reset = || answer(&[0x11], 67);
    let mut bus = begin();
    bus.extend([command(&[0x40, 0x00, 0x00, 0x00]), answer(&[0x0F], 67)]); // no key yet
    bus.push(command(&[0x40, 0x04, 0x00, 0x00]));
    bus.extend(busy_looks(67));
    bus.push(reset());
    bus.extend(begin());
    bus.extend([
        command(&[0x40, 0x00, 0x00, 0x00]),
        answer(&[9; 64], 67),
        sleep(),
    ]);
    let key = on(&bus, |device| device.run(CreateKey::new(Slot::S0)));
    assert_eq!(key, Ok(PublicKey([9; 64])));
}

/// By turns, so that no word of zeros follows another.
#[test]
fn a_certificate_slot_is_two_blocks_and_two_words() {
    let mut bus = begin();
    for (param1, param2, len) in [
        (0x82, [0x50, 0x00], 32),
        (0x02, [0x50, 0x02], 4),
        (0x82, [0x50, 0x01], 32),
        (0x02, [0x51, 0x02], 4),
    ] {
        bus.push(command(&[0x02, param1, param2[0], param2[1]]));
        if param2 != [0x50, 0x00] {
            bus.extend(busy_looks(len + 3));
        }
        bus.push(answer(&vec![param2[1]; len], len + 3));
    }
    bus.push(sleep());
    let slot = Region::Slot(Slot::S10);
    let bytes = on(&bus, |device| device.run(ReadRegion::<72>::new(slot))).unwrap();
    assert_eq!(bytes[..32], [0; 32]);
    assert_eq!(bytes[32..64], [1; 32]);
    assert_eq!(bytes[64..], [2; 8]);
}

#[test]
fn a_short_slot_is_written_in_whole_blocks() {
    let mut bus = begin();
    let mut first = vec![0x12, 0x82, 0x08, 0x00];
    first.extend([3; 32]);
    let mut second = vec![0x12, 0x82, 0x08, 0x01, 3, 3, 3, 3];
    second.extend([0; 28]);
    bus.extend([
        command(&first),
        answer(&[0x00], 4),
        command(&second),
        busy(4),
        busy(4),
        answer(&[0x00], 4),
        sleep(),
    ]);
    let write = WriteRegion::new(Region::Slot(Slot::S1), &[3; 36]).unwrap();
    assert_eq!(on(&bus, |device| device.run(write)), Ok(()));
    let error = WriteRegion::new(Region::Slot(Slot::S1), &[3; 37]).unwrap_err();
    assert_eq!(
        error.to_string(),
        "37 bytes do not fit slot 1, which has 36"
    );
}

#[test]
fn nobody_home() {
    let mut looks = 0;
    let mut bus = Vec::new();
    // Until the watchdog of a chip with half a command must have fired: 1.75 s.
    for _ in 0..67 {
        bus.push(nack(Transaction::write(0x00, vec![0x00])));
        // 1.5 ms after the pulse, then every 2.5 ms until 25 ms have passed.
        for _ in 0..11 {
            bus.push(busy(4));
            looks += 1;
        }
    }
    // Nothing is written where nobody answers.
    assert_eq!(looks, 67 * 11);
    assert_eq!(
        on(&bus, |device| device.execute(InfoRevision)),
        Err(Error::Failed(
            Cause::NoAnswer { pulses: 67 }.before_execution()
        ))
    );
}

#[test]
fn a_bus_fault_is_reported_whole_and_the_chip_put_to_sleep() {
    let mut bus = begin();
    bus.extend([
        command(&[0x30, 0x00, 0x00, 0x00]).with_error(ErrorKind::Bus),
        sleep(),
    ]);
    assert_eq!(
        on(&bus, |device| device.execute(InfoRevision)),
        Err(Error::Bus {
            error: ErrorKind::Bus,
            executed: Executed::Unknown
        })
    );
}

#[test]
fn another_address_and_another_pulse() {
    let bus = [
        Transaction::write(0x10, vec![0xAB]), // the board's own way to pull SDA low
        Transaction::read(0x35, vec![0x04, 0x11, 0x33, 0x43]),
        Transaction::write(0x35, vec![0x02]),
        Transaction::write(0x10, vec![0xAB]),
        Transaction::read(0x35, vec![0x04, 0x11, 0x33, 0x43]),
        Transaction::write(0x35, vec![0x03, 0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D]),
        Transaction::read(0x35, vec![0x07, 0x00, 0x00, 0x60, 0x02, 0x80, 0x38]),
        Transaction::write(0x35, vec![0x01]),
    ];
    let mut mock = Mock::new(&bus);
    let mut device = Device::new(mock.clone(), NoopDelay::new())
        .with_wake(|i2c: &mut Mock, _: &mut NoopDelay| {
            embedded_hal::i2c::I2c::write(i2c, 0x10, &[0xAB])
        })
        .with_address(BusAddress::TRUST_AND_GO);
    assert_eq!(device.execute(InfoRevision), Ok(Revision::Atecc608A(2)));
    mock.done();
}

#[cfg(feature = "async")]
#[test]
fn awaited_it_is_the_same() {
    use core::future::Future;
    use core::task::{Context, Poll, Waker};

    let mut bus = begin();
    bus.extend([
        command(&[0x1B, 0x00, 0x00, 0x00]),
        busy(35),
        answer(&[7; 32], 35),
        sleep(),
    ]);
    let mut mock = Mock::new(&bus);
    let mut device = Device::new(mock.clone(), NoopDelay::new());
    let mut future = core::pin::pin!(device.execute_async(Random::default()));
    // The mock never waits, so one poll is the whole run.
    let polled = future
        .as_mut()
        .poll(&mut Context::from_waker(Waker::noop()));
    assert_eq!(polled, Poll::Ready(Ok([7; 32])));
    mock.done();
}

#[test]
fn a_command_that_the_chip_lacks_is_named_and_not_sent() {
    let error = on(&[], |device| {
        device.set_timing(Timing::new(Some(Family::Atecc508)));
        device.execute(CreateTempKey).unwrap_err()
    });
    let refused = Cause::NotOnThisChip {
        opcode: Opcode::GenKey,
        has: Family::Atecc608,
        is: Family::Atecc508,
    };
    assert_eq!(error, Error::Failed(refused.before_execution()));
}

/// A host that takes no part in any lock has the chip execute something else.
mod another_host {
    use atecc::commands::{Counter, CounterId, CounterMode, ReadBlock};
    use atecc::{BlockAddress, Command};

    use super::*;

    const READ: [u8; 4] = [0x02, 0x80, 0x08, 0x00];

    fn read() -> ReadBlock {
        ReadBlock {
            address: BlockAddress::new(Region::Config, 1).unwrap(),
        }
    }

    /// The block that was asked for, after idle and wake.
    fn again() -> Vec<Transaction> {
        let asked = [command(&READ), answer(&[0x11; 32], 35), sleep()];
        [&[idle()][..], &wake(), &asked].concat()
    }

    fn run<C: Command>(
        executed: &[Transaction],
        asked: C,
    ) -> Result<C::Response, Error<ErrorKind>> {
        let all = [&begin()[..], executed].concat();
        on(&all, |device| device.execute(asked))
    }

    #[test]
    fn the_answer_after_a_refused_command_is_not_believed() {
        let other = [nack(command(&READ)), busy(35), answer(&[0xEE; 32], 35)];
        let block = run(&[&other[..], &again()].concat(), read());
        assert_eq!(block, Ok([0x11; 32]));
    }

    #[test]
    fn nor_after_one_that_counts() {
        let count = Counter {
            mode: CounterMode::Increment,
            counter: CounterId::One,
        };
        let other = [
            nack(command(&[0x24, 0x01, 0x01, 0x00])),
            busy(7),
            answer(&[9, 0, 0, 0], 7),
            sleep(),
        ];
        match run(&other, count) {
            Err(Error::Failed(failure)) => assert_eq!(failure.executed, Executed::Unknown),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn an_answer_of_another_kind_is_not_ours() {
        for other in [&[0x00][..], &[0, 0, 0x60, 2]] {
            let first = [command(&READ), answer(other, 35)];
            let block = run(&[&first[..], &again()].concat(), read());
            assert_eq!(block, Ok([0x11; 32]), "{other:02X?}");
        }
    }

    #[test]
    fn whether_ours_was_executed_is_not_known() {
        let count = Counter {
            mode: CounterMode::Increment,
            counter: CounterId::One,
        };
        let other = [
            command(&[0x24, 0x01, 0x01, 0x00]),
            answer(&[0x00], 7),
            sleep(),
        ];
        match run(&other, count) {
            Err(Error::Failed(failure)) => {
                let status = Status::Success;
                let opcode = Opcode::Counter;
                let cause = Cause::Status {
                    opcode,
                    parameters: [0x01, 0x01, 0x00],
                    status,
                };
                assert_eq!(failure.cause, cause);
                assert_eq!(failure.executed, Executed::Unknown);
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_digest_is_given_once_more() {
        let digest = [&[0x16, 0x03, 0x00, 0x00][..], &[0x5A; 32]].concat();
        let sign = [0x41, 0x80, 0x00, 0x00];
        let pair = |first: &[Transaction], signed: &[u8]| {
            let nonce = [answer(&[0x00], 4), command(&sign)];
            let signed = [answer(signed, 67)];
            [
                &[command(&digest)][..],
                first,
                &nonce,
                &busy_looks(67),
                &signed,
            ]
            .concat()
        };
        let all = [
            begin(),
            pair(&[], &[0xEE; 32]),
            pair(&busy_looks(4), &[0x11; 64]),
            vec![sleep()],
        ]
        .concat();
        let procedure = SignDigest::new(Slot::S0, [0x5A; 32]).with_unlimited_key();
        assert_eq!(on(&all, |device| device.run(procedure)), Ok([0x11; 64]));
    }
}
