//! `GenDig` (opcode 0x15). Source: ATECC508A datasheet, "GenDig Command";
//! the layouts for counters and key configuration from cryptoauthlib
//! `atcah_gen_dig`.

use super::{Core, Frame, Outcome, SUCCESS, Status, check, sha256};
use crate::memory::Slot;
use crate::memory::limited_use::Counter;

/// Param2 bit 15: a transport key (zone 2), or the digest's order (zone 3).
const HIGH_BIT: u16 = 0x8000;
/// Bytes of a block of configuration or OTP.
const BLOCK: usize = 32;

/// Which block comes first in the message.
enum Order {
    Stored,
    TempKeyFirst,
}

/// All parts of the message but `TempKey`: 64 bytes.
struct Message {
    block: [u8; 32],
    head: [u8; 4],
    /// What follows the serial number.
    rest: [u8; 25],
    order: Order,
}

impl Message {
    fn of(frame: &Frame<'_>, block: [u8; 32]) -> Self {
        Self {
            block,
            head: frame.head(),
            rest: [0; 25],
            order: Order::Stored,
        }
    }
}

impl Core<'_> {
    pub(super) fn gen_dig(&mut self, frame: &Frame<'_>) -> Outcome {
        match frame.p1 {
            0 => {
                let block = block_of(&self.memory.config, frame)?;
                self.digest_other(&Message::of(frame, block))
            }
            1 => {
                let block = block_of(&self.memory.otp, frame)?;
                self.digest_other(&Message::of(frame, block))
            }
            2 => self.digest_key(frame),
            3 => self.digest_shared(frame),
            4 => self.digest_counter(frame),
            5 => self.digest_key_config(frame),
            _ => Err(Status::Parse),
        }?;
        Ok(SUCCESS.to_vec())
    }

    /// Zone 2: the key in a slot. A key with `NoMac` takes the command's
    /// place in the message from `OtherData`; otherwise four bytes of it are
    /// ignored, which one library always sends.
    fn digest_key(&mut self, frame: &Frame<'_>) -> Result<(), Status> {
        let slot = Slot::of_param2(frame.p2);
        let no_mac = self.memory.slot_config(slot).no_mac();
        let other: Option<[u8; 4]> = frame.data.try_into().ok();
        check(other.is_some() || frame.data.is_empty(), Status::Parse)?;
        // No transport key is known outside the factory.
        check(frame.p2 & HIGH_BIT == 0, Status::Execution)?;
        let head = if no_mac {
            other.ok_or(Status::Parse)?
        } else {
            frame.head()
        };
        self.check_config_locked()?;
        check(self.volatile.temp_key.valid, Status::Execution)?;
        self.use_symmetric(slot)?;
        let message = Message {
            head,
            ..Message::of(frame, self.memory.key(slot))
        };
        let digest = self.digest(&message)?;
        let temp_key = &mut self.volatile.temp_key;
        temp_key.load_stored_digest(digest, slot.index());
        temp_key.no_mac |= no_mac;
        Ok(())
    }

    /// Zone 3: 32 bytes that both sides know, before or after `TempKey`.
    fn digest_shared(&mut self, frame: &Frame<'_>) -> Result<(), Status> {
        let block = frame.data.try_into().or(Err(Status::Parse))?;
        let [low, _] = frame.p2.to_le_bytes();
        let order = if frame.p2 & HIGH_BIT == 0 {
            Order::Stored
        } else {
            Order::TempKeyFirst
        };
        self.digest_other(&Message {
            head: [frame.opcode, frame.p1, low, 0],
            order,
            ..Message::of(frame, block)
        })
    }

    /// Zone 4: the value of a counter.
    fn digest_counter(&mut self, frame: &Frame<'_>) -> Result<(), Status> {
        check(frame.data.is_empty(), Status::Parse)?;
        let counter = Counter::of_param2(frame.p2).ok_or(Status::Parse)?;
        let mut message = Message::of(frame, [0; 32]);
        message.rest[1..5].copy_from_slice(&self.memory.counter(counter).to_le_bytes());
        self.digest_other(&message)
    }

    /// Zone 5: how a slot is configured, and whether it is locked.
    fn digest_key_config(&mut self, frame: &Frame<'_>) -> Result<(), Status> {
        check(frame.data.is_empty(), Status::Parse)?;
        let slot = Slot::of_param2(frame.p2);
        let mut message = Message::of(frame, [0; 32]);
        let (slot_config, key_config) =
            (self.memory.slot_config(slot), self.memory.key_config(slot));
        message.rest[1..3].copy_from_slice(&slot_config.0.to_le_bytes());
        message.rest[3..5].copy_from_slice(&key_config.0.to_le_bytes());
        message.rest[5] = u8::from(!self.memory.is_slot_locked(slot));
        self.digest_other(&message)
    }

    /// Everything but a key: no `KeyID` remains. Allowed in every lock state
    /// (unconfirmed before the configuration is locked).
    fn digest_other(&mut self, message: &Message) -> Result<(), Status> {
        let digest = self.digest(message)?;
        self.volatile.temp_key.load_other_digest(digest);
        Ok(())
    }

    /// The digest over 96 bytes.
    fn digest(&self, message: &Message) -> Result<[u8; 32], Status> {
        let temp_key = self.volatile.temp_key.get().ok_or(Status::Execution)?;
        let (first, last) = match message.order {
            Order::Stored => (&message.block, &temp_key),
            Order::TempKeyFirst => (&temp_key, &message.block),
        };
        let tail = self.memory.serial().tail();
        Ok(sha256(&[first, &message.head, &tail, &message.rest, last]))
    }
}

