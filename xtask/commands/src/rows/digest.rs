//! `DeriveKey`, `GenDig` and `Nonce`: what ends in `TempKey` or begins there.

use atecc::commands::{
    CounterId, DeriveKey, DigSource, FixedNonce, GenDig, Half, LoadNonce, LoadNonce64, NonceTarget,
    NonceTarget64, Quarter, RandomNonce, SeedUpdate, SourceFlag,
};
use atecc::host::{CommandHeader, derive_key_mac};

use super::{ONLY_608, none, random_nonce};
use crate::chip::{KEY, KEY_BYTES, NO_MAC, ROLLED, ROLLED_BY_MAC, SERIAL, TEMP_KEY, load};
use crate::row::{Row, bits, byte, group, row};

pub(super) fn rows() -> Vec<Row> {
    let rows = [derive_key(), gen_dig(), nonce()];
    rows.into_iter().flatten().collect()
}

fn derive_key() -> Vec<Row> {
    let of = |temp_key| DeriveKey {
        target: ROLLED,
        temp_key,
        mac: None,
    };
    let target = ROLLED_BY_MAC;
    let authorized = DeriveKey {
        target,
        ..of(SourceFlag::Input)
    };
    let mac = derive_key_mac(CommandHeader::of(&authorized), &KEY_BYTES, &SERIAL);
    let authorized = DeriveKey {
        mac: Some(mac),
        ..authorized
    };
    let modes = [
        row("random TempKey", byte(0x00), none, &of(SourceFlag::Random)).after([random_nonce()]),
        row("input TempKey", byte(0x04), none, &of(SourceFlag::Input)).after([load()]),
        row(
            "with an authorizing MAC",
            bits(0xFB, 0x00).free(0x04),
            |data| data.len() == 32,
            &authorized,
        )
        .after([load()]),
    ];
    group("DeriveKey", 0x1C, modes)
}

fn gen_dig() -> Vec<Row> {
    let of =
        |mode, zone, data, source| row(mode, byte(zone), data, &GenDig { source }).after([load()]);
    let shared = |data: &[u8]| data.len() == 32;
    let (location, nonce) = (0x00, [0x5A; 32]);
    let modes = [
        of("configuration", 0, none, DigSource::Config(Quarter::First)),
        of("OTP", 1, none, DigSource::Otp(Half::First)),
        of(
            "slot",
            2,
            |data| matches!(data.len(), 0 | 4),
            DigSource::Data(KEY),
        )
        .param2(|p2| p2 < 0x8000),
        of(
            "slot with NoMac",
            2,
            |data| data.len() == 4,
            DigSource::DataNoMac(NO_MAC, [0x0D; 4]),
        )
        .param2(|p2| p2 < 0x8000)
        .when("NoMac"),
        of("transport key", 2, none, DigSource::TransportKey(1)).param2(|p2| p2 >= 0x8000),
        of(
            "shared nonce, then TempKey",
            3,
            shared,
            DigSource::SharedNonce { location, nonce },
        )
        .param2(|p2| p2 < 0x8000),
        of(
            "TempKey, then shared nonce",
            3,
            shared,
            DigSource::SharedNonceLast { location, nonce },
        )
        .param2(|p2| p2 >= 0x8000),
        of("counter", 4, none, DigSource::Counter(CounterId::One)),
        of("key configuration", 5, none, DigSource::KeyConfig(KEY)),
    ];
    group("GenDig", 0x15, modes)
}

fn nonce() -> Vec<Row> {
    let input = [0x20; 20];
    let random = |mode, param1, seed| {
        row(
            mode,
            byte(param1),
            |data| data.len() == 20,
            &RandomNonce { input, seed },
        )
        .param2(|p2| p2 == 0)
    };
    let fixed = |mode, param1, seed| {
        row(
            mode,
            byte(param1),
            |data| data.len() == 20,
            &FixedNonce { input, seed },
        )
        .param2(|p2| p2 == 0x8000)
        .after([load()])
    };
    let whole = |mode, param1, target| {
        let value = TEMP_KEY;
        row(
            mode,
            byte(param1),
            |data| data.len() == 32,
            &LoadNonce { target, value },
        )
    };
    let double = |mode, param1, target| {
        let value = [0x7E; 64];
        row(
            mode,
            byte(param1),
            |data| data.len() == 64,
            &LoadNonce64 { target, value },
        )
        .only(ONLY_608)
    };
    let (automatic, never) = (SeedUpdate::Automatic, SeedUpdate::Never);
    let modes = [
        random("random, seed updated", 0x00, automatic),
        random("random, seed kept", 0x01, never),
        fixed("of TempKey, as if seeded", 0x00, automatic),
        fixed("of TempKey", 0x01, never),
        whole("32 bytes to TempKey", 0x03, NonceTarget::TempKey),
        double("64 bytes to TempKey", 0x23, NonceTarget64::TempKey),
        whole(
            "32 bytes to message digest buffer",
            0x43,
            NonceTarget::MessageDigestBuffer,
        )
        .only(ONLY_608),
        double(
            "64 bytes to message digest buffer",
            0x63,
            NonceTarget64::MessageDigestBuffer,
        ),
        whole(
            "32 bytes to alternate key buffer",
            0x83,
            NonceTarget::AlternateKeyBuffer,
        )
        .only(ONLY_608),
    ];
    group("Nonce", 0x16, modes)
}
