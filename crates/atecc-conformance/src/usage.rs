//! What the answers of a transcript imply about locks and slots.

use std::collections::BTreeMap;

use atecc::Opcode;
use atecc::parse::CommandGroup;

use crate::target::{Place, Target};

/// What was done with success.
#[derive(Clone, Debug, Default)]
pub(crate) struct Usage {
    /// At the start, when something implies it.
    pub(crate) config_locked: Option<bool>,
    pub(crate) data_locked: Option<bool>,
    pub(crate) slots: BTreeMap<u8, Uses>,
    /// What `Random` and `Nonce` answered once the configuration was locked.
    pub(crate) randoms: Vec<[u8; 32]>,
    /// Locks since the start.
    config_lock: bool,
    data_lock: bool,
    /// The slot of the last `GenDig`, until it is used.
    digested: Option<u8>,
}

/// What was done with one slot.
#[expect(clippy::struct_excessive_bools, reason = "one for each thing done")]
#[derive(Clone, Copy, Debug, Default, Eq, PartialEq)]
pub(crate) struct Uses {
    pub(crate) private: bool,
    ecdh: bool,
    public: bool,
    symmetric: bool,
    aes: bool,
    derived: bool,
    clear: bool,
    slot_lock: bool,
    /// By which slot's key.
    encrypted_read: Option<u8>,
    encrypted_write: Option<u8>,
}

/// Whether this is what `Random` answers while the configuration is unlocked.
/// Source: ATECC508A datasheet, "Random Command".
pub(crate) fn is_pattern(random: &[u8]) -> bool {
    random
        .chunks(4)
        .all(|word| word == &[0xFF, 0xFF, 0, 0][..word.len()])
}

impl Usage {
    /// Take one answered command into account.
    pub(crate) fn add(&mut self, group: &CommandGroup<'_>, payload: &[u8]) {
        let done = payload == [0];
        match group.opcode {
            // Param2 8000 takes TempKey in place of a random number.
            Opcode::Random | Opcode::Nonce if group.param2 == 0 => return self.random(payload),
            Opcode::Nonce => return,
            Opcode::Lock if done => return self.lock(group),
            Opcode::Write if done => return self.write(group),
            Opcode::Read if payload.len() > 1 => return self.read(group),
            _ => {}
        }
        // A verdict counts as well: only Verify and CheckMac say 01.
        let succeeded = payload.len() > 1 || matches!(payload, [0 | 1]);
        if succeeded {
            self.keyed(group);
        }
    }

    fn random(&mut self, payload: &[u8]) {
        let Ok(random) = <[u8; 32]>::try_from(payload) else {
            return;
        };
        if !is_pattern(&random) {
            self.randoms.push(random);
            self.needs_config_lock();
        } else if !self.config_lock {
            self.config_locked.get_or_insert(false);
        }
    }

    fn lock(&mut self, group: &CommandGroup<'_>) {
        match group.param1 & 0x03 {
            0 => {
                self.config_locked.get_or_insert(false);
                self.config_lock = true;
            }
            1 => {
                self.needs_config_lock();
                self.data_locked.get_or_insert(false);
                self.data_lock = true;
            }
            _ => {
                self.needs_config_lock();
                self.uses(group.param1 >> 2 & 0x0F).slot_lock = true;
            }
        }
    }

    fn write(&mut self, group: &CommandGroup<'_>) {
        let Some(target) = Target::from_group(group) else {
            return;
        };
        let digested = self.digested.take();
        match target.place {
            Place::Config => {
                if !self.config_lock {
                    self.config_locked.get_or_insert(false);
                }
            }
            Place::Otp => self.needs_config_lock(),
            Place::Slot(slot) => {
                self.needs_config_lock();
                if group.data.len() > target.len {
                    self.uses(slot).encrypted_write = digested;
                } else {
                    self.uses(slot).clear = true;
                }
            }
        }
    }

