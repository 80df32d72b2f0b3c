//! Whatever a host sends, the chip answers in groups and does not panic.

use std::collections::BTreeSet;
use std::time::Duration;

use atecc_emulator::{
    Bus, Chip, Defects, Engine, Entropy, ExecutionTime, Image, Opcode, Power, Revision, Slot,
};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{I2c, Operation};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use proptest::strategy::ValueTree;
use proptest::test_runner::TestRunner;
use rand_chacha::ChaCha8Rng;
use rand_core::{Rng, SeedableRng};

/// What is sent, and to which chip: all from one seed.
struct Prng(ChaCha8Rng);

impl Prng {
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
fn any_chip(prng: &mut Prng) -> Chip {
    let image = Image::blank(prng.one_of(&Revision::ALL));
    let mut config = *image.config();
    for range in [17..84, 88..128] {
        let random = prng.bytes(u8::try_from(range.len()).unwrap());
        config[range].copy_from_slice(&random);
    }
    (config[86], config[87]) = prng.one_of(&[(0x55, 0x55), (0x55, 0x00), (0x00, 0x00)]);
    config[19] &= 0x04;
    let mut image = image.with_config(config).unwrap();
    for slot in Slot::all() {
        let random = prng.bytes(36);
        image.slot_mut(slot)[..36].copy_from_slice(&random);
    }
    let chip = Chip::new(image, Entropy::Seeded(prng.0.next_u64())).unwrap();
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

/// Opcode, Param1 and data length of forms that pass the first checks.
const FORMS: [(Opcode, u8, u8); 58] = [
    (Opcode::Aes, 0x00, 16),
    (Opcode::Aes, 0x41, 16),
    (Opcode::Aes, 0x03, 32),
    (Opcode::CheckMac, 0x00, 77),
    (Opcode::CheckMac, 0x01, 77),
    (Opcode::CheckMac, 0x06, 77),
    (Opcode::Counter, 0x00, 0),
    (Opcode::Counter, 0x01, 0),
    (Opcode::DeriveKey, 0x00, 0),
    (Opcode::DeriveKey, 0x04, 32),
    (Opcode::Ecdh, 0x00, 64),
    (Opcode::Ecdh, 0x0F, 64),
    (Opcode::GenDig, 0x00, 0),
    (Opcode::GenDig, 0x01, 0),
    (Opcode::GenDig, 0x02, 4),
    (Opcode::GenDig, 0x03, 32),
    (Opcode::GenDig, 0x04, 0),
    (Opcode::GenDig, 0x05, 0),
    (Opcode::GenKey, 0x00, 0),
    (Opcode::GenKey, 0x04, 0),
    (Opcode::GenKey, 0x08, 0),
    (Opcode::GenKey, 0x10, 3),
    (Opcode::Hmac, 0x00, 0),
    (Opcode::Hmac, 0x04, 0),
    (Opcode::Info, 0x00, 0),
    (Opcode::Info, 0x01, 0),
    (Opcode::Info, 0x02, 0),
    (Opcode::Info, 0x04, 0),
    (Opcode::Kdf, 0x30, 20),
    (Opcode::Kdf, 0x34, 20),
    (Opcode::Lock, 0x80, 0),
    (Opcode::Lock, 0x81, 0),
    (Opcode::Lock, 0x02, 0),
    (Opcode::Mac, 0x00, 32),
    (Opcode::Mac, 0x05, 0),
    (Opcode::Nonce, 0x00, 20),
    (Opcode::Nonce, 0x03, 32),
    (Opcode::Nonce, 0x63, 64),
    (Opcode::Nonce, 0x83, 32),
    (Opcode::Pause, 0x00, 0),
    (Opcode::PrivWrite, 0x00, 68),
    (Opcode::Random, 0x00, 0),
    (Opcode::Read, 0x80, 0),
    (Opcode::Read, 0x82, 0),
    (Opcode::SecureBoot, 0x05, 96),
    (Opcode::SecureBoot, 0x86, 32),
    (Opcode::SelfTest, 0x3B, 0),
    (Opcode::Sha, 0x00, 0),
    (Opcode::Sha, 0xC2, 32),
    (Opcode::Sha, 0x06, 0),
    (Opcode::Sha, 0x04, 0),
    (Opcode::Sign, 0x80, 0),
    (Opcode::Sign, 0xA0, 0),
    (Opcode::UpdateExtra, 0x00, 0),
    (Opcode::Verify, 0x00, 64),
    (Opcode::Verify, 0x03, 83),
    (Opcode::Write, 0x82, 32),
    (Opcode::Write, 0x00, 4),
];

fn group(opcode: u8, p1: u8, p2: u16, data: &[u8]) -> Vec<u8> {
    let mut group = vec![7 + u8::try_from(data.len()).unwrap(), opcode, p1];
    group.extend(p2.to_le_bytes());
    group.extend(data);
    group.extend(crc(&group));
    group
}

/// Any opcode, parameters and data; half of the time such that they pass the
/// first checks.
fn any_group() -> impl Strategy<Value = Vec<u8>> {
    let wild = (any::<u8>(), any::<u8>(), 0_u8..=148);
    let form = select(FORMS.to_vec()).prop_map(|(opcode, p1, length)| (opcode as u8, p1, length));
    let known = (select(Opcode::ALL.to_vec()), any::<u8>(), 0_u8..=148)
        .prop_map(|(opcode, p1, length)| (opcode as u8, p1, length));
    let start = prop_oneof![1 => wild, 2 => known, 5 => form];
    let p2 = prop_oneof![
        3 => Just(0),
        4 => 0_u16..16,
        1 => Just(0xFFFF),
        1 => (0_u16..128, 0_u16..3).prop_map(|(low, block)| block << 8 | low),
        1 => any::<u16>(),
    ];
    (start, p2).prop_flat_map(|((opcode, p1, length), p2)| {
        let data = vec(any::<u8>(), usize::from(length));
        data.prop_map(move |data| group(opcode, p1, p2, &data))
    })
}

/// A status, or a payload with a length that the command has.
fn is_legal(opcode: u8, revision: Revision, body: &[u8]) -> bool {
    let payload = &body[1..];
    let old = revision == Revision::Atecc508A;
    let status = match payload {
        [0x00 | 0x01 | 0x03 | 0x0F] => true,
        [0x07 | 0x08] => !old,
        _ => false,
    };
    let data: &[usize] = match Opcode::from_byte(opcode).filter(|opcode| opcode.is_on(revision)) {
        Some(Opcode::Sha) if (36..=99).contains(&payload.len()) => return true,
        Some(Opcode::Aes) => &[16],
        Some(Opcode::Counter | Opcode::Info) => &[4],
        Some(Opcode::Read) => &[4, 32],
        Some(Opcode::GenKey | Opcode::Sign) => &[64],
        Some(
            Opcode::Hmac
            | Opcode::Mac
            | Opcode::Nonce
            | Opcode::Random
            | Opcode::SecureBoot
            | Opcode::Sha
            | Opcode::Verify,
        ) => &[32],
        Some(Opcode::Ecdh) => &[32, 64],
        Some(Opcode::Kdf) => &[32, 64, 96],
        // The failure register, which is a byte of its own kind.
        Some(Opcode::SelfTest) => &[1],
        _ => &[],
    };
    status || data.contains(&payload.len())
}

/// The address of the only chip, which a command may change.
fn address(bus: &Bus) -> u8 {
    bus.inspect(0, Chip::address).unwrap()
}

/// One command in a session of its own; `None` when the chip went idle, or
/// has given itself address 0, at which none can answer.
fn exchange(bus: &Bus, group: &[u8]) -> Option<Vec<u8>> {
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    // The one before may have been told to sleep.
    delay.delay_us(1_000);
    let _ = i2c.write(0x00, &[0x00]);
    // Time for self-tests, should they be configured.
    delay.delay_us(21_000);
    let address = address(bus);
    if address == 0 {
        return None;
    }
    i2c.write(address, &[&[0x03], group].concat()).unwrap();
    if bus.inspect(0, Chip::power) == Some(Power::Idle) {
        return None;
    }
    let mut answer = [0; 160];
    i2c.read(address, &mut answer).unwrap();
    let (answer, rest) = answer.split_at(answer[0].into());
    assert!(rest.iter().all(|byte| *byte == 0xFF));
    let (body, sent) = answer.split_last_chunk::<2>().unwrap();
    assert_eq!(crc(body), *sent, "{group:02X?} {answer:02X?}");
    Some(body.to_vec())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Every group is answered legally, whatever the chip's state.
    #[test]
    fn any_groups_to_any_chip(
        seed: u64,
        groups in vec((any_group(), select(vec![0x00_u8, 0x02, 0x02, 0x02, 0x01])), 1..40),
    ) {
        let chip = any_chip(&mut Prng(ChaCha8Rng::seed_from_u64(seed)));
        let revision = chip.revision();
        let bus = Bus::with_chip(chip);
        for (group, token) in groups {
            match exchange(&bus, &group) {
                Some(body) => {
                    prop_assert!(is_legal(group[1], revision, &body), "{group:02X?} {body:02X?}");
                    bus.i2c().write(address(&bus), &[token]).unwrap();
                }
                None => prop_assert!(
                    revision == Revision::Atecc508A && group[1] == 0x01 || address(&bus) == 0
                ),
            }
        }
    }

    /// So does a chip with a random defect.
    #[test]
    fn any_groups_to_a_broken_chip(
        seed: u64,
        engine in select(vec![Engine::Random, Engine::Ecdsa, Engine::Ecdh, Engine::Aes, Engine::Sha]),
        unhealthy in 0_u32..4,
        groups in vec(any_group(), 1..20),
    ) {
        let defects = Defects::none().failing(engine).unhealthy(unhealthy);
        let chip = any_chip(&mut Prng(ChaCha8Rng::seed_from_u64(seed))).with_defects(defects);
        let revision = chip.revision();
        let bus = Bus::with_chip(chip);
        for group in groups {
            if let Some(body) = exchange(&bus, &group) {
                prop_assert!(is_legal(group[1], revision, &body), "{group:02X?} {body:02X?}");
                bus.i2c().write(address(&bus), &[0x02]).unwrap();
            }
        }
    }
}

/// The generators above reach successes, both refusals and data.
#[test]
fn commands_of_every_kind() {
    let mut prng = Prng(ChaCha8Rng::seed_from_u64(1));
    let mut runner = TestRunner::deterministic();
    let (mut statuses, mut data, mut succeeded) = ([0_u32; 256], 0, BTreeSet::new());
    for _ in 0..400 {
        let bus = Bus::with_chip(any_chip(&mut prng));
        for _ in 0..60 {
            let group = any_group().new_tree(&mut runner).unwrap().current();
            let Some(body) = exchange(&bus, &group) else {
                continue;
            };
            let status = match body[..] {
                [0x04, status] => status,
                _ => 0x00,
            };
            if status == 0x00 {
                succeeded.insert(group[1]);
            }
            statuses[usize::from(status)] += 1;
            data += u32::from(body[0] > 0x04);
            let token = prng.one_of(&[0x00, 0x02, 0x02, 0x02, 0x01]);
            bus.i2c().write(address(&bus), &[token]).unwrap();
        }
    }
    let known = [0x00, 0x01, 0x03, 0x0F].map(|status: usize| std::mem::take(&mut statuses[status]));
    assert!(
        known.iter().all(|count| *count > 20) && data > 1_000,
        "{known:?} {data}"
    );
    assert!(statuses.iter().all(|count| *count == 0), "{statuses:?}");
    assert!(succeeded.len() >= 16, "{succeeded:02X?}");
}

#[test]
fn traffic_of_every_kind() {
    let mut prng = Prng(ChaCha8Rng::seed_from_u64(2));
    let bus = Bus::with_chip(any_chip(&mut prng));
    bus.attach(any_chip(&mut prng));
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    let mut acknowledged = 0;
    for _ in 0..20_000 {
        let address = prng.one_of(&[0x00, 0x60, 0x60, 0x60, 0x35, 0x7F, 0xFF]);
        let length = prng.one_of(&[0, 1, 2, 8, 40, 200]);
        let mut bytes = prng.bytes(length);
        if let Some(first) = bytes.first_mut() {
            *first = prng.one_of(&[0x00, 0x01, 0x02, 0x03, 0x03, 0x03, *first]);
        }
        let mut answer = vec![0; usize::from(prng.below(200))];
        let outcome = match prng.below(3) {
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
        delay.delay_us(prng.one_of(&[0, 100, 400, 20_000]));
    }
    assert!(acknowledged > 1_000, "{acknowledged}");
    assert!(bus.clock().now() > Duration::from_secs(10));
}