/// The 32-byte block of `zone` that Param2 names.
fn block_of(zone: &[u8], frame: &Frame<'_>) -> Result<[u8; 32], Status> {
    check(frame.data.is_empty(), Status::Parse)?;
    let start = BLOCK * usize::from(frame.p2);
    let block = zone.get(start..start + BLOCK).ok_or(Status::Parse)?;
    block.try_into().or(Err(Status::Parse))
}

#[cfg(test)]
mod tests {
    use crate::command::harness::{Harness, bytes, rising};
    use crate::memory::LockState::{self, ConfigOpen, DataOpen, Locked};
    use crate::memory::Slot;
    use crate::revision::Revision;
    use crate::volatile::Source;

    const GEN_DIG: u8 = 0x15;

    /// The vectors' key in slot 4.
    fn chip(state: LockState, slot_config: u16, key_config: u16) -> Harness {
        let mut harness = Harness::new(Revision::Atecc608B, state);
        harness.configure(4, slot_config, key_config);
        harness.store_key(4, &rising(0x20));
        harness.load_temp_key(Source::Rand);
        harness
    }

    fn check(harness: &mut Harness, zone: u8, p2: u16, data: &[u8], digest: &str) {
        assert_eq!(harness.run(GEN_DIG, zone, p2, data), Ok(vec![0]));
        assert_eq!(harness.temp_key(), Some(bytes(digest)), "{zone} {p2:04X}");
    }

    /// Traps 10 and 27 of `docs/sources.md`: four spare bytes are normal, and
    /// the slot is noted.
    #[test]
    fn traps_10_27_data_of_a_key() {
        let digest = "54565A88939E5521BE0A45FEDF85A23300F31202DBDDC56F5CD47E662B51F170";
        for data in [&[][..], &[9, 9, 9, 9]] {
            for state in [DataOpen, Locked] {
                let mut harness = chip(state, 0x0F8F, 0x003C);
                check(&mut harness, 2, 4, data, digest);
                assert_eq!(
                    harness.volatile.temp_key.flags(),
                    0x24,
                    "GenDigData, KeyID 4"
                );
            }
        }
    }

    #[test]
    fn no_mac_key_takes_other_data_and_poisons() {
        let digest = "BF93EB120F2E23E62FE3BEACCB006704BC907EB8528F1D47E642E8F574D68631";
        let mut harness = chip(Locked, 0x0F9F, 0x003C);
        assert_eq!(harness.status(GEN_DIG, 2, 4, &[]), 0x03);
        harness.load_temp_key(Source::Rand);
        check(&mut harness, 2, 4, &[1, 2, 3, 4], digest);
        assert_eq!(harness.volatile.temp_key.flags(), 0xA4, "NoMacFlag as well");
        // It stays through the next GenDig.
        harness.configure(5, 0x0F8F, 0x003C);
        assert_eq!(harness.status(GEN_DIG, 2, 5, &[]), 0x00);
        assert_eq!(harness.volatile.temp_key.flags(), 0xA5);
    }

    #[test]
    fn configuration_and_otp() {
        let mut harness = chip(Locked, 0x0F8F, 0x003C);
        for (byte, value) in harness.memory.otp.iter_mut().zip(0xC0..=0xFF) {
            *byte = value;
        }
        let otp = "0B4CD2A206F46B2A9DE47D977E45961BC008FC5FC9696D7CE56C17D1F1CEFCF3";
        check(&mut harness, 1, 1, &[], otp);
        assert_eq!(harness.volatile.temp_key.flags(), 0x00);
        // The vector's block is 20..3F, which block 1 can hold; its Param2
        // is then 1, so the digest is recomputed from the same layout.
        let mut harness = chip(ConfigOpen, 0x0F8F, 0x003C);
        harness.memory.config[32..64].copy_from_slice(&rising(0x20));
        assert_eq!(harness.status(GEN_DIG, 0, 1, &[]), 0x00);
        let expected = crate::command::sha256(&[
            &rising(0x20),
            &[0x15, 0x00, 0x01, 0x00, 0xEE, 0x01, 0x23],
            &[0; 25],
            &rising(0x40),
        ]);
        assert_eq!(harness.temp_key(), Some(expected.to_vec()));
    }

