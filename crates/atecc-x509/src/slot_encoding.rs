//! The two forms of a public key in a 72-byte slot.
//!
//! Microchip's, which the chip itself can verify with, puts four bytes before
//! X and before Y; the high half of the first is the validity nibble of slots
//! with `PubInfo`. A `NervesKey` has X, Y and eight zero bytes in slot 11.
//! Source: ATECC508A datasheet, "Public Key Formats"; `nerves_key` 1.3
//! `data.ex`. Nothing in the slot says which form it is.

use crate::PublicKey;
use crate::encode::concat;

/// A byte that should be padding is not 0.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
#[error("public key slot byte {offset} is {value:#04x}, but padding is 0")]
pub struct SlotEncodingError {
    /// 0 to 71.
    pub offset: usize,
    /// What the slot holds there.
    pub value: u8,
}

impl PublicKey {
    /// X, Y and eight zero bytes: slot 11 of a `NervesKey`.
    #[must_use]
    pub fn to_nerves_key_slot(&self) -> [u8; 72] {
        concat(&[self.as_bytes(), &[0; 8]])
    }

    /// # Errors
    /// [`SlotEncodingError`] when one of the last eight bytes is not 0.
    pub fn from_nerves_key_slot(slot: &[u8; 72]) -> Result<Self, SlotEncodingError> {
        let [key @ .., _, _, _, _, _, _, _, _] = *slot;
        for (offset, value) in slot.iter().copied().enumerate().skip(64) {
            padding(offset, value)?;
        }
        Ok(Self::from_bytes(key))
    }

    /// Four zero bytes, X, four zero bytes, Y: the form of Microchip's chips.
    #[must_use]
    pub fn to_padded_slot(&self) -> [u8; 72] {
        let (x, y) = self.as_bytes().split_at(32);
        concat(&[&[0; 4], x, &[0; 4], y])
    }

    /// The validity nibble, the high half of byte 0, is not looked at.
    ///
    /// # Errors
    /// [`SlotEncodingError`] when another padding bit is not 0.
    pub fn from_padded_slot(slot: &[u8; 72]) -> Result<Self, SlotEncodingError> {
        let (left, right) = slot.split_at(36);
        for (offset, value) in slot.iter().copied().enumerate() {
            match offset {
                0 => padding(offset, value & 0x0F)?,
                1..=3 | 36..=39 => padding(offset, value)?,
                _ => {}
            }
        }
        let key = left.iter().skip(4).chain(right.iter().skip(4));
        let mut bytes = [0; 64];
        for (to, from) in bytes.iter_mut().zip(key) {
            *to = *from;
        }
        Ok(Self::from_bytes(bytes))
    }
}

const fn padding(offset: usize, value: u8) -> Result<(), SlotEncodingError> {
    match value {
        0 => Ok(()),
        _ => Err(SlotEncodingError { offset, value }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key() -> PublicKey {
        PublicKey::from_bytes(core::array::from_fn(|i| u8::try_from(i + 1).unwrap()))
    }

    #[test]
    fn nerves_key_form() {
        let mut slot = key().to_nerves_key_slot();
        assert_eq!((slot[0], slot[63], &slot[64..]), (1, 64, &[0; 8][..]));
        assert_eq!(PublicKey::from_nerves_key_slot(&slot), Ok(key()));
        slot[71] = 0x01;
        assert_eq!(
            PublicKey::from_nerves_key_slot(&slot),
            Err(SlotEncodingError {
                offset: 71,
                value: 1
            })
        );
    }

    #[test]
    fn padded_form() {
        let mut slot = key().to_padded_slot();
        assert_eq!(slot[..5], [0, 0, 0, 0, 1]);
        assert_eq!(slot[35..41], [32, 0, 0, 0, 0, 33]);
        slot[0] = 0x50; // The validity nibble of a validated key.
        assert_eq!(PublicKey::from_padded_slot(&slot), Ok(key()));
        slot[0] = 0x51; // The low half is padding.
        assert_eq!(
            PublicKey::from_padded_slot(&slot),
            Err(SlotEncodingError {
                offset: 0,
                value: 1
            })
        );
        slot[0] = 0;
        slot[39] = 0x07;
        assert_eq!(
            PublicKey::from_padded_slot(&slot),
            Err(SlotEncodingError {
                offset: 39,
                value: 7
            })
        );
    }
}
