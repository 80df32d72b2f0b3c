//! `Verify` (opcode 0x45). Source: ATECC508A datasheet, "Verify Command" and
//! section 3.3.4; message digest buffer and MAC of a 608 from cryptoauthlib
//! `calib_verify.c` and `atcah_verify_mac`.

use super::{Core, Frame, MISMATCH, Outcome, SUCCESS, Status, check, p256, sha256};
use crate::memory::Slot;
use crate::memory::config::Validity;

/// Param1 bits 2-0.
const MODE: u8 = 0x07;
/// Param1 bit 5 of a 608: the digest is in the message digest buffer.
const DIGEST_BUFFER: u8 = 0x20;
/// Param1 bit 7 of a 608: a success is proved with a MAC.
const WITH_MAC: u8 = 0x80;
/// Param2 of `External`: the only kind of key, P-256.
const P256_KEY: u16 = 4;
/// R and S.
const SIGNATURE: usize = 64;
/// Index within `OtherData` of the byte that says for what it was signed.
const PURPOSE: usize = 17;

/// Param1 bits 2-0, when legal.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Mode {
    Stored,
    ValidateExternal,
    External,
    Validate,
    Invalidate,
}

impl Mode {
    const fn of(p1: u8) -> Option<Self> {
        match p1 & MODE {
            0 => Some(Self::Stored),
            1 => Some(Self::ValidateExternal),
            2 => Some(Self::External),
            3 => Some(Self::Validate),
            7 => Some(Self::Invalidate),
            _ => None,
        }
    }
}

