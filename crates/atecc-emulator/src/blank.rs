//! Configuration zones of blank chips, as they leave the factory.
//!
//! All three were read from real I2C parts (byte 14 bit 0 is 1). OTP of a
//! blank part is all FF (source: ATECC508A datasheet, section 2.3). That its
//! data slots are all FF too is an assumption (unconfirmed).

use crate::revision::Revision;

/// Recording `matianfu-508a-blank-a`: serial number 0123 1503 3785 F0A2 EE.
const ATECC508A: [u8; 128] = image(
    [
        0x01, 0x23, 0x15, 0x03, 0x00, 0x00, 0x50, 0x00, // SN[0:3], RevNum
        0x37, 0x85, 0xF0, 0xA2, 0xEE, 0xC0, 0x59, 0x00, // SN[4:8], reserved
    ],
    0x55, // OTPmode: consumption.
    0xFF, // LastKeyUse: all uses left.
);

/// A part with serial number 0123 FE1E CBC3 C08F EE; bytes 16 to 127 equal
/// those of recording `factbird-608a-blank`.
const ATECC608A: [u8; 128] = image(
    [
        0x01, 0x23, 0xFE, 0x1E, 0x00, 0x00, 0x60, 0x02, //
        0xCB, 0xC3, 0xC0, 0x8F, 0xEE, 0xC1, 0x39, 0x00, //
    ],
    0x00, // CountMatch: off.
    0x00, // UseLock to KdfIvStr: off.
);

/// Recording `piatecc-608b-blank`: serial number 0123 703A A642 748F EE.
const ATECC608B: [u8; 128] = image(
    [
        0x01, 0x23, 0x70, 0x3A, 0x00, 0x00, 0x60, 0x03, //
        0xA6, 0x42, 0x74, 0x8F, 0xEE, 0x61, 0x61, 0x00, //
    ],
    0x00,
    0x00,
);

/// What the three have in common, from byte 16 on.
const SHARED: [u8; 128] = [
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // Identity: differs
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, //
    0xC0, 0x00, 0x00, 0x00, // I2C address 0x60; byte 18 differs; ChipMode
    0x83, 0x20, 0x87, 0x20, 0x8F, 0x20, 0xC4, 0x8F, // SlotConfig
    0x8F, 0x8F, 0x8F, 0x8F, 0x9F, 0x8F, 0xAF, 0x8F, //
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, //
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0xAF, 0x8F, //
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, // Counter0 = 0
    0xFF, 0xFF, 0xFF, 0xFF, 0x00, 0x00, 0x00, 0x00, // Counter1 = 0
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, // Bytes 68-83 differ
    0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, //
    0x00, 0x00, 0x55, 0x55, // UserExtra, byte 85, LockValue, LockConfig
    0xFF, 0xFF, 0x00, 0x00, // SlotLocked; RFU or ChipOptions
    0x00, 0x00, 0x00, 0x00, // X509format
    0x33, 0x00, 0x33, 0x00, 0x33, 0x00, 0x1C, 0x00, // KeyConfig
    0x1C, 0x00, 0x1C, 0x00, 0x1C, 0x00, 0x1C, 0x00, //
    0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00, //
    0x3C, 0x00, 0x3C, 0x00, 0x3C, 0x00, 0x1C, 0x00, //
];

/// The configuration zone of a blank `revision`.
pub(crate) const fn config(revision: Revision) -> [u8; 128] {
    match revision {
        Revision::Atecc508A => ATECC508A,
        Revision::Atecc608A => ATECC608A,
        Revision::Atecc608B => ATECC608B,
    }
}

const fn image(identity: [u8; 16], byte_18: u8, bytes_68_to_83: u8) -> [u8; 128] {
    let mut image = SHARED;
    let mut at = 0;
    while at < 16 {
        image[at] = identity[at];
        image[68 + at] = bytes_68_to_83;
        at += 1;
    }
    image[18] = byte_18;
    image
}

#[cfg(test)]
mod tests {
    use super::config;
    use crate::crc::crc;
    use crate::revision::Revision;

    /// The recorded dumps themselves, whole.
    const DUMPS: [(Revision, &str); 3] = [
        (
            Revision::Atecc508A,
            "01231503000050003785f0a2eec05900c0005500832087208f20c48f8f8f8f8f\
             9f8faf8f0000000000000000000000000000af8fffffffff00000000ffffffff\
             00000000ffffffffffffffffffffffffffffffff00005555ffff000000000000\
             3300330033001c001c001c001c001c003c003c003c003c003c003c003c001c00",
        ),
        (
            Revision::Atecc608A,
            "0123fe1e00006002cbc3c08feec13900c0000000832087208f20c48f8f8f8f8f\
             9f8faf8f0000000000000000000000000000af8fffffffff00000000ffffffff\
             000000000000000000000000000000000000000000005555ffff000000000000\
             3300330033001c001c001c001c001c003c003c003c003c003c003c003c001c00",
        ),
        (
            Revision::Atecc608B,
            "0123703a00006003a642748fee616100c0000000832087208f20c48f8f8f8f8f\
             9f8faf8f0000000000000000000000000000af8fffffffff00000000ffffffff\
             000000000000000000000000000000000000000000005555ffff000000000000\
             3300330033001c001c001c001c001c003c003c003c003c003c003c003c001c00",
        ),
    ];

    #[test]
    fn equal_the_recorded_dumps() {
        for (revision, dump) in DUMPS {
            let dump = crate::hex::decode(dump).unwrap();
            assert_eq!(config(revision)[..], dump, "{revision}");
        }
    }

    /// The reference states the CRC of the first two dumps.
    #[test]
    fn checksums() {
        assert_eq!(crc(&config(Revision::Atecc508A)), [0xCB, 0x23]);
        assert_eq!(crc(&config(Revision::Atecc608A)), [0x21, 0x3D]);
    }
}
