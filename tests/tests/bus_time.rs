//! The time that a driver adds: each operation beside the same one on a host that
//! knows when the chip has done, on every chip and every model of its times.

use std::fmt::Debug;
use std::time::Duration;

use atecc::procedures::SignDigest;
use atecc::{Device, Procedure, Slot};
use atecc_emulator::{Bus, Chip, Delay, Entropy, ExecutionTime, Image, LogEntry, Power, Revision};
use atecc_x509::DateTime;
use embedded_hal::delay::DelayNs;
use nerves_key::ReadSnapshot;
use tests_station::Station;

const MODELS: [ExecutionTime; 4] = [
    ExecutionTime::Typical,
    ExecutionTime::Uniform,
    ExecutionTime::Longest,
    ExecutionTime::Fast,
];
/// `ChipMode` for the clock dividers M0, M1 and M2.
const DIVIDERS: [u8; 3] = [0x00, 0x28, 0x68];
/// Chips of each kind, which differ in the times that they draw.
const SEEDS: u64 = 3;
/// Operations after which a device is warm.
const WARM: usize = 5;

/// A host's delay, or that of one who knows when the chip has done: a wait for a
/// busy chip ends when it is not.
struct Host {
    bus: Bus,
    delay: Delay,
    knows: bool,
}

impl DelayNs for Host {
    fn delay_ns(&mut self, ns: u32) {
        let busy = || self.bus.inspect(0, Chip::power) == Some(Power::Busy);
        if !self.knows || !busy() {
            return self.delay.delay_ns(ns);
        }
        while busy() {
            self.delay.delay_us(10);
        }
    }
}

/// How long each of [`WARM`] operations takes, on one device.
fn times<P>(chip: Chip, knows: bool, operation: impl Fn() -> P) -> Vec<Duration>
where
    P: Procedure<Error: Debug>,
{
    let bus = Bus::with_chip(chip);
    let clock = bus.clock();
    let delay = bus.delay();
    let host = Host {
        bus: bus.clone(),
        delay,
        knows,
    };
    let mut device = Device::new(bus.i2c(), host);
    let timed = |_| {
        let start = clock.now();
        device.run(operation()).expect("it succeeds");
        clock.now().saturating_sub(start)
    };
    (0..WARM).map(timed).collect()
}

/// The median of elapsed time to that of who knows, in thousandths: of the first
/// operation of a device, and of its last.
fn ratios<P>(image: &Image, model: ExecutionTime, operation: impl Fn() -> P) -> [u128; 2]
where
    P: Procedure<Error: Debug>,
{
    let runs: Vec<_> = (0..SEEDS)
        .map(|seed| {
            let chip = || {
                let chip = Chip::new(image.clone(), Entropy::Seeded(seed)).expect("a seed");
                chip.with_execution_time(model)
            };
            let (took, floor) = (
                times(chip(), false, &operation),
                times(chip(), true, &operation),
            );
            [0, WARM - 1].map(|at| took[at].as_nanos() * 1_000 / floor[at].as_nanos())
        })
        .collect();
    [0, 1].map(|which| {
        let mut ratios: Vec<_> = runs.iter().map(|run| run[which]).collect();
        ratios.sort_unstable();
        ratios[ratios.len() / 2]
    })
}

/// A provisioned chip.
fn provisioned(revision: Revision) -> Image {
    let bus = Bus::with_chip(Chip::blank(revision));
    let now = DateTime::new(2026, 12, 6, 10, 20, 30).expect("a time");
    let mut station = Station::new([0x42; 32], now, Some("N1234"));
    station.provision(&bus).expect("it succeeds");
    bus.image(0).expect("a chip")
}

/// A 608A takes the times of a 608B.
fn images() -> impl Iterator<Item = (String, Image)> {
    let of_608 = provisioned(Revision::Atecc608B);
    let divided = DIVIDERS.map(|chip_mode| {
        let mut config = *of_608.config();
        config[19] = chip_mode;
        let image = of_608.clone().with_config(config).expect("the same part");
        (format!("608B {chip_mode:02X}"), image)
    });
    let of_508 = (String::from("508A"), provisioned(Revision::Atecc508A));
    std::iter::once(of_508).chain(divided)
}

#[test]
fn what_the_driver_adds_is_little() {
    let mut missed = Vec::new();
    for (name, image) in images() {
        for model in MODELS {
            let digest = [0x5A; 32];
            let sign = ratios(&image, model, || SignDigest::new(Slot::S0, digest));
            let read = ratios(&image, model, ReadSnapshot::new);
            if sign.into_iter().any(|it| it > 1_030) || read.into_iter().any(|it| it > 1_050) {
                missed.push((name.clone(), model, sign, read));
            }
        }
    }
    assert!(missed.is_empty(), "{missed:#?}");
}

/// It reads in 33 us, and is seen busy once at best: no two answers in a row are
/// alike, or the second one has to be asked for again.
#[test]
fn the_fastest_chip_is_asked_for_nothing_twice() {
    let chip = Chip::new(provisioned(Revision::Atecc508A), Entropy::Seeded(1)).expect("a seed");
    let bus = Bus::with_chip(chip.with_execution_time(ExecutionTime::Fast));
    bus.start_log();
    Device::new(bus.i2c(), bus.delay())
        .run(ReadSnapshot::new())
        .expect("it succeeds");
    let log = bus.take_log();
    let pulses = log.iter().filter(|entry| entry.address == 0).count();
    assert_eq!(pulses, 2, "one wake and its renewal");
    let of_commands = |entry: &&LogEntry| entry.bytes.first() == Some(&0x03);
    let mut commands: Vec<_> = log.iter().filter(of_commands).map(|it| &it.bytes).collect();
    let sent = commands.len();
    commands.sort_unstable();
    commands.dedup();
    assert_eq!(commands.len(), sent);
}
