//! Two writers of what a chip keeps: one comes before the other or is refused;
//! what is there is always one's, whole.

use atecc::{Device, Error};
use atecc_emulator::{Bus, Chip, Delay, Entropy, I2cHandle, Image, Revision, SerialNumber};
use atecc_x509::{DateTime, PublicKey};
use nerves_key::settings::{
    Area, ReadSettings, Settings, SettingsError, UpdateError, UpdateSettings, Value, WriteSettings,
};
use nerves_key::{AuxiliarySlots, Identity, ReadAuxiliary, WriteAuxiliary, WriteError};
use tests_station::{Station, issue_auxiliary};

const ROUNDS: usize = 1000;

type Refused = Error<atecc_emulator::BusError, WriteError>;

fn finished(serial: &str) -> Image {
    // The chip's own serial number is another one too.
    let digit = serial.as_bytes()[1];
    let own = SerialNumber([0x01, 0x23, 0, 0, 0, 0, 0, digit, 0xEE]);
    let blank = Image::blank(Revision::Atecc608B).with_serial(own);
    let bus = bus(&blank);
    let now = DateTime::new(2026, 12, 6, 10, 20, 30).unwrap();
    Station::new([0x42; 32], now, Some(serial))
        .provision(&bus)
        .unwrap();
    bus.image(0).unwrap()
}

fn bus(image: &Image) -> Bus {
    Bus::with_chip(Chip::new(image.clone(), Entropy::Seeded(1)).unwrap())
}

fn read(bus: &Bus) -> Settings {
    Station::device(bus)
        .run(ReadSettings::new(Area::NervesKey))
        .unwrap()
}

fn write(bus: &Bus, write: WriteSettings) -> Result<(), Refused> {
    Station::device(bus).run(write)
}

#[derive(Clone, Copy, Debug)]
enum Format {
    Term,
    Typed,
}

impl Format {
    fn write(self, settings: &Settings, value: &Value) -> Result<WriteSettings, SettingsError> {
        match self {
            Self::Term => settings.write_value_as_term(value),
            Self::Typed => settings.set(value),
        }
    }
}

/// `count` of `writer`, long enough for several blocks.
fn entry(writer: usize, count: i64) -> Value {
    let len = 20 + (usize::try_from(count).unwrap() * 37 + writer * 11) % 150;
    let text = ["a", "b"][writer].repeat(len);
    Value::List(vec![Value::Integer(count), Value::Text(text)])
}

/// The map with `writer`'s entry replaced.
fn with(value: Option<Value>, writer: usize, one: Value) -> Value {
    let Some(Value::Map(mut pairs)) = value.or(Some(Value::Map(Vec::new()))) else {
        panic!("settings are a map here")
    };
    let name = Value::Text(["a", "b"][writer].into());
    pairs.retain(|(key, _)| *key != name);
    pairs.push((name, one));
    Value::Map(pairs)
}

type Write = fn(&Settings) -> Result<WriteSettings, SettingsError>;

/// A writer changed its mind after it had read: what it writes is refused,
/// whatever it is, and nothing of it is there.
#[test]
fn a_writer_on_an_old_reading_is_refused() {
    let image = finished("N1");
    let writes: [Write; 6] = [
        |old| old.write_typed(&[0xA1; 60]),
        |old| old.write_typed(&[0xA2; 400]),
        |old| old.write_term(&[[131, 109, 0, 0, 0, 200].as_slice(), &[0xA3; 200]].concat()),
        |old| old.write_term(&[[131, 109, 0, 0, 1, 150].as_slice(), &[0xA4; 406]].concat()),
        |old| old.write_raw(&[0xA5; 524]),
        |old| Ok(old.clear()),
    ];
    for before in writes {
        for first in writes {
            for second in writes {
                let bus = bus(&image);
                write(&bus, before(&read(&bus)).unwrap()).unwrap();
                let old = read(&bus);
                let (first, second) = (first(&old).unwrap(), second(&old).unwrap());
                let after = first.after().clone();
                write(&bus, first).unwrap();
                let end = write(&bus, second);
                if after == old {
                    // Nothing had been changed.
                    end.unwrap();
                } else {
                    assert!(
                        matches!(end, Err(Error::Failed(WriteError::Changed))),
                        "{end:?}"
                    );
                    assert_eq!(read(&bus).as_bytes(), after.as_bytes());
                }
            }
        }
    }
}

