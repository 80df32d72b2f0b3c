//! What a refused command was asked, read from its opcode and parameters.

use alloc::vec::Vec;

use atecc::{ConfigZone, Opcode, Slot};

use crate::Operation;
use crate::options::{SecureBoot, latch_permission};

/// Bit of `Read`'s and `Write`'s Param1: what it says that the data are.
const ENCRYPTED: u8 = 0x40;
/// Param2 where there would be a slot: `TempKey` instead.
const TEMP_KEY: u16 = 0xFFFF;

/// What the command asked of slots; nothing where it needs none.
///
/// Where the configuration decides whether the same bytes are encrypted, both
/// forms are meant.
pub(crate) fn operations(
    zone: &ConfigZone,
    opcode: Opcode,
    param1: u8,
    param2: u16,
) -> Vec<(Operation, Slot)> {
    let [low, high] = param2.to_le_bytes();
    let (slot, is_slot) = (Slot::from_nibble(low), param2 != TEMP_KEY);
    let one = |operation| alloc::vec![(operation, slot)];
    let if_so = |condition: bool, operation| {
        if condition {
            one(operation)
        } else {
            Vec::new()
        }
    };
    // A key is used where the first block is no `TempKey`.
    let uses_key = param1 & 0b10 == 0;
    match opcode {
        Opcode::Read | Opcode::Write if param1 & 0b11 != 0b10 => Vec::new(),
        Opcode::Read => read(zone, Slot::from_nibble(low >> 3)),
        Opcode::Write => write(zone, Slot::from_nibble(low >> 3), param1),
        Opcode::GenKey if param1 & 0x04 != 0 => if_so(is_slot, Operation::CreateKey),
        Opcode::GenKey => if_so(param1 & 0x10 == 0, Operation::PublicKey),
        Opcode::Sign if param1 & 0x80 == 0 => one(Operation::SignInternal),
        Opcode::Sign => one(Operation::Sign),
        Opcode::Ecdh => ecdh(param1).into_iter().flat_map(one).collect(),
        Opcode::Mac => if_so(uses_key, Operation::Mac),
        Opcode::CheckMac => if_so(uses_key, Operation::CheckMac),
        Opcode::Hmac => one(Operation::Hmac),
        Opcode::Sha => if_so(param1 & 0b111 == 4 && is_slot, Operation::ShaHmac),
        Opcode::GenDig => if_so(param1 == 2 && high & 0x80 == 0, Operation::GenDig),
        Opcode::Aes => if_so(param1 & 0b11 != 3 && is_slot, Operation::Aes),
        Opcode::Kdf => kdf(param1, slot, Slot::from_nibble(high)),
        Opcode::Verify => match param1 & 0b111 {
            0 => one(Operation::Verify),
            3 | 7 => one(Operation::Validate),
            _ => Vec::new(),
        },
        Opcode::DeriveKey => one(Operation::DeriveKey),
        Opcode::PrivWrite => one(Operation::PrivWrite),
        Opcode::SecureBoot if param1 & 0b111 == 7 => {
            let store = SecureBoot::of(zone).store();
            alloc::vec![(Operation::SecureBootStore, store)]
        }
        Opcode::SecureBoot => {
            let key = SecureBoot::of(zone).public_key();
            alloc::vec![(Operation::SecureBoot, key)]
        }
        Opcode::Info if param1 == 4 && low & 0b11 == 0b11 => {
            let key = latch_permission(zone).unwrap_or(slot);
            alloc::vec![(Operation::SetLatch, key)]
        }
        Opcode::Lock if param1 & 0b11 == 2 => {
            alloc::vec![(Operation::Lock, Slot::from_nibble(param1 >> 2))]
        }
        _ => Vec::new(),
    }
}

fn read(zone: &ConfigZone, slot: Slot) -> Vec<(Operation, Slot)> {
    let slot_config = zone.slot_config(slot);
    if slot_config.is_secret() && slot_config.encrypt_read() {
        alloc::vec![(Operation::Read, slot), (Operation::ReadEncrypted, slot)]
    } else {
        alloc::vec![(Operation::Read, slot)]
    }
}

