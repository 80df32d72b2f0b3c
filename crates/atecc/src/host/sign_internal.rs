//! The message that Sign signs when it makes it itself.

use super::{CommandHeader, include, middle, second, sha256, tail};
use crate::config::{ConfigZone, KeyConfig, LockState, SlotConfig};
use crate::{SerialNumber, Slot};

/// What the chip remembers of `TempKey`, which must hold a digest.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct TempKeyState {
    /// Bit 7 `NoMacFlag`, 6 `GenKeyData`, 5 `GenDigData`, 4 `SourceFlag`, 3 to 0
    /// KeyID: as [`crate::commands::VolatileState::temp_key_flags`].
    pub flags: u8,
    /// `SlotConfig` of the slot KeyID.
    pub slot_config: SlotConfig,
    /// `KeyConfig` of the slot KeyID.
    pub key_config: KeyConfig,
    /// Whether that slot is locked.
    pub slot_lock: LockState,
    /// Whether it holds a public key that has been validated.
    pub validated: Validity,
}

/// Whether a stored public key has been validated.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Validity {
    /// It has: its validity nibble is 5.
    Validated,
    /// It has not, or it is no public key that needs it.
    NotValidated,
}

impl TempKeyState {
    /// The state with the parts that `config` knows of the slot `key`.
    #[must_use]
    pub fn of(flags: u8, config: &ConfigZone, key: Slot, validated: Validity) -> Self {
        Self {
            flags,
            slot_config: config.slot_config(key),
            key_config: config.key_config(key),
            slot_lock: config.slot_lock(key),
            validated,
        }
    }
}

/// The 55-byte message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct InternalMessage([u8; 55]);

impl InternalMessage {
    /// What a [`crate::commands::SignInternal`] signs.
    #[must_use]
    pub fn new(
        head: CommandHeader,
        temp_key: &[u8; 32],
        state: &TempKeyState,
        serial: &SerialNumber,
    ) -> Self {
        let [sn8, sn0, sn1] = tail(serial);
        let whole = include(head);
        let last = [
            u8::from(!state.slot_lock.is_locked()),
            u8::from(state.validated == Validity::Validated),
            0,
        ];
        let parts: [&[u8]; 11] = [
            temp_key,
            &head.0,
            &state.slot_config.0.to_le_bytes(),
            &state.key_config.0.to_le_bytes(),
            &[state.flags],
            &[0, 0],
            &[sn8],
            &middle(serial, whole),
            &[sn0, sn1],
            &second(serial, whole),
            &last,
        ];
        let mut message = [0; 55];
        for (to, from) in message.iter_mut().zip(parts.into_iter().flatten()) {
            *to = *from;
        }
        Self(message)
    }

    /// The bytes.
    #[must_use]
    pub const fn as_bytes(&self) -> &[u8; 55] {
        &self.0
    }

    /// What the signature is over.
    #[must_use]
    pub fn digest(&self) -> [u8; 32] {
        sha256(&[&self.0])
    }

    /// The parts that [`crate::commands::Validate`] carries: bytes 33 to 42, 44
    /// to 47 and 50 to 54.
    #[must_use]
    #[rustfmt::skip]
    #[expect(clippy::many_single_char_names, reason = "bytes")]
    pub const fn other_data(&self) -> [u8; 19] {
        let [
            ..,
            a, b, c, d, e, f, g, h, i, j, // 33 to 42
            _,
            k, l, m, n, // 44 to 47
            _, _,
            o, p, q, r, s, // 50 to 54
        ] = self.0;
        [a, b, c, d, e, f, g, h, i, j, k, l, m, n, o, p, q, r, s]
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{SERIAL, TEMP_KEY, hex};
    use super::*;
    use crate::commands::{IncludeSerial, InternalPurpose, SignInternal};

    #[test]
    fn vector() {
        let head = CommandHeader::of(&SignInternal {
            slot: Slot::S1,
            serial: IncludeSerial::Whole,
            purpose: InternalPurpose::Any,
        });
        let state = TempKeyState {
            flags: 0x40,
            slot_config: SlotConfig(0x2087),
            key_config: KeyConfig(0x0033),
            slot_lock: LockState::Unlocked,
            validated: Validity::NotValidated,
        };
        let message = InternalMessage::new(head, &TEMP_KEY, &state, &SERIAL);
        assert_eq!(message.as_bytes()[..32], TEMP_KEY);
        assert_eq!(
            message.as_bytes()[32..],
            hex::<23>("41400100872033004000 00EE89ABCDEF01234567 010000")
        );
        assert_eq!(
            message.digest(),
            hex("9FB963EAB7B01A0BF6DC623125C7D76FDEC3C4083274AB1434C98D06352037C0")
        );
        assert_eq!(
            message.other_data(),
            hex("40010087203300400000 89ABCDEF 4567010000")
        );
    }
}
