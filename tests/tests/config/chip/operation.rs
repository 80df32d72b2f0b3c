//! Each operation, after its needs have been met.

use atecc::config::offset;
use atecc::host::{
    BootKey, CommandHeader, InternalMessage, TempKeyState, Validity, derive_key, derive_key_mac,
    encrypt_private_key, encrypt_write, gen_key_digest, hmac_508, mac, secure_boot_mac, xor,
};
use atecc::{Opcode, PublicKey, Slot};
use atecc_config::{KeyNeed, Need, Operation, SessionNonce};
use sha2::{Digest, Sha256};

use super::prepare::DIG_DATA;
use super::{Host, Refusal, memory};

/// What is written.
const PLAIN: [u8; 32] = [0x22; 32];
/// A digest from outside.
const DIGEST: [u8; 32] = [0x44; 32];

impl Host {
    /// Meet `needs` in an order that works, then ask for `operation`.
    pub(crate) fn perform(
        &mut self,
        operation: Operation,
        slot: Slot,
        needs: &[Need],
    ) -> Result<(), Refusal> {
        if has(needs, |need| matches!(need, Need::Key(_, KeyNeed::Latch))) {
            self.set_latch()?;
        }
        match operation {
            Operation::SignInternal => return self.sign_internal(slot, needs),
            Operation::Validate => return self.validate(slot, needs),
            _ => {}
        }
        for by in authorities(needs) {
            self.authorize(by)?;
        }
        let random = |need: &Need| matches!(need, Need::Key(_, KeyNeed::RandomNonce));
        let session = needs.iter().find_map(|need| match need {
            Need::SessionKey(key, nonce) => Some((*key, *nonce)),
            _ => None,
        });
        let is_random = has(needs, random)
            || has(needs, |need| matches!(need, Need::EncryptedDigest(_)))
            || matches!(session, Some((_, SessionNonce::Random)));
        let loads = is_random || session.is_some() || needs.contains(&Need::TempKey);
        if loads && operation != Operation::EcdhInto {
            self.nonce(is_random)?;
        } else {
            // A CheckMac before may have copied a key there.
            self.forget_temp_key();
        }
        if let Some((key, _)) = session {
            let other = has(needs, |need| *need == Need::OtherData(key));
            self.gen_dig(key, if other { &DIG_DATA } else { &[] })?;
        }
        self.ask(operation, slot, needs)
    }

    fn ask(&mut self, operation: Operation, slot: Slot, needs: &[Need]) -> Result<(), Refusal> {
        let p2 = u16::from(slot.index());
        let address = p2 << 3;
        let is_random = has(needs, |need| {
            matches!(need, Need::Key(_, KeyNeed::RandomNonce))
        });
        match operation {
            Operation::Read => {
                let answer = self.send(Opcode::Read, 0x82, address, &[])?;
                Self::expect(&answer, &self.contents(slot)[..32])
            }
            Operation::ReadEncrypted => {
                let cipher = self.send(Opcode::Read, 0x82, address, &[])?;
                let plain = xor(&cipher.try_into().unwrap(), &self.temp_key.value);
                Self::expect(&plain, &self.contents(slot)[..32])
            }
            Operation::Write => self.write(address, needs),
            Operation::WriteEncrypted => {
                let p1 = if self.is_locked() { 0x82 } else { 0xC2 };
                let head = Self::head(Opcode::Write, p1, address);
                let write = encrypt_write(head, &PLAIN, &self.temp_key.value, &self.serial);
                let data = [write.cipher, write.mac].concat();
                self.send(Opcode::Write, p1, address, &data).map(drop)
            }
            Operation::CreateKey => self.send(Opcode::GenKey, 0x04, p2, &[]).map(drop),
            Operation::PublicKey => {
                let answer = self.send(Opcode::GenKey, 0x00, p2, &[])?;
                Self::expect(&answer, &memory::public_key(slot))
            }
            Operation::PrivWrite => self.priv_write(p2),
            Operation::Sign => self.send(Opcode::Sign, 0x80, p2, &[]).map(drop),
            Operation::Ecdh => self.ecdh(0x00, p2),
            Operation::EcdhOutput => self.ecdh(0x0C, p2),
            Operation::EcdhEncrypted => self.ecdh(0x0E, p2),
            Operation::EcdhTempKey => self.ecdh(0x08, p2),
            Operation::EcdhInto => {
                // The same frame makes a key in slot 15 of an ATECC508A.
                if needs.contains(&Need::TempKey) && !self.is_508() {
                    self.send(Opcode::GenKey, 0x04, 0xFFFF, &[])?;
                }
                self.ecdh(0x05, p2)
            }
            Operation::Mac => self.mac(slot, is_random),
            Operation::CheckMac => {
                if is_random {
                    self.match_temp_key(slot)
                } else {
                    self.check_mac(slot, false)
                }
            }
            Operation::CopyKey => self.copy_key(slot, needs),
            Operation::Hmac => self.hmac(slot),
            Operation::ShaHmac => self.sha_hmac(p2),
            Operation::GenDig => {
                let other = needs.contains(&Need::OtherData(slot));
                self.gen_dig(slot, if other { &DIG_DATA } else { &[] })
            }
            Operation::Aes => self.send(Opcode::Aes, 0x00, p2, &[0x10; 16]).map(drop),
            Operation::Kdf => self.prf(0x12, p2),
            Operation::KdfEncrypted => self.prf(0x16, p2),
            Operation::KdfTempKey => self.prf(0x02, p2),
            Operation::KdfInto => self.prf(0x08, p2 << 8),
            Operation::KdfAes => {
                let data = [&[0; 4][..], &[0x10; 16]].concat();
                self.send(Opcode::Kdf, 0x22, p2, &data).map(drop)
            }
            Operation::Verify => self.verify(slot, slot),
            Operation::DeriveKey => self.derive_key(slot, needs),
            Operation::SecureBoot | Operation::SecureBootStore => {
                let encrypted = has(needs, |need| matches!(need, Need::EncryptedDigest(_)));
                let boot = self.zone.0[71];
                let asked_of = if operation == Operation::SecureBoot {
                    boot >> 4
                } else {
                    boot & 0x0F
                };
                // The command names no slot.
                if Slot::from_nibble(asked_of) != slot {
                    return Err(0x0F);
                }
                let full = operation == Operation::SecureBoot;
                self.secure_boot(if full { 0x05 } else { 0x07 }, encrypted)
            }
            Operation::SetLatch => {
                // The command names no slot either.
                self.send(Opcode::Info, 0x04, 0x0003, &[]).map(drop)
            }
            Operation::Lock => self
                .send(Opcode::Lock, 0x02 | slot.index() << 2, 0, &[])
                .map(drop),
            other => panic!("{other} is not performed"),
        }
    }

