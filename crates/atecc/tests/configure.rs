//! `Configure`, `LockConfiguration` and `IncrementCounter` on an emulated chip
//! that is disturbed at every bus transaction.

use atecc::commands::{Counter, CounterId, CounterMode};
use atecc::config::{ConfigZone, KeyConfig, PrivateKeyUses, SlotConfig, WriteConfig, offset};
use atecc::procedures::{
    Configure, ConfigureError, IncrementCounter, LockConfiguration, ReadConfig,
};
use atecc::{BusAddress, Device, Error, Executed, Slot};
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

/// Each fault at each transaction of what `act` does on a chip that `prepare`
/// has made ready.
fn disturbed(prepare: impl Fn() -> Bus, mut act: impl FnMut(&Bus)) {
    for fault in FAULTS {
        for at in 0.. {
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
    disturbed(blank, |bus| {
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
    let ready = || {
        let bus = blank();
        device(&bus).run(Configure::new(layout)).unwrap();
        bus
    };
    disturbed(ready, |bus| {
        let configured = device(bus).run(Configure::new(layout));
        let Ok(configured) = configured else { return };
        let result = device(bus).run(LockConfiguration::new(configured));
        let is_locked = zone(bus).config_lock().is_locked();
        match result {
            Ok(locked) => assert_eq!(locked, zone(bus)),
            Err(Error::Failed(failure)) if failure.not_executed() => {
                assert!(!is_locked, "{failure:?}");
            }
            Err(Error::Failed(_) | Error::Bus { .. }) => {}
        }
    });
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
    disturbed(locked, |bus| {
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
