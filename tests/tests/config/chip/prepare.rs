//! What comes before a command: latch, authorization, `TempKey`.

use atecc::host::{DigInput, MacInput, check_mac_response, gen_dig};
use atecc::{Opcode, Slot};

use super::{Host, Latch, LatchState, MISMATCH, Refusal, memory};

/// What a response of `CheckMac` is made over besides the two blocks.
const OTHER_DATA: [u8; 13] = [0; 13];
/// The challenge of a MAC without a nonce.
const CHALLENGE: [u8; 32] = [0x99; 32];
/// `GenDig` of a NoMac key.
pub(super) const DIG_DATA: [u8; 4] = [0xD1, 0xD2, 0xD3, 0xD4];

/// Whether `TempKey` has something that is needed afterwards.
#[derive(Clone, Copy, Eq, PartialEq)]
enum TempKeyUse {
    Free,
    Kept,
}

impl Host {
    /// With the slot that byte 69 names, or by a secure boot.
    pub(super) fn set_latch(&mut self) -> Result<(), Refusal> {
        if self.variant.latch == Latch::Never {
            return Err(0x0F);
        }
        if self.latch != LatchState::Clear {
            return Ok(());
        }
        self.latch = LatchState::Pending;
        let permission = self.zone.0[69];
        let mut result = Err(0x0F);
        if permission & 0x80 != 0 {
            result = self
                .authorize(Slot::from_nibble(permission))
                .and_then(|()| self.send(Opcode::Info, 0x04, 0x0003, &[]))
                .map(drop);
        }
        if result.is_err() && self.zone.0[70] & 0x08 != 0 {
            let random = self.zone.0[70] & 0x10 != 0;
            result = self.secure_boot(0x05, random);
        }
        self.latch = LatchState::Set;
        // The authorization is not used up; it ends with the sleep that the
        // latch survives (unconfirmed).
        self.sleep();
        result
    }

    /// `CheckMac` or `Verify` with the key in `by`, and before it whatever that
    /// key asks for itself.
    pub(super) fn authorize(&mut self, by: Slot) -> Result<(), Refusal> {
        self.authorize_through(by, TempKeyUse::Free, 16)
    }

    /// The same by `CheckMac` over challenges alone, which an ATECC608 executes
    /// without a look at `TempKey`.
    pub(super) fn authorize_between(&mut self, by: Slot) -> Result<(), Refusal> {
        self.authorize_through(by, TempKeyUse::Kept, 16)
    }

    fn authorize_through(
        &mut self,
        by: Slot,
        temp_key: TempKeyUse,
        depth: u8,
    ) -> Result<(), Refusal> {
        let key_config = self.zone.key_config(by);
        if self.is_locked() && !self.is_508() && key_config.latch_disable() {
            // Before the authorizations that this one needs.
            self.set_latch()?;
        }
        if self.is_locked() && key_config.req_auth() && depth > 0 {
            self.authorize_through(key_config.auth_key(), temp_key, depth - 1)?;
        }
        let random = self.is_locked() && key_config.req_random();
        let is_valid = !memory::is_marked(&self.zone, by) || self.contents(by)[0] >> 4 == 5;
        let verifies = memory::is_public(&self.zone, by) && is_valid;
        if temp_key == TempKeyUse::Free && by.index() & 1 == 0 && verifies {
            self.nonce(random)?;
            self.verify(by, by)
        } else {
            self.check_mac(by, random)
        }
    }

    /// Either kind.
    pub(super) fn nonce(&mut self, random: bool) -> Result<(), Refusal> {
        if random {
            self.random_nonce()
        } else {
            self.pass_nonce()
        }
    }

    /// A `CheckMac` that matches: over a challenge, or over a random nonce.
    pub(super) fn check_mac(&mut self, slot: Slot, random: bool) -> Result<(), Refusal> {
        if random {
            self.random_nonce()?;
            self.match_temp_key(slot)
        } else {
            let response = self.response(slot, 0x00, &CHALLENGE);
            self.send_check_mac(slot, 0x00, &response)
        }
    }

    /// A `CheckMac` over `TempKey` that matches.
    pub(super) fn match_temp_key(&mut self, slot: Slot) -> Result<(), Refusal> {
        let p1 = 0x01 | self.source_flag();
        let response = self.response(slot, p1, &self.temp_key.value);
        self.send_check_mac(slot, p1, &response)
    }

    fn response(&self, slot: Slot, p1: u8, second: &[u8; 32]) -> [u8; 32] {
        let input = MacInput {
            first: &self.key(slot),
            second,
            otp: &[0; 64],
            serial: &self.serial,
        };
        let head = Self::head(Opcode::CheckMac, p1, slot.index().into());
        check_mac_response(head, &input, &OTHER_DATA)
    }

    pub(super) fn send_check_mac(
        &mut self,
        slot: Slot,
        p1: u8,
        response: &[u8; 32],
    ) -> Result<(), Refusal> {
        let data = [&CHALLENGE[..], response, &OTHER_DATA].concat();
        self.send(Opcode::CheckMac, p1, slot.index().into(), &data)
            .map(drop)
    }

    /// `Verify` of a signature over `TempKey` by the key of `signer`.
    pub(super) fn verify(&mut self, slot: Slot, signer: Slot) -> Result<(), Refusal> {
        let signature = memory::sign(signer, &self.temp_key.value);
        self.send(Opcode::Verify, 0x00, slot.index().into(), &signature)
            .map(drop)
    }

    /// `GenDig` with the key in a slot.
    pub(super) fn gen_dig(&mut self, slot: Slot, other_data: &[u8]) -> Result<(), Refusal> {
        let p2 = slot.index().into();
        self.send(Opcode::GenDig, 0x02, p2, other_data)?;
        let key = self.key(slot);
        let input = if self.zone.slot_config(slot).no_mac() {
            DigInput::NoMac(&key, DIG_DATA)
        } else {
            DigInput::Stored(&key)
        };
        let head = Self::head(Opcode::GenDig, 0x02, p2);
        self.temp_key.value = gen_dig(head, input, &self.temp_key.value, &self.serial);
        Ok(())
    }

    /// What a MAC over `challenge`, or over `TempKey`, is.
    pub(super) fn mac_input<'a>(
        &'a self,
        first: &'a [u8; 32],
        second: &'a [u8; 32],
    ) -> MacInput<'a> {
        MacInput {
            first,
            second,
            otp: &[0; 64],
            serial: &self.serial,
        }
    }

    pub(super) const fn challenge() -> [u8; 32] {
        CHALLENGE
    }

    /// An answer other than the one that the host computed is as good as a
    /// failed comparison.
    pub(super) fn expect(answer: &[u8], computed: &[u8]) -> Result<(), Refusal> {
        if answer == computed {
            Ok(())
        } else {
            Err(MISMATCH)
        }
    }
}
