//! What a water meter keeps in which slot. Nothing of it is a `NervesKey`'s.

use atecc::commands::CounterId;
use atecc::config::{KeyConfig, PrivateKeyUses, SlotConfig, WriteConfig, X509Id, offset};
use atecc::{ConfigZone, Family, Slot};

/// The meter's key. `GenKey` makes it, and may replace it.
pub(crate) const IDENTITY: Slot = Slot::S2;
/// The tariff, which the host and nobody else on the bus may read and write.
pub(crate) const TARIFF: Slot = Slot::S5;
/// The IO protection key, which the host knows too. Never read or written once
/// the data are locked.
pub(crate) const IO_KEY: Slot = Slot::S6;
/// The meter's certificate, compressed.
pub(crate) const CERTIFICATE: Slot = Slot::S10;
/// The public key of who made the meter.
pub(crate) const MAKER: Slot = Slot::S11;
/// Readings that were sent.
pub(crate) const READINGS: CounterId = CounterId::One;

const IDENTITY_CONFIG: SlotConfig = SlotConfig::builder()
    .private_key_uses(PrivateKeyUses::EXTERNAL_SIGN)
    .write_config(WriteConfig::GEN_KEY)
    .build();
const TARIFF_CONFIG: SlotConfig = SlotConfig::builder()
    .encrypt_read()
    .read_key(IO_KEY)
    .write_key(IO_KEY)
    .write_config(WriteConfig::ENCRYPT)
    .build();
const IO_KEY_CONFIG: SlotConfig = SlotConfig::builder()
    .is_secret()
    .write_config(WriteConfig::NEVER)
    .build();
/// Read by everybody, written by nobody; `DeriveKey` does not reach it.
const FIXED: SlotConfig = SlotConfig::builder()
    .write_config(WriteConfig::NEVER)
    .build();

const PRIVATE_KEY: KeyConfig = KeyConfig::private_key().pub_info().build();
const SECRET: KeyConfig = KeyConfig::sha_or_data().req_random().build();
const DATA: KeyConfig = KeyConfig::sha_or_data().build();

/// `ChipOptions` of an ATECC608: the IO protection key is on (bit 1), and in this slot (bits 15
/// to 12).
const CHIP_OPTIONS: u16 = 1 << 1 | (IO_KEY.index() as u16) << 12;

/// The configuration of a meter made from `part`.
pub(crate) fn layout(part: &ConfigZone) -> ConfigZone {
    // No key where the factory's configuration would allow one.
    let closed = Slot::ALL.into_iter().fold(*part, |zone, slot| {
        zone.with_slot_config(slot, FIXED)
            .with_key_config(slot, DATA)
    });
    let meter = closed
        .with_slot_config(IDENTITY, IDENTITY_CONFIG)
        .with_key_config(IDENTITY, PRIVATE_KEY)
        .with_slot_config(TARIFF, TARIFF_CONFIG)
        .with_slot_config(IO_KEY, IO_KEY_CONFIG)
        .with_key_config(IO_KEY, SECRET)
        .with_key_config(MAKER, KeyConfig::public_key(X509Id::Zero).build());
    match part.revision().family() {
        Some(Family::Atecc608) => meter.with(offset::CHIP_OPTIONS, &CHIP_OPTIONS.to_le_bytes()),
        _ => meter,
    }
}
