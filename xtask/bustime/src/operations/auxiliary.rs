//! Auxiliary certificates for a chip that has none.

use nerves_key::{ReadIdentity, WriteAuxiliary};
use nerves_key_schema::Layout;
use tests_station::issue_auxiliary;

use super::certificates::{public_key, serial_number};
use super::slots::{Region, reads, writes};
use super::{Error, Operation, State};
use crate::bench::Bench;
use crate::floor::commands::Place;
use crate::floor::{ChipCommand, Need};

/// Signer's key, its certificate, the device's, in the order of writing.
const SLOTS: [Region; 3] = [
    Region { slot: 14, size: 72 },
    Region { slot: 15, size: 72 },
    Region { slot: 9, size: 72 },
];

/// Issued by a signer of their own, written, read back.
pub(super) const PROVISION: Operation = Operation {
    name: "auxiliary certificates, provision",
    starts_from: State::Finished(Layout::Standard),
    clocks: super::ANY_CLOCK,
    prepare: None,
    run,
    needs: |_| {
        let before = vec![
            Need::one(
                "the subject: the manufacturer serial, in the first half of OTP",
                ChipCommand::read_block(Place::Otp, 0),
            ),
            serial_number(),
            public_key(),
        ];
        let mut after = vec![Need::one(
            "still the key that the certificate is for",
            ChipCommand::public_key(0),
        )];
        after.extend(writes("they are new", &SLOTS));
        after.extend(reads("nothing else shows that the EEPROM took it", &SLOTS));
        vec![before, after]
    },
};

/// Of the auxiliary signer; its owner is nobody.
const SIGNER: [u8; 32] = [0x43; 32];

/// The chip sleeps while they are signed.
fn run(bench: &mut Bench) -> Result<(), Error> {
    let identity = bench.device.run(ReadIdentity::new())?.identity()?;
    let slots = issue_auxiliary(&identity, SIGNER)?;
    bench.device.run(WriteAuxiliary::new(&identity, &slots))?;
    Ok(())
}
