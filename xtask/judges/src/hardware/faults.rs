//! What a disturbed bus does to a chip. Nothing here is meant to write; no chip
//! that anybody needs should hear it all the same.

use atecc::crc::crc16;
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use super::{Bus, Delay, Performer, Scenario};

/// From a wake pulse to the answer. Source: ATECC508A datasheet, "Wake-Up and
/// Sleep", tWHI.
const WAKE_US: u32 = 1_500;
/// Longer than `Info` takes. Source: ATECC508A datasheet, "Command Opcodes,
/// Short Descriptions, and Execution Times".
const INFO_US: u32 = 5_000;
/// Past the longest watchdog at its shorter setting, 1.7 s. Source: ATECC508A
/// datasheet, "Watchdog Failsafe".
const WATCHDOG_US: u32 = 1_800_000;

const RESET: &[u8] = &[0x00];
const SLEEP: &[u8] = &[0x01];
const IDLE: &[u8] = &[0x02];
/// `Info`, revision.
const INFO: [u8; 5] = [0x07, 0x30, 0x00, 0x00, 0x00];

/// What a bus can do to a command or an answer.
pub(super) const FAULTS: &[Scenario] = &[
    fault("fault-crc", |bus, delay, address| {
        let mut group = with_crc(&INFO);
        group[6] ^= 0x01;
        disturbed(bus, delay, address, &group);
    }),
    fault("fault-opcode", |bus, delay, address| {
        disturbed(
            bus,
            delay,
            address,
            &with_crc(&[0x07, 0x99, 0x00, 0x00, 0x00]),
        );
    }),
    fault("fault-count", |bus, delay, address| {
        // No room for parameters: 0x03 *(unconfirmed)*.
        disturbed(bus, delay, address, &with_crc(&[0x05, 0x30, 0x00]));
    }),
    fault("fault-half-a-command", |bus, delay, address| {
        awake(bus, delay, address);
        send(bus, address, &INFO[..3]);
        // Not acknowledged, or 0xFF *(unconfirmed)*.
        read(bus, address, 4);
        sleep(bus, address);
    }),
    fault("fault-word-address", |bus, delay, address| {
        awake(bus, delay, address);
        // Reserved: not acknowledged *(unconfirmed)*.
        let _ = bus.write(address, &[0x04]);
        sleep(bus, address);
    }),
    fault("fault-answer-again", |bus, delay, address| {
        awake(bus, delay, address);
        send(bus, address, &with_crc(&INFO));
        delay.delay_us(INFO_US);
        read(bus, address, 3);
        read(bus, address, 4);
        let _ = bus.write(address, RESET);
        read(bus, address, 7);
        read(bus, address, 4);
        sleep(bus, address);
    }),
    fault("fault-wake-again", |bus, delay, address| {
        awake(bus, delay, address);
        send(bus, address, &with_crc(&INFO));
        delay.delay_us(INFO_US);
        awake(bus, delay, address);
        sleep(bus, address);
    }),
    fault("fault-idle", |bus, delay, address| {
        awake(bus, delay, address);
        let _ = bus.write(address, IDLE);
        read(bus, address, 4);
        awake(bus, delay, address);
        sleep(bus, address);
    }),
    fault("fault-watchdog", |bus, delay, address| {
        awake(bus, delay, address);
        delay.delay_us(WATCHDOG_US);
        read(bus, address, 4);
        sleep(bus, address);
    }),
];

const fn fault(name: &'static str, perform: fn(&mut Bus<'_>, &mut Delay<'_>, u8)) -> Scenario {
    Scenario {
        name,
        known: false,
        performer: Performer::Bus(perform),
    }
}

fn with_crc(group: &[u8]) -> Vec<u8> {
    [group, &crc16(group).to_le_bytes()].concat()
}

/// A group, and the status that answers it.
fn disturbed(bus: &mut Bus<'_>, delay: &mut Delay<'_>, address: u8, group: &[u8]) {
    awake(bus, delay, address);
    send(bus, address, group);
    delay.delay_us(INFO_US);
    read(bus, address, 4);
    sleep(bus, address);
}

/// Nobody acknowledges a general call.
fn awake(bus: &mut Bus<'_>, delay: &mut Delay<'_>, address: u8) {
    let _ = bus.write(0x00, &[0x00]);
    delay.delay_us(WAKE_US);
    read(bus, address, 4);
}

/// What is not acknowledged is recorded as such.
fn send(bus: &mut Bus<'_>, address: u8, group: &[u8]) {
    let _ = bus.write(address, &[&[0x03], group].concat());
}

fn read(bus: &mut Bus<'_>, address: u8, length: usize) {
    let _ = bus.read(address, &mut vec![0; length]);
}

/// A chip that sleeps already does not acknowledge it.
fn sleep(bus: &mut Bus<'_>, address: u8) {
    let _ = bus.write(address, SLEEP);
}
