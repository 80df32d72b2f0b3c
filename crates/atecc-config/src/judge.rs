//! Whether a command would be executed, by the rules of the chip.
//!
//! Source: ATECC508A datasheet, sections 2.2.1 to 2.2.5 and the commands'
//! sections of chapter 9; ATECC608: cryptoauthlib and its tests. Before the
//! data zone is locked a slot's policies are mostly not in force.

use alloc::vec::Vec;

use atecc::config::{KeyConfig, KeyType, SlotConfig, WriteAccess};
use atecc::{ConfigZone, Slot};

use crate::{Need, Operation, Reason, byte, is_608};

/// Whether the configuration lets a command be executed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Judgement {
    /// It does, given all of these at the time.
    Allowed(Vec<Need>),
    /// It does not; every reason that holds.
    Refused(Vec<Reason>),
}

impl Judgement {
    /// Whether it is [`Judgement::Allowed`].
    #[must_use]
    pub const fn is_allowed(&self) -> bool {
        matches!(self, Self::Allowed(_))
    }
}

/// Whether `operation` on `slot` would be executed by a chip with this
/// configuration in its present state of locks.
#[must_use]
pub fn judge(zone: &ConfigZone, operation: Operation, slot: Slot) -> Judgement {
    let mut case = Case {
        zone,
        slot,
        slot_config: zone.slot_config(slot),
        key_config: zone.key_config(slot),
        reasons: Vec::new(),
        needs: Vec::new(),
    };
    if operation.is_for_608_only() && !is_608(zone) {
        return Judgement::Refused(alloc::vec![Reason::Only608]);
    }
    case.operation(operation);
    if case.reasons.is_empty() {
        Judgement::Allowed(case.needs)
    } else {
        Judgement::Refused(case.reasons)
    }
}

impl Operation {
    const fn is_for_608_only(self) -> bool {
        matches!(self, Self::Aes | Self::Kdf)
    }
}

struct Case<'a> {
    zone: &'a ConfigZone,
    slot: Slot,
    slot_config: SlotConfig,
    key_config: KeyConfig,
    reasons: Vec<Reason>,
    needs: Vec<Need>,
}

