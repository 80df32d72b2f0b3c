//! `KDF` (opcode 0x56), ATECC608 only. Its full description is not public;
//! source: cryptoauthlib `calib_kdf.c` and its tests.

mod derived_key;
mod function;

pub use derived_key::DerivedKey;
pub use function::{HkdfKey, HkdfMessage, KdfFunction, PrfKeyLength, PrfResult};

#[cfg(any(feature = "parse", test))]
use super::KeyBlock;
use crate::command::{Chips, Data, DecodeError, ResponseKind, Retry};
#[cfg(feature = "parse")]
use crate::parse::{CommandError, CommandGroup, Parse};
use crate::{Command, Family, Opcode, Slot};

/// Derive a key: `function` of the key in `source`, to `target`.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::commands::{
///     DerivedKey, Kdf, KdfFunction, KdfSource, KdfTarget, LoadNonce, NonceTarget, PrfKeyLength,
///     PrfResult,
/// };
/// use atecc::procedure::Once;
/// use atecc::procedures::Prepared;
///
/// let secret = LoadNonce { target: NonceTarget::TempKey, value: [0x20; 32] };
/// let function = KdfFunction::Prf {
///     key: PrfKeyLength::Bytes32,
///     result: PrfResult::Bytes32,
///     message: b"master secret",
/// };
/// let kdf = Kdf::new(KdfSource::TempKey, KdfTarget::Output, function)?;
/// let ((), key) = device.run(Prepared::new(Once(secret), kdf))?;
/// assert!(matches!(key, DerivedKey::Clear32(_)));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Kdf<'a> {
    source: KdfSource,
    target: KdfTarget,
    function: KdfFunction<'a>,
    details: [u8; 4],
}

/// Where the key is.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KdfSource {
    /// TempKey, from its first byte.
    TempKey,
    /// TempKey, from byte 32.
    TempKeyUpper,
    /// A slot.
    Slot(Slot),
    /// The alternate key buffer.
    AlternateKeyBuffer,
}

/// Where the result goes.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum KdfTarget {
    /// TempKey, from its first byte.
    TempKey,
    /// TempKey, from byte 32.
    TempKeyUpper,
    /// A slot whose configuration allows it.
    Slot(Slot),
    /// The alternate key buffer.
    AlternateKeyBuffer,
    /// Returned in the clear.
    Output,
    /// Returned, encrypted with the IO protection key.
    EncryptedOutput,
}

/// A message that does not fit the command.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("KDF: message of {0} bytes; {MAX_MESSAGE} fit")]
pub struct KdfMessageTooLong(pub usize);

/// 155 bytes of a group less its overhead of 7 and 4 of details would be 144;
/// the length field's top bit is not known to be used.
const MAX_MESSAGE: usize = 127;

impl<'a> Kdf<'a> {
    /// # Errors
    /// [`KdfMessageTooLong`] when the message has more than 127 bytes.
    pub fn new(
        source: KdfSource,
        target: KdfTarget,
        function: KdfFunction<'a>,
    ) -> Result<Self, KdfMessageTooLong> {
        let len = function.message().len();
        let too_long = KdfMessageTooLong(len);
        let Some(len) = u8::try_from(len).ok().filter(|len| *len <= 127) else {
            return Err(too_long);
        };
        Ok(Self {
            source,
            target,
            function,
            details: function.details(len),
        })
    }

    const fn source_is_volatile(&self) -> bool {
        !matches!(self.source, KdfSource::Slot(_))
    }

    /// Where the key is.
    #[must_use]
    pub const fn source(&self) -> KdfSource {
        self.source
    }

    /// Where the result goes.
    #[must_use]
    pub const fn target(&self) -> KdfTarget {
        self.target
    }

    /// The function.
    #[must_use]
    pub const fn function(&self) -> KdfFunction<'a> {
        self.function
    }
}

