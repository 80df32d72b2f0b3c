//! `Counter`, `Info`, `Pause`, `Random` and `SelfTest`.

use atecc::commands::{
    Counter, CounterId, CounterMode, Engines, InfoGpio, InfoKeyValid, InfoLatch, InfoRevision,
    InfoState, Pause, Random, SeedUpdate, SelfTest,
};

use super::{ONLY_508, ONLY_608, mac, none};
use crate::chip::PRIVATE;
use crate::row::{Row, bits, byte, group, request, row};

pub(super) fn rows() -> Vec<Row> {
    let rows = [counter(), info(), pause(), random(), self_test()];
    rows.into_iter().flatten().collect()
}

fn counter() -> Vec<Row> {
    let of = |mode| Counter {
        mode,
        counter: CounterId::One,
    };
    let modes = [
        row("read", byte(0x00), none, &of(CounterMode::Read)),
        row("increment", byte(0x01), none, &of(CounterMode::Increment)),
    ];
    group("Counter", 0x24, modes)
}

fn info() -> Vec<Row> {
    let latch = |mode, command| row(mode, byte(0x04), none, &command).only(ONLY_608);
    let authorize = || request(&mac::authorization());
    let modes = [
        row("revision", byte(0x00), none, &InfoRevision),
        row(
            "key valid",
            byte(0x01),
            none,
            &InfoKeyValid { slot: PRIVATE },
        ),
        row("state", byte(0x02), none, &InfoState),
        row("GPIO", byte(0x03), none, &InfoGpio { driver: 0 })
            .note("the pin of single-wire parts; those on I2C refuse it"),
        latch("persistent latch, read", InfoLatch::Read).param2(|p2| p2 & 0x02 == 0),
        latch("persistent latch, clear", InfoLatch::Clear)
            .param2(|p2| p2 & 0x03 == 0x02)
            .after([authorize()])
            .unconfirmed("whether clearing needs an authorized key"),
        latch("persistent latch, set", InfoLatch::Set)
            .param2(|p2| p2 & 0x03 == 0x03)
            .after([authorize()]),
    ];
    group("Info", 0x30, modes)
}

fn pause() -> Vec<Row> {
    let selected = row(
        "selector",
        bits(0x00, 0x00).free(0xFF),
        none,
        &Pause { selector: 0x00 },
    );
    group("Pause", 0x01, [selected.only(ONLY_508)])
}

fn random() -> Vec<Row> {
    let of = |seed| Random { seed };
    let modes = [
        row("seed updated", byte(0x00), none, &of(SeedUpdate::Automatic)),
        row("seed kept", byte(0x01), none, &of(SeedUpdate::Never)),
    ];
    group("Random", 0x1B, modes)
}

fn self_test() -> Vec<Row> {
    // cryptoauthlib sets bit 1, which the documents call 0.
    let engine = |mode, bit: u8, tests| {
        row(mode, bits(bit, bit).free(0x02), none, &SelfTest { tests }).only(ONLY_608)
    };
    let earlier = SelfTest {
        tests: Engines::NONE,
    };
    let modes = [
        row(
            "failures of earlier tests",
            byte(0x00).free(0x02),
            none,
            &earlier,
        )
        .only(ONLY_608),
        engine("random-number generator", 0x01, Engines::RNG),
        engine("ECDSA", 0x04, Engines::ECDSA),
        engine("ECDH", 0x08, Engines::ECDH),
        engine("AES", 0x10, Engines::AES),
        engine("SHA", 0x20, Engines::SHA),
    ];
    group("SelfTest", 0x77, modes)
}
