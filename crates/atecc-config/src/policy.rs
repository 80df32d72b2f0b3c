//! A slot in words: what it holds, and who may do what with it.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use atecc::config::{KeyType, WriteAccess};
use atecc::{ConfigZone, Slot};

use crate::judge::slot as slot_of;
use crate::{Judgement, Need, Operation, as_if_locked, is_608, judge};

/// What a slot is meant to hold.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Kind {
    /// An ECC private key on P-256.
    PrivateKey,
    /// An ECC public key on P-256: slots 8 to 15.
    PublicKey,
    /// An AES-128 key.
    AesKey,
    /// A key for SHA-256, MAC and HMAC, or secret data.
    Secret,
    /// What everybody may read.
    Data,
    /// A reserved KeyType, or one that does not fit the slot.
    Unclear,
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::PrivateKey => "private key",
            Self::PublicKey => "public key",
            Self::AesKey => "AES key",
            Self::Secret => "secret",
            Self::Data => "data",
            Self::Unclear => "unclear",
        })
    }
}

/// A way to change a slot.
const DERIVE_KEY: &str = "DeriveKey";

/// A slot's policy as it is once configuration and data are locked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    zone: ConfigZone,
    slot: Slot,
}

impl Policy {
    /// Of one slot.
    #[must_use]
    pub fn of(zone: &ConfigZone, slot: Slot) -> Self {
        Self {
            zone: as_if_locked(zone),
            slot,
        }
    }

    /// Which slot.
    #[must_use]
    pub const fn slot(&self) -> Slot {
        self.slot
    }

    /// What it is meant to hold.
    #[must_use]
    pub fn kind(&self) -> Kind {
        let key_config = self.zone.key_config(self.slot);
        let slot_config = self.zone.slot_config(self.slot);
        match (key_config.private(), key_config.key_type()) {
            (true, KeyType::P256) => Kind::PrivateKey,
            (false, KeyType::P256) if self.slot.index() >= 8 => Kind::PublicKey,
            (false, KeyType::Aes) if is_608(&self.zone) => Kind::AesKey,
            (false, KeyType::ShaOrData) if slot_config.is_secret() => Kind::Secret,
            (false, KeyType::ShaOrData) => Kind::Data,
            _ => Kind::Unclear,
        }
    }

    /// Who may read it, in a few words.
    #[must_use]
    pub fn read(&self) -> String {
        if self.kind() == Kind::PrivateKey {
            return match self.judge(Operation::PublicKey) {
                Judgement::Allowed(_) => String::from("public half"),
                Judgement::Refused(_) => String::from("never"),
            };
        }
        match (
            self.judge(Operation::Read),
            self.judge(Operation::ReadEncrypted),
        ) {
            (Judgement::Allowed(_), _) => String::from("everybody"),
            (_, Judgement::Allowed(needs)) => with_key(&needs),
            _ => String::from("never"),
        }
    }

    /// Who may change it, in a few words.
    #[must_use]
    pub fn write(&self) -> String {
        if self.is_slot_locked() {
            return String::from("never");
        }
        let mut ways: Vec<String> = Vec::new();
        for operation in [
            Operation::CreateKey,
            Operation::PrivWrite,
            Operation::Write,
            Operation::WriteEncrypted,
        ] {
            if let Judgement::Allowed(needs) = self.judge(operation) {
                ways.push(match operation {
                    Operation::CreateKey => String::from("GenKey"),
                    Operation::Write if needs.contains(&Need::NotValidated) => {
                        String::from("until valid")
                    }
                    Operation::Write => String::from("everybody"),
                    _ => with_key(&needs),
                });
            }
        }
        // What everybody may write needs no derivation.
        if self.is_derived() && !ways.iter().any(|way| way == "everybody") {
            ways.push(String::from(DERIVE_KEY));
        }
        if ways.is_empty() {
            String::from("never")
        } else {
            ways.join(", ")
        }
    }

    /// `DeriveKey` asks no KeyType: it replaces the first 32 bytes of data and
    /// of public keys too. On silicon *(unconfirmed)*.
    fn is_derived(&self) -> bool {
        self.kind() != Kind::PrivateKey && self.judge(Operation::DeriveKey).is_allowed()
    }

    /// Whether what is neither key nor secret, and by no Write to be changed,
    /// is open to `DeriveKey` of anybody who reaches the chip.
    pub(crate) fn is_open_to_derivation(&self) -> bool {
        let authorized = self.zone.slot_config(self.slot).write_config() & 0b1000 != 0;
        !matches!(self.kind(), Kind::Secret | Kind::AesKey)
            && self.write() == DERIVE_KEY
            && !authorized
    }