impl Case<'_> {
    fn operation(&mut self, operation: Operation) {
        self.refused_if(!self.zone.config_lock().is_locked(), Reason::ConfigUnlocked);
        match operation {
            Operation::Read => self.read(),
            Operation::ReadEncrypted => self.read_encrypted(),
            Operation::Write => self.write(),
            Operation::WriteEncrypted => self.write_encrypted(),
            Operation::CreateKey => self.create_key(),
            Operation::PublicKey => self.public_key(),
            Operation::PrivWrite => self.priv_write(),
            Operation::Sign => self.sign(1, Reason::NoExternalSign),
            Operation::SignInternal => {
                self.refused_if(!self.data_locked(), Reason::DataUnlocked);
                self.sign(2, Reason::NoInternalSign);
            }
            Operation::Ecdh => self.ecdh(),
            Operation::Mac | Operation::Hmac => {
                self.refused_if(self.slot_config.no_mac(), Reason::NoMac);
                self.symmetric();
            }
            Operation::CheckMac => self.symmetric(),
            Operation::GenDig => {
                self.needs.push(Need::TempKey);
                self.symmetric();
            }
            Operation::Aes => self.aes(),
            Operation::Kdf => {
                self.refused_if(self.key_config.private(), Reason::PrivateKey);
                self.gate();
            }
            Operation::Verify => self.verify(),
            Operation::DeriveKey => self.derive_key(),
            Operation::Lock => {
                self.refused_if(!self.key_config.lockable(), Reason::NotLockable);
                self.not_slot_locked();
            }
        }
    }

    fn refused_if(&mut self, condition: bool, reason: Reason) {
        if condition {
            self.reasons.push(reason);
        }
    }

    fn needs_if(&mut self, condition: bool, need: Need) {
        if condition {
            self.needs.push(need);
        }
    }

    /// Only then a slot's policies are in force.
    fn data_locked(&self) -> bool {
        self.zone.config_lock().is_locked() && self.zone.data_lock().is_locked()
    }

    fn not_slot_locked(&mut self) {
        let locked = self.zone.slot_lock(self.slot).is_locked();
        self.refused_if(locked, Reason::SlotLocked);
    }

    fn read(&mut self) {
        self.refused_if(!self.data_locked(), Reason::DataUnlocked);
        self.refused_if(self.key_config.private(), Reason::PrivateKey);
        let reason = match (
            self.slot_config.is_secret(),
            self.slot_config.encrypt_read(),
        ) {
            (false, false) => return,
            (false, true) => Reason::IllegalRead,
            (true, false) => Reason::Secret,
            (true, true) => Reason::OnlyEncryptedRead,
        };
        self.reasons.push(reason);
    }

    fn read_encrypted(&mut self) {
        self.refused_if(!self.data_locked(), Reason::DataUnlocked);
        self.refused_if(self.key_config.private(), Reason::PrivateKey);
        match (
            self.slot_config.is_secret(),
            self.slot_config.encrypt_read(),
        ) {
            (true, true) => self.needs.push(Need::SessionKey(self.read_key())),
            (false, true) => self.reasons.push(Reason::IllegalRead),
            (true, false) => self.reasons.push(Reason::Secret),
            (false, false) => self.reasons.push(Reason::NoEncryptedRead),
        }
    }

    fn write(&mut self) {
        self.refused_if(self.key_config.private(), Reason::PrivateKey);
        self.not_slot_locked();
        if !self.data_locked() {
            self.needs.push(Need::WholeBlock);
            return;
        }
        match self.slot_config.write_access() {
            WriteAccess::Always => {}
            WriteAccess::PubInvalid => self.needs.push(Need::NotValidated),
            WriteAccess::Never => self.reasons.push(Reason::NeverWritten),
            WriteAccess::Encrypted => self.reasons.push(Reason::OnlyEncryptedWrite),
        }
    }

    fn write_encrypted(&mut self) {
        self.refused_if(self.key_config.private(), Reason::PrivateKey);
        self.not_slot_locked();
        if !self.data_locked() {
            self.needs.push(Need::TempKey);
            return;
        }
        match self.slot_config.write_access() {
            WriteAccess::Encrypted => self.needs.push(Need::SessionKey(self.write_key())),
            WriteAccess::Never => self.reasons.push(Reason::NeverWritten),
            WriteAccess::Always | WriteAccess::PubInvalid => {
                self.reasons.push(Reason::NoEncryptedWrite);
            }
        }
    }

    /// What every command for private keys asks of the slot.
    fn private_key(&mut self) {
        if self.key_config.private() {
            self.refused_if(self.key_config.key_type() != KeyType::P256, Reason::NotP256);
            self.refused_if(!self.slot_config.is_secret(), Reason::PrivateNotSecret);
        } else {
            self.reasons.push(Reason::NotPrivateKey);
        }
    }

    fn create_key(&mut self) {
        self.private_key();
        self.not_slot_locked();
        if self.data_locked() {
            let allowed = self.slot_config.write_config() & 0b0010 != 0;
            self.refused_if(!allowed, Reason::NoGenKey);
        }
        self.authorization();
    }

    fn public_key(&mut self) {
        self.private_key();
        let hidden = self.data_locked() && !self.key_config.pub_info();
        self.refused_if(hidden, Reason::PublicKeyHidden);
        self.needs.push(Need::KeyPresent);
        self.authorization();
    }

    fn priv_write(&mut self) {
        self.private_key();
        self.not_slot_locked();
        if self.data_locked() {
            let allowed = self.slot_config.write_config() & 0b0100 != 0;
            self.refused_if(!allowed, Reason::NoPrivWrite);
            self.needs.push(Need::SessionKey(self.write_key()));
        } else {
            self.needs.push(Need::TempKey);
        }
    }

    fn sign(&mut self, bit: u8, reason: Reason) {
        self.private_key();
        self.refused_if(self.is_sure(bit), reason);
        self.needs.extend([Need::KeyPresent, Need::TempKey]);
        self.authorization();
        self.latch();
        self.limited_use();
    }

    /// A private key without this bit of ReadKey.
    fn is_sure(&self, bit: u8) -> bool {
        self.key_config.private() && self.slot_config.read_key() & bit == 0
    }

    fn ecdh(&mut self) {
        self.private_key();
        self.refused_if(self.is_sure(0b0100), Reason::NoEcdh);
        let to_next = self.slot_config.read_key() & 0b1100 == 0b1100;
        let odd = self.slot.index() % 2 == 1;
        // An ATECC608 may put the secret elsewhere.
        self.refused_if(to_next && odd && !is_608(self.zone), Reason::NoNextSlot);
        self.needs.push(Need::KeyPresent);
        self.authorization();
        self.latch();
        self.limited_use();
    }

    fn symmetric(&mut self) {
        self.refused_if(self.key_config.private(), Reason::PrivateKey);
        self.gate();
    }

    fn aes(&mut self) {
        self.refused_if(byte(self.zone, 13) & 1 == 0, Reason::AesDisabled);
        self.refused_if(self.key_config.private(), Reason::PrivateKey);
        self.refused_if(
            self.key_config.key_type() != KeyType::Aes,
            Reason::NotAesKey,
        );
        self.authorization();
        self.latch();
        self.limited_use();
    }

    fn verify(&mut self) {
        let long_enough = self.slot.index() >= 8;
        self.refused_if(!long_enough, Reason::TooShortForPublicKey);
        self.refused_if(self.key_config.private(), Reason::PrivateKey);
        self.refused_if(self.key_config.key_type() != KeyType::P256, Reason::NotP256);
        self.needs_if(self.key_config.pub_info(), Need::Validated);
        self.needs.extend([Need::KeyPresent, Need::TempKey]);
        self.gate();
    }

    fn derive_key(&mut self) {
        self.refused_if(self.key_config.private(), Reason::PrivateKey);
        self.not_slot_locked();
        let target = self.slot_config.write_config() & 0b0010 != 0;
        self.refused_if(!target, Reason::NoDeriveKey);
        self.needs.push(Need::TempKey);
        // Bit 0 of WriteConfig: from the key in slot WriteKey, not its own.
        if self.slot_config.write_config() & 0b0001 != 0 {
            let parent = self.write_key();
            self.refused_if(
                self.zone.key_config(parent).private(),
                Reason::PrivateParent,
            );
            self.slot_config = self.zone.slot_config(parent);
            self.key_config = self.zone.key_config(parent);
        }
        self.gate();
    }

    /// What the use of a stored key needs.
    fn gate(&mut self) {
        let random = self.data_locked() && self.key_config.req_random();
        self.needs_if(random, Need::RandomNonce);
        self.authorization();
        self.latch();
        self.limited_use();
    }

    fn authorization(&mut self) {
        if self.data_locked() && self.key_config.req_auth() {
            let key = slot(self.key_config.auth_key());
            self.needs.push(Need::Authorization(key));
        }
    }

    fn latch(&mut self) {
        let asked = is_608(self.zone) && self.key_config.latch_disable();
        self.needs_if(asked && self.data_locked(), Need::Latch);
    }

    fn limited_use(&mut self) {
        self.needs_if(self.slot_config.limited_use(), Need::UsesLeft);
    }

    fn read_key(&self) -> Slot {
        slot(self.slot_config.read_key())
    }

    fn write_key(&self) -> Slot {
        slot(self.slot_config.write_key())
    }
}

