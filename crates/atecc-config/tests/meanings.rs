//! What each field of the zone means.
//!
//! Source: ATECC508A datasheet, Table 2-5; ATECC608: cryptoauthlib
//! `calib_device.h`.

use atecc::ConfigZone;
use atecc_config::fields;

const OF_508: [u8; 4] = [0x00, 0x00, 0x50, 0x00];
const OF_608: [u8; 4] = [0x00, 0x00, 0x60, 0x03];

/// The meaning of the field at `at` when it holds `bytes`, of an I2C part whose
/// other bytes are 0.
fn meaning(revision: [u8; 4], at: usize, bytes: &[u8]) -> String {
    let mut zone = [0; 128];
    // A chip that has said who it is.
    zone[..4].copy_from_slice(&[0x01, 0x23, 0x45, 0x67]);
    zone[4..8].copy_from_slice(&revision);
    // For I2C, unless that is what is asked.
    zone[14] = 0x01;
    zone[at..at + bytes.len()].copy_from_slice(bytes);
    let fields = fields(&ConfigZone(zone));
    let field = fields.into_iter().find(|field| field.offset == at);
    field.unwrap().meaning
}

#[test]
fn bytes_of_an_atecc508a() {
    for (at, bytes, expected) in [
        (13, &[0x01][..], "reserved"),
        (14, &[0x00], "single wire"),
        (14, &[0x01], "I2C"),
        (14, &[0xFE], "single wire"),
        (16, &[0xC0], "0x60, 7-bit"),
        (18, &[0xAA], "OTP is read-only once locked"),
        (
            18,
            &[0x55],
            "consumption: OTP bits may be cleared once locked",
        ),
        (18, &[0x00], "reserved value"),
        (19, &[0x00], "watchdog 1.3 s, input thresholds fixed"),
        (
            19,
            &[0x01],
            "watchdog 1.3 s, input thresholds fixed, Selector writable while 0",
        ),
        (19, &[0x02], "watchdog 1.3 s, input thresholds of Vcc"),
        (19, &[0x04], "watchdog 10 s, input thresholds fixed"),
        (68, &[0xFF], "8 of 128 uses of slot 15 are left"),
        (85, &[0x07], "7"),
        (90, &[0x03, 0x00], "reserved"),
        (92, &[0x00], "any message may validate a key"),
        (92, &[0x31], "3 blocks of 64 bytes, the key in block 1"),
    ] {
        assert_eq!(meaning(OF_508, at, bytes), expected, "{at} {bytes:02X?}");
    }
}