impl Core<'_> {
    pub(super) fn verify(&mut self, frame: &Frame<'_>) -> Outcome {
        let p1 = frame.p1;
        let extra = if self.revision().is_508() {
            0
        } else {
            DIGEST_BUFFER | WITH_MAC
        };
        check(p1 & !(MODE | extra) == 0, Status::Parse)?;
        let mode = Mode::of(p1).ok_or(Status::Parse)?;
        let (signature, rest) = frame
            .data
            .split_first_chunk::<SIGNATURE>()
            .ok_or(Status::Parse)?;
        let slot = Slot::of_param2(frame.p2);
        let (key, digest) = match mode {
            Mode::External => {
                let key: &[u8; 64] = rest.try_into().or(Err(Status::Parse))?;
                check(frame.p2 == P256_KEY, Status::Parse)?;
                (*key, self.given_digest(p1)?)
            }
            Mode::Stored => {
                check(rest.is_empty(), Status::Parse)?;
                let digest = self.given_digest(p1)?;
                (self.use_verifying_key(slot)?, digest)
            }
            Mode::ValidateExternal => {
                check(rest.is_empty(), Status::Parse)?;
                let digest = self.given_digest(p1)?;
                self.check_embedded(slot, p1)?;
                (self.use_parent_key(slot)?, digest)
            }
            Mode::Validate | Mode::Invalidate => {
                let other: &[u8; 19] = rest.try_into().or(Err(Status::Parse))?;
                // A digest of the host's has no say here (unconfirmed).
                check(p1 & DIGEST_BUFFER == 0, Status::Parse)?;
                let digest = self.described_digest(slot, mode, other)?;
                (self.use_parent_key(slot)?, digest)
            }
        };
        let proof = self.proof(frame, &digest, signature)?;
        let key = p256::public_key(&key).ok_or(Status::Execution)?;
        if p1 & DIGEST_BUFFER == 0 {
            // TempKey is used up (unconfirmed on a 608).
            self.volatile.temp_key.valid = false;
        }
        if !p256::verifies(&key, &digest, signature) {
            return Ok(MISMATCH.to_vec());
        }
        match mode {
            Mode::External => {}
            Mode::Stored => {
                self.volatile.auth_valid = true;
                self.volatile.auth_key = slot.index();
            }
            // Neither LockValue nor SlotLocked matters here.
            Mode::Validate | Mode::ValidateExternal => self.memory.mark(slot, Validity::Valid),
            Mode::Invalidate => self.memory.mark(slot, Validity::Invalid),
        }
        Ok(proof)
    }

    fn given_digest(&self, p1: u8) -> Result<[u8; 32], Status> {
        let digest = if p1 & DIGEST_BUFFER == 0 {
            self.volatile.temp_key.get()
        } else {
            let buffer = self.volatile.digest_buffer.as_ref();
            buffer.and_then(|buffer| buffer.first_chunk().copied())
        };
        digest.ok_or(Status::Execution)
    }

    /// The key in `slot`, after its gate. One whose validity is tracked must
    /// be validated itself.
    fn use_verifying_key(&mut self, slot: Slot) -> Result<[u8; 64], Status> {
        self.check_config_locked()?;
        self.check_public_slot(slot)?;
        let usable = !self.memory.tracks_validity(slot) || self.memory.is_validated(slot);
        check(usable, Status::Execution)?;
        self.check_random(slot)?;
        self.take_authorization(slot)?;
        self.check_latch(slot)?;
        self.count_use(slot)?;
        p256::stored_public(self.memory.slot(slot)).ok_or(Status::Execution)
    }

    /// The key that `ReadKey` of `slot` names, for a `slot` whose validity is
    /// tracked.
    fn use_parent_key(&mut self, slot: Slot) -> Result<[u8; 64], Status> {
        self.check_config_locked()?;
        check(self.memory.tracks_validity(slot), Status::Execution)?;
        self.use_verifying_key(Slot::of_nibble(self.memory.slot_config(slot).read_key()))
    }

    /// The message that internal `Sign` made about `slot`.
    fn described_digest(
        &self,
        slot: Slot,
        mode: Mode,
        other: &[u8; 19],
    ) -> Result<[u8; 32], Status> {
        let temp_key = &self.volatile.temp_key;
        let content = temp_key.get().ok_or(Status::Execution)?;
        let about_slot = temp_key.gen_key_data && temp_key.key_id == slot.index();
        let any_format = self.memory.x509_format(slot) == 0;
        let meant = (other[PURPOSE] & 1 == 1) == (mode == Mode::Invalidate);
        check(about_slot && any_format && meant, Status::Execution)?;
        let [s8, s0, s1] = self.memory.serial().tail();
        Ok(sha256(&[
            &content,
            &[0x41],
            &other[..10],
            &[s8],
            &other[10..14],
            &[s0, s1],
            &other[14..],
        ]))
    }

    /// The digest's message has the key of `slot` where `X509format` says:
    /// total blocks in bits 7-4, the key's block in bits 3-0.
    fn check_embedded(&self, slot: Slot, p1: u8) -> Result<(), Status> {
        let format = self.memory.x509_format(slot);
        let embedded = if p1 & DIGEST_BUFFER == 0 {
            self.volatile.temp_key.embedded()
        } else {
            self.volatile.digest_embedded
        };
        let there = embedded.is_some_and(|embedded| {
            embedded.slot == slot
                && embedded.block == Some(u32::from(format & 0x0F))
                && embedded.blocks == u32::from(format >> 4)
        });
        check(format != 0 && there, Status::Execution)
    }

    /// The answer to a success: 00, or a MAC with the IO protection key.
    fn proof(&self, frame: &Frame<'_>, digest: &[u8; 32], signature: &[u8]) -> Outcome {
        if frame.p1 & WITH_MAC == 0 {
            return Ok(SUCCESS.to_vec());
        }
        let key = self.io_protection_key()?;
        let buffer = self.volatile.digest_buffer.ok_or(Status::Execution)?;
        let (first, second) = buffer.split_at(32);
        let nonce = if frame.p1 & DIGEST_BUFFER == 0 {
            first
        } else {
            second
        };
        let parts = [&key[..], digest, nonce, signature, &frame.head()];
        Ok(sha256(&parts).to_vec())
    }
}

#[cfg(test)]
mod tests;