/// Each reads, and writes later; or does both in one session. Whoever is told
/// that it is done finds its entry until it replaces it.
#[test]
fn two_writers_never_mix() {
    for format in [Format::Term, Format::Typed] {
        let bus = bus(&finished("N1"));
        let mut schedule = Schedule(0x2545_F491_4F6C_DD1D);
        let mut kept = [read(&bus), read(&bus)];
        let mut counts = [0_i64, 0];
        let (mut done, mut refused) = (0, 0);
        for round in 0..3 * ROUNDS {
            let writer = schedule.next(2);
            let count = counts[writer] + 1;
            let result = match schedule.next(3) {
                0 => {
                    kept[writer] = read(&bus);
                    continue;
                }
                1 => {
                    let old = &kept[writer];
                    let value = with(old.value().unwrap(), writer, entry(writer, count));
                    write(&bus, format.write(old, &value).unwrap())
                }
                _ => {
                    let update = UpdateSettings::new(Area::NervesKey, |found| {
                        let value = with(found.value()?, writer, entry(writer, count));
                        format.write(found, &value)
                    });
                    Station::device(&bus)
                        .run(update)
                        .map(drop)
                        .map_err(|error| match error {
                            Error::Failed(UpdateError::Write(error)) => Error::Failed(error),
                            error => panic!("{error:?}"),
                        })
                }
            };
            match result {
                Ok(()) => {
                    counts[writer] = count;
                    done += 1;
                }
                Err(Error::Failed(WriteError::Changed)) => refused += 1,
                Err(error) => panic!("{format:?} {round}: {error:?}"),
            }
            let found = read(&bus).value().unwrap();
            let wanted = counts.iter().enumerate().filter(|(_, count)| **count > 0);
            let wanted = wanted.fold(None, |value, (writer, count)| {
                Some(with(value, writer, entry(writer, *count)))
            });
            assert_eq!(sorted(found), sorted(wanted), "{format:?} {round}");
        }
        println!("{format:?}: {done} written, {refused} refused, mixtures and losses 0");
        assert!(done > ROUNDS / 2 && refused > 100, "{done}, {refused}");
    }
}

fn sorted(value: Option<Value>) -> Option<Value> {
    value.map(|value| match value {
        Value::Map(mut pairs) => {
            pairs.sort_by_key(|(key, _)| format!("{key:?}"));
            Value::Map(pairs)
        }
        other => other,
    })
}

/// Xorshift: the same rounds each time.
struct Schedule(u64);

impl Schedule {
    fn next(&mut self, below: u64) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from((self.0 >> 32) % below).unwrap()
    }
}

/// A change that was made of other settings than those that are there.
#[test]
fn an_update_with_a_kept_reading_is_refused() {
    let bus = bus(&finished("N1"));
    let old = read(&bus);
    write(&bus, old.write_typed(&[1; 40]).unwrap()).unwrap();
    let update = UpdateSettings::new(Area::NervesKey, |_| old.write_typed(&[2; 300]));
    let error = Station::device(&bus).run(update).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Failed(UpdateError::Write(WriteError::Changed))
        ),
        "{error:?}"
    );
    let refused = UpdateSettings::new(Area::NervesKey, |found| found.write_typed(&[2; 600]));
    let error = Station::device(&bus).run(refused).unwrap_err();
    assert!(matches!(
        error,
        Error::Failed(UpdateError::Refused(SettingsError::TooLarge { .. }))
    ));
    assert_eq!(read(&bus).as_bytes()[16..56], [1; 40]);
}