#[test]
fn bytes_of_an_atecc608() {
    for (at, bytes, expected) in [
        (13, &[0x00][..], "AES off"),
        (13, &[0x01], "AES on"),
        (13, &[0x02], "AES off"),
        (18, &[0x00], "off"),
        (18, &[0xA0], "off"),
        (18, &[0xA1], "limited uses stop at the value in slot 10"),
        (
            19,
            &[0x00],
            "watchdog 1.3 s, input thresholds fixed, clock divider M0",
        ),
        (
            19,
            &[0x28],
            "watchdog 1.3 s, input thresholds fixed, clock divider M1",
        ),
        (
            19,
            &[0x68],
            "watchdog 1.3 s, input thresholds fixed, clock divider M2",
        ),
        (
            19,
            &[0xF8],
            "watchdog 1.3 s, input thresholds fixed, clock divider unknown",
        ),
        (
            19,
            &[0x2F],
            "watchdog 10 s, input thresholds of Vcc, clock divider M1, address from \
             UserExtraAdd unless that is 0",
        ),
        (68, &[0x00], "off"),
        (68, &[0x30], "off"),
        (68, &[0x3A], "on, slot 3 (behaviour unconfirmed)"),
        (68, &[0x3E], "off"),
        (69, &[0x05], "off"),
        (69, &[0x85], "the key in slot 5 permits the latch"),
        (70, &[0x00, 0x00], "off"),
        (70, &[0x04, 0x75], "off"),
        (
            70,
            &[0x01, 0x75],
            "FullBoth, public key in slot 7, digest or signature in slot 5, bit 2 is 0, bit 3 \
             (latch, unconfirmed) is 0",
        ),
        (
            70,
            &[0x0A, 0x75],
            "FullSig, public key in slot 7, digest or signature in slot 5, bit 2 is 0, bit 3 \
             (latch, unconfirmed) is 1",
        ),
        (
            70,
            &[0x17, 0x75],
            "FullDig, public key in slot 7, digest or signature in slot 5, bit 2 is 1, bit 3 \
             (latch, unconfirmed) is 0, random nonce required",
        ),
        (72, &[0x6B], "KdfIvStr at byte 107 of an HKDF message"),
        (72, &[0xEF], "KdfIvStr at byte 239 of an HKDF message"),
        (72, &[0xF0], "off"),
        (85, &[0x00], "no second address"),
        (85, &[0x6A], "0x35, 7-bit"),
        (90, &[0x00, 0x00], "none"),
        (90, &[0x01, 0x00], "self test at power-up"),
        (90, &[0x02, 0x60], "IO protection, IO key in slot 6"),
        (90, &[0x04, 0x60], "AES in KDF"),
        (90, &[0x08, 0x00], "health test failures clear themselves"),
        (90, &[0x00, 0x01], "ECDH output encrypted only"),
        (90, &[0x00, 0x02], "ECDH output stays inside"),
        (90, &[0x00, 0x03], "ECDH output protection invalid"),
        (90, &[0x00, 0x04], "KDF output encrypted only"),
        (90, &[0x00, 0x08], "KDF output stays inside"),
        (90, &[0x00, 0x0C], "KDF output protection invalid"),
    ] {
        assert_eq!(meaning(OF_608, at, bytes), expected, "{at} {bytes:02X?}");
    }
}

#[test]
fn counters_and_their_end() {
    for (bytes, expected) in [
        ([0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], "0"),
        ([0x7F, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], "1"),
        ([0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF], "2097151, its end"),
        ([0, 0, 0, 3, 0xFF, 0xFF, 0xFF, 0xFF], "2097150"),
    ] {
        assert_eq!(meaning(OF_508, 52, &bytes), expected);
        assert_eq!(meaning(OF_508, 60, &bytes), expected);
    }
}

/// Bit 7 is IsSecret, bit 6 EncryptRead, bit 5 LimitedUse, bit 4 NoMac; the
/// high half of the second byte is WriteConfig, of which 8 and more say never.
#[test]
fn words_of_slots() {
    let of = |slot_config: [u8; 2], key_config: [u8; 2]| {
        let mut zone = [0; 128];
        zone[4..8].copy_from_slice(&OF_608);
        zone[88..90].fill(0xFF);
        zone[52..56].fill(0xFF);
        zone[20..22].copy_from_slice(&slot_config);
        zone[96..98].copy_from_slice(&key_config);
        let fields = fields(&ConfigZone(zone));
        let at = |at| fields.iter().find(|field| field.offset == at).unwrap();
        (at(20).meaning.clone(), at(96).meaning.clone())
    };
    for (slot_config, key_config, words, key_words) in [
        // Slot 0 of a NervesKey.
        (
            [0x87, 0x20],
            [0x33, 0x00],
            "read by: public half; changed by: GenKey",
            "private key, PubInfo, lockable",
        ),
        // NoMac is nothing for a private key.
        (
            [0x97, 0x20],
            [0x13, 0x00],
            "read by: public half; changed by: GenKey",
            "private key, PubInfo",
        ),
        (
            [0x90, 0x80],
            [0x1C, 0x00],
            "read by: never; changed by: never, no MAC",
            "secret",
        ),
        (
            [0xA0, 0x80],
            [0xDC, 0x05],
            "read by: never; changed by: never, uses limited: Counter0 is at 0 of 2097151",
            "secret, needs a random nonce, authorized by slot 5",
        ),
        (
            [0x80, 0x80],
            [0x1C, 0x10],
            "read by: never; changed by: never",
            "secret, needs the latch",
        ),
    ] {
        let expected = (words.to_owned(), key_words.to_owned());
        assert_eq!(of(slot_config, key_config), expected);
    }
}
