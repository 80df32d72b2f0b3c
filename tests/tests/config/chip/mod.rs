//! A host that knows every key on its emulated chip, and meets the needs of a
//! command one by one.
//!
//! What it computes for the chip is by `atecc::host`; the frames are made here.

pub(crate) mod memory;
mod operation;
mod prepare;

use atecc::commands::SeedUpdate;
use atecc::error::Cause;
use atecc::group::Group;
use atecc::host::{CommandHeader, random_nonce};
use atecc::{ConfigZone, Failure, Family, Opcode, SerialNumber, Slot, Status};
use atecc_emulator::{Bus, Chip, Delay, Entropy, I2cHandle};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

pub(crate) use memory::{Latch, Variant};

/// The chip's answer when it is no success.
pub(crate) type Refusal = u8;

/// The bytes of the host's own in a `Nonce`.
const NUM_IN: [u8; 20] = [0x77; 20];
/// What the host loads by a pass-through `Nonce`.
const PASSED: [u8; 32] = [0x3C; 32];
/// A comparison that failed.
pub(crate) const MISMATCH: Refusal = 0x01;

pub(crate) struct Host {
    bus: Bus,
    i2c: I2cHandle,
    delay: Delay,
    address: u8,
    zone: ConfigZone,
    variant: Variant,
    serial: SerialNumber,
    temp_key: TempKey,
    /// How far the latch is.
    latch: LatchState,
    /// The last command: opcode, Param1, Param2.
    last: Option<(Opcode, u8, u16)>,
}

#[derive(Clone, Copy, Eq, PartialEq)]
enum LatchState {
    Clear,
    /// Its authorization is on the way.
    Pending,
    Set,
}

/// What the host knows of `TempKey`.
#[derive(Clone, Copy)]
struct TempKey {
    value: [u8; 32],
    random: bool,
}

impl Host {
    pub(crate) fn new(zone: &ConfigZone, variant: Variant) -> Self {
        let image = memory::image(zone, variant);
        let bus = Bus::with_chip(Chip::new(image, Entropy::Seeded(1)).unwrap());
        let address = bus.addresses()[0];
        Self {
            i2c: bus.i2c(),
            delay: bus.delay(),
            bus,
            address,
            zone: *zone,
            variant,
            serial: zone.serial_number(),
            temp_key: TempKey {
                value: [0; 32],
                random: false,
            },
            latch: LatchState::Clear,
            last: None,
        }
    }

    fn is_508(&self) -> bool {
        self.zone.revision().family() == Some(Family::Atecc508)
    }

    fn is_locked(&self) -> bool {
        self.zone.config_lock().is_locked() && self.zone.data_lock().is_locked()
    }

    /// What the slot held at the beginning.
    fn contents(&self, slot: Slot) -> Vec<u8> {
        memory::contents(&self.zone, slot, self.variant)
    }

    /// Its first 32 bytes.
    fn key(&self, slot: Slot) -> [u8; 32] {
        self.contents(slot)[..32].try_into().unwrap()
    }

    /// What the slot holds now.
    fn stored(&self, slot: Slot) -> Vec<u8> {
        let slot = atecc_emulator::Slot::new(slot.index()).unwrap();
        let look = |chip: &Chip| chip.image().slot(slot).to_vec();
        self.bus.inspect(0, look).unwrap()
    }

    /// The slots whose contents are others than at the beginning; a mark in
    /// the first half byte does not count.
    pub(crate) fn changed(&self) -> Vec<Slot> {
        let differs = |slot: &Slot| {
            let (mut old, mut new) = (self.contents(*slot), self.stored(*slot));
            if memory::is_marked(&self.zone, *slot) {
                old[0] &= 0x0F;
                new[0] &= 0x0F;
            }
            old != new
        };
        Slot::ALL.into_iter().filter(differs).collect()
    }

    /// The refusal of the last command, as a driver reports it.
    pub(crate) fn refusal(&self, status: Refusal) -> Option<Failure> {
        let (opcode, param1, param2) = self.last?;
        let [low, high] = param2.to_le_bytes();
        let cause = Cause::Status {
            opcode,
            parameters: [param1, low, high],
            status: Status::from_byte(status),
        };
        Some(cause.before_execution())
    }

    /// Whether the slot's mark is another one than at the beginning.
    pub(crate) fn is_mark_changed(&self, slot: Slot) -> bool {
        (self.contents(slot)[0] ^ self.stored(slot)[0]) & 0xF0 != 0
    }

    /// One command; the chip idles afterwards and keeps what it knows.
    fn send(&mut self, opcode: Opcode, p1: u8, p2: u16, data: &[u8]) -> Result<Vec<u8>, Refusal> {
        self.last = Some((opcode, p1, p2));
        let _ = self.i2c.write(0x00, &[0x00]);
        self.delay.delay_ms(25);
        let [low, high] = p2.to_le_bytes();
        let group = Group::new(&[&[opcode as u8, p1, low, high], data].concat()).unwrap();
        let command = [&[0x03], group.as_bytes()].concat();
        self.i2c.write(self.address, &command).unwrap();
        let mut answer = [0; 130];
        let read = (0..400).any(|_| {
            self.delay.delay_ms(3);
            self.i2c.read(self.address, &mut answer).is_ok()
        });
        assert!(read, "{opcode:?} has no answer");
        self.i2c.write(self.address, &[0x02]).unwrap();
        let payload = &answer[1..usize::from(answer[0]) - 2];
        match payload {
            [0x00] => Ok(vec![0]),
            [status] => Err(*status),
            payload => Ok(payload.to_vec()),
        }
    }

    fn head(opcode: Opcode, p1: u8, p2: u16) -> CommandHeader {
        CommandHeader::new(opcode, p1, p2)
    }

    /// `TempKey` by a random `Nonce`.
    fn random_nonce(&mut self) -> Result<(), Refusal> {
        let random = self.send(Opcode::Nonce, 0x00, 0, &NUM_IN)?;
        let random = random.try_into().unwrap();
        self.temp_key = TempKey {
            value: random_nonce(&random, &NUM_IN, SeedUpdate::Automatic),
            random: true,
        };
        Ok(())
    }

    /// `TempKey` by a pass-through `Nonce`.
    fn pass_nonce(&mut self) -> Result<(), Refusal> {
        self.send(Opcode::Nonce, 0x03, 0, &PASSED)?;
        self.temp_key = TempKey {
            value: PASSED,
            random: false,
        };
        Ok(())
    }

    /// The chip forgets all but the latch.
    fn sleep(&mut self) {
        let _ = self.i2c.write(0x00, &[0x00]);
        self.delay.delay_ms(25);
        self.i2c.write(self.address, &[0x01]).unwrap();
        self.delay.delay_ms(2);
    }

    /// An error of `Nonce` makes `TempKey` invalid, whatever is there.
    fn forget_temp_key(&mut self) {
        let refused = self.send(Opcode::Nonce, 0x02, 0, &[]);
        assert_eq!(refused, Err(0x03));
    }

    /// Param1 bit 2 of some commands.
    fn source_flag(&self) -> u8 {
        if self.temp_key.random { 0x00 } else { 0x04 }
    }
}
