//! Signatures over a digest by the device key.

use nerves_key_schema::Layout;

use super::{Error, Operation, State};
use crate::bench::Bench;
use crate::floor::{ChipCommand, Need, Session};

const DIGEST: [u8; 32] = [0x5A; 32];
/// The device key.
const KEY: u16 = 0;

/// By a driver that has not met the chip.
pub(super) const COLD: Operation = Operation {
    name: "sign, cold",
    starts_from: State::Finished(Layout::Standard),
    prepare: None,
    run: sign,
    needs: |_| vec![signature()],
};

/// By one that has signed with it.
pub(super) const WARM: Operation = Operation {
    name: "sign, warm",
    prepare: Some(sign),
    ..COLD
};

fn sign(bench: &mut Bench) -> Result<(), Error> {
    bench.device.run(nerves_key::sign(DIGEST))?;
    Ok(())
}

/// A digest signed.
pub(super) fn signature() -> Session {
    vec![Need::new(
        "the digest goes to the chip by way of TempKey, and is signed",
        [ChipCommand::load_nonce(), ChipCommand::sign(KEY)],
    )]
}
