//! A 608 that tests itself, passes or fails.

use crate::support::{AWAKE, Host, SUCCESS, bytes, group};
use atecc_emulator::{Chip, Defects, Engine, Entropy, Image, Revision};

const INFO: [u8; 7] = [0x07, 0x30, 0x00, 0x00, 0x00, 0x03, 0x5D];
/// Status 07 in a group whose CRC is right: one library compares with another
/// CRC, so that it cannot recognize the real chip's answer.
const FAILED: &str = "040740C2";

/// `ChipOptions` bit 0: self-tests at power-up and wake.
fn host(options: u8, defects: Defects) -> Host {
    let image = Image::blank(Revision::Atecc608B);
    let mut config = *image.config();
    config[90] = options;
    let image = image.with_config(config).unwrap();
    let chip = Chip::new(image, Entropy::Seeded(0)).unwrap();
    Host::of(chip.with_defects(defects))
}

#[test]
fn self_tests_take_20_ms() {
    let mut host = host(1, Defects::none());
    host.pulse();
    host.delay_us(19_800);
    assert!(host.read(4).is_err());
    host.delay_us(200);
    assert_eq!(host.read(4).unwrap(), AWAKE);
    // After idle nothing is tested.
    host.idle();
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE);
}

/// Trap 44 of `docs/sources.md`: the group of a chip that failed its tests has
/// the CRC 40 C2.
#[test]
fn trap_44_failed_at_wake() {
    let mut host = host(1, Defects::none().failing(Engine::Aes));
    for _ in 0..2 {
        host.pulse();
        host.delay_us(20_000);
        assert_eq!(host.read(4).unwrap(), bytes(FAILED));
        assert_eq!(host.exchange(&INFO), bytes(FAILED));
        // Configuration reads and SelfTest go on working.
        assert_eq!(host.exchange(&group(0x02, 0x80, 0, &[])).len(), 35);
        assert_eq!(host.exchange(&group(0x77, 0x00, 0, &[]))[1], 0x10);
        host.sleep();
    }
    host.pulse();
    host.delay_us(20_000);
    host.idle();
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE, "a wake clears the failure");
    assert_eq!(host.exchange(&INFO).len(), 7);
}

#[test]
fn failed_by_command() {
    let mut host = host(0, Defects::none().failing(Engine::Sha));
    host.wake();
    assert_eq!(host.read(4).unwrap(), AWAKE);
    assert_eq!(host.exchange(&group(0x77, 0x3B, 0, &[]))[1], 0x20);
    assert_eq!(host.exchange(&INFO), bytes(FAILED));
    assert_eq!(host.exchange(&group(0x77, 0x01, 0, &[])), SUCCESS);
    assert_eq!(host.exchange(&INFO), bytes(FAILED), "another engine passed");
    host.sleep();
    host.wake();
    assert_eq!(host.exchange(&INFO).len(), 7);
}
