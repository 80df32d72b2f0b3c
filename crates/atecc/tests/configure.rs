//! `Configure`, `LockConfiguration` and `IncrementCounter` on an emulated chip
//! that is disturbed at every bus transaction.

use atecc::commands::{Counter, CounterId, CounterMode};
use atecc::config::{ConfigZone, KeyConfig, PrivateKeyUses, SlotConfig, WriteConfig, offset};
use atecc::error::Executed;
use atecc::procedures::{
    Configure, ConfigureError, IncrementCounter, LockConfiguration, LockData, ReadConfig,
    TooManyBytes, WriteData, WriteDataError,
};
use atecc::{BusAddress, Device, Error, Region, Slot};
use atecc_emulator::{
    Bus, Chip, CutPoint, DeadBus, Delay, EepromEffect, Fault, Faults, I2cHandle, LostReply,
    Revision,
};

type Emulated = Device<I2cHandle, Delay>;

fn device(bus: &Bus) -> Emulated {
    Device::new(bus.i2c(), bus.delay())
}

fn blank() -> Bus {
    Bus::with_chip(Chip::blank(Revision::Atecc608B))
}

fn zone(bus: &Bus) -> ConfigZone {
    ConfigZone(*bus.image(0).unwrap().config())
}

/// A key in slot 2, and the long watchdog.
fn layout(part: &ConfigZone) -> ConfigZone {
    let key = SlotConfig::builder()
        .private_key_uses(PrivateKeyUses::EXTERNAL_SIGN)
        .write_config(WriteConfig::GEN_KEY);
    part.with_slot_config(Slot::S2, key.build())
        .with_key_config(Slot::S2, KeyConfig::private_key().pub_info().build())
        .with(offset::CHIP_MODE, &[0x04])
}

/// What may go wrong at a transaction.
const FAULTS: [Fault; 8] = [
    Fault::ReplyLost(LostReply::Nack),
    Fault::ReplyLost(LostReply::Blank),
    Fault::WriteAckLost,
    Fault::Reset,
    Fault::EarlyWatchdog,
    Fault::PowerCut(CutPoint::Before),
    Fault::PowerCut(CutPoint::During(EepromEffect::Lost)),
    Fault::PowerCut(CutPoint::During(EepromEffect::Committed)),
];

/// Nothing goes wrong from now on.
fn calm(bus: &Bus) {
    bus.set_faults(Faults::none());
    bus.power_cycle();
}

/// Each fault at one of `stride` transactions of what `act` does on a chip that `prepare`
/// has made ready.
fn disturbed(stride: usize, prepare: impl Fn() -> Bus, mut act: impl FnMut(&Bus)) {
    for fault in FAULTS {
        for at in (0..).step_by(stride) {
            let bus = prepare();
            let first = bus.transactions();
            // A write that is cut off in the end had its address acknowledged.
            bus.set_dead_bus(DeadBus::Error);
            bus.set_faults(Faults::none().at(first + at, fault));
            act(&bus);
            if bus.transactions() < first + at {
                assert!(at > 10, "{at} transactions were disturbed");
                break;
            }
        }
    }
}

#[test]
fn what_is_not_named_stays_as_the_factory_made_it() {
    let bus = blank();
    let part = zone(&bus);
    let configured = device(&bus).run(Configure::new(layout)).unwrap();
    assert_eq!(*configured.zone(), zone(&bus));
    let touched = [19, 24, 25, 100, 101];
    for at in (0..128).filter(|at| !touched.contains(at)) {
        assert_eq!(zone(&bus).byte(at), part.byte(at), "byte {at}");
    }
    assert_eq!(zone(&bus).slot_config(Slot::S2), SlotConfig(0x2F81));
    assert_eq!(zone(&bus).key_config(Slot::S2), KeyConfig(0x0013));
    assert!(!zone(&bus).config_lock().is_locked());
    let locked = device(&bus)
        .run(LockConfiguration::new(configured))
        .unwrap();
    assert_eq!(locked, zone(&bus));
    assert!(zone(&bus).config_lock().is_locked());
}

/// Bytes that only the factory, UpdateExtra and Lock change are not even sent.
#[test]
fn bytes_that_write_cannot_change_do_not_count() {
    let bus = blank();
    let part = zone(&bus);
    let wild = |_: &ConfigZone| ConfigZone([0xAA; 128]).with(offset::I2C_ADDRESS, &[0xC0]);
    let configured = device(&bus).run(Configure::new(wild)).unwrap();
    for at in 0..128 {
        let kept = matches!(at, 0..16 | 84..88);
        let expected = match at {
            16 => 0xC0,
            _ if kept => part.byte(at),
            _ => 0xAA,
        };
        assert_eq!(configured.zone().byte(at), expected, "byte {at}");
    }
}

