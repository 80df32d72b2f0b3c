//! `SHA`.

use atecc::Slot;
use atecc::command::Request;
use atecc::commands::{
    DigestTarget, ShaContext, ShaEnd, ShaPiece, ShaPublic, ShaReadContext, ShaStart, ShaUpdate,
    ShaWriteContext,
};

use super::{ONLY_508, ONLY_608, TAKES_SLOT_15, TEMP_KEY, none};
use crate::chip::{KEY, PUBLIC, load};
use crate::row::{Row, byte, group, request, row};

/// A SHA-256 over the public key in `slot` alone, into `TempKey`.
pub(super) fn hash_public_key(slot: Slot) -> [Request; 3] {
    let end = ShaEnd {
        piece: ShaPiece::first_of(&[]),
        target: DigestTarget::TempKey,
    };
    [start(), request(&ShaPublic { slot }), request(&end)]
}

fn start() -> Request {
    request(&ShaStart::Sha256)
}

/// The context of a SHA-256 that took nothing in. Source: FIPS 180-4 for the
/// words.
fn empty_context() -> ShaContext {
    const WORDS: [u32; 8] = [
        0x6A09_E667,
        0xBB67_AE85,
        0x3C6E_F372,
        0xA54F_F53A,
        0x510E_527F,
        0x9B05_688C,
        0x1F83_D9AB,
        0x5BE0_CD19,
    ];
    let words = WORDS.iter().flat_map(|word| word.to_le_bytes());
    let bytes: Vec<u8> = [0; 4].into_iter().chain(words).collect();
    ShaContext::new(&bytes).expect("36 bytes")
}

pub(super) fn rows() -> Vec<Row> {
    let update = |mode, data, bytes| {
        let piece = ShaPiece::first_of(bytes);
        row(mode, byte(0x01), data, &ShaUpdate { piece }).after([start()])
    };
    let end = |mode, param1, data, bytes, target| {
        let piece = ShaPiece::first_of(bytes);
        row(mode, byte(param1), data, &ShaEnd { piece, target })
    };
    let short: fn(&[u8]) -> bool = |data| data.len() < 64;
    let any: fn(&[u8]) -> bool = |data| data.len() <= 64;
    let block: fn(&[u8]) -> bool = |data| data.len() == 64;
    let hmac = || request(&ShaStart::Hmac(KEY));
    let modes = [
        row("Start", byte(0x00), none, &ShaStart::Sha256),
        update("Update, 64 bytes", block, &[0x5A; 64]),
        update("Update, 0 to 63 bytes", short, &[0x5A; 5]).only(ONLY_608),
        end(
            "End to TempKey",
            0x02,
            short,
            &[0x5A; 5],
            DigestTarget::TempKey,
        )
        .after([start()]),
        end(
            "End to TempKey, 64 bytes",
            0x02,
            block,
            &[0x5A; 64],
            DigestTarget::TempKey,
        )
        .only(ONLY_608)
        .after([start()]),
        end(
            "End to message digest buffer",
            0x42,
            any,
            &[0x5A; 5],
            DigestTarget::MessageDigestBuffer,
        )
        .only(ONLY_608)
        .after([start()]),
        end(
            "End to output only",
            0xC2,
            any,
            &[0x5A; 5],
            DigestTarget::OutputOnly,
        )
        .only(ONLY_608)
        .after([start()]),
        row("Public", byte(0x03), none, &ShaPublic { slot: PUBLIC }).after([start()]),
        row("HMACstart, slot", byte(0x04), none, &ShaStart::Hmac(KEY)).param2(|p2| p2 != TEMP_KEY),
        row(
            "HMACstart, TempKey",
            byte(0x04),
            none,
            &ShaStart::HmacTempKey,
        )
        .param2(|p2| p2 == TEMP_KEY)
        .only(ONLY_608)
        .elsewhere(TAKES_SLOT_15)
        .after([load()]),
        end("HMACend", 0x05, short, &[0x5A; 5], DigestTarget::Hmac508)
            .only(ONLY_508)
            .after([hmac()]),
        end(
            "End of an HMAC",
            0x02,
            any,
            &[0x5A; 5],
            DigestTarget::TempKey,
        )
        .fits_more_chips()
        .only(ONLY_608)
        .when("HMAC")
        .elsewhere("an ATECC508A ends an HMAC by HMACend; how it refuses End is unconfirmed")
        .after([hmac()]),
        row("read context", byte(0x06), none, &ShaReadContext)
            .only(ONLY_608)
            .after([start()]),
        row(
            "write context",
            byte(0x07),
            |data| (36..=99).contains(&data.len()),
            &ShaWriteContext {
                context: empty_context(),
            },
        )
        .only(ONLY_608),
    ];
    group("SHA", 0x47, modes)
}
