//! Zones to be compared: real ones, those of reports, and random ones.

use atecc::ConfigZone;
use tests_random::SplitMix64;

/// Zones of public reports: a blank ATECC608A; a TrustFLEX part; an ATECC508A's
/// configuration on an ATECC608, as Arduino's library writes it; a key that
/// waits for a latch; used-up counters; an ATECC508A whose slot 15 has no use
/// left.
pub(crate) const REPORTED: [(&str, &str); 6] = [
    (
        "blank608",
        "01236c4100006002bbe66928ee015500c0000000832087208f20c48f8f8f8f8f9f8faf8f0000000000000000\
         000000000000af8fffffffff00000000ffffffff000000000000000000000000000000000000000000005555\
         ffff0000000000003300330033001c001c001c001c001c003c003c003c003c003c003c003c001c00",
    ),
    (
        "flex",
        "0123F91700006003BA8491E1016159006C000001850082008520852085208F468F0F9F8F0F0F8F0F0F8F0F8F\
         0F8F0F0F0D1F0F8FFFFFFFFF00000000FFFFFFFF00000000000007F700697600000000000000000000000000\
         FFFF0E60000000005310530073007300730038007C001C003C001A001C0010001C00300012003000",
    ),
    (
        "arduino608",
        "0123aabb00006002ccddeeffee015500c0005500832087208720872f872f8f8f9f8faf8f0000000000000000\
         000000000000af8fffffffff00000000ffffffff00000000ffffffffffffffffffffffffffffffff00000000\
         ffff000000000000330033003300330033001c001c001c003c003c003c003c003c003c003c001c00",
    ),
    (
        "nolatch",
        "01236c4100006002bbe66928ee015500c0000000832087208f20c48f8f8f8f8f9f8faf8f0000000000000000\
         000000000000af8fffffffff00000000ffffffff000000000000000000000000000000000000000000005555\
         ffff0000000000003310330033001c001c001c001c001c003c003c003c003c003c003c003c001c00",
    ),
    (
        "used",
        "01236c4100006002bbe66928ee015500c0000000832087208f20c48f8f8f8f8f9f8faf8f0000000000000000\
         000000000000af8f00000001ffffffffffffffff000000000000000000000000000000000000000000000000\
         ffff0000000000003300330033001c001c001c001c001c003c003c003c003c003c003c003c001c00",
    ),
    (
        "lastkey",
        "01235066000050007c638550eec03500c0005500832085208f20c48f8f8f8f8f9f8f0f0f8f0f8f0f8f0f8f0f\
         8f0f00000000af8fffffffff00000000ffffffff000000000000000000000000000000000000000000000000\
         00ff0000000000003300330033001c001c001c001c003c001a003a001a003a003a003c003c001c00",
    ),
];

/// One of [`REPORTED`].
pub(crate) fn reported(name: &str) -> ConfigZone {
    let (_, hex) = REPORTED.iter().find(|(known, _)| *known == name).unwrap();
    let bytes = data_encoding::HEXLOWER_PERMISSIVE
        .decode(hex.as_bytes())
        .unwrap();
    ConfigZone(bytes.try_into().unwrap())
}

/// The same zone at the common address, in states of its locks: the first three,
/// or all six.
pub(crate) fn in_states(zone: &ConfigZone, count: usize) -> Vec<ConfigZone> {
    let as_locked = [zone.0[88], zone.0[89]];
    let states = [
        ([0x00, 0x00], as_locked),
        ([0x00, 0x00], [0xAA, 0x55]),
        ([0x55, 0x00], [0x55, 0xAA]),
        ([0x55, 0x55], as_locked),
        ([0x55, 0x00], as_locked),
        ([0x00, 0x00], [0x55, 0xAA]),
    ];
    states
        .into_iter()
        .take(count)
        .map(|(locks, slot_locks)| {
            let mut zone = *zone;
            zone.0[16] = 0xC0;
            // The address of an ATECC608 is in byte 85 otherwise.
            zone.0[19] &= !1;
            zone.0[86..88].copy_from_slice(&locks);
            zone.0[88..90].copy_from_slice(&slot_locks);
            zone
        })
        .collect()
}

/// Random configurations, each of a seed.
pub(crate) struct Prng(SplitMix64);

