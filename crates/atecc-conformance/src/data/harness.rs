//! An emulated chip, command by command.

use atecc::Opcode;
use atecc::group::parse_group;
use atecc_emulator::{Bus, Chip, Entropy, Image, Power, Slot};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use crate::seal::command;

/// Longer than any command takes.
const COMMAND_MS: u32 = 300;
/// Each of half a millisecond: twice what a chip takes that tests itself.
/// Source: Microchip's ATECC608 documentation, tWHIST, 20 ms.
const WAKE_LOOKS: u32 = 80;

pub(super) struct Harness {
    bus: Bus,
    image: Image,
}

impl Harness {
    pub(super) fn new(image: Image) -> Self {
        let bus = Bus::new();
        // A seeded chip is never refused.
        if let Ok(chip) = Chip::new(image.clone(), Entropy::Seeded(0)) {
            bus.attach(chip);
        }
        Self { bus, image }
    }

    /// The same chip with this key at the beginning of a slot.
    pub(super) fn with_key(self, slot: u8, key: &[u8]) -> Self {
        let mut image = self.image.clone();
        if let Some(slot) = Slot::new(slot) {
            for (to, from) in image.slot_mut(slot).iter_mut().zip(key) {
                *to = *from;
            }
        }
        Self::new(image)
    }

    /// The payload of the answer; none when the chip does not answer soundly.
    /// Registers live from one command to the next.
    pub(super) fn say(&self, opcode: Opcode, p1: u8, p2: u16, data: &[u8]) -> Vec<u8> {
        let (mut i2c, mut delay) = (self.bus.i2c(), self.bus.delay());
        let address = self.bus.inspect(0, Chip::address).unwrap_or_default();
        // Nobody acknowledges a wake pulse.
        let _ = i2c.write(0x00, &[0x00]);
        self.until_awake(&mut delay);
        let group = command(opcode, p1, p2, data);
        let mut answer = [0xFF; 155];
        let sent = i2c.write(address, &[&[0x03], &group[..]].concat());
        delay.delay_ms(COMMAND_MS);
        let read = i2c.read(address, &mut answer);
        let idle = i2c.write(address, &[0x02]);
        match (sent, read, idle, parse_group(&answer)) {
            (Ok(()), Ok(()), Ok(()), Ok(payload)) => payload.to_vec(),
            _ => Vec::new(),
        }
    }

    /// As long as this chip takes: one that tests itself takes longer.
    fn until_awake(&self, delay: &mut impl DelayNs) {
        for _ in 0..WAKE_LOOKS {
            if self.bus.inspect(0, Chip::power) != Some(Power::Waking) {
                return;
            }
            delay.delay_us(500);
        }
    }

    /// SHA-256 of `message` by the chip.
    pub(super) fn sha(&self, message: &[u8]) -> Vec<u8> {
        self.say(Opcode::Sha, 0x00, 0, &[]);
        let blocks = message.chunks_exact(64);
        let rest = blocks.remainder();
        for block in blocks {
            self.say(Opcode::Sha, 0x01, 64, block);
        }
        let length = u16::try_from(rest.len()).unwrap_or_default();
        self.say(Opcode::Sha, 0x02, length, rest)
    }
}
