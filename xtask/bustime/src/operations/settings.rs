//! The settings, as many as fit: each of their bytes counts.

use nerves_key::settings::{Area, ReadSettings, SettingsError, UpdateSettings};
use nerves_key_schema::Layout;

use super::slots::{Region, reads, writes};
use super::{Error, Operation, State};
use crate::bench::Bench;
use crate::floor::Session;

/// Slots 8, 7, 6, 5, in the order of their bytes.
const SLOTS: [Region; 4] = [
    Region { slot: 8, size: 416 },
    Region { slot: 7, size: 36 },
    Region { slot: 6, size: 36 },
    Region { slot: 5, size: 36 },
];
/// A record's longest payload.
const LONGEST: usize = 508;

/// All 524 bytes.
pub(super) const READ: Operation = Operation {
    name: "settings, read",
    starts_from: State::Finished(Layout::Standard),
    clocks: super::ANY_CLOCK,
    prepare: Some(|bench| fill(bench, 1)),
    run: |bench| {
        let settings = bench.device.run(ReadSettings::new(Area::NervesKey))?;
        settings.stored()?;
        Ok(())
    },
    needs: |_| vec![read()],
};

/// A new value made of the old one, every byte another.
pub(super) const WRITE: Operation = Operation {
    name: "settings, write",
    run: |bench| fill(bench, 7),
    needs: |_| {
        let mut session = read();
        session.push(
            writes(
                "a write that ends early must be seen, so the beginning is made invalid first",
                &SLOTS[..1],
            )
            .swap_remove(0),
        );
        session.extend(writes("each block differs", &SLOTS));
        session.extend(reads("nothing else shows that the EEPROM took it", &SLOTS));
        vec![session]
    },
    ..READ
};

fn read() -> Session {
    reads("the value may fill all slots", &SLOTS)
}

/// With bytes of which no two blocks are alike.
fn fill(bench: &mut Bench, first: u8) -> Result<(), Error> {
    let next = |byte: &u8| Some(byte.wrapping_mul(5).wrapping_add(first | 1));
    let bytes: Vec<u8> = std::iter::successors(Some(first), next)
        .take(LONGEST)
        .collect();
    let change = |settings: &nerves_key::settings::Settings| -> Result<_, SettingsError> {
        settings.write_typed(&bytes)
    };
    bench
        .device
        .run(UpdateSettings::new(Area::NervesKey, change))?;
    Ok(())
}