impl Command for Kdf<'_> {
    const OPCODE: Opcode = Opcode::Kdf;
    type Response = DerivedKey;

    fn chips(&self) -> Chips {
        Chips::Only(Family::Atecc608)
    }
    fn param1(&self) -> u8 {
        let source = match self.source {
            KdfSource::TempKey => 0,
            KdfSource::TempKeyUpper => 1,
            KdfSource::Slot(_) => 2,
            KdfSource::AlternateKeyBuffer => 3,
        };
        let target = match self.target {
            KdfTarget::TempKey => 0,
            KdfTarget::TempKeyUpper => 1,
            KdfTarget::Slot(_) => 2,
            KdfTarget::AlternateKeyBuffer => 3,
            KdfTarget::Output => 4,
            KdfTarget::EncryptedOutput => 5,
        };
        let function = match self.function {
            KdfFunction::Prf { .. } => 0,
            KdfFunction::Aes { .. } => 1,
            KdfFunction::Hkdf { .. } => 2,
        };
        function << 5 | target << 2 | source
    }
    fn param2(&self) -> u16 {
        let source = match self.source {
            KdfSource::Slot(slot) => slot.index(),
            _ => 0,
        };
        let target = match self.target {
            KdfTarget::Slot(slot) => slot.index(),
            _ => 0,
        };
        u16::from_le_bytes([source, target])
    }
    fn data(&self) -> Data<'_> {
        Data(&self.details, self.function.message(), &[])
    }
    fn expect(&self) -> ResponseKind {
        match self.target {
            KdfTarget::Output => ResponseKind::Bytes(self.function.result_len()),
            KdfTarget::EncryptedOutput => {
                ResponseKind::Bytes(self.function.result_len().saturating_add(32))
            }
            _ if self.function.is_split() => ResponseKind::Bytes(32),
            _ => ResponseKind::Status,
        }
    }
    fn repeat(&self) -> Retry {
        match self.source {
            KdfSource::Slot(_) => Retry::CheckStateFirst,
            _ => Retry::RestartSequence,
        }
    }
    fn needs_volatile(&self) -> bool {
        let message = match self.function {
            KdfFunction::Hkdf { message, .. } => message,
            KdfFunction::Prf { .. } | KdfFunction::Aes { .. } => return self.source_is_volatile(),
        };
        self.source_is_volatile() || message == HkdfMessage::TempKey
    }
    fn loads_volatile(&self) -> bool {
        let kept = !matches!(
            self.target,
            KdfTarget::Slot(_) | KdfTarget::Output | KdfTarget::EncryptedOutput
        );
        kept && !self.needs_volatile()
    }
    fn decode(&self, payload: &[u8]) -> Result<DerivedKey, DecodeError> {
        let encrypted = matches!(self.target, KdfTarget::EncryptedOutput);
        match payload.len() {
            1 => DecodeError::done(Self::OPCODE, payload).map(|()| DerivedKey::Kept),
            32 => DecodeError::exactly(Self::OPCODE, payload).map(DerivedKey::Clear32),
            64 if !encrypted => {
                DecodeError::exactly(Self::OPCODE, payload).map(DerivedKey::Clear64)
            }
            64 => {
                let (cipher, nonce) = payload.split_at(32);
                Ok(DerivedKey::Encrypted32 {
                    cipher: DecodeError::exactly(Self::OPCODE, cipher)?,
                    nonce: DecodeError::exactly(Self::OPCODE, nonce)?,
                })
            }
            _ => {
                let whole: [u8; 96] = DecodeError::exactly(Self::OPCODE, payload)?;
                let (cipher, nonce) = whole.split_at(64);
                Ok(DerivedKey::Encrypted64 {
                    cipher: DecodeError::exactly(Self::OPCODE, cipher)?,
                    nonce: DecodeError::exactly(Self::OPCODE, nonce)?,
                })
            }
        }
    }
}

