//! Whether a command would be executed, by the rules of the chip.
//!
//! Source: ATECC508A datasheet, sections 2.2.1 to 2.2.5 and the commands'
//! sections of chapter 9; ATECC608: cryptoauthlib and its tests. Before the
//! data zone is locked a slot's policies are mostly not in force.

mod contents;
mod effect;
mod gate;
mod private;
mod public;
mod symmetric;
#[cfg(test)]
mod tests;

use alloc::boxed::Box;
use alloc::vec::Vec;

use atecc::config::{KeyConfig, SlotConfig};
use atecc::{ConfigZone, Family, Slot};

pub use effect::changers;

use crate::{Need, Operation, Reason};

/// Whether the configuration lets a command be executed.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Judgement {
    /// It does, given all of these at the time.
    Allowed(Vec<Need>),
    /// It does not; every reason that holds.
    Refused(Vec<Reason>),
    /// Bytes 4 to 7 do not tell which chip it is, and the answers differ.
    Depends {
        /// Of an ATECC508A.
        on_508: Box<Self>,
        /// Of an ATECC608.
        on_608: Box<Self>,
    },
}

impl Judgement {
    /// Whether it is [`Judgement::Allowed`], on whichever chip it is.
    #[must_use]
    pub fn is_allowed(&self) -> bool {
        match self {
            Self::Allowed(_) => true,
            Self::Refused(_) => false,
            Self::Depends { on_508, on_608 } => on_508.is_allowed() && on_608.is_allowed(),
        }
    }

    /// What it needs on whichever chip it is; `None` where one refuses.
    #[must_use]
    pub fn needs(&self) -> Option<Vec<Need>> {
        match self {
            Self::Allowed(needs) => Some(needs.clone()),
            Self::Refused(_) => None,
            Self::Depends { on_508, on_608 } => {
                let (mut needs, others) = (on_508.needs()?, on_608.needs()?);
                needs.retain(|need| others.contains(need));
                Some(needs)
            }
        }
    }
}

/// Whether `operation` on `slot` would be executed by a chip with this
/// configuration in its present state of locks.
#[must_use]
pub fn evaluate(zone: &ConfigZone, operation: Operation, slot: Slot) -> Judgement {
    let judge_as = |family| Case::new(zone, family, slot, Within::default()).judgement(operation);
    if let Some(family) = zone.revision().family() {
        return judge_as(family);
    }
    let (on_508, on_608) = (judge_as(Family::Atecc508), judge_as(Family::Atecc608));
    if on_508 == on_608 {
        on_508
    } else {
        Judgement::Depends {
            on_508: Box::new(on_508),
            on_608: Box::new(on_608),
        }
    }
}

/// What is being prepared while a command is judged, so that nothing is said to
/// be possible because it is.
#[derive(Clone, Copy, Debug, Default)]
struct Within {
    /// One bit for each slot whose authorization is.
    authorizing: u16,
    /// The latch is.
    latching: bool,
}

struct Case<'a> {
    zone: &'a ConfigZone,
    family: Family,
    slot: Slot,
    within: Within,
    reasons: Vec<Reason>,
    needs: Vec<Need>,
}

impl<'a> Case<'a> {
    const fn new(zone: &'a ConfigZone, family: Family, slot: Slot, within: Within) -> Self {
        Self {
            zone,
            family,
            slot,
            within,
            reasons: Vec::new(),
            needs: Vec::new(),
        }
    }
}

impl Operation {
    const fn is_for_608_only(self) -> bool {
        matches!(
            self,
            Self::EcdhOutput
                | Self::EcdhEncrypted
                | Self::EcdhTempKey
                | Self::EcdhInto
                | Self::Aes
                | Self::Kdf
                | Self::KdfEncrypted
                | Self::KdfTempKey
                | Self::KdfAes
                | Self::KdfInto
                | Self::SecureBoot
                | Self::SecureBootStore
                | Self::SetLatch
        )
    }
}

impl Case<'_> {
    fn judgement(mut self, operation: Operation) -> Judgement {
        if operation.is_for_608_only() && self.family == Family::Atecc508 {
            return Judgement::Refused(alloc::vec![Reason::Only608]);
        }
        self.operation(operation);
        if self.reasons.is_empty() {
            let mut needs = Vec::with_capacity(self.needs.len());
            for need in self.needs {
                if !needs.contains(&need) {
                    needs.push(need);
                }
            }
            Judgement::Allowed(needs)
        } else {
            Judgement::Refused(self.reasons)
        }
    }

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
            Operation::Sign => self.sign(),
            Operation::SignInternal => self.sign_internal(),
            Operation::Ecdh => self.ecdh(),
            Operation::EcdhOutput => self.ecdh_output(),
            Operation::EcdhEncrypted => self.ecdh_encrypted(),
            Operation::EcdhTempKey => self.ecdh_temp_key(),
            Operation::EcdhInto => self.ecdh_into(),
            Operation::Mac | Operation::ShaHmac => self.mac(),
            Operation::Hmac => {
                self.only_508();
                self.hmac();
            }
            Operation::CheckMac => self.symmetric(),
            Operation::CopyKey => self.copy_key(),
            Operation::GenDig => self.gen_dig(),
            Operation::Aes => self.aes(),
            Operation::Kdf => self.kdf(),
            Operation::KdfEncrypted => self.kdf_encrypted(),
            Operation::KdfTempKey => self.kdf_temp_key(),
            Operation::KdfAes => self.kdf_aes(),
            Operation::KdfInto => self.kdf_into(),
            Operation::Verify => self.verify(),
            Operation::Validate => self.validate(),
            Operation::DeriveKey => self.derive_key(),
            Operation::SecureBoot => self.secure_boot(),
            Operation::SecureBootStore => self.secure_boot_store(),
            Operation::SetLatch => self.set_latch(),
            Operation::Lock => {
                self.refused_if(!self.key_config().lockable(), Reason::NotLockable);
                self.not_slot_locked();
            }
        }
    }

    /// The same zone, another question.
    fn judged(&self, operation: Operation, slot: Slot, within: Within) -> Judgement {
        Case::new(self.zone, self.family, slot, within).judgement(operation)
    }

    fn would_allow(&self, operation: Operation, slot: Slot, within: Within) -> bool {
        self.judged(operation, slot, within).is_allowed()
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

    fn slot_config(&self) -> SlotConfig {
        self.zone.slot_config(self.slot)
    }

    fn key_config(&self) -> KeyConfig {
        self.zone.key_config(self.slot)
    }

    /// Only then a slot's policies are in force.
    fn data_locked(&self) -> bool {
        self.zone.config_lock().is_locked() && self.zone.data_lock().is_locked()
    }

    fn not_private(&mut self) {
        self.refused_if(self.key_config().private(), Reason::PrivateKey);
    }

    fn not_slot_locked(&mut self) {
        let locked = self.zone.slot_lock(self.slot).is_locked();
        self.refused_if(locked, Reason::SlotLocked);
    }

    fn read_key(&self) -> Slot {
        self.slot_config().read_key()
    }

    fn write_key(&self) -> Slot {
        self.slot_config().write_key()
    }
}