    /// What its key may be used for, besides reading and writing.
    #[must_use]
    pub fn uses(&self) -> Vec<Operation> {
        let candidates: &[Operation] = match self.kind() {
            Kind::PrivateKey => &[Operation::Sign, Operation::SignInternal, Operation::Ecdh],
            Kind::PublicKey => &[Operation::Verify],
            Kind::AesKey => &[Operation::Aes],
            Kind::Secret => &[
                Operation::Mac,
                Operation::CheckMac,
                Operation::Hmac,
                Operation::GenDig,
            ],
            Kind::Data | Kind::Unclear => &[],
        };
        let allowed = candidates.iter().copied();
        allowed
            .filter(|operation| self.judge(*operation).is_allowed())
            .collect()
    }

    /// Whether the slot's own lock is set, can be set, or neither.
    #[must_use]
    pub fn lock(&self) -> &'static str {
        if self.is_slot_locked() {
            "locked"
        } else if self.zone.key_config(self.slot).lockable() {
            "lockable"
        } else {
            "-"
        }
    }

    fn is_slot_locked(&self) -> bool {
        self.zone.slot_lock(self.slot).is_locked()
    }

    fn judge(&self, operation: Operation) -> Judgement {
        judge(&self.zone, operation, self.slot)
    }

    /// The same in whole sentences, each about one thing.
    #[must_use]
    pub fn words(&self) -> Vec<String> {
        let mut words = alloc::vec![self.holds(), self.changes()];
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
                    "Unclear: KeyType {:?} does not fit this slot of this chip.",
                    self.zone.key_config(self.slot).key_type()
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

    fn changes(&self) -> String {
        if self.is_slot_locked() {
            return String::from("Nothing changes it.");
        }
        let write_access = self.zone.slot_config(self.slot).write_access();
        match (self.kind(), self.write().as_str()) {
            _ if self.is_open_to_derivation() => "DeriveKey (roll, no MAC) replaces its first 32 \
                                                  bytes, for anybody who reaches the chip, until \
                                                  the slot is locked."
                .into(),
            (_, "never") => "Once data is locked nothing changes it.".into(),
            (Kind::PrivateKey, "GenKey") => {
                "GenKey may replace it by a new one; it cannot be written.".into()
            }
            (_, "everybody") => "Everybody may write it.".into(),
            (_, ways) if write_access == WriteAccess::PubInvalid => {
                format!("It is written by: {ways}, while the key there is not validated.")
            }
            (_, ways) => format!("It is changed by: {ways}."),
        }
    }

    fn used_for(&self) -> Option<String> {
        let uses: Vec<_> = self
            .uses()
            .iter()
            .map(|operation| operation.command().to_string())
            .collect();
        if uses.is_empty() {
            return match self.kind() {
                Kind::Data | Kind::Unclear => None,
                _ => Some(String::from("No command may use it.")),
            };
        }
        let to_next = self.uses().contains(&Operation::Ecdh)
            && self.zone.slot_config(self.slot).read_key() & 0b1000 != 0;
        let next = if to_next {
            format!(
                " The ECDH secret goes to {}.",
                slot_of(self.slot.index() | 1)
            )
        } else {
            String::new()
        };
        Some(format!("It is used by: {}.{next}", uses.join("; ")))
    }

    /// What every use of its key needs.
    fn conditions(&self) -> Vec<String> {
        let needs = self
            .uses()
            .first()
            .map(|operation| match self.judge(*operation) {
                Judgement::Allowed(needs) => needs,
                Judgement::Refused(_) => Vec::new(),
            });
        let of_the_key = needs.unwrap_or_default().into_iter().filter(|need| {
            matches!(
                need,
                Need::RandomNonce
                    | Need::Authorization(_)
                    | Need::Latch
                    | Need::UsesLeft
                    | Need::Validated
            )
        });
        of_the_key
            .map(|need| format!("Each use needs {need}."))
            .collect()
    }
}

