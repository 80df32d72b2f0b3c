//! A host that speaks to one chip in literal bytes.

use atecc_emulator::{Bus, BusError, Chip, I2cHandle};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

/// The address of blank parts.
pub(crate) const ADDRESS: u8 = 0x60;
/// The group after every wake.
pub(crate) const AWAKE: [u8; 4] = [0x04, 0x11, 0x33, 0x43];
/// Status groups. Source: the CRC vectors of the ATECC508A datasheet's
/// status codes.
pub(crate) const SUCCESS: [u8; 4] = [0x04, 0x00, 0x03, 0x40];
pub(crate) const PARSE_ERROR: [u8; 4] = [0x04, 0x03, 0x83, 0x42];
pub(crate) const EXECUTION_ERROR: [u8; 4] = [0x04, 0x0F, 0x23, 0x42];

pub(crate) struct Host {
    pub(crate) bus: Bus,
    pub(crate) i2c: I2cHandle,
    pub(crate) address: u8,
}

impl Host {
    pub(crate) fn of(chip: Chip) -> Self {
        Self::on(&Bus::with_chip(chip), ADDRESS)
    }

    pub(crate) fn on(bus: &Bus, address: u8) -> Self {
        Self {
            bus: bus.clone(),
            i2c: bus.i2c(),
            address,
        }
    }

    pub(crate) fn delay_us(&self, us: u32) {
        self.bus.delay().delay_us(us);
    }

    /// The pulse alone. Nobody acknowledges it.
    pub(crate) fn pulse(&mut self) {
        let nack = self.i2c.write(0x00, &[0x00]);
        assert!(matches!(nack, Err(BusError::AddressNack(0))), "{nack:?}");
    }

    pub(crate) fn wake(&mut self) {
        self.pulse();
        self.delay_us(1_500);
    }

    pub(crate) fn idle(&mut self) {
        self.i2c
            .write(self.address, &[0x02])
            .expect("the idle token");
    }

    /// The token alone: the chip still has to fall asleep.
    pub(crate) fn sleep_token(&mut self) {
        self.i2c
            .write(self.address, &[0x01])
            .expect("the sleep token");
    }

    pub(crate) fn sleep(&mut self) {
        self.sleep_token();
        self.delay_us(1_000);
    }

    pub(crate) fn send(&mut self, group: &[u8]) {
        let token = [&[0x03], group].concat();
        self.i2c
            .write(self.address, &token)
            .expect("a command is acknowledged");
    }

    pub(crate) fn read(&mut self, length: usize) -> Result<Vec<u8>, BusError> {
        let mut bytes = vec![0; length];
        self.i2c.read(self.address, &mut bytes)?;
        Ok(bytes)
    }

    /// Poll until the chip answers: the count first, then the rest.
    pub(crate) fn receive(&mut self) -> Vec<u8> {
        for _ in 0..2_500 {
            if let Ok(mut group) = self.read(1) {
                let rest = usize::from(group[0]).saturating_sub(1);
                group.extend(self.read(rest).expect("the rest of the group"));
                return group;
            }
            self.delay_us(1_000);
        }
        panic!("no answer within 2.5 s");
    }

    pub(crate) fn exchange(&mut self, group: &[u8]) -> Vec<u8> {
        self.send(group);
        self.receive()
    }

    /// One command in a wake session of its own that ends in idle.
    pub(crate) fn session(&mut self, group: &[u8]) -> Vec<u8> {
        self.wake();
        assert_eq!(self.read(4).expect("the chip is awake"), AWAKE);
        let response = self.exchange(group);
        self.idle();
        response
    }
}

/// A complete command group.
pub(crate) fn group(opcode: u8, p1: u8, p2: u16, data: &[u8]) -> Vec<u8> {
    let count = u8::try_from(7 + data.len()).expect("a group of at most 255 bytes");
    let mut group = vec![count, opcode, p1];
    group.extend(p2.to_le_bytes());
    group.extend(data);
    group.extend(crc(&group));
    group
}

/// CRC-16 with polynomial 0x8005 and reflected input, computed the reflected
/// way: shifting right with 0xA001, the result then bit-reversed.
pub(crate) fn crc(bytes: &[u8]) -> [u8; 2] {
    let mut register = 0_u16;
    for byte in bytes {
        register ^= u16::from(*byte);
        for _ in 0..8 {
            let out = register & 1;
            register >>= 1;
            if out == 1 {
                register ^= 0xA001;
            }
        }
    }
    register.reverse_bits().to_le_bytes()
}

pub(crate) fn bytes(hex: &str) -> Vec<u8> {
    let digits: Vec<char> = hex.chars().filter(|c| !c.is_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(&pair.iter().collect::<String>(), 16).expect("hexadecimal"))
        .collect()
}