fn write(zone: &ConfigZone, slot: Slot, param1: u8) -> Vec<(Operation, Slot)> {
    use atecc::config::WriteAccess;
    let decides = zone.slot_config(slot).write_access() == WriteAccess::Encrypted;
    if param1 & ENCRYPTED != 0 {
        alloc::vec![(Operation::WriteEncrypted, slot)]
    } else if decides && zone.data_lock().is_locked() {
        alloc::vec![(Operation::Write, slot), (Operation::WriteEncrypted, slot)]
    } else {
        alloc::vec![(Operation::Write, slot)]
    }
}

const fn ecdh(param1: u8) -> Option<Operation> {
    match param1 {
        0x00 => Some(Operation::Ecdh),
        0x0C => Some(Operation::EcdhOutput),
        0x02 | 0x0E => Some(Operation::EcdhEncrypted),
        0x08 => Some(Operation::EcdhTempKey),
        0x05 => Some(Operation::EcdhInto),
        _ => None,
    }
}

/// Bits 1-0: where the key comes from; 4-2: where the result goes; 6-5: by what.
fn kdf(param1: u8, source: Slot, target: Slot) -> Vec<(Operation, Slot)> {
    let mut operations = Vec::new();
    if param1 & 0b11 == 2 {
        let operation = match (param1 >> 5 & 0b11, param1 >> 2 & 0b111) {
            (1, _) => Operation::KdfAes,
            (_, 4) => Operation::Kdf,
            (_, 5) => Operation::KdfEncrypted,
            _ => Operation::KdfTempKey,
        };
        operations.push((operation, source));
    }
    if param1 >> 2 & 0b111 == 2 {
        operations.push((Operation::KdfInto, target));
    }
    operations
}

#[cfg(test)]
mod tests {
    use atecc::command::Request;
    use atecc::commands::{
        Ecdh, EcdhMode, GenKey, GenKeyMode, InfoLatch, Lock, LockTarget, ReadBlock,
    };
    use atecc::{BlockAddress, Command, PublicKey, Region};

    use super::*;

    fn asked<C: Command>(zone: &ConfigZone, command: &C) -> Vec<(Operation, Slot)> {
        let request = Request::new(command).unwrap();
        let [param1, low, high] = request.parameters();
        let param2 = u16::from_le_bytes([low, high]);
        operations(zone, request.opcode(), param1, param2)
    }

    #[test]
    fn a_command_says_what_it_asks_of_which_slot() {
        let zone = &ConfigZone([0; 128]);
        let slot = Slot::S9;
        let gen_key = |mode| GenKey { slot, mode };
        let create = asked(zone, &gen_key(GenKeyMode::Create));
        assert_eq!(create, [(Operation::CreateKey, slot)]);
        let public = asked(zone, &gen_key(GenKeyMode::Public));
        assert_eq!(public, [(Operation::PublicKey, slot)]);
        for (mode, operation) in [
            (EcdhMode::Compatible(slot), Operation::Ecdh),
            (EcdhMode::SlotToOutput(slot), Operation::EcdhOutput),
            (EcdhMode::SlotToTempKey(slot), Operation::EcdhTempKey),
            (EcdhMode::TempKeyToSlot(slot), Operation::EcdhInto),
        ] {
            let peer = PublicKey([0; 64]);
            assert_eq!(asked(zone, &Ecdh { mode, peer }), [(operation, slot)]);
        }
        let lock = Lock {
            target: LockTarget::Slot(slot),
        };
        assert_eq!(asked(zone, &lock), [(Operation::Lock, slot)]);
        assert_eq!(asked(zone, &InfoLatch::Read), []);
        let address = BlockAddress::new(Region::Slot(slot), 1).unwrap();
        let read = asked(zone, &ReadBlock { address });
        assert_eq!(read, [(Operation::Read, slot)]);
        let config = BlockAddress::new(Region::Config, 1).unwrap();
        assert_eq!(asked(zone, &ReadBlock { address: config }), []);
    }
}
