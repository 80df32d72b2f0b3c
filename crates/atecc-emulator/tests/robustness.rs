//! Whatever a host sends, the chip answers in groups and does not panic.

use std::time::Duration;

use atecc_emulator::{Bus, Chip, Entropy, ExecutionTime, Image, Revision, Slot};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{I2c, Operation};
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

struct Dice(ChaCha8Rng);

impl Dice {
    fn below(&mut self, limit: u8) -> u8 {
        u8::try_from(self.0.next_u32() % u32::from(limit)).unwrap()
    }

    fn bytes(&mut self, length: u8) -> Vec<u8> {
        let mut bytes = vec![0; length.into()];
        self.0.fill_bytes(&mut bytes);
        bytes
    }

    fn one_of<T: Copy>(&mut self, choices: &[T]) -> T {
        choices[usize::from(self.below(u8::try_from(choices.len()).unwrap()))]
    }
}

/// A chip with random policies and one of the three lock states.
fn any_chip(dice: &mut Dice) -> Chip {
    let image = Image::blank(dice.one_of(&Revision::ALL));
    let mut config = *image.config();
    for range in [17..84, 88..128] {
        let random = dice.bytes(u8::try_from(range.len()).unwrap());
        config[range].copy_from_slice(&random);
    }
    (config[86], config[87]) = dice.one_of(&[(0x55, 0x55), (0x55, 0x00), (0x00, 0x00)]);
    config[19] &= 0x04;
    let mut image = image.with_config(config).unwrap();
    for slot in Slot::all() {
        let random = dice.bytes(36);
        image.slot_mut(slot)[..36].copy_from_slice(&random);
    }
    let chip = Chip::new(image, Entropy::Seeded(dice.0.next_u64())).unwrap();
    chip.with_execution_time(ExecutionTime::Instant)
}

/// CRC-16, polynomial 0x8005, computed the reflected way.
fn crc(bytes: &[u8]) -> [u8; 2] {
    let register = bytes.iter().fold(0_u16, |register, byte| {
        (0..8).fold(register ^ u16::from(*byte), |register, _| {
            (register >> 1) ^ if register & 1 == 1 { 0xA001 } else { 0 }
        })
    });
    register.reverse_bits().to_le_bytes()
}

fn group(dice: &mut Dice) -> Vec<u8> {
    let opcode = dice.one_of(&[0x02, 0x12, 0x16, 0x17, 0x1B, 0x20, 0x30, 0x40, 0x41, 0x99]);
    let length = dice.one_of(&[0, 0, 0, 3, 4, 20, 32, 32, 64]);
    let p1 = dice.one_of(&[
        0x00, 0x01, 0x02, 0x03, 0x04, 0x08, 0x10, 0x80, 0x81, 0x82, 0xC2, 0xA0,
    ]);
    let p2 = match dice.below(3) {
        0 => [dice.below(16), 0],
        1 => [dice.below(128), dice.below(3)],
        _ => [dice.below(255), dice.below(255)],
    };
    let mut group = vec![7 + length, opcode, p1, p2[0], p2[1]];
    group.extend(dice.bytes(length));
    group.extend(crc(&group));
    group
}

#[test]
fn commands_of_every_kind() {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(1));
    let mut statuses = [0_u32; 256];
    let mut data = 0;
    for _ in 0..150 {
        let bus = Bus::with_chip(any_chip(&mut dice));
        let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
        for _ in 0..60 {
            let _ = i2c.write(0x00, &[0x00]);
            delay.delay_us(1_500);
            let group = group(&mut dice);
            i2c.write(0x60, &[&[0x03], &group[..]].concat()).unwrap();
            let mut answer = [0; 67];
            i2c.read(0x60, &mut answer).unwrap();
            let (answer, rest) = answer.split_at(answer[0].into());
            assert!(rest.iter().all(|byte| *byte == 0xFF));
            let (body, sent) = answer.split_last_chunk::<2>().unwrap();
            assert_eq!(crc(body), *sent, "{group:02X?} {answer:02X?}");
            match body {
                [0x04, status] => statuses[usize::from(*status)] += 1,
                _ => data += 1,
            }
            i2c.write(0x60, &[dice.one_of(&[0x00, 0x02, 0x02, 0x01])])
                .unwrap();
        }
    }
    let known = [0x00, 0x03, 0x0F].map(|status: usize| std::mem::take(&mut statuses[status]));
    assert!(
        known.iter().all(|count| *count > 100) && data > 100,
        "{known:?} {data}"
    );
    assert!(statuses.iter().all(|count| *count == 0), "{statuses:?}");
}

#[test]
fn traffic_of_every_kind() {
    let mut dice = Dice(ChaCha8Rng::seed_from_u64(2));
    let bus = Bus::with_chip(any_chip(&mut dice));
    bus.attach(any_chip(&mut dice));
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    let mut acknowledged = 0;
    for _ in 0..20_000 {
        let address = dice.one_of(&[0x00, 0x60, 0x60, 0x60, 0x35, 0x7F, 0xFF]);
        let length = dice.one_of(&[0, 1, 2, 8, 40, 200]);
        let mut bytes = dice.bytes(length);
        if let Some(first) = bytes.first_mut() {
            *first = dice.one_of(&[0x00, 0x01, 0x02, 0x03, 0x03, 0x03, *first]);
        }
        let mut answer = vec![0; usize::from(dice.below(200))];
        let outcome = match dice.below(3) {
            0 => i2c.write(address, &bytes),
            1 => i2c.read(address, &mut answer),
            _ => i2c.transaction(
                address,
                &mut [
                    Operation::Write(&bytes),
                    Operation::Read(&mut answer),
                    Operation::Write(&[0]),
                ],
            ),
        };
        acknowledged += u32::from(outcome.is_ok());
        delay.delay_us(dice.one_of(&[0, 100, 400, 20_000]));
    }
    assert!(acknowledged > 1_000, "{acknowledged}");
    assert!(bus.clock().now() > Duration::from_secs(10));
}
