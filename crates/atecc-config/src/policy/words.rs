//! A policy in whole sentences.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use atecc::Family;
use atecc::config::WriteAccess;

use super::{ECDH, KDF, Kind, Policy, Way};
use crate::options::{BootMode, SecureBoot};
use crate::{KeyNeed, Need, Operation, Protection};

impl Policy {
    /// The same in whole sentences, each about one thing.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = alloc::vec![self.holds()];
        words.extend(self.changes());
        words.extend(self.used_for());
        words.extend(self.conditions());
        words.push(String::from(match self.lock() {
            "locked" => "It is locked for good.",
            "lockable" => "It can be locked for good.",
            _ => "It cannot be locked by itself.",
        }));
        words
    }

    fn holds(&self) -> String {
        let what = match self.kind() {
            Kind::PrivateKey => "A private key on P-256.",
            Kind::PublicKey => "A public key on P-256.",
            Kind::AesKey => "An AES key.",
            Kind::Secret => "A secret: a key for MAC and HMAC, or data.",
            Kind::Data => "Data.",
            Kind::Unclear => {
                return format!(
                    "Unclear: KeyType {} does not fit this slot of this chip.",
                    self.zone.key_config(self.slot).0 >> 2 & 0b111
                );
            }
        };
        let who = match self.read().as_str() {
            "public half" => "The chip tells its public half.".into(),
            "everybody" => "Everybody may read it.".into(),
            "never" if self.kind() == Kind::PrivateKey => {
                "Not even its public half is told.".into()
            }
            "never" => "Nobody may read it.".into(),
            key => format!("It is read encrypted, {key}."),
        };
        format!("{what} {who}")
    }

    fn changes(&self) -> Vec<String> {
        let ways = self.ways();
        let mut sentences = Vec::new();
        if ways.is_empty() {
            sentences.push(String::from(if self.is_slot_locked() {
                "Nothing changes it."
            } else {
                "Once data is locked nothing changes it."
            }));
        }
        let writes: Vec<_> = ways.iter().filter(|way| way.operation.is_write()).collect();
        sentences.extend(self.writes(&writes));
        // What everybody may write needs no other way.
        if !ways.iter().any(Way::is_for_everybody) {
            sentences.extend(ways.iter().filter_map(|way| self.change(way)));
        }
        if self.needs(Operation::Validate).is_some() {
            sentences.push(format!(
                "Verify marks it valid or invalid, by signatures that the key in {} \
                 verifies; no lock stops that.",
                self.zone.slot_config(self.slot).read_key()
            ));
        }
        sentences
    }

    fn writes(&self, ways: &[&Way]) -> Option<String> {
        let access = self.zone.slot_config(self.slot).write_access();
        let key = ways.iter().find_map(|way| match way.operation {
            Operation::WriteEncrypted | Operation::PrivWrite => Some(way.word()),
            _ => None,
        });
        let creates = ways.iter().any(|way| way.operation == Operation::CreateKey);
        Some(match (creates, key) {
            (true, None) => "GenKey may replace it by a new one; it cannot be written.".into(),
            (true, Some(key)) => {
                format!("GenKey may replace it by a new one; PrivWrite writes it encrypted, {key}.")
            }
            (false, Some(key)) => format!("It is written encrypted, {key}."),
            (false, None) if ways.is_empty() => return None,
            (false, None) if access == WriteAccess::PubInvalid => {
                "Everybody may write it while the key there is not validated.".into()
            }
            (false, None) => "Everybody may write it.".into(),
        })
    }

    /// Ways that replace what is there by something that the chip computes.
    fn change(&self, way: &Way) -> Option<String> {
        match way.operation {
            Operation::DeriveKey => Some(self.derivation(way)),
            Operation::Ecdh => Some(format!(
                "ECDH with {} replaces its first 32 bytes by the secret, whatever its own \
                 WriteConfig says (unconfirmed).",
                way.slot
            )),
            Operation::SecureBootStore => Some(self.stored_boot()),
            _ => None,
        }
    }

    fn derivation(&self, way: &Way) -> String {
        let write_config = self.zone.slot_config(self.slot).write_config().bits();
        let parent = self.zone.slot_config(self.slot).write_key();
        let source = if write_config & 1 == 0 {
            "roll".into()
        } else {
            format!("from {parent}")
        };
        let mac = if write_config & 0b1000 == 0 {
            "no MAC".into()
        } else {
            format!("with a MAC by {parent}")
        };
        let who = if way.is_open() {
            ", for anybody who reaches the chip"
        } else {
            ""
        };
        let until = if self.lock() == "lockable" {
            ", until the slot is locked"
        } else {
            ""
        };
        format!("DeriveKey ({source}, {mac}) replaces its first 32 bytes{who}{until}.")
    }

    fn stored_boot(&self) -> String {
        let boot = SecureBoot::of(&self.zone);
        let what = if boot.mode() == Some(BootMode::Signature) {
            "its first 64 bytes by the signature"
        } else {
            "its first 32 bytes by the digest"
        };
        let lock = if self.is_slot_locked() {
            ", and although it is locked (unconfirmed)"
        } else {
            ""
        };
        format!(
            "SecureBoot (FullCopy) replaces {what} of what the public key in {} verifies, whatever \
             its own WriteConfig says{lock}.",
            boot.public_key()
        )
    }

    fn used_for(&self) -> Option<String> {
        let uses = self.uses();
        let names: Vec<_> = uses.iter().copied().map(short).collect();
        if names.is_empty() {
            return match self.kind() {
                Kind::Data | Kind::Unclear => None,
                _ => Some(String::from("No command may use it.")),
            };
        }
        // Most keys have none: nothing is said.
        let secret = self.secret_of_ecdh(&uses).unwrap_or_default();
        Some(format!("It is used by: {}.{secret}", names.join("; ")))
    }

    /// Where the secret of an ECDH goes, when that is not simply out.
    fn secret_of_ecdh(&self, uses: &[Operation]) -> Option<String> {
        let first = uses.iter().find(|operation| ECDH.contains(operation))?;
        let next = Operation::Ecdh.target(&self.zone, self.slot);
        let in_the_clear = self.needs(Operation::EcdhOutput).is_some();
        let encrypted = self.needs(Operation::EcdhEncrypted).is_some();
        let is_608 = self.zone.revision().family() == Some(Family::Atecc608);
        Some(match (first, next) {
            (Operation::Ecdh, Some(next)) if is_608 && in_the_clear => format!(
                " The ECDH secret goes to {next}; when asked for it in the clear, an ATECC608 \
                 answers it (unconfirmed)."
            ),
            (Operation::Ecdh, Some(next)) => format!(" The ECDH secret goes to {next}."),
            (Operation::Ecdh, None) => return None,
            (Operation::EcdhOutput, _) => {
                " The ECDH secret is answered when asked for, or stays in TempKey.".into()
            }
            _ if encrypted => " The ECDH secret is answered encrypted, or stays in TempKey.".into(),
            _ => " The ECDH secret stays in TempKey.".into(),
        })
    }

    /// What the uses of its key need: each, or which.
    fn conditions(&self) -> Vec<String> {
        let uses = self.uses();
        let mut found: Vec<(KeyNeed, Vec<&str>)> = Vec::new();
        for operation in &uses {
            for need in self.needs(*operation).into_iter().flatten() {
                match need {
                    Need::Key(slot, need) if slot == self.slot => {
                        match found.iter_mut().find(|(known, _)| *known == need) {
                            Some((_, names)) => names.push(short(*operation)),
                            None => found.push((need, alloc::vec![short(*operation)])),
                        }
                    }
                    _ => {}
                }
            }
        }
        let validated = self
            .needs(Operation::Verify)
            .is_some_and(|needs| needs.contains(&Need::Validated));
        let validated = (self.kind() == Kind::PublicKey && validated)
            .then(|| format!("Verify needs {}.", Need::Validated));
        let needs = found.into_iter().map(|(need, names)| {
            if names.len() == uses.len() {
                format!("Each use needs {need}.")
            } else {
                format!("For {}: {need}.", names.join("; "))
            }
        });
        validated.into_iter().chain(needs).collect()
    }
}

/// One word for all forms.
fn short(operation: Operation) -> &'static str {
    match operation {
        operation if ECDH.contains(&operation) => "ECDH",
        operation if KDF.contains(&operation) => "KDF",
        operation => operation.command(),
    }
}

impl Protection {
    /// In a few words; nothing of [`Protection::Clear`].
    pub(crate) const fn words(self) -> Option<&'static str> {
        match self {
            Self::Clear => None,
            Self::Encrypted => Some("output encrypted only"),
            Self::Inside => Some("output stays inside"),
            Self::Invalid => Some("output protection invalid"),
        }
    }
}
