//! CRC-16 of groups and of zones.
//!
//! Polynomial 0x8005, initial value 0, no final XOR; each byte enters least
//! significant bit first but the register is not reflected at the end, which
//! no catalogue of CRCs lists. Source: ATECC508A datasheet, "I/O Groups".

use crc::{Algorithm, Crc, NoTable};

const ATECC: Algorithm<u16> = Algorithm {
    width: 16,
    poly: 0x8005,
    init: 0,
    refin: true,
    refout: false,
    xorout: 0,
    check: 0,
    residue: 0,
};

/// Without a table: 512 bytes of flash weigh more than the few microseconds
/// that a group of at most 155 bytes takes.
const ENGINE: Crc<u16, NoTable> = Crc::<u16, NoTable>::new(&ATECC);

/// CRC-16 of `bytes`; on the wire it stands low byte first.
///
/// ```
/// assert_eq!(atecc::crc::crc16(&[0x04, 0x11]).to_le_bytes(), [0x33, 0x43]);
/// ```
#[must_use]
pub const fn crc16(bytes: &[u8]) -> u16 {
    ENGINE.checksum(bytes)
}

/// A CRC-16 that takes its bytes in pieces, for zones too large to hold.
///
/// ```
/// use atecc::crc::{Crc16, crc16};
///
/// let mut crc = Crc16::new();
/// crc.update(&[0x04]);
/// crc.update(&[0x11]);
/// assert_eq!(crc.finish(), crc16(&[0x04, 0x11]));
/// ```
#[derive(Clone)]
pub struct Crc16(crc::Digest<'static, u16, NoTable>);

impl Crc16 {
    /// The CRC of nothing.
    #[must_use]
    pub fn new() -> Self {
        static ENGINE: Crc<u16, NoTable> = Crc::<u16, NoTable>::new(&ATECC);
        Self(ENGINE.digest())
    }

    /// Append `bytes`.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The value over all bytes so far.
    #[must_use]
    pub fn finish(self) -> u16 {
        self.0.finalize()
    }
}

impl Default for Crc16 {
    fn default() -> Self {
        Self::new()
    }
}

impl core::fmt::Debug for Crc16 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Crc16")
            .field(&self.clone().finish())
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Groups with a CRC as cryptoauthlib's `atCRC` has it, seen on real buses
    /// too.
    #[test]
    fn known_groups() {
        for (body, wire) in [
            (&[0x07, 0x30, 0x00, 0x00, 0x00][..], [0x03, 0x5D]), // Info revision
            (&[0x07, 0x02, 0x80, 0x00, 0x00], [0x09, 0xAD]),     // Read config, block 0
            (&[0x07, 0x40, 0x04, 0x00, 0x00], [0x83, 0x87]),     // GenKey create, slot 0
            (&[0x04, 0x11], [0x33, 0x43]),                       // after wake
            (&[0x04, 0x07], [0x40, 0xC2]),                       // self-test failure
        ] {
            assert_eq!(crc16(body).to_le_bytes(), wire, "{body:02x?}");
        }
    }

    #[test]
    fn pieces_make_the_whole() {
        let mut crc = Crc16::new();
        crc.update(&[0x07, 0x30]);
        crc.update(&[]);
        crc.update(&[0x00, 0x00, 0x00]);
        assert_eq!(crc.finish(), crc16(&[0x07, 0x30, 0x00, 0x00, 0x00]));
    }
}
