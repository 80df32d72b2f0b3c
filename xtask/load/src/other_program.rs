//! A program of somebody else's, which uses the chip without a lock.

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use atecc::crc::crc16;
use atecc::group::parse_group;
use atecc_emulator::client::{Client, ClientDelay};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use xtask_support::error::Error;

/// How it uses the chip.
#[derive(Clone, Copy, Debug, Eq, PartialEq, clap::ValueEnum)]
pub(crate) enum Manner {
    /// As libraries do: it looks at the answer to its wake and at those to its
    /// commands, and gives up where one is not as it should be.
    Checking,
    /// It sends whatever the chip says, and may stop anywhere.
    Blind,
}

/// What it did.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Used {
    pub(super) sessions: u64,
    pub(super) commands: u64,
    pub(super) answered: u64,
    /// Wakes that were not answered as they should be.
    pub(super) refused: u64,
}

pub(super) struct OtherProgram {
    bus: Client,
    delay: ClientDelay,
    manner: Manner,
    random: Random,
    used: Used,
}

const CHIP: u8 = 0x60;
const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];
/// After the wake pulse. Source: ATECC508A datasheet, "Wake-Up and Sleep", tWHI.
const WAKE_US: u32 = 1_500;
const POLL_US: u32 = 2_000;
const POLLS: u32 = 100;
/// Source: ATECC508A datasheet, "Word Address Values".
const IDLE: [u8; 1] = [0x02];
const SLEEP: [u8; 1] = [0x01];

/// Its commands, without count and CRC: opcode, parameters, data. Nonce, mode
/// 03, has a digest of its own for the Sign that follows.
const COMMANDS: [&[u8]; 7] = [
    &[0x30, 0x00, 0x00, 0x00], // Info, revision
    &[0x02, 0x80, 0x00, 0x00], // Read, configuration, block 0
    &[0x02, 0x80, 0x08, 0x00], // block 1
    &[0x02, 0x82, 0x60, 0x00], // slot 12, block 0
    &[0x1B, 0x00, 0x00, 0x00], // Random
    &[0x24, 0x00, 0x01, 0x00], // Counter 1, read
    &[0x40, 0x00, 0x00, 0x00], // GenKey, public half of slot 0
];
const SIGN: [u8; 4] = [0x41, 0x80, 0x00, 0x00];

impl OtherProgram {
    pub(super) fn new(socket: &Path, bus: u32, manner: Manner) -> Result<Self, Error> {
        let bus = Client::connect(socket, Some(bus)).map_err(|it| Error::Chip(it.to_string()))?;
        Ok(Self {
            delay: bus.delay(),
            bus,
            manner,
            random: Random::new(),
            used: Used::default(),
        })
    }

    /// Sessions at random times, `rest` apart on the average.
    pub(super) fn run_until(&mut self, over: &AtomicBool, rest: Duration) -> Used {
        let most = u32::try_from(rest.as_micros()).unwrap_or(u32::MAX / 2) * 2;
        while !over.load(Ordering::Relaxed) {
            self.delay.delay_us(self.random.below(most.max(1)));
            self.session();
        }
        self.used
    }

    fn session(&mut self) {
        self.used.sessions += 1;
        // The pulse is acknowledged by nobody.
        let _ = self.bus.write(0x00, &[0x00]);
        self.delay.delay_us(WAKE_US);
        let mut answer = [0; 4];
        let awake = self.bus.read(CHIP, &mut answer).is_ok() && answer == AWAKE;
        self.used.refused += u64::from(!awake);
        if !awake && self.manner == Manner::Checking {
            return;
        }
        for _ in 0..=self.random.below(3) {
            if self.manner == Manner::Blind && self.random.below(4) == 0 {
                return;
            }
            let answered = if self.random.below(4) == 0 {
                let digest = [&[0x16, 0x03, 0x00, 0x00], [0x3C; 32].as_slice()].concat();
                self.command(&digest) && self.command(&SIGN)
            } else {
                let which = usize::try_from(self.random.below(7)).unwrap_or_default();
                self.command(COMMANDS[which])
            };
            if !answered && self.manner == Manner::Checking {
                break;
            }
        }
        let end = if self.random.below(8) == 0 {
            IDLE
        } else {
            SLEEP
        };
        let _ = self.bus.write(CHIP, &end);
    }

    /// Send, and look until there is an answer: whether there was one.
    fn command(&mut self, bytes: &[u8]) -> bool {
        self.used.commands += 1;
        let count = u8::try_from(bytes.len() + 3).unwrap_or(u8::MAX);
        let group = [&[count], bytes].concat();
        let crc = crc16(&group).to_le_bytes();
        let frame = [&[0x03], &group[..], &crc].concat();
        if self.bus.write(CHIP, &frame).is_err() {
            return false;
        }
        let mut answer = [0; 75];
        let answered = (0..POLLS).any(|_| {
            self.delay.delay_us(POLL_US);
            self.bus.read(CHIP, &mut answer).is_ok()
        });
        let sound = answered && parse_group(&answer).is_ok();
        self.used.answered += u64::from(sound);
        sound
    }
}

/// xorshift64: other times in each run.
struct Random(u64);

impl Random {
    fn new() -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH);
        let seed = now.map_or(1, |it| it.as_secs() ^ u64::from(it.subsec_nanos()));
        Self(seed | 1)
    }

    /// 0 to `bound` - 1.
    fn below(&mut self, bound: u32) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        let value = self.0 >> 16 & 0x7FFF_FFFF;
        u32::try_from(value % u64::from(bound)).unwrap_or_default()
    }
}