impl Prng {
    pub(crate) const fn new(seed: u64) -> Self {
        Self(SplitMix64::new(seed))
    }

    fn byte(&mut self) -> u8 {
        self.0.word().to_le_bytes()[7]
    }

    /// True once in `often`.
    fn once_in(&mut self, often: u64) -> bool {
        self.0.word().is_multiple_of(often)
    }

    fn choice<T: Copy>(&mut self, items: &[T]) -> T {
        let count = u64::try_from(items.len()).unwrap();
        items[usize::try_from(self.0.word() % count).unwrap()]
    }

    /// A configuration whose bits are random, so that most commands are allowed
    /// somewhere and refused elsewhere.
    pub(crate) fn zone(&mut self) -> ConfigZone {
        let mut zone = [0; 128];
        let minor = self.choice(&[[0x50, 0x00], [0x60, 0x02], [0x60, 0x03], [0x60, 0x04]]);
        zone[..4].copy_from_slice(&[0x01, 0x23, 0x6C, 0x41]);
        zone[6..8].copy_from_slice(&minor);
        zone[8..16].copy_from_slice(&[0xBB, 0xE6, 0x69, 0x28, 0xEE, 0x00, 0x55, 0x00]);
        zone[13] = u8::from(!self.once_in(4));
        zone[16] = 0xC0;
        let is_508 = minor[0] == 0x50;
        zone[18] = self.choice(&[0x00, 0xAA, 0x55]);
        if !is_508 {
            zone[18] = self.byte() & !u8::from(!self.once_in(3));
        }
        for slot in 0..16 {
            self.slot(&mut zone, slot);
        }
        let counter = self.choice(&[0, 0, 0, 1000, 2_097_151]);
        zone[52..60].copy_from_slice(&atecc_config::Counter(counter).to_bytes());
        zone[60..64].fill(0xFF);
        if is_508 {
            let left = self.choice(&[0xFF, 0x00, 0x01]);
            zone[68..84].fill(left);
        } else {
            self.only_608(&mut zone);
        }
        zone[86] = self.choice(&[0x00, 0x00, 0x00, 0x55]);
        zone[87] = self.choice(&[0x00, 0x00, 0x00, 0x00, 0x00, 0x55]);
        let locks = self.byte() & self.byte();
        zone[88] = !locks;
        zone[89] = !(self.byte() & self.byte());
        zone[92..96].fill_with(|| self.choice(&[0x00, 0x00, 0x20, 0x42, 0x31, 0x33]));
        ConfigZone(zone)
    }

    fn slot(&mut self, zone: &mut [u8; 128], slot: usize) {
        let mut slot_config = self.0.word().to_le_bytes();
        if self.once_in(2) {
            slot_config[0] |= 0x80;
        }
        if !self.once_in(3) {
            slot_config[0] &= !0x20;
        }
        if self.once_in(3) {
            // Nothing to read it with: a source of copies.
            slot_config[0] &= 0xF0;
        }
        let key_type = self.choice(&[4, 4, 4, 6, 7, 7, 1]);
        let mut key_config = self.byte() & !0x1C | key_type << 2;
        let mut high = self.byte() & !0x20;
        for (bit, often) in [(0x80, 3), (0x40, 2)] {
            if !self.once_in(often) {
                key_config &= !bit;
            }
        }
        if !self.once_in(3) {
            high &= !0x10;
        }
        zone[20 + 2 * slot..][..2].copy_from_slice(&slot_config[..2]);
        zone[96 + 2 * slot..][..2].copy_from_slice(&[key_config, high]);
    }

    fn only_608(&mut self, zone: &mut [u8; 128]) {
        zone[69] = self.byte() | self.choice(&[0x80, 0x00]);
        zone[70] = self.byte() & self.choice(&[0x1F, 0x0F, 0x00]);
        zone[71] = self.byte() | self.choice(&[0x80, 0x00]);
        if !self.once_in(4) {
            // A public key for it.
            let key = usize::from(zone[71] >> 4);
            zone[96 + 2 * key] = zone[96 + 2 * key] & 0xE2 | 0x10;
        }
        zone[72] = 0xFF;
        zone[90] = self.byte() & 0x0E;
        zone[91] = self.byte() & self.choice(&[0xFF, 0xF0, 0xF5]);
    }
}