#[cfg(feature = "parse")]
impl<'a> Parse<'a> for Kdf<'a> {
    fn from_group(group: &CommandGroup<'a>) -> Result<Self, CommandError> {
        let mode = group.param1;
        let [source_slot, target_slot] = group.param2.to_le_bytes();
        let source = match mode & 0x03 {
            0 => KdfSource::TempKey,
            1 => KdfSource::TempKeyUpper,
            2 => KdfSource::Slot(Slot::from_nibble(source_slot)),
            _ => KdfSource::AlternateKeyBuffer,
        };
        let target = match mode >> 2 & 0x07 {
            0 => KdfTarget::TempKey,
            1 => KdfTarget::TempKeyUpper,
            2 => KdfTarget::Slot(Slot::from_nibble(target_slot)),
            3 => KdfTarget::AlternateKeyBuffer,
            4 => KdfTarget::Output,
            5 => KdfTarget::EncryptedOutput,
            _ => return Err(group.wrong_mode()),
        };
        let (details, message) = group
            .data
            .split_first_chunk::<4>()
            .ok_or_else(|| group.wrong_length())?;
        let [first, .., length] = *details;
        let function = match mode >> 5 {
            0 => KdfFunction::prf(*details, message),
            1 => KdfFunction::Aes {
                key: KeyBlock::from_bits(first),
                message: message
                    .try_into()
                    .ok()
                    .ok_or_else(|| group.wrong_length())?,
            },
            2 => KdfFunction::hkdf(*details, message),
            _ => return Err(group.wrong_mode()),
        };
        let aes = matches!(function, KdfFunction::Aes { .. });
        if !aes && usize::from(length) != message.len() {
            return Err(group.wrong_length());
        }
        Ok(Self::new(source, target, function)?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::commands::testing::encoded;

    #[test]
    fn bytes() {
        let message: [u8; 16] = core::array::from_fn(|at| u8::try_from(at).unwrap());
        let to_output =
            |function| Kdf::new(KdfSource::TempKey, KdfTarget::Output, function).unwrap();
        // The three commands of the golden session of a 608A.
        let prf = to_output(KdfFunction::Prf {
            key: PrfKeyLength::Bytes32,
            result: PrfResult::Bytes64,
            message: &message,
        });
        let bytes = encoded(&prf);
        assert_eq!(bytes[..9], [0x1B, 0x56, 0x10, 0, 0, 0x01, 0x01, 0x00, 0x10]);
        assert_eq!(bytes[25..], [0x59, 0xFF]);
        let aes = to_output(KdfFunction::Aes {
            key: KeyBlock::First,
            message: &message,
        });
        let bytes = encoded(&aes);
        assert_eq!(bytes[..9], [0x1B, 0x56, 0x30, 0, 0, 0, 0, 0, 0]);
        assert_eq!(bytes[25..], [0xD6, 0x16]);
        let hkdf = to_output(KdfFunction::Hkdf {
            key: HkdfKey::Source,
            message: HkdfMessage::Input(&message),
        });
        let bytes = encoded(&hkdf);
        assert_eq!(bytes[..9], [0x1B, 0x56, 0x50, 0, 0, 0x02, 0x00, 0x00, 0x10]);
        assert_eq!(bytes[25..], [0x66, 0x4D]);
    }

    #[test]
    fn slots_and_limits() {
        let function = KdfFunction::Hkdf {
            key: HkdfKey::Zero,
            message: HkdfMessage::Slot(Slot::S9),
        };
        let (source, target) = (KdfSource::Slot(Slot::S3), KdfTarget::Slot(Slot::S8));
        let kdf = Kdf::new(source, target, function).unwrap();
        assert_eq!(
            encoded(&kdf)[..9],
            [0x0B, 0x56, 0x4A, 0x03, 0x08, 0x04, 0x09, 0x00, 0x00]
        );
        assert_eq!(kdf.decode(&[0x00]), Ok(DerivedKey::Kept));
        let function = KdfFunction::Hkdf {
            key: HkdfKey::Source,
            message: HkdfMessage::Input(&[0; 128]),
        };
        assert_eq!(
            Kdf::new(source, KdfTarget::EncryptedOutput, function),
            Err(KdfMessageTooLong(128))
        );
    }
}
