//! A chip as from the factory made a `NervesKey`.
//!
//! Of the commands that a provisioning sends these are needed: without one of
//! them the lock's CRC does not match, a certificate cannot be read back, or
//! something is not proved. Not among them is what another one shows as well: the
//! configuration read back before its lock, since the lock compares the CRC of
//! all its bytes; slots read back that the data lock's CRC has compared and that
//! nobody reads as an identity; the public key asked for once more before data
//! are locked, since the signature there is verified under it.

use atecc_x509::DateTime;
use nerves_key::ReadSnapshot;
use nerves_key_provision::{Plan, VolatileSecrets, provision};
use nerves_key_schema::Layout;
use tests_station::{CHALLENGES, Station};

use super::certificates::stored;
use super::sign::signature;
use super::{Error, Operation, State};
use crate::bench::Bench;
use crate::floor::commands::Place;
use crate::floor::{ChipCommand, Need, Session};

/// In the standard layout.
pub(super) const STANDARD: Operation = Operation {
    name: "provision, standard",
    starts_from: State::Blank(Layout::Standard),
    clocks: super::ANY_CLOCK,
    prepare: None,
    run: |bench| run(bench, Layout::Standard),
    needs: |bench| needs(bench, Layout::Standard),
};

/// In the volatile layout. As the key signs on both sides of the data lock, it is
/// activated on both: before it, so that no key is locked in that cannot be; after it,
/// since only then the chip obeys its rules for keys. The signature there does not show
/// that: the latch stays set until the supply fails.
pub(super) const VOLATILE: Operation = Operation {
    name: "provision, volatile",
    starts_from: State::Blank(Layout::Volatile),
    run: |bench| run(bench, Layout::Volatile),
    needs: |bench| needs(bench, Layout::Volatile),
    ..STANDARD
};

/// Of the signer; its owner is nobody.
const SIGNER: [u8; 32] = [0x42; 32];

/// Read, plan, run.
pub(super) fn run(bench: &mut Bench, layout: Layout) -> Result<(), Error> {
    let now = DateTime::new(2026, 11, 24, 9, 30, 0)?;
    let mut station = Station::new(SIGNER, now, Some("N1234"));
    station.request.layout = layout;
    if layout == Layout::Volatile {
        station.request.volatile_keys = Some(VolatileSecrets::new(&[0xA5; 16], &[0xE5; 16]));
    }
    let snapshot = bench.device.run(ReadSnapshot::new())?;
    let plan = Plan::new(&snapshot, &station.request).map_err(Box::new)?;
    let (device, signer) = (&mut bench.device, &mut station.key);
    provision(device, &plan, signer, CHALLENGES, |_| {})?.ok_or("the chip is finished already")?;
    Ok(())
}

/// Up to the signer's part, and after it: meanwhile the chip sleeps, since
/// nobody knows how long that takes.
fn needs(bench: &Bench, layout: Layout) -> Vec<Session> {
    let after = bench.bus.image(0);
    let after = after.as_ref().unwrap_or(&bench.before);
    let mut first = configuration(bench.before.config(), after.config());
    first.push(Need::one(
        "the device key is made in the chip",
        ChipCommand::create_key(0),
    ));
    first.extend(signature());
    vec![first, second(layout)]
}

/// The configuration read, written and locked.
fn configuration(before: &[u8; 128], after: &[u8; 128]) -> Session {
    let mut session: Session = (0..3)
        .map(|block| {
            Need::one(
                "bytes that are kept are in the lock's CRC; the last block is replaced whole",
                ChipCommand::read_block(Place::Config, block),
            )
        })
        .collect();
    session.extend(config_writes(before, after));
    session.push(Need::one(
        "for good: what each slot is for",
        ChipCommand::lock_config(),
    ));
    session
}

/// The least writes that make `after` of `before`. Words 0 to 3 and 21 take no
/// `Write`, 22 has locks of its own, and a block is written whole or not.
/// Source: ATECC508A datasheet, Table 2-5.
fn config_writes(before: &[u8; 128], after: &[u8; 128]) -> Session {
    let why = "words that differ from those that the part came with";
    let word_of = |word: u16| usize::from(word) * 4..usize::from(word) * 4 + 4;
    let differs = |word: &u16| before[word_of(*word)] != after[word_of(*word)];
    let words = |words: std::ops::RangeInclusive<u16>| -> Vec<ChipCommand> {
        words
            .filter(differs)
            .map(|word| ChipCommand::write_word(Place::Config, word))
            .collect()
    };
    let single = |range| words(range).into_iter().map(|word| Need::one(why, word));
    let whole = |block: u16| {
        let words = words(block * 8..=block * 8 + 7);
        let by_block = vec![ChipCommand::write_block(Place::Config, block)];
        (!words.is_empty()).then(|| Need::any(why, [by_block, words]))
    };
    single(4..=7)
        .chain(whole(1))
        .chain(single(16..=20))
        .chain(single(23..=23))
        .chain(whole(3))
        .collect()
}

/// Of each slot its blocks: 36, 416 or 72 bytes.
const fn blocks(slot: u16) -> u16 {
    match slot {
        0..=7 => 2,
        8 => 13,
        _ => 3,
    }
}

fn second(layout: Layout) -> Session {
    let mut session = vec![Need::one(
        "still the same chip, by its serial number, before anything is written",
        ChipCommand::read_block(Place::Config, 0),
    )];
    let slots = (1..=15).flat_map(|slot| (0..blocks(slot)).map(move |block| (slot, block)));
    session.extend((0..2).map(|block| {
        Need::one(
            "OTP, in the data lock's CRC",
            ChipCommand::write_block(Place::Otp, block),
        )
    }));
    session.extend(slots.map(|(slot, block)| {
        Need::one(
            "in the data lock's CRC, and a chip shows no slot before that lock",
            ChipCommand::write_block(Place::Slot(slot), block),
        )
    }));
    let activated = |why| {
        let commands = [
            ChipCommand::random_nonce(),
            ChipCommand::check_mac(1),
            ChipCommand::set_latch(),
        ];
        (layout == Layout::Volatile).then(|| Need::new(why, commands))
    };
    session.extend(activated(
        "a key that cannot be activated must not be locked in",
    ));
    session.extend(signature());
    session.push(Need::one(
        "for good: what the slots hold",
        ChipCommand::lock_data(),
    ));
    session.extend(activated(
        "the chip obeys the rules for its keys from here on",
    ));
    session.extend(stored());
    session.extend(signature());
    let slots: &[u8] = match layout {
        Layout::Standard => &[10, 11, 12, 13, 0],
        Layout::Volatile => &[10, 11, 12, 13, 0, 1, 2],
    };
    session.extend(slots.iter().map(|slot| {
        Need::one(
            "for good: the certificates and the keys",
            ChipCommand::lock_slot(*slot),
        )
    }));
    session
}
