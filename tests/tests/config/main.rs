//! `atecc-config` against the emulator, which shares no code with it, and on
//! the configuration zones of real chips.

mod dumps;

use atecc::commands::{GenKey, GenKeyMode, Lock, LockTarget, ReadBlock, WriteBlock};
use atecc::procedures::SignDigest;
use atecc::{
    BlockAddress, BusAddress, ConfigZone, Device, Error, Failure, Once, Place, Slot, Status,
};
use atecc_config::{Judgement, Need, Operation, Policy, judge};
use atecc_emulator::{Bus, Chip, DATA_SIZE, Entropy, Image, Revision};
use proptest::prelude::*;

/// A chip of random policies. Where the locks allow it, slots hold keys: 32
/// bytes that are below the order of the curve.
fn image(revision: Revision, words: &[u16], locks: u8, slot_locks: u16) -> Image {
    let mut config = *Image::blank(revision).config();
    config[18] = 0xAA * u8::from(revision == Revision::Atecc508A);
    config[19] = 0;
    for (slot, pair) in words.chunks(2).enumerate() {
        config[20 + 2 * slot..][..2].copy_from_slice(&pair[0].to_le_bytes());
        // KeyTypes other than 4, 6 and 7 are rare.
        config[96 + 2 * slot..][..2].copy_from_slice(&pair[1].to_le_bytes());
    }
    config[86] = if locks == 2 { 0x00 } else { 0x55 };
    config[87] = if locks >= 1 { 0x00 } else { 0x55 };
    config[88..90].copy_from_slice(&slot_locks.to_le_bytes());
    Image::from_zones(config, [0; 64], [0x11; DATA_SIZE]).unwrap()
}

/// What the emulator answers; `None` where asking would need more than the
/// configuration says.
fn asked(bus: &Bus, operation: Operation, slot: Slot) -> Option<Result<(), Failure>> {
    let mut device = Device::new(bus.i2c(), bus.delay()).with_address(BusAddress::DEFAULT);
    let address = BlockAddress::new(Place::Slot(slot), 0).unwrap();
    let key = |mode| GenKey { mode, slot };
    let result = match operation {
        Operation::Read => device.run(Once(ReadBlock { address })).map(drop),
        Operation::Write => device
            .run(Once(WriteBlock {
                address,
                data: [0x22; 32],
            }))
            .map(drop),
        Operation::CreateKey => device.run(Once(key(GenKeyMode::Create))).map(drop),
        Operation::PublicKey => device.run(Once(key(GenKeyMode::Public))).map(drop),
        Operation::Sign => device.run(SignDigest::new(slot, [0x33; 32])).map(drop),
        Operation::Lock => device
            .run(Once(Lock {
                target: LockTarget::Slot(slot),
            }))
            .map(drop),
        _ => return None,
    };
    Some(match result {
        Ok(()) => Ok(()),
        Err(Error::Failed(failure)) => Err(failure),
        Err(Error::Bus { error, .. }) => panic!("{error:?}"),
    })
}

/// What is so in [`image`] or is done by [`asked`].
const fn is_met(need: Need) -> bool {
    matches!(need, Need::KeyPresent | Need::TempKey | Need::WholeBlock)
}

fn agree(image: &Image, operation: Operation, slot: Slot) -> Result<bool, TestCaseError> {
    let zone = ConfigZone(*image.config());
    let bus = Bus::with_chip(Chip::new(image.clone(), Entropy::Seeded(1)).unwrap());
    let Some(answer) = asked(&bus, operation, slot) else {
        return Ok(false);
    };
    match judge(&zone, operation, slot) {
        Judgement::Refused(reasons) => prop_assert!(
            matches!(
                answer.err().and_then(|failure| failure.refusal()),
                Some(Status::Execution | Status::Parse)
            ),
            "{operation} {slot}: {reasons:?}, but {answer:?}"
        ),
        Judgement::Allowed(needs) if needs.iter().copied().all(is_met) => {
            prop_assert!(
                answer.is_ok(),
                "{operation} {slot}: {needs:?}, but {answer:?}"
            );
        }
        Judgement::Allowed(_) => return Ok(false),
    }
    Ok(true)
}

fn words() -> impl Strategy<Value = Vec<u16>> {
    // KeyType 4, 6 or 7, mostly; the other bits as they come.
    let key_config = (
        any::<u16>(),
        prop::sample::select(vec![4_u16, 4, 6, 7, 7, 1]),
    )
        .prop_map(|(bits, key_type)| bits & !0x1C | key_type << 2);
    let pair = (any::<u16>(), key_config).prop_map(|(slot, key)| [slot, key]);
    prop::collection::vec(pair, 16).prop_map(|pairs| pairs.concat())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// Whatever the 128 bytes: something is said, and nothing panics.
    #[test]
    fn any_zone_is_explained(bytes in prop::collection::vec(any::<u8>(), 128)) {
        let zone = ConfigZone(bytes.try_into().unwrap());
        prop_assert!(atecc_config::fields(&zone).len() > 50);
        prop_assert_eq!(atecc_config::differences(&zone, &zone), []);
        for finding in atecc_config::lint(&zone) {
            prop_assert!(!finding.cause.is_empty() && !finding.remedy.is_empty());
        }
        for slot in Slot::ALL {
            prop_assert!(Policy::of(&zone, slot).words().len() >= 3);
        }
    }

    /// Where a command is said to be refused the chip refuses it, and where
    /// nothing but the configuration counts the chip executes what is allowed.
    #[test]
    fn the_emulator_agrees(
        words in words(),
        revision in prop::sample::select(vec![
            Revision::Atecc508A, Revision::Atecc608A, Revision::Atecc608B,
        ]),
        locks in 0_u8..3,
        slot_locks: u16,
    ) {
        let image = image(revision, &words, locks, slot_locks);
        for slot in Slot::ALL {
            for operation in Operation::ALL {
                agree(&image, operation, slot)?;
            }
        }
    }
}

/// On a NervesKey each of the six is decided for most slots, both ways.
#[test]
fn both_answers_are_tried() {
    let mut config = *Image::blank(Revision::Atecc608B).config();
    config[86..88].fill(0);
    let layout = nerves_key_schema::Layout::Standard;
    let zone = nerves_key_schema::configure(&ConfigZone(config), layout);
    let image = Image::from_zones(zone.0, [0; 64], [0x11; DATA_SIZE]).unwrap();
    let (mut allowed, mut refused) = (0, 0);
    for slot in Slot::ALL {
        for operation in Operation::ALL {
            if agree(&image, operation, slot).unwrap() {
                let is_allowed = judge(&zone, operation, slot).is_allowed();
                *(if is_allowed {
                    &mut allowed
                } else {
                    &mut refused
                }) += 1;
            }
        }
    }
    assert!(allowed > 20 && refused > 40, "{allowed} {refused}");
}
