//! What the chip computes beside signatures.

use atecc::commands::{Ecdh, EcdhMode, ShaStart, SharedSecret};
use atecc::procedures::HashInChip;
use atecc::rng::ChipRng;
use atecc::{Family, PublicKey, Slot};
use nerves_key_schema::Layout;
use rand_core::TryRng;

use super::{Operation, State};
use crate::floor::{ChipCommand, Need};
use crate::setting::Setting;

/// 1,024 bytes, 32 a command.
pub(super) const RANDOM: Operation = Operation {
    name: "random, 1 KiB",
    starts_from: State::Finished(Layout::Standard),
    clocks: super::ANY_CLOCK,
    prepare: None,
    run: |bench| {
        let mut numbers = [0; 1024];
        ChipRng::new(&mut bench.device)
            .try_fill_bytes(&mut numbers)
            .map_err(|error| error.to_string())?;
        Ok(())
    },
    needs: |_| {
        vec![vec![Need::new(
            "32 bytes a command",
            [ChipCommand::random(); 32],
        )]]
    },
};

/// The generator of P-256: X, Y. Source: SEC 2, "secp256r1".
const PEER: [u8; 64] = [
    0x6B, 0x17, 0xD1, 0xF2, 0xE1, 0x2C, 0x42, 0x47, 0xF8, 0xBC, 0xE6, 0xE5, 0x63, 0xA4, 0x40, 0xF2,
    0x77, 0x03, 0x7D, 0x81, 0x2D, 0xEB, 0x33, 0xA0, 0xF4, 0xA1, 0x39, 0x45, 0xD8, 0x98, 0xC2, 0x96,
    0x4F, 0xE3, 0x42, 0xE2, 0xFE, 0x1A, 0x7F, 0x9B, 0x8E, 0xE7, 0xEB, 0x4A, 0x7C, 0x0F, 0x9E, 0x16,
    0x2B, 0xCE, 0x33, 0x57, 0x6B, 0x31, 0x5E, 0xCE, 0xCB, 0xB6, 0x40, 0x68, 0x37, 0xBF, 0x51, 0xF5,
];

/// With the device key; the secret is returned.
pub(super) const ECDH: Operation = Operation {
    name: "ECDH",
    run: |bench| {
        let mode = EcdhMode::Compatible(Slot::S0);
        let peer = PublicKey(PEER);
        match bench.device.execute(Ecdh { mode, peer })? {
            SharedSecret::Clear(_) => Ok(()),
            SharedSecret::Kept | SharedSecret::Encrypted { .. } => Err("no secret".into()),
        }
    },
    needs: |_| {
        vec![vec![Need::one(
            "a slot's key and a peer's",
            ChipCommand::ecdh(0),
        )]]
    },
    ..RANDOM
};

/// 64 KiB.
static MESSAGE: [u8; 65_536] = [0x61; 65_536];
/// Of 64 bytes.
const BLOCKS: usize = 1_024;

/// Of a message that is far too long for it.
pub(super) const SHA: Operation = Operation {
    name: "SHA-256 of 64 KiB",
    run: |bench| {
        let family = bench.setting.part.family();
        let hash = HashInChip::new(ShaStart::Sha256, family, &MESSAGE);
        bench.device.run(hash)?;
        Ok(())
    },
    needs: |bench| vec![vec![hash(bench.setting)]],
    ..RANDOM
};

fn hash(setting: Setting) -> Need {
    let with = |updates, end| {
        let mut commands = vec![ChipCommand::sha_start()];
        commands.extend(std::iter::repeat_n(ChipCommand::sha_update(), updates));
        commands.push(end);
        commands
    };
    let why = "64 bytes a command";
    match setting.part.family() {
        Family::Atecc508 => Need::new(why, with(BLOCKS, ChipCommand::sha_end(0x02, 0))),
        // Its end takes the last block as well.
        Family::Atecc608 => Need::new(why, with(BLOCKS - 1, ChipCommand::sha_end(0xC2, 64))),
    }
}