    fn write(&mut self, address: u16, needs: &[Need]) -> Result<(), Refusal> {
        // Four bytes where the whole block is left out.
        let open = !self.is_locked();
        if open && !needs.contains(&Need::WholeBlock) {
            self.send(Opcode::Write, 0x02, address, &PLAIN[..4])
        } else {
            self.send(Opcode::Write, 0x82, address, &PLAIN)
        }
        .map(drop)
    }

    fn priv_write(&mut self, p2: u16) -> Result<(), Refusal> {
        let mut value = [0x66; 36];
        value[..4].fill(0);
        if !self.is_locked() {
            let data = [&value[..], &[0; 32]].concat();
            return self.send(Opcode::PrivWrite, 0x00, p2, &data).map(drop);
        }
        let head = Self::head(Opcode::PrivWrite, 0x40, p2);
        let key = encrypt_private_key(head, &value, &self.temp_key.value, &self.serial);
        let data = [&key.cipher[..], &key.mac].concat();
        self.send(Opcode::PrivWrite, 0x40, p2, &data).map(drop)
    }

    fn ecdh(&mut self, p1: u8, p2: u16) -> Result<(), Refusal> {
        let peer = memory::public_key(Slot::S0);
        let answer = self.send(Opcode::Ecdh, p1, p2, &peer)?;
        // A secret, one that is encrypted and its nonce, or a status.
        let length = match p1 {
            0x0C => 32,
            0x0E => 64,
            0x05 | 0x08 => 1,
            _ => answer.len(),
        };
        assert_eq!(answer.len(), length, "ECDH {p1:02X}");
        Ok(())
    }

    fn mac(&mut self, slot: Slot, over_temp_key: bool) -> Result<(), Refusal> {
        let p2 = slot.index().into();
        let (p1, data, second) = if over_temp_key {
            let p1 = 0x01 | self.source_flag();
            (p1, Vec::new(), self.temp_key.value)
        } else {
            (0x00, Self::challenge().to_vec(), Self::challenge())
        };
        let answer = self.send(Opcode::Mac, p1, p2, &data)?;
        let key = self.key(slot);
        let computed = mac(
            Self::head(Opcode::Mac, p1, p2),
            &self.mac_input(&key, &second),
        );
        Self::expect(&answer, &computed)
    }

    fn hmac(&mut self, slot: Slot) -> Result<(), Refusal> {
        let (p1, p2) = (self.source_flag(), slot.index().into());
        let answer = self.send(Opcode::Hmac, p1, p2, &[])?;
        let key = self.key(slot);
        let computed = hmac_508(
            Self::head(Opcode::Hmac, p1, p2),
            &self.mac_input(&key, &self.temp_key.value),
        );
        Self::expect(&answer, &computed)
    }

