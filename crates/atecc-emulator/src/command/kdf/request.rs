//! The command, cut into its fields.

use crate::command::Frame;
use crate::memory::Slot;

/// Param1 bits 1-0.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum From {
    TempKey,
    UpperTempKey,
    Slot(Slot),
    AlternateKey,
}

/// Param1 bits 4-2.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum To {
    TempKey,
    UpperTempKey,
    Slot(Slot),
    AlternateKey,
    Output,
    EncryptedOutput,
}

/// Param1 bits 6-5.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum Algorithm {
    Prf,
    Aes,
    Hkdf,
}

/// The command, cut into its fields.
pub(super) struct Request<'a> {
    pub(super) from: From,
    pub(super) to: To,
    pub(super) algorithm: Algorithm,
    pub(super) details: u32,
    pub(super) message: &'a [u8],
}

impl<'a> Request<'a> {
    pub(super) fn parse(frame: &Frame<'a>) -> Option<Self> {
        // A byte of Param2 that is not needed is ignored.
        let [source, target] = frame.p2.to_le_bytes();
        let from = match frame.p1 & 0x03 {
            0 => From::TempKey,
            1 => From::UpperTempKey,
            2 => From::Slot(Slot::of_nibble(source)),
            _ => From::AlternateKey,
        };
        let to = match frame.p1 >> 2 & 0x07 {
            0 => To::TempKey,
            1 => To::UpperTempKey,
            2 => To::Slot(Slot::of_nibble(target)),
            3 => To::AlternateKey,
            4 => To::Output,
            5 => To::EncryptedOutput,
            _ => return None,
        };
        let algorithm = match frame.p1 >> 5 {
            0 => Algorithm::Prf,
            1 => Algorithm::Aes,
            2 => Algorithm::Hkdf,
            _ => return None,
        };
        let (details, message) = frame.data.split_first_chunk()?;
        let request = Self {
            from,
            to,
            algorithm,
            details: u32::from_le_bytes(*details),
            message,
        };
        request.has_legal_length().then_some(request)
    }

    /// Details bits 31-24; AES always has one block and ignores them.
    pub(super) fn message_length(&self) -> usize {
        let [.., length] = self.details.to_le_bytes();
        length.into()
    }

    /// A message that is in the chip already need not be sent (unconfirmed).
    fn has_legal_length(&self) -> bool {
        let stored = self.algorithm == Algorithm::Hkdf && self.details & 0x02 == 0;
        match self.algorithm {
            Algorithm::Aes => self.message.len() == 16,
            _ if stored && self.message.is_empty() => true,
            _ => self.message.len() == self.message_length(),
        }
    }
}