/// "with slot 4", for the session key that is needed.
fn with_key(needs: &[Need]) -> String {
    let key = needs.iter().find_map(|need| match need {
        Need::SessionKey(slot) => Some(*slot),
        _ => None,
    });
    key.map_or_else(|| String::from("encrypted"), |slot| format!("with {slot}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zone(slot: usize, slot_config: u16, key_config: u16) -> ConfigZone {
        let mut zone = [0; 128];
        zone[4..8].copy_from_slice(&[0, 0, 0x60, 3]);
        zone[13] = 1;
        zone[86..90].copy_from_slice(&[0x55, 0x55, 0xFF, 0xFF]);
        zone[20 + 2 * slot..][..2].copy_from_slice(&slot_config.to_le_bytes());
        zone[96 + 2 * slot..][..2].copy_from_slice(&key_config.to_le_bytes());
        ConfigZone(zone)
    }

    #[test]
    fn kinds_of_slots() {
        for (slot, slot_config, key_config, kind, read, write) in [
            (0, 0x2087, 0x0033, Kind::PrivateKey, "public half", "GenKey"),
            (1, 0x0F0F, 0x001C, Kind::Data, "everybody", "everybody"),
            (10, 0x2F0F, 0x003C, Kind::Data, "everybody", "DeriveKey"),
            (
                11,
                0x2F0F,
                0x0030,
                Kind::PublicKey,
                "everybody",
                "DeriveKey",
            ),
            (5, 0x2F0F, 0x0030, Kind::Unclear, "everybody", "DeriveKey"),
            (10, 0x8F0F, 0x003C, Kind::Data, "everybody", "never"),
            (
                3,
                0x46C4,
                0x001C,
                Kind::Secret,
                "with slot 4",
                "with slot 6",
            ),
            (9, 0x0F8F, 0x001A, Kind::AesKey, "never", "everybody"),
            (
                2,
                0x608F,
                0x0031,
                Kind::PrivateKey,
                "never",
                "GenKey, with slot 0",
            ),
        ] {
            let policy = Policy::of(&zone(slot, slot_config, key_config), Slot::ALL[slot]);
            assert_eq!(policy.kind(), kind, "{slot}");
            assert_eq!(policy.read(), read, "{slot}");
            assert_eq!(policy.write(), write, "{slot}");
        }
    }

    #[test]
    fn words_of_a_nerves_key() {
        let policy = Policy::of(&zone(0, 0x2087, 0x0033), Slot::ALL[0]);
        assert_eq!(
            policy.words(),
            [
                "A private key on P-256. The chip tells its public half.",
                "GenKey may replace it by a new one; it cannot be written.",
                "It is used by: Sign of an external digest; Sign of an internal digest; ECDH.",
                "It can be locked for good.",
            ]
        );
    }

    fn words(slot: usize, slot_config: u16, key_config: u16) -> Vec<String> {
        Policy::of(&zone(slot, slot_config, key_config), Slot::ALL[slot]).words()
    }

    /// IsSecret without EncryptRead, WriteConfig never; WriteConfig 0001 is
    /// `PubInvalid`; bit 1 of WriteConfig permits DeriveKey.
    #[test]
    fn words_of_other_slots() {
        let secret = words(3, 0x8080, 0x001C);
        assert_eq!(
            secret[..2],
            [
                "A secret: a key for MAC and HMAC, or data. Nobody may read it.",
                "Once data is locked nothing changes it.",
            ]
        );
        assert_eq!(secret.last().unwrap(), "It cannot be locked by itself.");
        assert_eq!(words(3, 0x2080, 0x001C)[1], "It is changed by: DeriveKey.");
        assert!(words(2, 0x2087, 0x0031)[0].ends_with("Not even its public half is told."));
        let validated = words(11, 0x1F0F, 0x0032);
        assert!(
            validated[1].ends_with("while the key there is not validated."),
            "{validated:?}"
        );
        assert!(!words(11, 0x0F0F, 0x0030)[1].contains("validated"));
        let unused = words(0, 0x2080, 0x0033);
        assert_eq!(unused[2], "No command may use it.");
    }

    #[test]
    fn a_locked_slot_stays_as_it_is() {
        let mut zone = zone(1, 0x0F0F, 0x003C);
        zone.0[88] = 0b1111_1101;
        let policy = Policy::of(&zone, Slot::ALL[1]);
        assert_eq!(
            (policy.write().as_str(), policy.lock()),
            ("never", "locked")
        );
        let words = policy.words();
        assert_eq!(words[1], "Nothing changes it.");
        assert_eq!(words.last().unwrap(), "It is locked for good.");
        let other = Policy::of(&zone, Slot::ALL[2]);
        assert_eq!(other.lock(), "-");
    }

    /// Columns of tables are padded.
    #[test]
    fn kinds_are_words() {
        assert_eq!(format!("{:12}|", Kind::PrivateKey), "private key |");
    }

    /// An ATECC508A has no AES keys.
    #[test]
    fn an_aes_key_needs_an_atecc608() {
        let mut zone = zone(9, 0x0F8F, 0x001A);
        zone.0[6..8].copy_from_slice(&[0x50, 0x00]);
        assert_eq!(Policy::of(&zone, Slot::ALL[9]).kind(), Kind::Unclear);
    }
}
