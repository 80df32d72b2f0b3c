//! Fields that are said twice are as said once, and uses are sets.
//!
//! Source: ATECC508A datasheet, Tables 2-7 to 2-12.

use atecc::Slot;
use atecc::config::{KeyConfig, PrivateKeyUses, SlotConfig, WriteConfig};

#[test]
fn said_twice_is_said_once() {
    let once = KeyConfig::private_key()
        .pub_info()
        .lockable()
        .req_random()
        .latch_disable()
        .auth_key(Slot::S5);
    let twice = once
        .pub_info()
        .lockable()
        .req_random()
        .latch_disable()
        .auth_key(Slot::S5);
    // Private, PubInfo, KeyType 4; Lockable, ReqRandom, ReqAuth; AuthKey 5, and
    // PersistentDisable.
    assert_eq!(once.build(), KeyConfig(0x15F3));
    assert_eq!(twice.build(), once.build());
    let once = SlotConfig::builder()
        .read_key(Slot::S4)
        .is_secret()
        .encrypt_read()
        .limited_use()
        .no_mac()
        .write_key(Slot::S6)
        .write_config(WriteConfig::ENCRYPT);
    let twice = once
        .read_key(Slot::S4)
        .is_secret()
        .encrypt_read()
        .limited_use()
        .no_mac()
        .write_key(Slot::S6)
        .write_config(WriteConfig::ENCRYPT);
    assert_eq!(once.build(), SlotConfig(0x46F4));
    assert_eq!(twice.build(), once.build());
}

#[test]
fn uses_are_sets() {
    let both = PrivateKeyUses::EXTERNAL_SIGN.and(PrivateKeyUses::ECDH);
    assert_eq!(both.bits(), 0b0101);
    assert_eq!(both.and(PrivateKeyUses::ECDH), both);
    for (uses, is_among) in [
        (PrivateKeyUses::NONE, true),
        (PrivateKeyUses::EXTERNAL_SIGN, true),
        (PrivateKeyUses::ECDH, true),
        (both, true),
        (PrivateKeyUses::INTERNAL_SIGN, false),
        (PrivateKeyUses::ECDH_TO_NEXT_SLOT, false),
    ] {
        assert_eq!(both.contains(uses), is_among, "{uses:?}");
    }
    for bits in 0..=u8::MAX {
        assert_eq!(PrivateKeyUses::from_nibble(bits).bits(), bits & 0x0F);
        assert_eq!(WriteConfig::from_nibble(bits).bits(), bits & 0x0F);
    }
}
