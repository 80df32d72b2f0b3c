//! An emulated chip in any lock state, and a host that writes anything to it.

use std::time::Duration;

use arbitrary::{Arbitrary, Result, Unstructured};
use atecc::ConfigZone;
use atecc::group::{Group, parse_group};
use atecc_emulator::{Bus, Chip, Entropy, Image, Revision};
use embedded_hal::i2c::I2c;
use nerves_key_schema::{Layout, configure};

/// From a wake pulse to the first answer.
/// Source: ATECC508A datasheet, "Wake-Up and Sleep", tWHI.
const WAKE: Duration = Duration::from_micros(1_500);

/// What the host does next.
#[derive(Arbitrary, Debug)]
pub enum Action<'a> {
    /// Wake, send a sound command, wait, read.
    Exchange {
        opcode: u8,
        p1: u8,
        p2: u16,
        data: &'a [u8],
    },
    /// The same without the wake: what the chip remembers is kept.
    Follow {
        opcode: u8,
        p1: u8,
        p2: u16,
        data: &'a [u8],
    },
    /// Bytes as they are.
    Write(&'a [u8]),
    /// Read so many.
    Read(u8),
    /// Both in one transaction.
    WriteRead(&'a [u8], u8),
    /// A general call.
    Wake,
    /// Idle (0x02), sleep (0x01) or reset (0x00), and whatever else.
    WordAddress(u8),
    /// Up to 65 ms.
    Wait(u16),
    /// Supply off and on.
    PowerCycle,
}

/// A chip whose memory the fuzzer has a say in.
///
/// # Errors
/// When `u` has no bytes left.
pub fn chip(u: &mut Unstructured<'_>) -> Result<Image> {
    let revision = *u.choose(&[
        Revision::Atecc508A,
        Revision::Atecc608A,
        Revision::Atecc608B,
    ])?;
    let blank = Image::blank(revision);
    let mut config = *blank.config();
    if u.arbitrary()? {
        config = configure(
            &ConfigZone(config),
            *u.choose(&[Layout::Standard, Layout::Volatile])?,
        )
        .0;
    }
    // The layout in bytes 16 to 127; revision and serial stay.
    for _ in 0..u.int_in_range(0..=8_u8)? {
        let at = u.int_in_range(17..=127_usize)?;
        config[at] = u.arbitrary()?;
    }
    // LockValue, LockConfig, SlotLocked.
    config[86] = *u.choose(&[0x55, 0x00])?;
    config[87] = *u.choose(&[0x55, 0x00])?;
    config[88..90].copy_from_slice(&u.arbitrary::<[u8; 2]>()?);
    blank
        .with_config(config)
        .map_err(|_| arbitrary::Error::IncorrectFormat)
}

/// Do all `actions` to a chip with `image`; afterwards it holds what it may.
///
/// # Panics
/// When a rule of the chip is broken.
pub fn play(image: Image, actions: &[Action<'_>]) {
    let before = image.clone();
    let address = before.config()[16] >> 1;
    let chip = Chip::new(image, Entropy::Seeded(1)).expect("a seed needs no operating system");
    let bus = Bus::with_chip(chip);
    for action in actions {
        act(&bus, address, action);
    }
    let after = bus.image(0).expect("the chip is on the bus");
    keeps_promises(&before, &after);
    let read = Image::from_text(&after.to_text());
    assert_eq!(read.map(|image| image.to_text()), Ok(after.to_text()));
}

fn act(bus: &Bus, address: u8, action: &Action<'_>) {
    let (mut i2c, clock) = (bus.i2c(), bus.clock());
    let wake = || {
        let _ = bus.i2c().write(0x00, &[0x00]);
        clock.advance(WAKE);
    };
    match *action {
        Action::Exchange {
            opcode,
            p1,
            p2,
            data,
        } => {
            wake();
            exchange(bus, address, &frame(opcode, p1, p2, data));
        }
        Action::Follow {
            opcode,
            p1,
            p2,
            data,
        } => {
            exchange(bus, address, &frame(opcode, p1, p2, data));
        }
        Action::Write(bytes) => drop(i2c.write(address, bytes)),
        Action::Read(len) => drop(i2c.read(address, &mut vec![0; usize::from(len)])),
        Action::WriteRead(bytes, len) => {
            drop(i2c.write_read(address, bytes, &mut vec![0; usize::from(len)]));
        }
        Action::Wake => wake(),
        Action::WordAddress(word_address) => drop(i2c.write(address, &[word_address])),
        Action::Wait(us) => clock.advance(Duration::from_micros(us.into())),
        Action::PowerCycle => bus.power_cycle(),
    }
}

/// A command that was taken in is answered by a sound group, or by nothing.
fn exchange(bus: &Bus, address: u8, frame: &[u8]) {
    let mut i2c = bus.i2c();
    // What an earlier write left in the input buffer would come first.
    drop(i2c.write(address, &[0x00]));
    if i2c.write(address, frame).is_err() {
        return;
    }
    for _ in 0..100 {
        bus.clock().advance(Duration::from_millis(5));
        let mut answer = [0; 155];
        if i2c.read(address, &mut answer).is_ok() {
            // The watchdog puts a chip to sleep in the middle of an answer.
            let asleep = || bus.i2c().write(address, &[0x00]).is_err();
            assert!(
                parse_group(&answer).is_ok() || asleep(),
                "{frame:02X?} is answered by {answer:02X?}"
            );
            return;
        }
    }
}

fn frame(opcode: u8, p1: u8, p2: u16, data: &[u8]) -> Vec<u8> {
    let data = data.get(..148).unwrap_or(data);
    let [low, high] = p2.to_le_bytes();
    let group = Group::new(&[&[opcode, p1, low, high], data].concat());
    [&[0x03], group.expect("148 bytes of data fit").as_bytes()].concat()
}

/// What is locked stays so, and nobody changes the serial number.
fn keeps_promises(before: &Image, after: &Image) {
    let (old, new) = (before.config(), after.config());
    assert_eq!(old[..16], new[..16], "serial and revision");
    for lock in [86, 87] {
        assert!(
            old[lock] == 0x55 || old[lock] == new[lock],
            "byte {lock} was unlocked"
        );
    }
    for slots in [88, 89] {
        assert_eq!(!old[slots] & new[slots], 0, "a slot was unlocked");
    }
    if old[87] != 0x55 {
        assert_eq!(old[16..52], new[16..52], "locked configuration");
        assert_eq!(old[90..], new[90..], "locked configuration");
    }
}