#[test]
fn a_locked_chip_with_this_configuration_is_done_and_another_one_is_not() {
    let bus = blank();
    let configured = device(&bus).run(Configure::new(layout)).unwrap();
    device(&bus)
        .run(LockConfiguration::new(configured))
        .unwrap();
    let again = device(&bus).run(Configure::new(layout)).unwrap();
    let before = bus.transactions();
    device(&bus).run(LockConfiguration::new(again)).unwrap();
    assert_eq!(bus.transactions(), before, "nothing was sent");
    let other = |part: &ConfigZone| layout(part).with(offset::KEY_CONFIG, &[0x1C]);
    let error = device(&bus).run(Configure::new(other)).unwrap_err();
    let locked = ConfigureError::Locked {
        offset: 96,
        wanted: 0x1C,
        held: 0x33,
    };
    assert!(matches!(error, Error::Failed(error) if error == locked));
}

#[test]
fn an_address_that_no_bus_can_use_is_refused_before_anything_is_written() {
    for address in [0x00, 0x0E, 0xC1, 0xF0] {
        let bus = blank();
        let part = zone(&bus);
        let mute = |part: &ConfigZone| layout(part).with(offset::I2C_ADDRESS, &[address]);
        let error = device(&bus).run(Configure::new(mute)).unwrap_err();
        let refused = ConfigureError::Address(address);
        assert!(matches!(error, Error::Failed(error) if error == refused));
        assert_eq!(zone(&bus), part);
    }
}

#[test]
fn a_new_address_is_taken_after_the_configuration_is_whole() {
    let bus = blank();
    let moved = |part: &ConfigZone| layout(part).with(offset::I2C_ADDRESS, &[0x6C]);
    let configured = device(&bus).run(Configure::new(moved)).unwrap();
    let mut at_new = device(&bus).with_address(BusAddress::new(0x36).unwrap());
    let locked = at_new.run(LockConfiguration::new(configured)).unwrap();
    assert_eq!(locked, zone(&bus));
}

/// A chip that somebody else has changed after the check is not locked.
#[test]
fn what_was_not_checked_is_not_locked() {
    let bus = blank();
    let configured = device(&bus).run(Configure::new(layout)).unwrap();
    let other = |part: &ConfigZone| layout(part).with(offset::CHIP_MODE, &[0x00]);
    device(&bus).run(Configure::new(other)).unwrap();
    let lock = LockConfiguration::new(configured);
    assert!(device(&bus).run(lock).is_err());
    assert!(!zone(&bus).config_lock().is_locked());
}

/// Whatever is disturbed: success means that the chip holds it, and a second try
/// brings every chip to the same end.
#[test]
fn an_interrupted_configuration_is_finished_by_another_run() {
    let wanted = {
        let bus = blank();
        layout(&zone(&bus)).with_config_locked()
    };
    disturbed(1, blank, |bus| {
        let configured = device(bus).run(Configure::new(layout));
        if let Ok(configured) = configured {
            assert_eq!(*configured.zone(), zone(bus));
        }
        calm(bus);
        let configured = device(bus).run(Configure::new(layout)).unwrap();
        let locked = device(bus).run(LockConfiguration::new(configured)).unwrap();
        assert_eq!((locked, zone(bus)), (wanted, wanted));
    });
}

#[test]
fn a_lock_whose_answer_is_lost_is_looked_at() {
    // Undisturbed up to the lock, so that every disturbance meets it.
    let (mut locks, mut failures) = (0, 0);
    for fault in FAULTS {
        for at in 0.. {
            let bus = blank();
            let configured = device(&bus).run(Configure::new(layout)).unwrap();
            let first = bus.transactions();
            bus.set_dead_bus(DeadBus::Error);
            bus.set_faults(Faults::none().at(first + at, fault));
            let result = device(&bus).run(LockConfiguration::new(configured));
            let is_locked = zone(&bus).config_lock().is_locked();
            let is_ok = result.is_ok();
            match result {
                Ok(locked) => {
                    assert!(is_locked, "{fault:?} at {at}");
                    assert_eq!(locked, zone(&bus));
                    locks += 1;
                }
                Err(Error::Failed(ConfigureError::Failed(failure))) if failure.not_executed() => {
                    assert!(!is_locked, "{failure:?}");
                }
                Err(Error::Failed(_) | Error::Bus { .. }) => failures += 1,
            }
            // A chip that answers again is not left with less than success.
            if matches!(fault, Fault::ReplyLost(_) | Fault::WriteAckLost) {
                assert!(is_ok, "{fault:?} at {at}");
            }
            if bus.transactions() < first + at {
                assert!(at > 10, "{at} transactions were disturbed");
                assert!(is_ok, "nothing was disturbed");
                break;
            }
        }
    }
    assert!(
        locks > 0 && failures > 0,
        "{locks} locked, {failures} failed"
    );
}

