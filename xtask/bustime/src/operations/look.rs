//! What a chip says of itself.

use atecc::Region;
use atecc::commands::{GenKey, GenKeyMode, InfoRevision};
use atecc::procedure::Once;
use atecc::procedures::ReadRegion;
use nerves_key::ReadSnapshot;
use nerves_key_schema::{Layout, slot};

use super::certificates::{public_key, serial_number, stored};
use super::{Operation, State};
use crate::floor::commands::Place;
use crate::floor::{ChipCommand, Need};

/// Whether there is a chip at the address, and which.
pub(super) const DETECT: Operation = Operation {
    name: "detect",
    starts_from: State::Finished(Layout::Standard),
    clocks: super::ANY_CLOCK,
    prepare: None,
    run: |bench| {
        bench.device.probe(Once(InfoRevision))?;
        Ok(())
    },
    needs: |_| {
        vec![vec![Need::one(
            "its revision",
            ChipCommand::info_revision(),
        )]]
    },
};

/// All that `nerves-key info` shows.
pub(super) const INFO: Operation = Operation {
    name: "info",
    run: |bench| {
        bench.device.run(ReadSnapshot::new())?.identity()?;
        Ok(())
    },
    needs: |_| {
        let mut session = vec![
            Need::new(
                "revision, serial number, layout, locks: the configuration",
                [0, 1, 2, 3].map(|block| ChipCommand::read_block(Place::Config, block)),
            ),
            Need::one("the user area", ChipCommand::read_block(Place::Otp, 1)),
            public_key(),
        ];
        session.extend(stored());
        vec![session]
    },
    ..DETECT
};

/// The chip's own nine bytes.
pub(super) const SERIAL: Operation = Operation {
    name: "serial number",
    run: |bench| {
        bench.device.run(ReadRegion::<32>::new(Region::Config))?;
        Ok(())
    },
    needs: |_| vec![vec![serial_number()]],
    ..DETECT
};

/// The device's.
pub(super) const PUBLIC_KEY: Operation = Operation {
    name: "public key",
    run: |bench| {
        bench.device.execute(GenKey {
            mode: GenKeyMode::Public,
            slot: slot::DEVICE_KEY,
        })?;
        Ok(())
    },
    needs: |_| vec![vec![public_key()]],
    ..DETECT
};
