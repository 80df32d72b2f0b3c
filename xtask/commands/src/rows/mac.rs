//! `CheckMac`, `HMAC` and `MAC`.

use atecc::commands::{
    Blocks, CheckMac, Hmac, IncludeSerial, Mac, MacBlocks, MacOtp, OtpPart, SourceFlag,
};
use atecc::host::{CommandHeader, MacInput, check_mac_response};

use super::{ONLY_508, OTP_BITS, none, random_nonce, random_temp_key};
use crate::chip::{KEY, KEY_BYTES, OTP, SERIAL, TEMP_KEY, load};
use crate::row::{Param1, Row, bits, group, request, row};

use SourceFlag::{Input, Random};

const CHALLENGE: [u8; 32] = [0xC4; 32];
const OTHER_DATA: [u8; 13] = [0x0D; 13];

pub(super) fn rows() -> Vec<Row> {
    let rows = [check_mac(), hmac(), mac()];
    rows.into_iter().flatten().collect()
}

fn checked(blocks: Blocks, otp: OtpPart, temp_key: &[u8; 32]) -> CheckMac {
    let command = CheckMac {
        blocks,
        otp,
        slot: KEY,
        challenge: CHALLENGE,
        response: [0; 32],
        other_data: OTHER_DATA,
    };
    let (first, second) = match blocks {
        Blocks::KeyThenChallenge => (&KEY_BYTES, &CHALLENGE),
        Blocks::KeyThenTempKey(_) => (&KEY_BYTES, temp_key),
        Blocks::TempKeyThenChallenge(_) => (temp_key, &CHALLENGE),
        Blocks::TempKeyTwice(_) => (temp_key, temp_key),
    };
    let input = MacInput {
        first,
        second,
        otp: &OTP,
        serial: &SERIAL,
    };
    let response = check_mac_response(CommandHeader::of(&command), &input, &OTHER_DATA);
    CheckMac {
        response,
        ..command
    }
}

/// A `CheckMac` that matches, to authorize [`KEY`].
pub(super) fn authorization() -> CheckMac {
    checked(Blocks::KeyThenChallenge, OtpPart::None, &TEMP_KEY)
}

fn check_mac() -> Vec<Row> {
    let of = |mode, param1: Param1, blocks, otp| {
        let command = checked(blocks, otp, &TEMP_KEY);
        row(mode, param1, |data| data.len() == 77, &command)
    };
    let plain = |mode, value, blocks| of(mode, bits(0x07, value), blocks, OtpPart::None);
    let random = |mode, value, blocks, answering| {
        plain(mode, value, blocks)
            .after([random_nonce()])
            .answering(answering)
    };
    let otp = of(
        "with OTP bytes 0 to 7",
        bits(0x20, 0x20),
        Blocks::KeyThenChallenge,
        OtpPart::First8,
    );
    let modes = [
        plain("key, challenge", 0x00, Blocks::KeyThenChallenge).freeing(0x04),
        random(
            "key, random TempKey",
            0x01,
            Blocks::KeyThenTempKey(Random),
            |nonce| {
                let blocks = Blocks::KeyThenTempKey(Random);
                request(&checked(blocks, OtpPart::None, &random_temp_key(nonce)))
            },
        ),
        plain("key, input TempKey", 0x05, Blocks::KeyThenTempKey(Input)).after([load()]),
        random(
            "random TempKey, challenge",
            0x02,
            Blocks::TempKeyThenChallenge(Random),
            |nonce| {
                let blocks = Blocks::TempKeyThenChallenge(Random);
                request(&checked(blocks, OtpPart::None, &random_temp_key(nonce)))
            },
        ),
        plain(
            "input TempKey, challenge",
            0x06,
            Blocks::TempKeyThenChallenge(Input),
        )
        .after([load()]),
        random(
            "random TempKey twice",
            0x03,
            Blocks::TempKeyTwice(Random),
            |nonce| {
                let blocks = Blocks::TempKeyTwice(Random);
                request(&checked(blocks, OtpPart::None, &random_temp_key(nonce)))
            },
        ),
        plain("input TempKey twice", 0x07, Blocks::TempKeyTwice(Input)).after([load()]),
        otp.unconfirmed(OTP_BITS),
    ];
    group("CheckMac", 0x28, modes)
}