/// One increment counts one, or says that it has not, or does not know.
#[test]
fn a_count_is_never_lost_nor_doubled() {
    let locked = || {
        let bus = blank();
        let configured = device(&bus).run(Configure::new(layout)).unwrap();
        device(&bus)
            .run(LockConfiguration::new(configured))
            .unwrap();
        bus
    };
    let mut ends = [0; 3];
    disturbed(1, locked, |bus| {
        let result = device(bus).run(IncrementCounter::new(CounterId::One));
        calm(bus);
        let read = Counter {
            mode: CounterMode::Read,
            counter: CounterId::One,
        };
        let count = device(bus).execute(read).unwrap();
        match result {
            Ok(value) => {
                assert_eq!((value, count), (1, 1));
                ends[0] += 1;
            }
            Err(Error::Failed(failure)) if failure.executed == Executed::No => {
                assert_eq!(count, 0);
                ends[1] += 1;
            }
            Err(Error::Failed(_) | Error::Bus { .. }) => {
                assert!(count <= 1);
                ends[2] += 1;
            }
        }
    });
    let [counted, not_counted, unknown] = ends;
    assert!(counted > 50 && not_counted > 0 && unknown > 0, "{ends:?}");
}

/// The last value: the chip refuses, and nothing has happened.
#[test]
fn a_counter_at_its_end_says_so() {
    let full = [0x00, 0x00, 0x00, 0x01, 0xFF, 0xFF, 0xFF, 0xFF];
    let at_end = |part: &ConfigZone| part.with(offset::COUNTERS + 8, &full);
    let bus = blank();
    let configured = device(&bus).run(Configure::new(at_end)).unwrap();
    device(&bus)
        .run(LockConfiguration::new(configured))
        .unwrap();
    let error = device(&bus)
        .run(IncrementCounter::new(CounterId::One))
        .unwrap_err();
    let Error::Failed(failure) = error else {
        panic!("{error}")
    };
    assert_eq!(failure.executed, Executed::No);
    assert!(failure.refusal().is_some());
    assert_eq!(device(&bus).run(ReadConfig::new()).unwrap(), zone(&bus));
}

/// A chip whose configuration is locked, and that.
fn locked() -> (Bus, ConfigZone) {
    let bus = blank();
    let configured = device(&bus).run(Configure::new(layout)).unwrap();
    let config = device(&bus)
        .run(LockConfiguration::new(configured))
        .unwrap();
    (bus, config)
}

/// What slots of 36, 416 and 72 bytes get, the first of them less than it holds.
const CONTENTS: [(usize, &[u8]); 3] = [(3, &[0x33; 33]), (8, &[0x88; 416]), (10, &[0xAA; 72])];
const OTP: [u8; 64] = [0x07; 64];

fn contents(config: &ConfigZone) -> WriteData<'static> {
    CONTENTS
        .into_iter()
        .fold(WriteData::new(config, &OTP), |write, (slot, bytes)| {
            write.with_slot(Slot::ALL[slot], bytes).unwrap()
        })
}

/// The chip holds the contents, and zeros where there are none; the slots of
/// private keys are as delivered.
fn holds_them(bus: &Bus) {
    let (image, as_delivered) = (bus.image(0).unwrap(), blank().image(0).unwrap());
    for slot in atecc_emulator::Slot::all() {
        let index = usize::from(slot.index());
        let held = image.slot(slot);
        if zone(bus).key_config(Slot::ALL[index]).private() {
            assert_eq!(held, as_delivered.slot(slot));
            continue;
        }
        let contents = CONTENTS.iter().find(|(slot, _)| *slot == index);
        let bytes = contents.map_or(&[][..], |(_, bytes)| bytes);
        assert_eq!(held[..bytes.len()], *bytes, "slot {index}");
        assert!(
            held[bytes.len()..].iter().all(|byte| *byte == 0),
            "slot {index}"
        );
    }
    assert_eq!(*image.otp(), OTP);
}

#[test]
fn interrupted_data_are_written_and_locked_by_another_run() {
    let (bus, config) = locked();
    drop(bus);
    disturbed(
        7,
        || locked().0,
        |bus| {
            let data = || contents(&config);
            if let Ok(written) = device(bus).run(data())
                && device(bus).run(LockData::new(written)).is_ok()
            {
                assert!(zone(bus).data_lock().is_locked());
            }
            calm(bus);
            // Data that are locked are not written again, and are right.
            match device(bus).run(data()) {
                Ok(written) => device(bus).run(LockData::new(written)).unwrap(),
                Err(Error::Failed(WriteDataError::Locked)) => {
                    assert!(zone(bus).data_lock().is_locked());
                }
                Err(error) => panic!("{error}"),
            }
            holds_them(bus);
        },
    );
}

