//! Driver and emulator, which share no code, on random commands in random
//! states, with and without faults on the bus.
//!
//! Whatever happens: nothing panics, every command ends, the next one finds
//! the chip again, and the chip sleeps afterwards.

mod kinds;
mod prng;

use std::sync::LazyLock;

use atecc::command::Chips;
use atecc::commands::{InfoRevision, Lock, LockTarget};
use atecc::error::Cause;
use atecc::procedures::ReadConfig;
use atecc::{Error, Family, Opcode, Status};
use atecc_emulator::{
    Bus, Chip, CutPoint, EepromEffect, Entropy, Fault, Faults, Image, LostReply, Power, Revision,
    Slot,
};
use atecc_x509::DateTime;
use proptest::prelude::*;
use tests_station::Station;

use kinds::{KINDS, Preparation, Sent, Wire};
use prng::Prng;

/// More bus transactions than one command takes: with faults the driver polls
/// for seconds.
const TRANSACTIONS: u64 = 10_000;

const REVISIONS: [Revision; 3] = [
    Revision::Atecc508A,
    Revision::Atecc608A,
    Revision::Atecc608B,
];

#[derive(Clone, Copy, Debug)]
enum State {
    Blank,
    ConfigLocked,
    Finished,
    /// Random configuration, locks and slots.
    Any(u64),
}

/// A finished NervesKey of each revision.
static FINISHED: LazyLock<[Image; 3]> = LazyLock::new(|| {
    REVISIONS.map(|revision| {
        let bus = Bus::with_chip(Chip::blank(revision));
        let now = DateTime::new(2026, 12, 6, 10, 20, 30).unwrap();
        let mut station = Station::new([0x42; 32], now, Some("N1234"));
        station.provision(&bus).unwrap();
        bus.image(0).unwrap()
    })
});

fn bus(revision: usize, state: State) -> Bus {
    let image = match state {
        State::Blank | State::ConfigLocked => Image::blank(REVISIONS[revision]),
        State::Finished => FINISHED[revision].clone(),
        State::Any(seed) => any_image(REVISIONS[revision], seed),
    };
    let bus = Bus::with_chip(Chip::new(image, Entropy::Seeded(1)).unwrap());
    if matches!(state, State::ConfigLocked) {
        let mut driver = Station::device(&bus);
        let crc = driver.run(ReadConfig::default()).unwrap().crc();
        let target = LockTarget::Config { crc };
        driver.execute(Lock { target }).unwrap();
    }
    bus
}

/// All but serial number, I2C address and mode is random.
fn any_image(revision: Revision, seed: u64) -> Image {
    let mut prng = Prng::new(seed);
    let image = Image::blank(revision);
    let mut config = *image.config();
    for range in [20..84, 88..128] {
        config[range].fill_with(|| prng.byte());
    }
    (config[86], config[87]) = prng.one_of(&[(0x55, 0x55), (0x55, 0x00), (0x00, 0x00)]);
    let mut image = image.with_config(config).unwrap();
    for slot in Slot::all() {
        image.slot_mut(slot).fill_with(|| prng.byte());
    }
    image
}

fn any_state() -> impl Strategy<Value = State> {
    prop_oneof![
        Just(State::Blank),
        Just(State::ConfigLocked),
        Just(State::Finished),
        any::<u64>().prop_map(State::Any),
    ]
}

/// Which kind, after what, and the seed of its parameters.
type Choice = (usize, Preparation, u64);

fn any_commands() -> impl Strategy<Value = Vec<Choice>> {
    let preparation = prop_oneof![
        Just(Preparation::None),
        Just(Preparation::Load),
        Just(Preparation::Random),
        Just(Preparation::Hash),
    ];
    prop::collection::vec((0..KINDS.len(), preparation, any::<u64>()), 1..24)
}

fn wire(bus: &Bus) -> Wire {
    Wire {
        driver: Station::device(bus),
        preparation: Preparation::None,
    }
}

fn any_fault() -> impl Strategy<Value = Fault> {
    prop_oneof![
        Just(Fault::PowerCut(CutPoint::Before)),
        Just(Fault::PowerCut(CutPoint::During(EepromEffect::Lost))),
        Just(Fault::PowerCut(CutPoint::During(EepromEffect::Committed))),
        Just(Fault::PowerCut(CutPoint::After)),
        Just(Fault::ReplyLost(LostReply::Nack)),
        Just(Fault::ReplyLost(LostReply::Blank)),
        (0..8_usize, 1..=u8::MAX).prop_map(|(byte, mask)| Fault::ReplyCorrupted { byte, mask }),
        (1..60_u32).prop_map(|transactions| Fault::NackBurst { transactions }),
        Just(Fault::EarlyWatchdog),
        Just(Fault::NoisyWake),
    ]
}

/// Faults by the number of transactions after the beginning.
fn any_faults() -> impl Strategy<Value = Vec<(u64, Fault)>> {
    prop::collection::vec((0..200_u64, any_fault()), 1..4)
}

fn power(bus: &Bus) -> Power {
    bus.inspect(0, Chip::power).unwrap()
}

/// Asleep, or a moment before it.
fn was_sent_to_sleep(bus: &Bus) -> bool {
    matches!(power(bus), Power::Asleep | Power::FallingAsleep)
}

/// Send one command; it ends.
fn send(bus: &Bus, wire: &mut Wire, (kind, preparation, seed): Choice) -> Sent {
    let before = bus.transactions();
    wire.preparation = preparation;
    let sent = KINDS[kind](&mut Prng::new(seed), wire);
    let took = bus.transactions() - before;
    assert!(took < TRANSACTIONS, "{took} transactions for {sent:?}");
    sent
}