    fn sha_hmac(&mut self, p2: u16) -> Result<(), Refusal> {
        self.send(Opcode::Sha, 0x04, p2, &[])?;
        let end = if self.is_508() { 0x05 } else { 0xC2 };
        self.send(Opcode::Sha, end, 0, &[]).map(drop)
    }

    /// The copy is there when a MAC made with `TempKey` is one with the key.
    fn copy_key(&mut self, slot: Slot, needs: &[Need]) -> Result<(), Refusal> {
        let with = needs.iter().find_map(|need| match need {
            Need::Match(with) => Some(*with),
            _ => None,
        });
        if let Some(with) = with {
            self.match_temp_key(with)?;
        } else {
            let p1 = 0x01 | self.source_flag();
            self.send_check_mac(slot, p1, &[0; 32])?;
        }
        let answer = self.send(Opcode::Mac, 0x06, 0, &Self::challenge())?;
        let key = self.key(slot);
        let computed = mac(
            Self::head(Opcode::Mac, 0x06, 0),
            &self.mac_input(&key, &Self::challenge()),
        );
        Self::expect(&answer, &computed)
    }

    fn prf(&mut self, p1: u8, p2: u16) -> Result<(), Refusal> {
        // Keys of 32 bytes, a message of 32.
        let data = [&[0x01, 0, 0, 32][..], &DIGEST].concat();
        self.send(Opcode::Kdf, p1, p2, &data).map(drop)
    }

    fn derive_key(&mut self, slot: Slot, needs: &[Need]) -> Result<(), Refusal> {
        let (p1, p2) = (self.source_flag(), u16::from(slot.index()));
        let head = Self::head(Opcode::DeriveKey, p1, p2);
        let slot_config = self.zone.slot_config(slot);
        let parent = slot_config.write_key();
        let with_mac = has(needs, |need| matches!(need, Need::ParentMac(_)));
        let data = if with_mac {
            derive_key_mac(head, &self.key(parent), &self.serial).to_vec()
        } else {
            Vec::new()
        };
        self.send(Opcode::DeriveKey, p1, p2, &data)?;
        let source = if slot_config.write_config().bits() & 1 == 0 {
            slot
        } else {
            parent
        };
        let computed = derive_key(head, &self.key(source), &self.temp_key.value, &self.serial);
        Self::expect(&self.stored(slot)[..32], &computed)
    }

    /// `DIGEST` of a firmware that the key in the boot slot has signed. With a
    /// random nonce in `TempKey`, which is made where it is missing.
    pub(super) fn secure_boot(&mut self, mode: u8, encrypted: bool) -> Result<(), Refusal> {
        let signature = memory::sign(Slot::from_nibble(self.zone.0[71] >> 4), &DIGEST);
        if !encrypted {
            let data = [&DIGEST[..], &signature].concat();
            return self.send(Opcode::SecureBoot, mode, 0, &data).map(drop);
        }
        self.random_nonce()?;
        let key = BootKey::new(
            &self.key(Slot::from_nibble(self.zone.0[91] >> 4)),
            &self.temp_key.value,
        );
        let p1 = mode | 0x80;
        let data = [&key.encrypt(&DIGEST)[..], &signature].concat();
        let answer = self.send(Opcode::SecureBoot, p1, 0, &data)?;
        let head = Self::head(Opcode::SecureBoot, p1, 0);
        let computed = secure_boot_mac(head, &key, &DIGEST, Some(&signature));
        Self::expect(&answer, &computed)
    }

    /// With a digest over the first slot that gives one without using up the
    /// authorization of the signing key, if it needs one.
    fn sign_internal(&mut self, slot: Slot, needs: &[Need]) -> Result<(), Refusal> {
        let p2 = slot.index().into();
        let described = needs.contains(&Need::InternalDigest);
        let authority = authorities(needs).next();
        let mut sources: Vec<Slot> = Slot::ALL.to_vec();
        sources.sort_by_key(|source| self.zone.key_config(*source).req_auth());
        let mut result = Err(0x0F);
        for source in sources {
            let uses_authorization = self.zone.key_config(source).req_auth();
            let after = uses_authorization && authority.is_some();
            if after && self.is_508() {
                continue;
            }
            if let Some(by) = authority.filter(|_| !after) {
                self.authorize(by)?;
            } else if uses_authorization {
                let by = self.zone.key_config(source).auth_key();
                if self.authorize(by).is_err() {
                    continue;
                }
            }
            self.random_nonce()?;
            if described && self.describe(source).is_err() {
                continue;
            }
            if let Some(by) = authority.filter(|_| after)
                && self.authorize_between(by).is_err()
            {
                continue;
            }
            result = self.send(Opcode::Sign, 0x00, p2, &[]).map(drop);
            if result.is_ok() || !described {
                break;
            }
        }
        result
    }

