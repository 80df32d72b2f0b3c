//! A chip for development: emulated, configured so that every mode can
//! succeed, with known keys.

use atecc::command::Request;
use atecc::commands::{DigSource, GenDig, LoadNonce, NonceTarget};
use atecc::crc::crc16;
use atecc::host::{self, CommandHeader, DigInput};
use atecc::{ConfigZone, PublicKey, SerialNumber, Slot};
use atecc_emulator::{Image, Revision};
use p256::ecdsa::signature::hazmat::PrehashSigner;
use p256::ecdsa::{Signature, SigningKey};

use super::row::request;

/// What is locked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum LockState {
    /// Nothing.
    Open,
    /// The configuration.
    ConfigLocked,
    /// Data and OTP as well.
    Locked,
}

/// A symmetric key, parent of others.
pub(super) const KEY: Slot = Slot::S0;
/// A private key, for every use; writes are encrypted with [`KEY`].
pub(super) const PRIVATE: Slot = Slot::S1;
/// `DeriveKey` rolls it.
pub(super) const ROLLED: Slot = Slot::S3;
/// The same, authorized by a MAC with [`KEY`].
pub(super) const ROLLED_BY_MAC: Slot = Slot::S4;
/// Read and written encrypted, with [`KEY`].
pub(super) const ENCRYPTED: Slot = Slot::S5;
/// Read and written in the clear; lockable.
pub(super) const CLEAR: Slot = Slot::S6;
/// A target of KDF.
pub(super) const DERIVED: Slot = Slot::S7;
/// AES keys.
pub(super) const AES_KEYS: Slot = Slot::S8;
/// The public half of [`PRIVATE`].
pub(super) const PUBLIC: Slot = Slot::S9;
/// The same, to be validated by [`PUBLIC`].
pub(super) const TO_VALIDATE: Slot = Slot::S10;
/// The same, to be validated by a certificate with the key in its first block.
pub(super) const TO_CERTIFY: Slot = Slot::S11;
/// A key with `NoMac`.
pub(super) const NO_MAC: Slot = Slot::S12;
/// The digest that `SecureBoot` compares.
const BOOT_DIGEST: Slot = Slot::S14;
/// The IO protection key.
const IO: Slot = Slot::S15;

/// The bytes of every symmetric key.
pub(super) const KEY_BYTES: [u8; 32] = [0x4B; 32];
/// What is loaded into `TempKey`; a digest where one is signed.
pub(super) const TEMP_KEY: [u8; 32] = [0x7E; 32];
pub(super) const SERIAL: SerialNumber =
    SerialNumber([0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF, 0xEE]);
/// OTP as the factory leaves it.
pub(super) const OTP: [u8; 64] = [0xFF; 64];
const SCALAR: [u8; 32] = [0x11; 32];

/// SlotConfig and KeyConfig. Source: ATECC508A datasheet, Tables 2-7 and 2-12.
const POLICIES: [(Slot, u16, u16); 14] = [
    (KEY, 0x8080, 0x003C),
    // External and internal Sign, ECDH; GenKey and encrypted PrivWrite.
    (PRIVATE, 0x6087, 0x0033),
    (Slot::S2, 0x0000, 0x003C),
    (ROLLED, 0x2080, 0x003C),
    (ROLLED_BY_MAC, 0xA080, 0x003C),
    (ENCRYPTED, 0x40C0, 0x003C),
    (CLEAR, 0x0000, 0x003C),
    // PubInfo makes it a target of KDF (unconfirmed).
    (DERIVED, 0x0000, 0x001E),
    (AES_KEYS, 0x0000, 0x0018),
    (PUBLIC, 0x0000, 0x0010),
    (TO_VALIDATE, 0x0009, 0x0012),
    (TO_CERTIFY, 0x0009, 0x4012),
    (NO_MAC, 0x0090, 0x001C),
    (BOOT_DIGEST, 0x0000, 0x001C),
];

/// The private key of the chip, on the host.
fn signing_key() -> SigningKey {
    SigningKey::from_slice(&SCALAR).expect("a scalar")
}

/// R then S over `digest` with it.
pub(super) fn signature(digest: &[u8; 32]) -> [u8; 64] {
    let signature: Signature = signing_key().sign_prehash(digest).expect("a signature");
    signature.to_bytes().into()
}

/// The public key, X then Y.
pub(super) fn public_key() -> PublicKey {
    let point = signing_key().verifying_key().to_sec1_point(false);
    let xy = point.as_bytes().get(1..).and_then(|xy| xy.try_into().ok());
    PublicKey(xy.expect("64 bytes after the form"))
}