fn hmac() -> Vec<Row> {
    let of = |mode, param1, temp_key, otp, serial| {
        let command = Hmac {
            slot: KEY,
            temp_key,
            otp,
            serial,
        };
        row(mode, param1, none, &command).only(ONLY_508)
    };
    let (no_otp, fixed) = (MacOtp::None, IncludeSerial::Fixed);
    let modes = [
        of("random TempKey", bits(0x04, 0x00), Random, no_otp, fixed).after([random_nonce()]),
        of("input TempKey", bits(0x04, 0x04), Input, no_otp, fixed).after([load()]),
        of(
            "with OTP bytes 0 to 10",
            bits(0x10, 0x10).free(0x20),
            Input,
            MacOtp::First11,
            fixed,
        )
        .after([load()])
        .unconfirmed(OTP_BITS),
        of(
            "with OTP bytes 0 to 7",
            bits(0x30, 0x20),
            Input,
            MacOtp::First8,
            fixed,
        )
        .after([load()])
        .unconfirmed(OTP_BITS),
        of(
            "with the whole serial number",
            bits(0x40, 0x40),
            Input,
            no_otp,
            IncludeSerial::Whole,
        )
        .after([load()]),
    ];
    group("HMAC", 0x11, modes)
}

fn mac() -> Vec<Row> {
    let of = |mode, param1, blocks, otp, serial| {
        let command = Mac {
            blocks,
            otp,
            serial,
            slot: KEY,
        };
        let data: fn(&[u8]) -> bool = match blocks {
            MacBlocks::KeyThenChallenge(_) | MacBlocks::TempKeyThenChallenge(..) => {
                |data| data.len() == 32
            }
            MacBlocks::KeyThenTempKey(_) | MacBlocks::TempKeyTwice(_) => none,
        };
        row(mode, param1, data, &command)
    };
    let (no_otp, fixed) = (MacOtp::None, IncludeSerial::Fixed);
    let plain = |mode, value, blocks| of(mode, bits(0x07, value), blocks, no_otp, fixed);
    let option = |mode, param1, otp, serial| {
        // With a challenge or without.
        let any: fn(&[u8]) -> bool = |data| data.len() == 32 || data.is_empty();
        let challenge = MacBlocks::KeyThenChallenge(CHALLENGE);
        of(mode, param1, challenge, otp, serial).with_data(any)
    };
    let first_8 = option(
        "with OTP bytes 0 to 7",
        bits(0x30, 0x20),
        MacOtp::First8,
        fixed,
    );
    let first_11 = option(
        "with OTP bytes 0 to 10",
        bits(0x10, 0x10).free(0x20),
        MacOtp::First11,
        fixed,
    );
    let modes = [
        plain(
            "key, challenge",
            0x00,
            MacBlocks::KeyThenChallenge(CHALLENGE),
        )
        .freeing(0x04),
        plain(
            "key, random TempKey",
            0x01,
            MacBlocks::KeyThenTempKey(Random),
        )
        .after([random_nonce()]),
        plain("key, input TempKey", 0x05, MacBlocks::KeyThenTempKey(Input)).after([load()]),
        plain(
            "random TempKey, challenge",
            0x02,
            MacBlocks::TempKeyThenChallenge(Random, CHALLENGE),
        )
        .after([random_nonce()]),
        plain(
            "input TempKey, challenge",
            0x06,
            MacBlocks::TempKeyThenChallenge(Input, CHALLENGE),
        )
        .after([load()]),
        plain(
            "random TempKey twice",
            0x03,
            MacBlocks::TempKeyTwice(Random),
        )
        .after([random_nonce()]),
        plain("input TempKey twice", 0x07, MacBlocks::TempKeyTwice(Input)).after([load()]),
        first_11.unconfirmed(OTP_BITS),
        first_8.unconfirmed(OTP_BITS),
        option(
            "with the whole serial number",
            bits(0x40, 0x40),
            no_otp,
            IncludeSerial::Whole,
        ),
    ];
    group("MAC", 0x08, modes)
}