fn identity(bus: &Bus) -> Identity {
    Station::snapshot(bus).unwrap().identity().unwrap()
}

fn auxiliary(device: &mut Device<I2cHandle, Delay>) -> AuxiliarySlots {
    device.run(ReadAuxiliary::new()).unwrap()
}

/// While the signer signed, another chip was put there, or another key made.
#[test]
fn certificates_of_another_chip_or_key_are_not_written() {
    let (one, two) = (bus(&finished("N1")), bus(&finished("N2")));
    let of_one = identity(&one);
    let slots = issue_auxiliary(&of_one, [0x17; 32]).unwrap();
    let mut device = Station::device(&two);
    let before = two.image(0).unwrap();
    for write in [&slots, &AuxiliarySlots::EMPTY] {
        let error = device.run(WriteAuxiliary::new(&of_one, write)).unwrap_err();
        let Error::Failed(WriteError::OtherChip { expected, found }) = error else {
            panic!("{error:?}")
        };
        assert_eq!(expected, of_one.serial_number);
        assert_eq!(found, identity(&two).serial_number);
    }
    let other_key = Identity {
        public_key: PublicKey::from_bytes([0x5A; 64]),
        ..identity(&two)
    };
    let error = device
        .run(WriteAuxiliary::new(&other_key, &slots))
        .unwrap_err();
    assert!(
        matches!(error, Error::Failed(WriteError::OtherKey)),
        "{error:?}"
    );
    assert_eq!(two.image(0).unwrap(), before);

    let update = UpdateSettings::new(Area::NervesKey, |found| found.write_typed(&[1; 40]))
        .on_chip(of_one.serial_number);
    let error = device.run(update).unwrap_err();
    assert!(
        matches!(
            error,
            Error::Failed(UpdateError::Write(WriteError::OtherChip { .. }))
        ),
        "{error:?}"
    );
    assert_eq!(two.image(0).unwrap(), before);
    // On their own chip they are.
    let mut device = Station::device(&one);
    device.run(WriteAuxiliary::new(&of_one, &slots)).unwrap();
    assert_eq!(auxiliary(&mut device), slots);
}

/// Whole certificates replace whole ones, whatever was there in between.
#[test]
fn auxiliary_certificates_of_two_writers_never_mix() {
    let bus = bus(&finished("N1"));
    let identity = identity(&bus);
    let pairs = [[0x17; 32], [0x18; 32]].map(|key| issue_auxiliary(&identity, key).unwrap());
    let all = [pairs[0], AuxiliarySlots::EMPTY, pairs[1]];
    let mut device = Station::device(&bus);
    let mut schedule = Schedule(7);
    for _ in 0..200 {
        // Prepared long before it is run.
        let writes = [schedule.next(3), schedule.next(3)].map(|which| all[which]);
        let prepared = writes.map(|new| WriteAuxiliary::new(&identity, &new));
        for (write, new) in prepared.into_iter().zip(writes) {
            device.run(write).unwrap();
            assert_eq!(auxiliary(&mut device), new);
        }
    }
}

/// What waits for the bus waits for the whole session: at a standard bus's 100
/// kHz, simulated.
#[test]
fn how_long_an_update_holds_the_bus() {
    let image = finished("N1");
    for (name, before, after) in [
        ("shortest", 10, 11),
        ("208 bytes, typed", 208, 207),
        ("508 bytes, typed", 508, 507),
    ] {
        let bus = bus(&image);
        write(&bus, read(&bus).write_typed(&vec![1; before]).unwrap()).unwrap();
        let start = bus.clock().now();
        let update =
            UpdateSettings::new(Area::NervesKey, |found| found.write_typed(&vec![2; after]));
        let updated = Station::device(&bus).run(update).unwrap();
        let held = bus.clock().now().saturating_sub(start);
        println!(
            "{name}: {} writes, {} ms",
            updated.commands,
            held.as_millis()
        );
        assert!(held.as_millis() < 1500, "{name}: {held:?}");
    }
}
