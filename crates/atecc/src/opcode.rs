//! Command opcodes. Source: ATECC508A datasheet, "Command Opcodes, Short
//! Descriptions, and Execution Times"; for the ATECC608 cryptoauthlib
//! `calib_command.h`.

macro_rules! opcodes {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)*) => {
        /// The command byte of a group.
        #[derive(Clone, Copy, Debug, Eq, Hash, PartialEq)]
        #[repr(u8)]
        #[cfg_attr(feature = "defmt", derive(defmt::Format))]
        #[non_exhaustive]
        pub enum Opcode {
            $($(#[$doc])* $name = $code,)*
            /// A command of another chip, which says its byte itself
            /// ([`Command::BYTE`](crate::Command::BYTE)).
            Foreign = 0x00,
        }

        impl Opcode {
            /// All opcodes of the family.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// The opcode that `byte` stands for, if any.
            #[must_use]
            pub const fn from_byte(byte: u8) -> Option<Self> {
                match byte {
                    $($code => Some(Self::$name),)*
                    _ => None,
                }
            }

            /// The place in [`Self::ALL`], and of another chip's command the one behind.
            #[inline(never)]
            pub(crate) fn row(self) -> usize {
                Self::ALL.iter().take_while(|opcode| **opcode != self).count()
            }

            /// A bit for each [`Self::row`].
            pub(crate) fn bit(self) -> u32 {
                const { assert!(Self::ALL.len() < 32, "a bit for each and one more") }
                1 << self.row()
            }

            /// The datasheet's name; "foreign command" of another chip's.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                    Self::Foreign => "foreign command",
                }
            }
        }
    };
}

opcodes! {
    /// AES-128 and GFM. ATECC608 only.
    Aes = 0x51,
    /// Check a MAC made by another chip or host.
    CheckMac = 0x28,
    /// Read or increment a monotonic counter.
    Counter = 0x24,
    /// Make a symmetric key from another one.
    DeriveKey = 0x1C,
    /// Elliptic-curve Diffie-Hellman.
    Ecdh = 0x43,
    /// Mix a stored value into TempKey.
    GenDig = 0x15,
    /// Create a private key, or compute a public one.
    GenKey = 0x40,
    /// HMAC with a stored key. ATECC508A only.
    Hmac = 0x11,
    /// Revision, state and key validity.
    Info = 0x30,
    /// Key derivation functions. ATECC608 only.
    Kdf = 0x56,
    /// Lock a zone or a slot for ever.
    Lock = 0x17,
    /// SHA-256 MAC with a stored key.
    Mac = 0x08,
    /// Load TempKey or another volatile buffer.
    Nonce = 0x16,
    /// Idle all chips on the bus but one. ATECC508A only.
    Pause = 0x01,
    /// Write a private key.
    PrivWrite = 0x46,
    /// Random number.
    Random = 0x1B,
    /// Read 4 or 32 bytes.
    Read = 0x02,
    /// Check the host's firmware. ATECC608 only.
    SecureBoot = 0x80,
    /// Test the chip's engines. ATECC608 only.
    SelfTest = 0x77,
    /// SHA-256 and HMAC.
    Sha = 0x47,
    /// ECDSA signature.
    Sign = 0x41,
    /// Write the two bytes of the configuration that stay writable.
    UpdateExtra = 0x20,
    /// Check an ECDSA signature.
    Verify = 0x45,
    /// Write 4 or 32 bytes.
    Write = 0x12,
}

impl core::fmt::Display for Opcode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_and_opcodes_agree() {
        assert_eq!(Opcode::ALL.len(), 24);
        for byte in 0..=u8::MAX {
            let by_search = Opcode::ALL.iter().copied().find(|o| *o as u8 == byte);
            assert_eq!(Opcode::from_byte(byte), by_search);
        }
    }
}