    /// The vector's block 0 is 20..3F, which would change the serial number:
    /// the message is built by hand.
    #[test]
    fn configuration_block_of_the_vector() {
        let digest = "5B55CB4EC3F3B49D54779DE046801A899AE2D29315A8A58C9D243CC12DEA8ABA";
        let message = super::Message {
            block: rising(0x20),
            head: [0x15, 0x00, 0x00, 0x00],
            rest: [0; 25],
            order: super::Order::Stored,
        };
        let mut harness = chip(Locked, 0x0F8F, 0x003C);
        let core = super::Core {
            memory: &mut harness.memory,
            volatile: &mut harness.volatile,
            generator: &mut crate::entropy::Generator::seeded(0),
            defects: &mut crate::defect::Defects::none(),
        };
        assert_eq!(core.digest(&message).map(Vec::from), Ok(bytes(digest)));
    }

    #[test]
    fn shared_nonce() {
        let after = "5A93170E4C952F50C7DEA4E55A524E2A5C823E9441A8C74F8E35152F1F1DCD69";
        let before = "2792421F416B42596095F3216C3F61D641F198E0C4FD2EE26499871A13F501B6";
        check(
            &mut chip(Locked, 0x0F8F, 0x003C),
            3,
            0x0000,
            &rising(0x80),
            after,
        );
        check(
            &mut chip(Locked, 0x0F8F, 0x003C),
            3,
            0x8000,
            &rising(0x80),
            before,
        );
    }

    #[test]
    fn counter() {
        let digest = "EABDAF33439E3B8723C7DE69E8C46606C62687406A55C1E00EF095B8A0B8901C";
        let mut harness = chip(Locked, 0x0F8F, 0x003C);
        // 0x12345 = 74565 = 2330 * 32 + 5; 16 less is 2329 * 32 + 21.
        let [a, b] = 2330_u16.to_be_bytes();
        let [c, d] = 2329_u16.to_be_bytes();
        harness.memory.config[60..68].copy_from_slice(&[0x07, 0xFF, 0x00, 0x00, a, b, c, d]);
        assert_eq!(
            harness.run(0x24, 0, 1, &[]),
            Ok(vec![0x45, 0x23, 0x01, 0x00])
        );
        check(&mut harness, 4, 1, &[], digest);
    }

    /// Trap 28 of `docs/sources.md`, here: the lock byte is 01 while the slot
    /// is **not** locked.
    #[test]
    fn trap_28_key_configuration() {
        let digest = "465A1A41700ACE7143EE766159C112985CB657C8024ECDF2DED93C9C1BD3A776";
        let mut harness = chip(Locked, 0x0F8F, 0x003C);
        harness.configure(3, 0xF4C4, 0x001C);
        check(&mut harness, 5, 3, &[], digest);
        harness.load_temp_key(Source::Rand);
        harness.memory.lock_slot(Slot::of_nibble(3));
        assert_eq!(harness.status(GEN_DIG, 5, 3, &[]), 0x00);
        assert_ne!(harness.temp_key(), Some(bytes(digest)));
    }

    #[test]
    fn access_by_lock_state_and_policy() {
        for (state, key_config, status) in [
            (ConfigOpen, 0x003C, 0x0F),
            (DataOpen, 0x003C, 0x00),
            (Locked, 0x003C, 0x00),
            (Locked, 0x0033, 0x0F), // Private.
            (Locked, 0x00BC, 0x0F), // ReqAuth.
            (DataOpen, 0x00BC, 0x00),
            (Locked, 0x007C, 0x00), // ReqRandom: it is.
            (Locked, 0x103C, 0x0F), // PersistentDisable.
        ] {
            let found = chip(state, 0x0F8F, key_config).status(GEN_DIG, 2, 4, &[]);
            assert_eq!(found, status, "{state:?} {key_config:04X}");
        }
        let mut harness = chip(Locked, 0x0F8F, 0x007C);
        harness.load_temp_key(Source::Input);
        assert_eq!(harness.status(GEN_DIG, 2, 4, &[]), 0x0F, "ReqRandom");
        let mut harness = chip(Locked, 0x0F8F, 0x003C);
        assert_eq!(
            harness.status(GEN_DIG, 2, 0x8000, &[]),
            0x0F,
            "transport key"
        );
    }

    #[test]
    fn every_error_invalidates_temp_key() {
        for (zone, p2, length) in [
            (6, 0, 0),
            (0, 4, 0),
            (0, 0, 4),
            (1, 2, 0),
            (2, 4, 3),
            (2, 4, 32),
            (3, 0, 0),
            (3, 0, 31),
            (4, 2, 0),
        ] {
            let mut harness = chip(Locked, 0x0F8F, 0x003C);
            let status = harness.status(GEN_DIG, zone, p2, &vec![0; length]);
            assert_eq!(status, 0x03, "{zone} {p2} {length}");
            assert_eq!(harness.status(GEN_DIG, 0, 0, &[]), 0x0F, "no TempKey");
        }
    }
}
