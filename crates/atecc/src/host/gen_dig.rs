//! GenDig: what `TempKey` becomes.

use super::{CommandHeader, sha256, tail};
use crate::config::{KeyConfig, LockState, SlotConfig};
use crate::{Opcode, SerialNumber};

/// What a [`crate::commands::GenDig`] mixes in, with the value that the chip
/// holds.
#[derive(Clone, Copy)]
pub enum DigInput<'a> {
    /// A block of configuration or OTP, the first 32 bytes of a slot, or a
    /// transport key.
    Stored(&'a [u8; 32]),
    /// The first 32 bytes of a slot with `NoMac`: these bytes instead of opcode
    /// and parameters.
    NoMac(&'a [u8; 32], [u8; 4]),
    /// A shared nonce before TempKey.
    SharedNonce(&'a [u8; 32]),
    /// A shared nonce after TempKey.
    SharedNonceLast(&'a [u8; 32]),
    /// The value of a counter.
    Counter(u32),
    /// The configuration of a slot.
    KeyConfig(SlotConfig, KeyConfig, LockState),
}

/// Keys are not shown.
impl core::fmt::Debug for DigInput<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(match self {
            Self::Stored(_) => "Stored(..)",
            Self::NoMac(..) => "NoMac(..)",
            Self::SharedNonce(_) => "SharedNonce(..)",
            Self::SharedNonceLast(_) => "SharedNonceLast(..)",
            Self::Counter(_) => "Counter(..)",
            Self::KeyConfig(..) => "KeyConfig(..)",
        })
    }
}

/// `TempKey` after a GenDig, from what it was before.
#[must_use]
pub fn gen_dig(
    head: CommandHeader,
    input: DigInput<'_>,
    temp_key: &[u8; 32],
    serial: &SerialNumber,
) -> [u8; 32] {
    let tail = tail(serial);
    // Of a shared nonce only the low byte of Param2 is hashed.
    let [_, param1, low, _] = head.0;
    let short = [Opcode::GenDig as u8, param1, low, 0];
    match input {
        DigInput::Stored(stored) => sha256(&[stored, &head.0, &tail, &[0; 25], temp_key]),
        DigInput::NoMac(stored, other_data) => {
            sha256(&[stored, &other_data, &tail, &[0; 25], temp_key])
        }
        DigInput::SharedNonce(nonce) => sha256(&[nonce, &short, &tail, &[0; 25], temp_key]),
        DigInput::SharedNonceLast(nonce) => sha256(&[temp_key, &short, &tail, &[0; 25], nonce]),
        DigInput::Counter(value) => sha256(&[
            &[0; 32],
            &head.0,
            &tail,
            &[0; 1],
            &value.to_le_bytes(),
            &[0; 20],
            temp_key,
        ]),
        DigInput::KeyConfig(SlotConfig(slot), KeyConfig(key), lock) => sha256(&[
            &[0; 32],
            &head.0,
            &tail,
            &[0; 1],
            &slot.to_le_bytes(),
            &key.to_le_bytes(),
            &[u8::from(!lock.is_locked())],
            &[0; 19],
            temp_key,
        ]),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{CHALLENGE, KEY, OTP, SERIAL, TEMP_KEY, hex};
    use super::*;

    fn digest(zone: u8, param2: u16, input: DigInput<'_>) -> [u8; 32] {
        let head = CommandHeader::new(Opcode::GenDig, zone, param2);
        gen_dig(head, input, &TEMP_KEY, &SERIAL)
    }

    #[test]
    fn vectors() {
        let otp_1 = OTP.last_chunk().unwrap();
        assert_eq!(
            digest(2, 4, DigInput::Stored(&KEY)),
            hex("54565A88939E5521BE0A45FEDF85A23300F31202DBDDC56F5CD47E662B51F170")
        );
        assert_eq!(
            digest(2, 4, DigInput::NoMac(&KEY, [1, 2, 3, 4])),
            hex("BF93EB120F2E23E62FE3BEACCB006704BC907EB8528F1D47E642E8F574D68631")
        );
        assert_eq!(
            digest(0, 0, DigInput::Stored(&KEY)),
            hex("5B55CB4EC3F3B49D54779DE046801A899AE2D29315A8A58C9D243CC12DEA8ABA")
        );
        assert_eq!(
            digest(1, 1, DigInput::Stored(otp_1)),
            hex("0B4CD2A206F46B2A9DE47D977E45961BC008FC5FC9696D7CE56C17D1F1CEFCF3")
        );
        assert_eq!(
            digest(3, 0x0000, DigInput::SharedNonce(&CHALLENGE)),
            hex("5A93170E4C952F50C7DEA4E55A524E2A5C823E9441A8C74F8E35152F1F1DCD69")
        );
        assert_eq!(
            digest(3, 0x8000, DigInput::SharedNonceLast(&CHALLENGE)),
            hex("2792421F416B42596095F3216C3F61D641F198E0C4FD2EE26499871A13F501B6")
        );
        assert_eq!(
            digest(4, 1, DigInput::Counter(0x0001_2345)),
            hex("EABDAF33439E3B8723C7DE69E8C46606C62687406A55C1E00EF095B8A0B8901C")
        );
        let config =
            DigInput::KeyConfig(SlotConfig(0xF4C4), KeyConfig(0x001C), LockState::Unlocked);
        assert_eq!(
            digest(5, 3, config),
            hex("465A1A41700ACE7143EE766159C112985CB657C8024ECDF2DED93C9C1BD3A776")
        );
    }
}
