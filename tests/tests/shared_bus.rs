//! Several chips on one bus: each computes while another one is served.

use std::time::Duration;

use atecc::commands::Random;
use atecc::devices::RunResult;
use atecc::procedure::Once;
use atecc::procedures::{CreateKey, ReadConfig, SignDigest};
use atecc::session::Left;
use atecc::{BusAddress, Device, Devices, PublicKey, Slot};
use atecc_emulator::{
    Bus, BusError, Chip, Delay, Entropy, ExecutionTime, I2cHandle, Image, Revision,
};
use p256::ecdsa::signature::hazmat::PrehashVerifier;

const SIGNATURES: usize = 50;
const DIGEST: [u8; 32] = [0x5A; 32];

/// A chip at `address`, its configuration locked.
fn chip(revision: Revision, address: u8) -> Chip {
    let blank = Image::blank(revision);
    let mut config = *blank.config();
    config[0] = address;
    config[16] = address << 1;
    config[87] = 0;
    let image = blank.with_config(config).unwrap();
    Chip::new(image, Entropy::Seeded(address.into())).unwrap()
}

fn addresses<const N: usize>(of: [u8; N]) -> [BusAddress; N] {
    of.map(|address| BusAddress::new(address).unwrap())
}

fn devices<const N: usize>(
    bus: &Bus,
    of: [u8; N],
) -> Devices<I2cHandle, Delay, impl FnMut() -> u64 + use<N>, N> {
    let clock = bus.clock();
    let now_us = move || u64::try_from(clock.now().as_micros()).unwrap();
    Devices::new(bus.i2c(), bus.delay(), now_us, addresses(of))
}

/// Its new key.
fn key(bus: &Bus, address: u8) -> PublicKey {
    let [address] = addresses([address]);
    let mut device = Device::new(bus.i2c(), bus.delay()).with_address(address);
    device.run(CreateKey::new(Slot::S0)).unwrap()
}

fn is_by(key: &PublicKey, signature: [u8; 64]) -> bool {
    let point = [&[0x04], key.0.as_slice()].concat();
    let key = p256::ecdsa::VerifyingKey::from_sec1_bytes(&point).unwrap();
    let signature = p256::ecdsa::Signature::from_slice(&signature).unwrap();
    key.verify_prehash(&DIGEST, &signature).is_ok()
}

/// The time that [`SIGNATURES`] of one chip take.
fn alone(revision: Revision, model: ExecutionTime) -> Duration {
    let bus = Bus::with_chip(chip(revision, 0x60).with_execution_time(model));
    key(&bus, 0x60);
    let start = bus.clock().now();
    let mut device = Device::new(bus.i2c(), bus.delay());
    for _ in 0..SIGNATURES {
        device.run(SignDigest::new(Slot::S0, DIGEST)).unwrap();
    }
    bus.clock().now().saturating_sub(start)
}

/// The time that as many of each of `N` chips on one bus take. All are theirs.
fn together<const N: usize>(revision: Revision, model: ExecutionTime, of: [u8; N]) -> Duration {
    let bus = Bus::new();
    let keys = of.map(|address| {
        bus.attach(chip(revision, address).with_execution_time(model));
        key(&bus, address)
    });
    let start = bus.clock().now();
    let mut left = [SIGNATURES; N];
    devices(&bus, of).run_each(|at, signature: Option<RunResult<SignDigest, BusError>>| {
        if let Some(signature) = signature {
            assert!(is_by(&keys[at], signature.unwrap()), "chip {at}");
            left[at] -= 1;
        }
        (left[at] > 0).then(|| SignDigest::new(Slot::S0, DIGEST))
    });
    assert_eq!(left, [0; N]);
    bus.clock().now().saturating_sub(start)
}

#[test]
fn two_chips_sign_nearly_as_fast_as_one() {
    for revision in [Revision::Atecc508A, Revision::Atecc608B] {
        for (model, most) in [
            (ExecutionTime::Typical, 120),
            (ExecutionTime::Uniform, 120),
            (ExecutionTime::Longest, 120),
            // A chip computes for 14 ms, and a transfer of the other takes up to 6.
            (ExecutionTime::Fast, 130),
        ] {
            let (one, two) = (
                alone(revision, model),
                together(revision, model, [0x60, 0x62]),
            );
            let percent = two.as_micros() * 100 / one.as_micros();
            println!("{revision} {model}: one {one:?}, two {two:?}, {percent} %");
            assert!(percent <= most, "{revision} {model}: {percent} %");
        }
    }
}

/// Every address that parts are sold with and their neighbours: all wake pulses, and
/// every transfer with a long row of zero bits, are heard by all.
#[test]
fn nine_chips_take_each_others_pulses() {
    const OF: [u8; 9] = [0x60, 0x61, 0x62, 0x63, 0x64, 0x65, 0x66, 0x67, 0x35];
    for revision in Revision::ALL {
        for model in [ExecutionTime::Typical, ExecutionTime::Fast] {
            let bus = Bus::new();
            for address in OF {
                bus.attach(chip(revision, address).with_execution_time(model));
            }
            let mut devices = devices(&bus, OF);
            let mut reads = [0; OF.len()];
            devices.run_each(|at, zone: Option<RunResult<ReadConfig, BusError>>| {
                if let Some(zone) = zone {
                    assert_eq!(zone.unwrap().as_bytes()[0], OF[at]);
                    reads[at] += 1;
                }
                (reads[at] < 20).then(ReadConfig::new)
            });
            assert_eq!(reads, [20; OF.len()], "{revision} {model}");
            for at in 0..OF.len() {
                assert_eq!(devices.left(at), Some(Left::Asleep));
            }
        }
    }
}

/// Its run fails, and those of the others go on.
#[test]
fn a_chip_that_is_not_there_stops_nobody() {
    let bus = Bus::with_chip(chip(Revision::Atecc608B, 0x60));
    let mut results = [0; 2];
    devices(&bus, [0x60, 0x62]).run_each(
        |at, number: Option<RunResult<Once<Random>, BusError>>| {
            if let Some(number) = number {
                assert_eq!(number.is_ok(), at == 0);
                results[at] += 1;
            }
            (results[at] < 3).then(|| Once(Random::default()))
        },
    );
    assert_eq!(results, [3, 3]);
}