/// Load [`TEMP_KEY`].
pub(super) fn load() -> Request {
    request(&LoadNonce {
        target: NonceTarget::TempKey,
        value: TEMP_KEY,
    })
}

/// Mix [`KEY`] into `TempKey`.
pub(super) fn mix() -> Request {
    request(&gen_dig())
}

/// `TempKey` after [`load`] and [`mix`].
pub(super) fn mixed() -> [u8; 32] {
    let stored = DigInput::Stored(&KEY_BYTES);
    host::gen_dig(CommandHeader::of(&gen_dig()), stored, &TEMP_KEY, &SERIAL)
}

const fn gen_dig() -> GenDig {
    GenDig {
        source: DigSource::Data(KEY),
    }
}

/// The configuration zone of an ATECC608B in use.
pub(super) fn config_608() -> ConfigZone {
    ConfigZone(config(Revision::Atecc608B, LockState::Locked))
}

/// The CRC that locks the configuration of a chip with this revision number.
pub(super) fn config_crc(rev_num: &[u8]) -> u16 {
    let revision = rev_num.try_into().ok().and_then(Revision::from_rev_num);
    revision.map_or(0, |revision| crc16(&config(revision, LockState::Open)))
}

fn config(revision: Revision, lock_state: LockState) -> [u8; 128] {
    let blank = Image::blank(revision).with_serial(atecc_emulator::SerialNumber(SERIAL.0));
    let mut config = *blank.config();
    for (slot, slot_config, key_config) in POLICIES {
        let at = 2 * usize::from(slot.index());
        config[20 + at..22 + at].copy_from_slice(&slot_config.to_le_bytes());
        config[96 + at..98 + at].copy_from_slice(&key_config.to_le_bytes());
    }
    // ChipMode: a watchdog of ten seconds.
    config[19] |= 0x04;
    // X509format 1: two blocks of SHA-256, the key in the first.
    config[93] = 0x20;
    if revision == Revision::Atecc508A {
        // OTPmode: consumption.
        config[18] = 0x55;
    } else {
        // AES, the latch by KEY, stored digests, IvStr at the start, and IO
        // protection with KDF-AES. Source: cryptoauthlib `calib_device.h`.
        config[13] |= 0x01;
        config[69] = 0x80 | KEY.index();
        config[70..72].copy_from_slice(&[0x03, PUBLIC.index() << 4 | BOOT_DIGEST.index()]);
        config[72..75].copy_from_slice(&[0x00, IV[0], IV[1]]);
        config[90..92].copy_from_slice(&[0x06, IO.index() << 4]);
    }
    config[86] = if lock_state == LockState::Locked {
        0x00
    } else {
        0x55
    };
    config[87] = if lock_state == LockState::Open {
        0x55
    } else {
        0x00
    };
    config
}

/// What an HKDF message of the mode IV begins with.
pub(super) const IV: [u8; 2] = *b"iv";

/// The chip.
pub(super) fn image(revision: Revision, lock_state: LockState) -> Image {
    let image = Image::blank(revision).with_config(config(revision, lock_state));
    let mut image = image.expect("the same chip");
    for slot in Slot::ALL {
        let stored = atecc_emulator::Slot::new(slot.index()).expect("one of sixteen");
        let bytes = image.slot_mut(stored);
        let content: &[(usize, &[u8])] = match slot {
            PRIVATE => &[(0, &[0; 4]), (4, &SCALAR)],
            BOOT_DIGEST => &[(0, &TEMP_KEY)],
            PUBLIC | TO_VALIDATE | TO_CERTIFY => {
                let key = public_key();
                let (x, y) = key.as_bytes().split_at(32);
                bytes.fill(0);
                bytes[4..36].copy_from_slice(x);
                bytes[40..72].copy_from_slice(y);
                &[]
            }
            _ => &[(0, &KEY_BYTES)],
        };
        for (at, part) in content {
            bytes[*at..at + part.len()].copy_from_slice(part);
        }
    }
    image
}

/// The CRC that locks data and OTP: every slot without a private key, then
/// OTP.
pub(super) fn data_crc() -> u16 {
    let image = image(Revision::Atecc608B, LockState::ConfigLocked);
    let slots = atecc_emulator::Slot::all().filter(|slot| slot.index() != PRIVATE.index());
    let mut bytes: Vec<u8> = slots.flat_map(|slot| image.slot(slot).to_vec()).collect();
    bytes.extend(image.otp());
    crc16(&bytes)
}