/// The next command works and is answered with its own answer.
fn in_sync(bus: &Bus, wire: &mut Wire, revision: usize, after: &Sent) {
    let answer = wire.driver.execute(InfoRevision);
    let answer = answer.unwrap_or_else(|error| panic!("after {after:?}: {error:?}"));
    let image = Image::blank(REVISIONS[revision]);
    assert_eq!(
        answer.to_bytes()[..],
        image.config()[4..8],
        "after {after:?}"
    );
    assert!(was_sent_to_sleep(bus), "after {after:?}");
}

/// Commands of which the configuration says which form parses: encrypted writes,
/// keys with `NoMac`, chips without AES. What a chip answers to the wrong one is
/// partly (unconfirmed). Source: `recordings/`; the emulator's own notes.
const FORM_IS_CONFIGURED: [Opcode; 3] = [Opcode::Write, Opcode::GenDig, Opcode::Aes];

/// Whether `revision` is one of `chips`.
fn belongs(chips: Chips, revision: usize) -> bool {
    let family = match REVISIONS[revision] {
        Revision::Atecc508A => Family::Atecc508,
        Revision::Atecc608A | Revision::Atecc608B => Family::Atecc608,
    };
    chips == Chips::All || chips == Chips::Only(family)
}

proptest! {
    #![proptest_config(ProptestConfig {
        cases: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    })]

    /// The driver's commands are ones that the emulator understands: what a
    /// chip refuses, it refuses for its state, not for its form.
    #[test]
    fn without_faults(
        revision in 0..REVISIONS.len(),
        state in any_state(),
        commands in any_commands(),
    ) {
        let bus = bus(revision, state);
        let mut wire = wire(&bus);
        for command in commands {
            let sent = send(&bus, &mut wire, command);
            prop_assert!(was_sent_to_sleep(&bus), "after {:?}", sent);
            if sent.error.is_some() {
                let refusal = sent.refusal();
                prop_assert!(refusal.is_some(), "no fault, but {:?}", sent);
                let misread = refusal.is_some_and(|(opcode, status)| {
                    status == Status::Parse
                        && belongs(sent.chips, revision)
                        && !FORM_IS_CONFIGURED.contains(&opcode)
                });
                prop_assert!(!misread, "{} does not parse {:?}", REVISIONS[revision], sent);
                in_sync(&bus, &mut wire, revision, &sent);
            }
        }
    }

    /// Whatever happens on the bus, the next command after it works.
    #[test]
    fn with_faults(
        revision in 0..REVISIONS.len(),
        state in any_state(),
        commands in any_commands(),
        faults in any_faults(),
    ) {
        let bus = bus(revision, state);
        let mut wire = wire(&bus);
        let start = bus.transactions();
        let script = faults
            .into_iter()
            .fold(Faults::none(), |script, (after, fault)| script.at(start + after, fault));
        bus.set_faults(script);
        for command in commands {
            let sent = send(&bus, &mut wire, command);
            if sent.error.is_some() {
                bus.set_faults(Faults::none());
                if power(&bus) == Power::Off {
                    bus.power_cycle();
                }
                in_sync(&bus, &mut wire, revision, &sent);
            }
        }
        bus.set_faults(Faults::none());
        if power(&bus) == Power::Off {
            bus.power_cycle();
        }
        let last = send(&bus, &mut wire, (0, Preparation::None, 0));
        in_sync(&bus, &mut wire, revision, &last);
    }
}

/// A refusal is told from a fault.
#[test]
fn a_dead_chip_is_no_refusal() {
    let bus = bus(0, State::Blank);
    bus.power_down();
    let error = Station::device(&bus).execute(InfoRevision).unwrap_err();
    let Error::Failed(failure) = &error else {
        panic!("{error:?}");
    };
    let silent = matches!(failure.cause, Cause::NoAnswer { .. });
    assert!(silent, "{error:?}");
}

/// The commands are not all refused: each kind succeeds somewhere, but for those
/// that would need luck.
#[test]
fn commands_succeed() {
    /// `Info` of a GPIO, which a chip on I2C has not; `Sign` of an internal
    /// message, which needs a digest in `TempKey`; the others need a signature
    /// or a MAC.
    const NEED_LUCK: [Opcode; 5] = [
        Opcode::Info,
        Opcode::SecureBoot,
        Opcode::Sign,
        Opcode::Verify,
        Opcode::Write,
    ];
    let states = [State::Blank, State::ConfigLocked, State::Finished];
    let mut kinds: Vec<(Option<Opcode>, bool)> = vec![(None, false); KINDS.len()];
    let mut prng = Prng::new(0);
    for state in states.into_iter().chain((0..8).map(State::Any)) {
        for revision in 0..REVISIONS.len() {
            let bus = bus(revision, state);
            let mut wire = wire(&bus);
            for (kind, (opcode, succeeds)) in kinds.iter_mut().enumerate() {
                for preparation in [
                    Preparation::None,
                    Preparation::Load,
                    Preparation::Random,
                    Preparation::Hash,
                ] {
                    for _ in 0..6 {
                        let choice = (kind, preparation, prng.word());
                        let sent = send(&bus, &mut wire, choice);
                        *opcode = Some(sent.head.0);
                        *succeeds |= sent.error.is_none();
                    }
                }
            }
        }
    }
    let never = kinds.into_iter().filter(|(_, succeeds)| !succeeds);
    let never: Vec<_> = never.filter_map(|(opcode, _)| opcode).collect();
    assert_eq!(never, NEED_LUCK);
}
