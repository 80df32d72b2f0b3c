//! The configuration zone that provisioning writes and locks.
//!
//! It starts from the part's own 128 bytes and changes as little as the layout
//! needs, so that what the factory put into the reserved bytes stays. Source:
//! `nerves_key` 1.3, `NervesKey.Config.configure`.

use atecc::config::{ConfigZone, offset};
use atecc::{BlockAddress, Region, Slot, WordAddress};

use crate::Layout;

/// `OTPmode` read-only on an ATECC508A; on an ATECC608 the same byte is
/// `CountMatch`, which bit 0 = 0 leaves off.
const OTP_READ_ONLY: u8 = 0xAA;
/// The configuration zone of a NervesKey made from `part`.
///
/// ```
/// use atecc::ConfigZone;
/// use nerves_key_schema::{Layout, check_for_use, configure};
///
/// let part = ConfigZone([0xFF; 128]); // As read from the chip.
/// let zone = configure(&part, Layout::Standard).with_config_locked();
/// assert!(check_for_use(&zone, Layout::Standard));
/// ```
#[must_use]
pub fn configure(part: &ConfigZone, layout: Layout) -> ConfigZone {
    let zone = part
        .with(offset::OTP_MODE, &[OTP_READ_ONLY])
        .with(offset::CHIP_MODE, &[0x00])
        .with(offset::X509_FORMAT, &[0x00; 4]);
    let zone = Slot::ALL.into_iter().fold(zone, |zone, slot| {
        zone.with_slot_config(slot, layout.slot_config(slot))
            .with_key_config(slot, layout.key_config(slot))
    });
    match layout.volatile_key_permission() {
        Some(permission) => zone.with(offset::VOLATILE_KEY_PERMISSION, &[permission]),
        None => zone,
    }
}

/// One write of the configuration zone.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum ConfigWrite {
    /// Four bytes.
    Word(WordAddress, [u8; 4]),
    /// 32 bytes.
    Block(BlockAddress, [u8; 32]),
}

/// The writes that put `zone` on a chip, in the order of the reference: words
/// 4 to 7, block 1, words 16 to 20, word 23, block 3. Words 0 to 3 and 21 are
/// not writable; word 22 holds the slot locks and is kept.
///
/// ```
/// use atecc::ConfigZone;
/// use nerves_key_schema::{ConfigWrite, writes};
///
/// let first = writes(&ConfigZone([0; 128])).next();
/// assert!(matches!(first, Some(ConfigWrite::Word(address, _)) if address.word() == 4));
/// ```
pub fn writes(zone: &ConfigZone) -> impl Iterator<Item = ConfigWrite> {
    let zone = *zone;
    let word = move |index: u8| {
        let address = WordAddress::new(Region::Config, index).ok()?;
        Some(ConfigWrite::Word(address, zone.word(index)))
    };
    let block = move |index: u8| {
        let address = BlockAddress::new(Region::Config, index).ok()?;
        let chunk = zone.0.get(32 * usize::from(index)..)?.first_chunk()?;
        Some(ConfigWrite::Block(address, *chunk))
    };
    (4..=7)
        .filter_map(word)
        .chain(block(1))
        .chain((16..=20).filter_map(word))
        .chain(word(23))
        .chain(block(3))
}

/// Those of [`writes`] that change anything on a chip that holds `found`.
///
/// ```
/// use atecc::ConfigZone;
/// use nerves_key_schema::{ConfigWrite, changes};
///
/// let (found, zone) = (ConfigZone([0; 128]), ConfigZone([0; 128]).with(18, &[0xAA]));
/// let changed: Vec<_> = changes(&found, &zone).collect();
/// assert!(matches!(changed[..], [ConfigWrite::Word(address, _)] if address.word() == 4));
/// assert_eq!(changes(&zone, &zone).count(), 0);
/// ```
pub fn changes(found: &ConfigZone, zone: &ConfigZone) -> impl Iterator<Item = ConfigWrite> {
    let pairs = writes(zone).zip(writes(found));
    pairs.filter_map(|(write, held)| (write != held).then_some(write))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// 128 different bytes.
    fn part() -> ConfigZone {
        ConfigZone(core::array::from_fn(|at| u8::try_from(at).unwrap() ^ 0xA5))
    }

    #[test]
    fn what_is_not_ours_is_kept() {
        let zone = configure(&part(), Layout::Standard);
        for at in (0..18).chain(52..92) {
            assert_eq!(zone.0[at], part().0[at], "byte {at}");
        }
        assert_eq!(configure(&part(), Layout::Volatile).0[69], 0x81);
    }

    /// Whatever the part came with. Source: `nerves_key` 1.3, the struct that
    /// `NervesKey.Config.configure` writes.
    #[test]
    fn modes_and_x509_formats_are_set() {
        for layout in [Layout::Standard, Layout::Volatile] {
            let zone = configure(&part(), layout);
            assert_eq!(zone.0[18..20], [0xAA, 0x00], "OTPmode, ChipMode");
            assert_eq!(zone.0[92..96], [0x00; 4], "X509format");
        }
    }

    #[test]
    fn everything_that_may_be_written_is_and_nothing_else() {
        let mut written = [false; 128];
        for write in writes(&part()) {
            let (data, place) = match write {
                ConfigWrite::Word(address, data) => (data.to_vec(), Err(address)),
                ConfigWrite::Block(address, data) => (data.to_vec(), Ok(address)),
            };
            // The bytes are all different, so their first one says where they are from.
            let at = usize::from(data[0] ^ 0xA5);
            assert_eq!(data, part().0[at..at + data.len()]);
            let index = |size| u8::try_from(at / size).unwrap();
            match place {
                Err(word) => assert_eq!(WordAddress::new(Region::Config, index(4)), Ok(word)),
                Ok(block) => assert_eq!(BlockAddress::new(Region::Config, index(32)), Ok(block)),
            }
            written[at..at + data.len()].fill(true);
        }
        for (at, written) in written.into_iter().enumerate() {
            assert_eq!(written, !matches!(at, 0..16 | 84..92), "byte {at}");
        }
    }

    /// Of each byte that can be written its word, or its block, and no other.
    #[test]
    fn what_is_there_already_is_left_out() {
        let part = part();
        assert_eq!(changes(&part, &part).count(), 0);
        for at in (16..84).chain(92..128) {
            let zone = part.with(at, &[!part.byte(at)]);
            let mut changed = changes(&part, &zone);
            match changed.next().unwrap() {
                ConfigWrite::Word(address, data) => {
                    assert_eq!(usize::from(address.word()), at / 4);
                    assert_eq!(data[at % 4], zone.byte(at));
                }
                ConfigWrite::Block(address, data) => {
                    assert_eq!(usize::from(address.block()), at / 32);
                    assert_eq!(data[at % 32], zone.byte(at));
                }
            }
            assert_eq!(changed.next(), None, "byte {at}");
        }
    }
}
