//! How many commands a second an emulated chip carries out on a simulated clock.

use std::time::{Duration, Instant};

use atecc::command::{Command, Request};
use atecc::commands::{InfoRevision, LoadNonce, NonceTarget, Random, ReadBlock};
use atecc::group::parse_group;
use atecc::{BlockAddress, Family, Region, Timing, word_address};
use atecc_emulator::{Bus, Chip, Entropy, I2cHandle, Image, Revision};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use crate::operation::Problem;

const CHIP: u8 = 0x60;
/// Between two pulses, so that the watchdog never ends a command.
const COMMANDS_A_WAKE: u32 = 8;

/// Commands of four kinds without a public key (`Info`, `Read`, `Nonce`,
/// `Random`), each answer read once, with a sound CRC: how long `commands` take.
///
/// # Errors
/// The bus's, or an answer that is none.
pub fn time(commands: u32) -> Result<Duration, Problem> {
    let image = Image::blank(Revision::Atecc608B);
    let bus = Bus::with_chip(Chip::new(image, Entropy::Seeded(1))?);
    let address = BlockAddress::new(Region::Config, 0)?;
    let nonce = LoadNonce {
        target: NonceTarget::TempKey,
        value: [0x5A; 32],
    };
    let kinds = [
        Kind::new(&InfoRevision)?,
        Kind::new(&ReadBlock { address })?,
        Kind::new(&nonce)?,
        Kind::new(&Random::default())?,
    ];
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    let begin = Instant::now();
    for number in 0..commands {
        if number % COMMANDS_A_WAKE == 0 {
            wake(&mut i2c, &mut delay)?;
        }
        let kind = &kinds[number as usize % kinds.len()];
        i2c.write(CHIP, kind.request.as_bytes())?;
        delay.delay_us(kind.longest_us);
        let mut answer = [0; 35];
        let answer = &mut answer[..kind.answer];
        i2c.read(CHIP, answer)?;
        parse_group(answer)?;
    }
    Ok(begin.elapsed())
}

struct Kind {
    request: Request,
    longest_us: u32,
    /// Length of the group.
    answer: usize,
}

impl Kind {
    fn new<C: Command>(command: &C) -> Result<Self, Problem> {
        let timing = Timing::new(Some(Family::Atecc608));
        Ok(Self {
            request: Request::new(command)?,
            longest_us: timing.longest_us(C::OPCODE),
            answer: 3 + usize::from(command.expect().payload_len()),
        })
    }
}

/// Asleep, if it was awake, and awake.
fn wake(i2c: &mut I2cHandle, delay: &mut impl DelayNs) -> Result<(), Problem> {
    // Nobody is there while it sleeps.
    let _asleep = i2c.write(CHIP, &[word_address::SLEEP]);
    delay.delay_us(1_500);
    let _pulse = i2c.write(0x00, &[0x00]);
    delay.delay_us(1_500);
    let mut answer = [0; 4];
    i2c.read(CHIP, &mut answer)?;
    parse_group(&answer)?;
    Ok(())
}
