//! Each rule alone.

use super::*;

/// Nothing to object to.
fn clean() -> ConfigZone {
    let mut zone = [0; 128];
    zone[4..8].copy_from_slice(&[0, 0, 0x60, 3]);
    zone[13..15].fill(1);
    zone[16] = 0xC0;
    for at in (20..52).step_by(2) {
        zone[at..at + 2].copy_from_slice(&[0x0F, 0x0F]);
        zone[at + 76] = 0x1C;
    }
    zone[52..56].fill(0xFF);
    zone[60..64].fill(0xFF);
    zone[86..90].copy_from_slice(&[0x55, 0x55, 0xFF, 0xFF]);
    ConfigZone(zone)
}

fn rules(change: impl Fn(&mut [u8; 128])) -> Vec<&'static str> {
    let mut zone = clean();
    change(&mut zone.0);
    lint(&zone)
        .into_iter()
        .map(|finding| finding.rule)
        .collect()
}

/// Each rule has a zone in which it alone speaks.
#[test]
fn each_rule_finds_what_it_is_for() {
    let slot_0 = |slot_config: u16, key_config: u16| {
        move |zone: &mut [u8; 128]| {
            zone[20..22].copy_from_slice(&slot_config.to_le_bytes());
            zone[96..98].copy_from_slice(&key_config.to_le_bytes());
        }
    };
    assert_eq!(rules(|_| {}), [""; 0]);
    assert_eq!(rules(|zone| zone[16] = 0xC1), ["address"]);
    assert_eq!(rules(|zone| zone[14] = 0), ["interface"]);
    assert_eq!(rules(|zone| zone[87] = 0), ["data-unlocked"]);
    assert_eq!(rules(|zone| zone[86] = 0), ["lock-order"]);
    assert_eq!(rules(|zone| zone[68] = 0x0A), ["use-lock"]);
    assert_eq!(rules(|zone| zone[91] = 0x03), ["protection"]);
    assert_eq!(rules(|zone| zone[88] = 0xFB), ["locked-early"]);
    let end = [0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF];
    assert_eq!(
        rules(|zone| zone[60..68].copy_from_slice(&end)),
        ["counter"]
    );
    let as_508 = |mode| {
        move |zone: &mut [u8; 128]| {
            zone[6] = 0x50;
            zone[18] = mode;
        }
    };
    assert_eq!(rules(as_508(0xAA)), [""; 0]);
    assert_eq!(rules(as_508(0x55)), ["otp-consumption"]);
    assert_eq!(rules(as_508(0x00)), ["otp-mode"]);
    assert_eq!(rules(slot_0(0x2087, 0x0033)), [""; 0]);
    assert_eq!(rules(slot_0(0x2007, 0x0033)), ["private-not-secret"]);
    assert_eq!(rules(slot_0(0x2087, 0x003F)), ["private-type"]);
    assert_eq!(rules(slot_0(0x2080, 0x0033)), ["private-unused"]);
    assert_eq!(rules(slot_0(0x0087, 0x0033)), ["key-before-lock"]);
    assert_eq!(rules(slot_0(0x00C4, 0x001C)), ["session-key-readable"]);
    assert_eq!(rules(slot_0(0x004F, 0x001C)), ["encrypt-read"]);
    assert_eq!(rules(slot_0(0x2F0F, 0x0018)), ["readable-key"]);
    assert_eq!(rules(slot_0(0x8F0F, 0x0000)), ["key-type"]);
    // A roll without a MAC, of what no Write changes; not with one, nor once the
    // slot is locked, nor where everybody may write anyway.
    assert_eq!(rules(slot_0(0x2F0F, 0x003C)), ["derive-key"]);
    assert_eq!(rules(slot_0(0xAF0F, 0x003C)), [""; 0]);
    assert_eq!(rules(slot_0(0x0F0F, 0x003C)), [""; 0]);
    let hardened = |zone: &mut [u8; 128]| {
        slot_0(0x2F0F, 0x003C)(zone);
        (zone[86], zone[87], zone[88]) = (0, 0, 0xFE);
    };
    assert_eq!(rules(hardened), [""; 0]);
    let next = |zone: &mut [u8; 128]| {
        zone[22..24].copy_from_slice(&[0x8C, 0x20]);
        zone[98] = 0x33;
    };
    assert_eq!(rules(next), ["ecdh-next"]);
    let private_session_key = |zone: &mut [u8; 128]| {
        slot_0(0x2087, 0x0033)(zone);
        zone[22..24].copy_from_slice(&[0xC0, 0x20]);
    };
    assert_eq!(rules(private_session_key), ["session-key"]);
    let private_authority = |zone: &mut [u8; 128]| {
        slot_0(0x2087, 0x0033)(zone);
        zone[98..100].copy_from_slice(&[0x9C, 0x00]);
    };
    assert_eq!(rules(private_authority), ["authorization"]);
    let private_latch_key = |zone: &mut [u8; 128]| {
        slot_0(0x2087, 0x0033)(zone);
        zone[69] = 0x80;
    };
    assert_eq!(rules(private_latch_key), ["latch-key"]);
    let overwritten = |zone: &mut [u8; 128]| {
        slot_0(0x0F8F, 0x001C)(zone);
        zone[22..24].copy_from_slice(&[0xC0, 0x20]);
    };
    assert_eq!(rules(overwritten), ["session-key-writable"]);
    let unknown = |zone: &mut [u8; 128]| {
        as_508(0xAA)(zone);
        zone[6] = 0x20;
    };
    assert_eq!(rules(unknown), ["revision"]);
    assert_eq!(rules(|zone| zone[7] = 0x04), ["revision"]);
    assert_eq!(rules(|zone| zone[4..8].fill(0)), ["not-told"]);
}

