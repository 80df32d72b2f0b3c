//! What the slots of a compared chip hold: keys that the host knows.

use std::sync::LazyLock;

use atecc::config::KeyType;
use atecc::{ConfigZone, Slot};
use atecc_emulator::{DATA_SIZE, Image, OTP_SIZE};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};

/// What is left out or other than usual.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Variant {
    /// This slot has neither a private nor a public key.
    pub(crate) empty: Option<Slot>,
    /// The first half byte of this slot, instead of 5 of a public key whose
    /// validity is marked and of C of others.
    pub(crate) mark: Option<(Slot, u8)>,
    /// Counter0 and `LastKeyUse` are at their ends, and the value of CountMatch
    /// is reached.
    pub(crate) used_up: bool,
    pub(crate) latch: Latch,
}

/// Whether the host sets the persistent latch.
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) enum Latch {
    #[default]
    Wanted,
    Never,
}

impl Variant {
    pub(crate) fn with_mark(self, slot: Slot, mark: u8) -> Self {
        Self {
            mark: Some((slot, mark)),
            ..self
        }
    }
}

/// X then Y of each slot's key.
static PUBLIC_KEYS: LazyLock<[[u8; 64]; 16]> = LazyLock::new(|| {
    Slot::ALL.map(|slot| {
        let key = SigningKey::from_slice(&scalar(slot)).unwrap();
        let point = key.verifying_key().to_sec1_point(false);
        point.as_bytes()[1..].try_into().unwrap()
    })
});

/// The private key that belongs to a slot, in it or not.
pub(crate) fn scalar(slot: Slot) -> [u8; 32] {
    [slot.index() + 1; 32]
}

pub(crate) fn public_key(slot: Slot) -> [u8; 64] {
    PUBLIC_KEYS[usize::from(slot.index())]
}

/// R then S, by the private key of `slot`.
pub(crate) fn sign(slot: Slot, digest: &[u8; 32]) -> [u8; 64] {
    let key = SigningKey::from_slice(&scalar(slot)).unwrap();
    let signature: Signature = key.sign_prehash(digest).unwrap();
    signature.to_bytes().into()
}

/// Whether `Verify` would use the slot's public key.
pub(crate) fn is_public(zone: &ConfigZone, slot: Slot) -> bool {
    let key_config = zone.key_config(slot);
    slot.index() >= 8 && !key_config.private() && key_config.key_type() == KeyType::P256
}

/// Where writes and `Verify` keep a mark in the first half byte.
pub(crate) fn is_marked(zone: &ConfigZone, slot: Slot) -> bool {
    is_public(zone, slot) && zone.key_config(slot).pub_info()
}

/// Whatever its type, the slot of SecureBoot's public key has one.
fn is_boot_key(zone: &ConfigZone, slot: Slot) -> bool {
    let is_608 = zone.revision().family() == Some(atecc::Family::Atecc608);
    is_608 && zone.0[70] & 0b11 != 0 && zone.0[71] >> 4 == slot.index() && slot.index() >= 8
}

pub(crate) fn contents(zone: &ConfigZone, slot: Slot, variant: Variant) -> Vec<u8> {
    let mut bytes = vec![0xC0 | slot.index(); slot.size()];
    let empty = variant.empty == Some(slot);
    if empty {
        bytes.fill(0xFF);
    } else if zone.key_config(slot).private() {
        bytes[..4].fill(0);
        bytes[4..36].copy_from_slice(&scalar(slot));
    } else if is_public(zone, slot) || is_boot_key(zone, slot) {
        bytes.fill(0);
        bytes[4..36].copy_from_slice(&public_key(slot)[..32]);
        bytes[40..72].copy_from_slice(&public_key(slot)[32..]);
    } else if zone.0[18] == (slot.index() << 4 | zone.0[18] & 0x0F) && zone.0[18] & 1 == 1 {
        // A multiple of 32 beyond the counter's value, or reached.
        let value = if variant.used_up {
            0
        } else {
            let count = atecc_config::Counter::from_bytes(zone.0[52..60].try_into().unwrap());
            (count.0 / 32 + 2) * 32
        };
        bytes[..4].copy_from_slice(&value.to_le_bytes());
        bytes[4..8].copy_from_slice(&value.to_le_bytes());
    }
    let usual = if is_marked(zone, slot) {
        0x50
    } else {
        bytes[0] & 0xF0
    };
    let mark = match variant.mark {
        Some((of, mark)) if of == slot => mark << 4,
        _ => usual,
    };
    bytes[0] = mark | bytes[0] & 0x0F;
    bytes
}

pub(crate) fn image(zone: &ConfigZone, variant: Variant) -> Image {
    let mut config = zone.0;
    if variant.used_up {
        config[52..60].copy_from_slice(&[0, 0, 0, 1, 0xFF, 0xFF, 0xFF, 0xFF]);
        if zone.revision().family() == Some(atecc::Family::Atecc508) {
            config[68..84].fill(0);
        }
    }
    let mut image = Image::from_zones(config, [0x5A; OTP_SIZE], [0; DATA_SIZE]).unwrap();
    for slot in Slot::ALL {
        let bytes = contents(zone, slot, variant);
        image
            .slot_mut(atecc_emulator::Slot::new(slot.index()).unwrap())
            .copy_from_slice(&bytes);
    }
    image
}
