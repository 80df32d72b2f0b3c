//! The three functions of `KDF`, and the details word that says them.

use super::super::KeyBlock;
use crate::Slot;

/// The three functions.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KdfFunction<'a> {
    /// TLS 1.2 `P_SHA256` with the message as its seed.
    Prf {
        /// Bytes of the key to use.
        key: PrfKeyLength,
        /// Bytes of the result.
        result: PrfResult,
        /// 1 to 127 bytes here; the limit of the chip is not public.
        message: &'a [u8],
    },
    /// AES-128 of one block; the result is padded with 16 zeros.
    Aes {
        /// Which 16 bytes of the source are the key.
        key: KeyBlock,
        /// The block.
        message: &'a [u8; 16],
    },
    /// The extract step of HKDF: HMAC-SHA256 with the first 32 bytes of the
    /// source.
    Hkdf {
        /// Which key.
        key: HkdfKey,
        /// Where the message is.
        message: HkdfMessage<'a>,
    },
}

/// Length of the key of [`KdfFunction::Prf`]; 48 and 64 need all of TempKey or
/// a slot of 72 bytes or more.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum PrfKeyLength {
    /// 16 bytes.
    Bytes16 = 0,
    /// 32 bytes.
    Bytes32 = 1,
    /// 48 bytes.
    Bytes48 = 2,
    /// 64 bytes.
    Bytes64 = 3,
}

/// Length of the result of [`KdfFunction::Prf`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
#[repr(u8)]
pub enum PrfResult {
    /// 32 bytes.
    Bytes32,
    /// 64 bytes.
    Bytes64,
    /// 64 bytes, of which the first half goes to the target and the second is
    /// returned *(unconfirmed)*.
    Split,
}

/// The key of [`KdfFunction::Hkdf`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HkdfKey {
    /// The source's.
    Source,
    /// 32 zeros.
    Zero,
}

/// The message of [`KdfFunction::Hkdf`].
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum HkdfMessage<'a> {
    /// In a slot.
    Slot(Slot),
    /// In TempKey.
    TempKey,
    /// In the command.
    Input(&'a [u8]),
    /// In the command, and it must hold the two configured bytes at the
    /// configured place.
    Iv(&'a [u8]),
}

/// The details word, back from its bytes.
#[cfg(feature = "parse")]
impl<'a> KdfFunction<'a> {
    pub(super) const fn prf(details: [u8; 4], message: &'a [u8]) -> Self {
        let [low, result, ..] = details;
        Self::Prf {
            key: match low & 0x03 {
                0 => PrfKeyLength::Bytes16,
                1 => PrfKeyLength::Bytes32,
                2 => PrfKeyLength::Bytes48,
                _ => PrfKeyLength::Bytes64,
            },
            result: match result & 0x07 {
                0x00 => PrfResult::Bytes32,
                0x03 => PrfResult::Split,
                _ => PrfResult::Bytes64,
            },
            message,
        }
    }

    pub(super) fn hkdf(details: [u8; 4], message: &'a [u8]) -> Self {
        let [low, slot, ..] = details;
        Self::Hkdf {
            key: match low & 0x04 {
                0 => HkdfKey::Source,
                _ => HkdfKey::Zero,
            },
            message: match low & 0x03 {
                0 => HkdfMessage::Slot(Slot::from_nibble(slot)),
                1 => HkdfMessage::TempKey,
                2 => HkdfMessage::Input(message),
                _ => HkdfMessage::Iv(message),
            },
        }
    }
}

impl<'a> KdfFunction<'a> {
    pub(super) const fn message(&self) -> &'a [u8] {
        match self {
            Self::Prf { message, .. } => message,
            Self::Aes { message, .. } => *message,
            Self::Hkdf { message, .. } => match message {
                HkdfMessage::Slot(_) | HkdfMessage::TempKey => &[],
                HkdfMessage::Input(message) | HkdfMessage::Iv(message) => message,
            },
        }
    }

    /// The details word, low byte first.
    pub(super) fn details(&self, len: u8) -> [u8; 4] {
        match self {
            Self::Prf { key, result, .. } => {
                let result = match result {
                    PrfResult::Bytes32 => 0x00,
                    PrfResult::Bytes64 => 0x01,
                    // Bits 10 and 9 = 01, and 64 bytes in all.
                    PrfResult::Split => 0x03,
                };
                [*key as u8, result, 0, len]
            }
            Self::Aes { key, .. } => [*key as u8, 0, 0, 0],
            Self::Hkdf { key, message } => {
                let zero_key = match key {
                    HkdfKey::Source => 0x00,
                    HkdfKey::Zero => 0x04,
                };
                let (from, slot) = match message {
                    HkdfMessage::Slot(slot) => (0, slot.index()),
                    HkdfMessage::TempKey => (1, 0),
                    HkdfMessage::Input(_) => (2, 0),
                    HkdfMessage::Iv(_) => (3, 0),
                };
                [from | zero_key, slot, 0, len]
            }
        }
    }

    pub(super) const fn result_len(&self) -> u8 {
        match self {
            Self::Prf { result, .. } => match result {
                PrfResult::Bytes32 | PrfResult::Split => 32,
                PrfResult::Bytes64 => 64,
            },
            Self::Aes { .. } | Self::Hkdf { .. } => 32,
        }
    }

    pub(super) const fn is_split(&self) -> bool {
        matches!(
            self,
            Self::Prf {
                result: PrfResult::Split,
                ..
            }
        )
    }
}
