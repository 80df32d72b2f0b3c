//! The opcodes. Source: ATECC508A datasheet, Table 9-4; cryptoauthlib
//! `calib_command.h`.

use crate::revision::Revision;

/// A command of the 508A or of the 608.
#[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
#[repr(u8)]
#[expect(missing_docs, reason = "the names are the datasheet's")]
pub enum Opcode {
    Pause = 0x01,
    Read = 0x02,
    Mac = 0x08,
    Hmac = 0x11,
    Write = 0x12,
    GenDig = 0x15,
    Nonce = 0x16,
    Lock = 0x17,
    Random = 0x1B,
    DeriveKey = 0x1C,
    UpdateExtra = 0x20,
    Counter = 0x24,
    CheckMac = 0x28,
    Info = 0x30,
    GenKey = 0x40,
    Sign = 0x41,
    Ecdh = 0x43,
    Verify = 0x45,
    PrivWrite = 0x46,
    Sha = 0x47,
    Aes = 0x51,
    Kdf = 0x56,
    SelfTest = 0x77,
    SecureBoot = 0x80,
}

impl Opcode {
    /// All 24, by rising value.
    pub const ALL: [Self; 24] = [
        Self::Pause,
        Self::Read,
        Self::Mac,
        Self::Hmac,
        Self::Write,
        Self::GenDig,
        Self::Nonce,
        Self::Lock,
        Self::Random,
        Self::DeriveKey,
        Self::UpdateExtra,
        Self::Counter,
        Self::CheckMac,
        Self::Info,
        Self::GenKey,
        Self::Sign,
        Self::Ecdh,
        Self::Verify,
        Self::PrivWrite,
        Self::Sha,
        Self::Aes,
        Self::Kdf,
        Self::SelfTest,
        Self::SecureBoot,
    ];

    /// The command with this opcode byte, on either chip.
    #[must_use]
    pub fn from_byte(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|opcode| *opcode as u8 == byte)
    }

    /// Whether `revision` has the command at all.
    #[must_use]
    pub const fn is_on(self, revision: Revision) -> bool {
        match self {
            Self::Aes | Self::Kdf | Self::SecureBoot | Self::SelfTest => !revision.is_508(),
            Self::Hmac | Self::Pause => revision.is_508(),
            _ => true,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Opcode;
    use crate::revision::Revision;

    #[test]
    fn each_chip_has_its_own() {
        let count = |revision| {
            Opcode::ALL
                .iter()
                .filter(|opcode| opcode.is_on(revision))
                .count()
        };
        assert_eq!(count(Revision::Atecc508A), 20);
        assert_eq!(count(Revision::Atecc608A), 22);
        assert!(Opcode::ALL.is_sorted_by_key(|opcode| *opcode as u8));
        assert_eq!(Opcode::from_byte(0x13), None);
    }
}