    fn describe(&mut self, source: Slot) -> Result<(), Refusal> {
        if self.zone.key_config(source).private() {
            self.send(Opcode::GenKey, 0x08, source.index().into(), &[])
                .map(drop)
        } else {
            self.gen_dig(source, &DIG_DATA)
        }
    }

    /// Mark a public key valid, with a signature by the key that ReadKey names.
    fn validate(&mut self, slot: Slot, needs: &[Need]) -> Result<(), Refusal> {
        let parent = self.zone.slot_config(slot).read_key();
        let signer = if has(needs, |need| matches!(need, Need::SignatureFor(_))) {
            parent
        } else {
            Slot::from_nibble(parent.index() + 1)
        };
        let id = usize::from(self.zone.key_config(slot).0 >> 14);
        let format = self.zone.0[offset::X509_FORMAT + id];
        let random = has(needs, |need| {
            matches!(need, Need::Key(_, KeyNeed::RandomNonce))
        });
        let digests = needs.contains(&Need::PublicKeyDigest);
        let authority_of = |of: Slot| {
            needs.iter().find_map(|need| match need {
                Need::Key(key, KeyNeed::Authorization(by)) if *key == of => Some(*by),
                _ => None,
            })
        };
        let (first, second) = (authority_of(slot), authority_of(parent));
        if format != 0 {
            if let Some(by) = second {
                self.authorize(by)?;
            }
            return self.validate_external(slot, signer, format, random, digests);
        }
        // Before the digest, where the slot's own key asks for nothing.
        let by = first.or(second);
        if let Some(by) = by {
            self.authorize(by)?;
        }
        self.nonce(random)?;
        let p2 = u16::from(slot.index());
        if digests {
            self.send(Opcode::GenKey, 0x10, p2, &[0, 0, 0])?;
            let public_key = PublicKey(memory::public_key(slot));
            self.temp_key.value = gen_key_digest(
                CommandHeader::new(Opcode::GenKey, 0, 0),
                &public_key,
                &self.temp_key.value,
                &self.serial,
            );
        }
        let value = self.temp_key.value;
        if let (Some(_), Some(by)) = (first, second) {
            self.authorize_between(by)?;
        }
        let flags = 0x40 | self.source_flag() << 2 | slot.index();
        let state = TempKeyState::of(flags, &self.zone, slot, Validity::NotValidated);
        let message = InternalMessage::new(
            CommandHeader::new(Opcode::Sign, 0x00, parent.index().into()),
            &value,
            &state,
            &self.serial,
        );
        let signature = memory::sign(signer, &message.digest());
        let data = [&signature[..], &message.other_data()].concat();
        self.send(Opcode::Verify, 0x03, p2, &data).map(drop)
    }

    /// Over a message with the key in the block that X509format says.
    fn validate_external(
        &mut self,
        slot: Slot,
        signer: Slot,
        format: u8,
        random: bool,
        embeds: bool,
    ) -> Result<(), Refusal> {
        const BLOCK: [u8; 64] = [0xB1; 64];
        let p2 = u16::from(slot.index());
        let (total, index) = (format >> 4, format & 0x0F);
        let buffer = random && !self.is_508();
        if random {
            self.random_nonce()?;
        }
        let mut hash = Sha256::new();
        self.send(Opcode::Sha, 0x00, 0, &[])?;
        for block in 0..total.saturating_sub(1) {
            if block == index && embeds {
                self.send(Opcode::Sha, 0x03, p2, &[])?;
                hash.update(memory::public_key(slot));
            } else {
                self.send(Opcode::Sha, 0x01, 64, &BLOCK)?;
                hash.update(BLOCK);
            }
        }
        let end = if buffer { 0x42 } else { 0x02 };
        self.send(Opcode::Sha, end, 0, &[])?;
        let digest: [u8; 32] = hash.finalize().into();
        let signature = memory::sign(signer, &digest);
        let p1 = if buffer { 0x21 } else { 0x01 };
        self.send(Opcode::Verify, p1, p2, &signature).map(drop)
    }
}

fn has(needs: &[Need], one: impl Fn(&Need) -> bool) -> bool {
    needs.iter().any(one)
}

/// Whose authorization is needed, in the order of the needs.
fn authorities(needs: &[Need]) -> impl Iterator<Item = Slot> {
    needs.iter().filter_map(|need| match need {
        Need::Key(_, KeyNeed::Authorization(by)) | Need::Permission(by) => Some(*by),
        _ => None,
    })
}
