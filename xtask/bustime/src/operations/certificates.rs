//! Certificates rebuilt from what the chip holds, and verified.

use nerves_key::ReadSnapshot;
use nerves_key_schema::Layout;

use super::{Error, Operation, State};
use crate::bench::Bench;
use crate::floor::commands::Place;
use crate::floor::{ChipCommand, Need, Session};

const DEVICE_CERTIFICATE: Place = Place::Slot(10);
const SIGNER_KEY: Place = Place::Slot(11);
const SIGNER_CERTIFICATE: Place = Place::Slot(12);

/// The device's and its signer's.
pub(super) const BOTH: Operation = Operation {
    name: "both certificates",
    starts_from: State::Finished(Layout::Standard),
    prepare: None,
    run,
    needs: |_| {
        let mut session = vec![Need::one(
            "the public key is nowhere but in the chip's answer",
            ChipCommand::public_key(0),
        )];
        session.extend(stored());
        vec![session]
    },
};

fn run(bench: &mut Bench) -> Result<(), Error> {
    bench.device.run(ReadSnapshot::new())?.identity()?;
    Ok(())
}

/// What both certificates are rebuilt from, the public key aside.
pub(super) fn stored() -> Session {
    vec![
        Need::one(
            "the subject: manufacturer serial, in the first half of OTP",
            ChipCommand::read_block(Place::Otp, 0),
        ),
        compressed("the device certificate's 72 bytes", DEVICE_CERTIFICATE),
        Need::new(
            "the signer's key, 64 bytes: the issuer's identifier, and to verify",
            [0, 1].map(|block| ChipCommand::read_block(SIGNER_KEY, block)),
        ),
        compressed("the signer certificate's 72 bytes", SIGNER_CERTIFICATE),
    ]
}

/// 72 bytes: two blocks, and two words or a third block.
pub(super) fn compressed(why: &'static str, place: Place) -> Need {
    let block = |block| ChipCommand::read_block(place, block);
    let word = |word| ChipCommand::read_word(place, word);
    Need::any(
        why,
        [
            vec![block(0), block(1), word(16), word(17)],
            vec![block(0), block(1), block(2)],
        ],
    )
}
