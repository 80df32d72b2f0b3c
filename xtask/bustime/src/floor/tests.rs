use std::time::Duration;

use atecc_emulator::{Bus, Chip, ExecutionTime, Revision};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use super::commands::Place;
use super::{ChipCommand, Need, floor};
use crate::measure::measure;
use crate::setting::{Divider, Part, Setting};

const SETTING: Setting = Setting {
    part: Part {
        revision: Revision::Atecc508A,
        divider: Divider::M0,
    },
    model: ExecutionTime::Longest,
    scl_khz: 100,
};

/// With the CRCs of cryptoauthlib `atCRC`.
const READ_CONFIG: [u8; 8] = [0x03, 0x07, 0x02, 0x80, 0x00, 0x00, 0x09, 0xAD];
const INFO_REVISION: [u8; 8] = [0x03, 0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];

/// A host that knows how long the chip takes: what it sends, how long it waits,
/// how many bytes it reads.
fn perfect_host(bus: &Bus, commands: &[(&[u8], u32, usize)]) {
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    let mut wake = || {
        i2c.write(0x00, &[0x00]).unwrap_err();
        delay.delay_us(1_500);
        i2c.read(0x60, &mut [0; 4]).unwrap();
    };
    wake();
    bus.i2c().write(0x60, &[0x02]).unwrap();
    wake();
    for (command, us, answer) in commands {
        i2c.write(0x60, command).unwrap();
        delay.delay_us(*us);
        i2c.read(0x60, &mut vec![0; *answer]).unwrap();
    }
    i2c.write(0x60, &[0x01]).unwrap();
    delay.delay_us(1_500);
}

/// Nothing is in the floor that could be left out, and nothing is left out that
/// takes time: whoever waits just as long as the chip takes reaches it.
#[test]
fn a_perfect_host_reaches_it() {
    let chip = Chip::blank(Revision::Atecc508A).with_execution_time(ExecutionTime::Longest);
    let bus = Bus::with_chip(chip);
    // Source: cryptoauthlib `calib_execution.c`, Read 5 ms, Info 2 ms. The START of
    // the read comes a clock before that.
    let commands: [(&[u8], _, _); 3] = [
        (&READ_CONFIG, 4_990, 35),
        (&INFO_REVISION, 1_990, 7),
        (&READ_CONFIG, 4_990, 35),
    ];
    let ((), counts, mut drawn) = measure(&bus, SETTING, || perfect_host(&bus, &commands));
    let read = ChipCommand::read_block(Place::Config, 0);
    let needs = [vec![
        Need::one("", read),
        Need::one("", ChipCommand::info_revision()),
        Need::one("", read),
    ]];
    let floor = floor(&needs, SETTING, &mut drawn).unwrap();
    assert_eq!(counts.time, floor.time);
    assert_eq!(counts.commands_time, floor.commands_time);
    assert_eq!(counts.commands_time + counts.sessions_time, counts.time);
    assert_eq!(
        (counts.wakes, counts.commands),
        (floor.wakes, floor.commands)
    );
    assert_eq!(counts.transactions, floor.transactions);
    assert_eq!((counts.bytes, counts.polls), (floor.bytes, 0));
}

/// By hand, at 100 kHz: two wakes of 0.11, 1.5 and 0.47 ms with a token of 0.2
/// between them; 0.83 ms to ask, 5 ms less a clock to read, 3.26 for 35 bytes; a token,
/// 1.5 ms.
#[test]
fn by_hand() {
    let bus = Bus::with_chip(
        Chip::blank(Revision::Atecc508A).with_execution_time(ExecutionTime::Longest),
    );
    let ((), _, drawn) = measure(&bus, SETTING, || {
        perfect_host(&bus, &[(&READ_CONFIG, 4_990, 35)]);
    });
    let block = ChipCommand::read_block(Place::Config, 0);
    let words = [0, 2, 3].map(|word| ChipCommand::read_word(Place::Config, word));
    let one = floor(&[vec![Need::one("", block)]], SETTING, &mut drawn.clone()).unwrap();
    assert_eq!(
        one.time,
        Duration::from_micros(2 * 2_080 + 200 + 830 + 4_990 + 3_260 + 1_700)
    );
    // Three words take three times 5 ms: the block is the cheaper way.
    let ways = Need::any("", [words.to_vec(), vec![block]]);
    assert_eq!(
        floor(&[vec![ways]], SETTING, &mut drawn.clone()).unwrap(),
        one
    );
    // Nobody knows how long the chip would have signed.
    let error = floor(
        &[vec![Need::one("to sign", ChipCommand::sign(0))]],
        SETTING,
        &mut drawn.clone(),
    );
    assert!(error.unwrap_err().to_string().contains("to sign"));
}

/// Reads of 9.08 ms, the first 1.97 ms after the pulse: 76 end within 0.7 s.
#[test]
fn woken_again_before_the_earliest_watchdog() {
    let bus = Bus::with_chip(
        Chip::blank(Revision::Atecc508A).with_execution_time(ExecutionTime::Longest),
    );
    let ((), _, drawn) = measure(&bus, SETTING, || {
        perfect_host(&bus, &[(&READ_CONFIG, 4_990, 35)]);
    });
    let read = Need::one("", ChipCommand::read_block(Place::Config, 0));
    let of = |reads| floor(&[vec![read.clone(); reads]], SETTING, &mut drawn.clone()).unwrap();
    let renewal = Duration::from_micros(200 + 2_080);
    let read_time = Duration::from_micros(830 + 4_990 + 3_260);
    assert_eq!((of(76).wakes, of(77).wakes), (2, 3));
    assert_eq!(of(77).time, of(76).time + read_time + renewal);
}