/// The same of what only an ATECC608 has, and of what counts.
#[test]
fn each_rule_of_the_608_finds_what_it_is_for() {
    // Slot 14 has a public key, slot 15 a private one, slot 13 a secret.
    let keys = |zone: &mut [u8; 128]| {
        zone[20 + 26..20 + 32].copy_from_slice(&[0x8F, 0x8F, 0x0F, 0x8F, 0x87, 0x20]);
        zone[96 + 28] = 0x10;
        zone[96 + 30] = 0x33;
    };
    let with = |change: fn(&mut [u8; 128])| {
        move |zone: &mut [u8; 128]| {
            keys(zone);
            change(zone);
        }
    };
    let of = |change| rules(with(change));
    assert_eq!(of(|_| {}), [""; 0]);
    // SecureBoot: key in 14, digest in 13; then each of them elsewhere.
    assert_eq!(
        of(|zone| zone[70..72].copy_from_slice(&[0x03, 0xED])),
        [""; 0]
    );
    assert_eq!(
        of(|zone| zone[70..72].copy_from_slice(&[0x07, 0xED])),
        ["secure-boot-bits"]
    );
    for [low, high] in [
        [0x03, 0xFD],
        [0x03, 0xEE],
        [0x03, 0xEF],
        [0x02, 0xE1],
        [0x13, 0xED],
    ] {
        let boot = move |zone: &mut [u8; 128]| {
            keys(zone);
            zone[70..72].copy_from_slice(&[low, high]);
        };
        assert_eq!(rules(boot), ["secure-boot"], "{low:02X} {high:02X}");
    }
    // The IO protection key: a secret, a private key, in the open, missing.
    assert_eq!(
        of(|zone| zone[90..92].copy_from_slice(&[0x02, 0xD0])),
        [""; 0]
    );
    assert_eq!(
        of(|zone| zone[90..92].copy_from_slice(&[0x02, 0xF0])),
        ["io-key"]
    );
    assert_eq!(
        of(|zone| zone[90..92].copy_from_slice(&[0x02, 0x10])),
        ["io-key-readable"]
    );
    assert_eq!(of(|zone| zone[91] = 0x01), ["io-key-missing"]);
    // The latch: nobody wants it, nobody sets it, somebody sets it.
    assert_eq!(of(|zone| zone[69] = 0x8D), ["latch-unused"]);
    assert_eq!(of(|zone| zone[96 + 27] = 0x10), ["latch"]);
    assert_eq!(of(|zone| (zone[96 + 27], zone[69]) = (0x10, 0x81)), [""; 0]);
    // Set by the key that waits for it.
    assert_eq!(
        of(|zone| (zone[96 + 27], zone[69]) = (0x10, 0x8D)),
        ["latch-key", "latch"]
    );
    // Uses.
    let end = crate::Counter::LAST.to_bytes();
    assert_eq!(of(|zone| zone[46] |= 0x20), [""; 0]);
    assert_eq!(
        of(|zone| (zone[46], zone[18]) = (0xAF, 0x11)),
        ["count-match"]
    );
    let used_up = |zone: &mut [u8; 128]| {
        keys(zone);
        zone[46] |= 0x20;
        zone[52..60].copy_from_slice(&end);
    };
    assert_eq!(rules(used_up), ["used-up", "counter"]);
    assert_eq!(of(|zone| zone[60] = 0xF0), ["counter-bytes"]);
    assert_eq!(of(|zone| zone[80] = 0x02), ["reserved"]);
    assert_eq!(of(|zone| zone[72..84].fill(0xFF)), ["of-508"]);
    let last_key_use = |zone: &mut [u8; 128]| {
        zone[6] = 0x50;
        zone[18] = 0xAA;
        zone[70] = 0x80;
    };
    assert_eq!(rules(last_key_use), ["last-key-use"]);
    // The secret of slot 14 goes to slot 15, which everybody may read.
    let readable = |zone: &mut [u8; 128]| {
        zone[20 + 28..20 + 30].copy_from_slice(&[0x8F, 0x20]);
        zone[96 + 28] = 0x33;
    };
    assert_eq!(rules(readable), ["ecdh-readable"]);
    // A byte too many, before the counters: nothing else is said.
    let shifted = |zone: &mut [u8; 128]| {
        zone.copy_within(30..127, 31);
    };
    assert_eq!(rules(shifted), ["shifted"]);
}

#[test]
fn severities_are_words() {
    assert_eq!(format!("{:8}|", Severity::Fault), "fault   |");
    assert_eq!(Severity::Note.to_string(), "note");
}