    fn read(&mut self, group: &CommandGroup<'_>) {
        let digested = self.digested.take();
        match Target::from_group(group).map(|target| target.place) {
            Some(Place::Config) | None => {}
            Some(Place::Otp) => self.needs_data_lock(),
            Some(Place::Slot(slot)) => {
                self.needs_data_lock();
                let uses = self.uses(slot);
                (uses.clear, uses.encrypted_read) = (digested.is_none(), digested);
            }
        }
    }

    fn keyed(&mut self, group: &CommandGroup<'_>) {
        let mode = group.param1;
        let by_slot = group.param2 != 0xFFFF;
        let uses = self.slots.entry(group.slot().index());
        match group.opcode {
            Opcode::GenKey if by_slot && mode & 0x18 == 0x10 => {
                uses.or_default().public = true;
            }
            Opcode::GenKey | Opcode::Sign if by_slot => uses.or_default().private = true,
            Opcode::Ecdh if mode & 0x01 == 0 => {
                let uses = uses.or_default();
                (uses.private, uses.ecdh) = (true, true);
            }
            Opcode::Mac | Opcode::Hmac | Opcode::CheckMac => uses.or_default().symmetric = true,
            Opcode::Sha if mode & 0x07 == 0x04 => uses.or_default().symmetric = true,
            Opcode::Kdf if mode & 0x03 == 0x02 => uses.or_default().symmetric = true,
            Opcode::GenDig if mode == 0x02 && by_slot => {
                uses.or_default().symmetric = true;
                self.digested = Some(group.slot().index());
            }
            Opcode::DeriveKey => {
                uses.or_default().derived = true;
                // The parent that `Uses::configuration` names.
                self.uses(0).symmetric = true;
            }
            Opcode::Aes if by_slot && mode & 0x03 < 2 => uses.or_default().aes = true,
            Opcode::Verify if mode & 0x07 != 0x02 => uses.or_default().public = true,
            Opcode::PrivWrite => {
                let digested = self.digested.take();
                let uses = uses.or_default();
                uses.private = true;
                uses.encrypted_write = digested;
            }
            _ => return,
        }
        self.needs_config_lock();
    }

    fn uses(&mut self, slot: u8) -> &mut Uses {
        self.slots.entry(slot).or_default()
    }

    fn needs_config_lock(&mut self) {
        if !self.config_lock {
            self.config_locked.get_or_insert(true);
        }
    }

    fn needs_data_lock(&mut self) {
        self.needs_config_lock();
        if !self.data_lock {
            self.data_locked.get_or_insert(true);
        }
    }
}

impl Uses {
    /// Whether the slot holds a symmetric key.
    pub(crate) const fn is_key(&self) -> bool {
        self.symmetric || self.aes || self.derived
    }

    /// `SlotConfig` and `KeyConfig` that allow all this. Source: ATECC508A
    /// datasheet, "SlotConfig" and "KeyConfig".
    pub(crate) fn configuration(&self) -> (u16, u16) {
        let (mut slot, mut key) = if self.private {
            // Signs everything, may be made anew; public key readable.
            (0x2083, 0x0013)
        } else if self.public {
            (0x0000, 0x0010)
        } else if self.aes {
            (0x0080, 0x0018)
        } else if self.derived {
            // Derived from the parent in slot 0.
            (0x3080, 0x001C)
        } else if self.symmetric && !self.clear {
            (0x0080, 0x001C)
        } else {
            (0x0000, 0x001C)
        };
        if self.ecdh {
            slot |= 0x0004;
        }
        if let Some(by) = self.encrypted_read {
            slot |= 0x00C0 | u16::from(by);
        }
        if let Some(by) = self.encrypted_write {
            slot = slot & 0x00FF | 0x4000 | u16::from(by) << 8;
        }
        if self.slot_lock {
            key |= 0x0020;
        }
        (slot, key)
    }
}