#[test]
fn data_that_were_changed_after_they_were_written_are_not_locked() {
    let (bus, config) = locked();
    let written = device(&bus).run(contents(&config));
    let other = WriteData::new(&config, &OTP);
    device(&bus).run(other).unwrap();
    assert!(device(&bus).run(LockData::new(written.unwrap())).is_err());
    assert!(!zone(&bus).data_lock().is_locked());
}

#[test]
fn too_much_for_a_slot_is_refused_and_a_private_keys_slot_is_not_looked_at() {
    let (_, config) = locked();
    let long = [0; 73];
    let write = WriteData::new(&config, &OTP);
    let with_private = write.with_slot(Slot::S2, &long);
    assert!(with_private.is_ok());
    let region = Region::Slot(Slot::S15);
    let error = with_private
        .and_then(|write| write.with_slot(Slot::S15, &long))
        .unwrap_err();
    assert_eq!(error, TooManyBytes { region, len: 73 });
}

/// Another host was faster, with something else: that is not our lock.
#[test]
fn a_lock_of_somebody_else_is_no_success() {
    let bus = blank();
    let ours = device(&bus).run(Configure::new(layout)).unwrap();
    let other = |part: &ConfigZone| part.with(offset::COUNTERS, &[0xFE]);
    let theirs = device(&bus).run(Configure::new(other)).unwrap();
    device(&bus).run(LockConfiguration::new(theirs)).unwrap();
    let error = device(&bus).run(LockConfiguration::new(ours)).unwrap_err();
    assert!(
        matches!(error, Error::Failed(ConfigureError::Locked { .. })),
        "{error}"
    );

    let (bus, config) = locked();
    let ours = device(&bus).run(contents(&config)).unwrap();
    let theirs = device(&bus).run(WriteData::new(&config, &OTP)).unwrap();
    device(&bus).run(LockData::new(theirs)).unwrap();
    let image = bus.image(0).unwrap();
    let error = device(&bus).run(LockData::new(ours)).unwrap_err();
    let Error::Failed(failure) = error else {
        panic!("{error}")
    };
    assert_eq!(failure.executed, Executed::Unknown);
    // What is locked is not written, though slots are open by their policies.
    let error = device(&bus).run(contents(&config)).unwrap_err();
    assert!(
        matches!(error, Error::Failed(WriteDataError::Locked)),
        "{error}"
    );
    assert_eq!(bus.image(0).unwrap().to_text(), image.to_text());
}

/// A refusal may be a neighbour's answer; with another value nobody knows whose
/// the count is.
#[test]
fn a_count_of_somebody_else_is_not_known() {
    use atecc::error::Cause;
    use atecc::procedure::{Answer, Next};
    use atecc::{Failure, Opcode, Procedure, Status};
    let mut count = IncrementCounter::new(CounterId::Zero);
    let cause = Cause::Status {
        opcode: Opcode::Counter,
        parameters: [1, 0, 0],
        status: Status::Execution,
    };
    let refused = || Answer::Failed(cause.before_execution());
    for answer in [Answer::Start, Answer::Payload(&[7, 0, 0, 0]), refused()] {
        assert!(matches!(count.resume(answer), Next::Send(_)));
    }
    let mut same = count;
    let executed = |next: Next<u32, Failure>| match next {
        Next::Done(Err(failure)) => failure.executed,
        other => panic!("{other:?}"),
    };
    let two_more = Answer::Payload(&[9, 0, 0, 0]);
    assert_eq!(executed(count.resume(two_more)), Executed::Unknown);
    assert_eq!(executed(same.resume(refused())), Executed::Unknown);
}

/// A read that fails after the lock does not say that nothing was locked.
#[test]
fn a_lock_is_not_denied_by_the_read_after_it() {
    use atecc::error::Cause;
    use atecc::procedure::{Answer, Next};
    use atecc::{Opcode, Procedure};
    let bus = blank();
    let configured = device(&bus).run(Configure::new(layout)).unwrap();
    let mut lock = LockConfiguration::new(configured);
    for answer in [Answer::Start, Answer::Payload(&[0])] {
        assert!(matches!(lock.resume(answer), Next::Send(_)));
    }
    let opcode = Opcode::Read;
    let failed = Answer::Failed(Cause::NotTaken { opcode }.before_execution());
    let Next::Done(Err(ConfigureError::Failed(failure))) = lock.resume(failed) else {
        panic!("the read has failed");
    };
    assert_eq!(failure.executed, Executed::Unknown);
}