/// The slot of a 4-bit field.
pub(crate) fn slot(field: u8) -> Slot {
    Slot::ALL
        .into_iter()
        .find(|slot| slot.index() == field & 0x0F)
        .unwrap_or(Slot::ALL[0])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(slot_config: u16, key_config: u16, locks: [u8; 2]) -> ConfigZone {
        let mut zone = [0; 128];
        zone[4..8].copy_from_slice(&[0, 0, 0x60, 3]);
        zone[13] = 1;
        zone[88..90].fill(0xFF);
        zone[86..88].copy_from_slice(&locks);
        zone[20..22].copy_from_slice(&slot_config.to_le_bytes());
        zone[96..98].copy_from_slice(&key_config.to_le_bytes());
        ConfigZone(zone)
    }

    const LOCKED: [u8; 2] = [0, 0];

    /// Slot 0 of a NervesKey: 87 20, 33 00.
    #[test]
    fn the_key_of_a_nerves_key() {
        let zone = zone(0x2087, 0x0033, LOCKED);
        let judge = |operation| judge(&zone, operation, Slot::ALL[0]);
        assert!(judge(Operation::Sign).is_allowed());
        assert!(judge(Operation::Ecdh).is_allowed());
        assert!(judge(Operation::CreateKey).is_allowed());
        assert!(judge(Operation::Lock).is_allowed());
        for (operation, reason) in [
            (Operation::Read, Reason::PrivateKey),
            (Operation::Write, Reason::PrivateKey),
            (Operation::PrivWrite, Reason::NoPrivWrite),
            (Operation::Mac, Reason::PrivateKey),
            (Operation::Aes, Reason::PrivateKey),
        ] {
            match judge(operation) {
                Judgement::Refused(reasons) => assert!(reasons.contains(&reason), "{operation}"),
                Judgement::Allowed(_) => panic!("{operation}"),
            }
        }
    }

    #[test]
    fn needs_are_named() {
        // A secret that is read encrypted with slot 4 and written so with 5.
        let zone = zone(0x45C4, 0x00DC, LOCKED);
        assert_eq!(
            judge(&zone, Operation::ReadEncrypted, Slot::ALL[0]),
            Judgement::Allowed(vec![Need::SessionKey(Slot::ALL[4])])
        );
        assert_eq!(
            judge(&zone, Operation::WriteEncrypted, Slot::ALL[0]),
            Judgement::Allowed(vec![Need::SessionKey(Slot::ALL[5])])
        );
        assert_eq!(
            judge(&zone, Operation::CheckMac, Slot::ALL[0]),
            Judgement::Allowed(vec![Need::RandomNonce, Need::Authorization(Slot::ALL[0])])
        );
    }

    #[test]
    fn a_derived_key_needs_what_its_parent_needs() {
        // Slot 0 is derived from slot 1, whose uses are limited.
        let mut zone = zone(0x318F, 0x001C, LOCKED);
        zone.0[22..24].copy_from_slice(&[0xAF, 0x00]);
        zone.0[98] = 0x1C;
        assert_eq!(
            judge(&zone, Operation::DeriveKey, Slot::ALL[0]),
            Judgement::Allowed(vec![Need::TempKey, Need::UsesLeft])
        );
        zone.0[98] = 0x33;
        assert_eq!(
            judge(&zone, Operation::DeriveKey, Slot::ALL[0]),
            Judgement::Refused(vec![Reason::PrivateParent])
        );
    }

    #[test]
    fn between_the_locks_policies_rest() {
        let zone = zone(0x2F0F, 0x003C, [0x55, 0]);
        assert_eq!(
            judge(&zone, Operation::Write, Slot::ALL[0]),
            Judgement::Allowed(vec![Need::WholeBlock])
        );
        assert_eq!(
            judge(&zone, Operation::Read, Slot::ALL[0]),
            Judgement::Refused(vec![Reason::DataUnlocked])
        );
    }

    fn refused(zone: &ConfigZone, operation: Operation, slot: usize) -> Vec<Reason> {
        match judge(zone, operation, Slot::ALL[slot]) {
            Judgement::Refused(reasons) => reasons,
            Judgement::Allowed(_) => Vec::new(),
        }
    }

    /// `zone` with the words of slot 0 at another slot, too.
    fn at(zone: &ConfigZone, slot: usize) -> ConfigZone {
        let mut zone = *zone;
        zone.0.copy_within(20..22, 20 + 2 * slot);
        zone.0.copy_within(96..98, 96 + 2 * slot);
        zone
    }

    /// KeyType 6 of an ATECC608 whose byte 13 enables AES.
    #[test]
    fn aes_needs_an_aes_key_and_an_enabled_engine() {
        let aes = zone(0x0F8F, 0x001A, LOCKED);
        assert_eq!(refused(&aes, Operation::Aes, 0), []);
        let mut disabled = aes;
        disabled.0[13] = 0xFE;
        assert_eq!(refused(&disabled, Operation::Aes, 0), [Reason::AesDisabled]);
        let sha = zone(0x0F8F, 0x001C, LOCKED);
        assert_eq!(refused(&sha, Operation::Aes, 0), [Reason::NotAesKey]);
    }

    /// A public key has 72 bytes with its padding; slots below 8 have 36.
    #[test]
    fn a_stored_public_key_needs_a_long_slot() {
        let public = zone(0x0F0F, 0x0010, LOCKED);
        for (slot, expected) in [
            (0, &[Reason::TooShortForPublicKey][..]),
            (7, &[Reason::TooShortForPublicKey]),
            (8, &[]),
            (15, &[]),
        ] {
            let zone = at(&public, slot);
            assert_eq!(refused(&zone, Operation::Verify, slot), expected, "{slot}");
        }
        let data = at(&zone(0x0F0F, 0x001C, LOCKED), 9);
        assert_eq!(refused(&data, Operation::Verify, 9), [Reason::NotP256]);
    }

    /// ReadKey of a private key: bit 2 permits ECDH, bit 3 writes the secret
    /// into the slot with bit 0 set.
    #[test]
    fn an_ecdh_secret_needs_a_next_slot() {
        for (read_key, slot, family, expected) in [
            (0b0100, 0, 0x50, &[][..]),
            (0b0000, 0, 0x50, &[Reason::NoEcdh]),
            (0b1100, 0, 0x50, &[]),
            (0b1100, 1, 0x50, &[Reason::NoNextSlot]),
            (0b1100, 2, 0x50, &[]),
            (0b1100, 3, 0x50, &[Reason::NoNextSlot]),
            (0b0100, 3, 0x50, &[]),
            (0b1100, 3, 0x60, &[]),
        ] {
            let mut zone = at(&zone(0x2080 | read_key, 0x0033, LOCKED), slot);
            zone.0[6] = family;
            let found = refused(&zone, Operation::Ecdh, slot);
            assert_eq!(found, expected, "{read_key:04b} {slot} {family:02X}");
        }
    }

    /// WriteConfig bit 1 makes a target of DeriveKey, bit 0 takes the parent
    /// that WriteKey names.
    #[test]
    fn derive_key_needs_a_target() {
        for (write_config, expected) in [
            (0b0000, &[Reason::NoDeriveKey][..]),
            (0b0010, &[]),
            (0b0100, &[Reason::NoDeriveKey]),
            (0b1010, &[]),
        ] {
            let zone = zone(0x0080 | write_config << 12, 0x001C, LOCKED);
            let found = refused(&zone, Operation::DeriveKey, 0);
            assert_eq!(found, expected, "{write_config:04b}");
        }
    }

    /// The commands AES and KDF came with the ATECC608.
    #[test]
    fn an_atecc508a_has_neither_aes_nor_kdf() {
        let mut zone = zone(0x0F8F, 0x001C, LOCKED);
        let new = |zone: &ConfigZone| -> Vec<Operation> {
            let only =
                |operation: &Operation| refused(zone, *operation, 0).contains(&Reason::Only608);
            Operation::ALL.into_iter().filter(only).collect()
        };
        assert_eq!(new(&zone), []);
        zone.0[6..8].copy_from_slice(&[0x50, 0x00]);
        assert_eq!(new(&zone), [Operation::Aes, Operation::Kdf]);
    }
}
