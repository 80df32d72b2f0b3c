//! DeriveKey: the new key, and the MAC that authorizes it.

use super::{CommandHeader, sha256, tail};
use crate::SerialNumber;

/// The key that a [`crate::commands::DeriveKey`] writes: from the source key
/// (the parent's, or the target's own as its WriteConfig has it) and TempKey.
#[must_use]
pub fn derive_key(
    head: CommandHeader,
    source: &[u8; 32],
    temp_key: &[u8; 32],
    serial: &SerialNumber,
) -> [u8; 32] {
    sha256(&[source, &head.0, &tail(serial), &[0; 25], temp_key])
}

/// The MAC that a DeriveKey carries where the slot asks for one.
#[must_use]
pub fn derive_key_mac(head: CommandHeader, parent: &[u8; 32], serial: &SerialNumber) -> [u8; 32] {
    sha256(&[parent, &head.0, &tail(serial)])
}

#[cfg(test)]
mod tests {
    use super::super::testing::{KEY, SERIAL, TEMP_KEY, hex};
    use super::*;
    use crate::Slot;
    use crate::commands::{DeriveKey, SourceFlag};

    #[test]
    fn vectors() {
        let head = CommandHeader::of(&DeriveKey {
            target: Slot::S9,
            temp_key: SourceFlag::Input,
            mac: None,
        });
        assert_eq!(
            derive_key(head, &KEY, &TEMP_KEY, &SERIAL),
            hex("3B2F3EE3EC69C367ED8DD150D2C4DDD2233FD569558129EFA5D7CF473A9D3D9D")
        );
        assert_eq!(
            derive_key_mac(head, &KEY, &SERIAL),
            hex("FAF672CAA9E21BA4F8C1B25EADD91261E69FBA26912A100D5796EA8194ECD122")
        );
    }
}
