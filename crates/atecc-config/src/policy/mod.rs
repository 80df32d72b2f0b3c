//! A slot in words: what it holds, and who may do what with it.

mod words;

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use atecc::config::KeyType;
use atecc::{ConfigZone, Family, Slot};

use crate::{Need, Operation, as_if_locked, changers, evaluate};

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

/// A slot's policy as it is once configuration and data are locked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Policy {
    zone: ConfigZone,
    slot: Slot,
}

/// A way in which a slot's contents change.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Way {
    /// The command.
    pub operation: Operation,
    /// The slot that it names: for an ECDH the one before.
    pub slot: Slot,
    /// What it needs.
    pub needs: Vec<Need>,
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
            // An ATECC508A has no such KeyType.
            (false, KeyType::Aes) if self.zone.revision().family() != Some(Family::Atecc508) => {
                Kind::AesKey
            }
            (false, KeyType::ShaOrData) if slot_config.is_secret() => Kind::Secret,
            (false, KeyType::ShaOrData) => Kind::Data,
            _ => Kind::Unclear,
        }
    }

    /// Who may read it, in a few words.
    #[must_use]
    pub fn read(&self) -> String {
        if self.kind() == Kind::PrivateKey {
            let told = self.needs(Operation::PublicKey).is_some();
            return String::from(if told { "public half" } else { "never" });
        }
        if self.needs(Operation::Read).is_some() {
            return String::from("everybody");
        }
        match self.needs(Operation::ReadEncrypted) {
            Some(needs) => with_key(&needs),
            None => String::from("never"),
        }
    }

    /// Every way in which it changes.
    #[must_use]
    pub fn ways(&self) -> Vec<Way> {
        let ways = changers(&self.zone, self.slot);
        let ways = ways.into_iter().filter_map(|(operation, slot)| {
            let needs = evaluate(&self.zone, operation, slot).needs()?;
            Some(Way {
                operation,
                slot,
                needs,
            })
        });
        ways.collect()
    }

    /// Who may change it, in a few words. What everybody may write is said to be
    /// no more than that.
    #[must_use]
    pub fn write(&self) -> String {
        let ways = self.ways();
        let everybody = ways.iter().any(Way::is_for_everybody);
        let mut words: Vec<String> = Vec::new();
        for way in &ways {
            if !everybody || way.operation.is_write() {
                words.push(way.word());
            }
        }
        if words.is_empty() {
            String::from("never")
        } else {
            words.join(", ")
        }
    }

    /// Whether what is neither key nor secret, and by no Write to be changed,
    /// is open to `DeriveKey` of anybody who reaches the chip.
    pub(crate) fn is_open_to_derivation(&self) -> bool {
        let ways = self.ways();
        !matches!(self.kind(), Kind::Secret | Kind::AesKey)
            && !ways.iter().any(|way| way.operation.is_write())
            && ways
                .iter()
                .any(|way| way.operation == Operation::DeriveKey && way.is_open())
    }

    /// What it may be used for, besides reading and writing. Of data what a MAC
    /// might be made with is left out.
    #[must_use]
    pub fn uses(&self) -> Vec<Operation> {
        const SYMMETRIC: [Operation; 7] = [
            Operation::Mac,
            Operation::CheckMac,
            Operation::Hmac,
            Operation::ShaHmac,
            Operation::GenDig,
            Operation::CopyKey,
            Operation::SetLatch,
        ];
        let candidates: &[&[Operation]] = match self.kind() {
            Kind::PrivateKey => &[&[Operation::Sign, Operation::SignInternal], &ECDH],
            Kind::PublicKey => &[&[Operation::Verify, Operation::SecureBoot]],
            Kind::AesKey => &[&[Operation::Aes], &SYMMETRIC, &KDF],
            Kind::Secret => &[&SYMMETRIC, &KDF],
            Kind::Data | Kind::Unclear => &[],
        };
        let allowed = candidates.iter().copied().flatten().copied();
        let mut uses: Vec<Operation> = Vec::new();
        for operation in allowed {
            // One form of ECDH and of KDF stands for all.
            let family = [&ECDH[..], &KDF[..]]
                .into_iter()
                .find(|forms| forms.contains(&operation));
            let known = family.is_some_and(|forms| uses.iter().any(|one| forms.contains(one)));
            if !known && self.needs(operation).is_some() {
                uses.push(operation);
            }
        }
        uses
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

    /// `None` where it is refused.
    fn needs(&self, operation: Operation) -> Option<Vec<Need>> {
        evaluate(&self.zone, operation, self.slot).needs()
    }
}

/// The forms of ECDH, the most usual first.
const ECDH: [Operation; 4] = [
    Operation::Ecdh,
    Operation::EcdhOutput,
    Operation::EcdhEncrypted,
    Operation::EcdhTempKey,
];

/// The same of KDF.
const KDF: [Operation; 3] = [
    Operation::Kdf,
    Operation::KdfEncrypted,
    Operation::KdfTempKey,
];

impl Operation {
    /// Whether the host says what the slot is to hold, or has a key made there.
    const fn is_write(self) -> bool {
        matches!(
            self,
            Self::Write | Self::WriteEncrypted | Self::CreateKey | Self::PrivWrite
        )
    }
}

impl Way {
    /// Whether it needs nothing that not everybody has.
    fn is_open(&self) -> bool {
        self.needs.iter().all(|need| {
            matches!(
                need,
                Need::TempKey | Need::Key(_, crate::KeyNeed::RandomNonce | crate::KeyNeed::Use(_))
            )
        })
    }

    fn is_for_everybody(&self) -> bool {
        self.operation == Operation::Write && self.needs.is_empty()
    }

    fn word(&self) -> String {
        match self.operation {
            Operation::CreateKey => String::from("GenKey"),
            Operation::Write if self.needs.contains(&Need::NotValidated) => {
                String::from("until valid")
            }
            Operation::Write => String::from("everybody"),
            Operation::WriteEncrypted | Operation::PrivWrite => with_key(&self.needs),
            Operation::DeriveKey => String::from("DeriveKey"),
            Operation::SecureBootStore => String::from("SecureBoot"),
            Operation::Ecdh => format!("ECDH of {}", self.slot),
            other => String::from(other.command()),
        }
    }
}

/// "with slot 4", for the session key that is needed.
fn with_key(needs: &[Need]) -> String {
    let key = needs.iter().find_map(|need| match need {
        Need::SessionKey(slot, _) => Some(*slot),
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
        let policy = Policy::of(&zone(0, 0x2087, 0x0033), Slot::S0);
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
        assert_eq!(
            words(3, 0x2080, 0x001C)[1],
            "DeriveKey (roll, no MAC) replaces its first 32 bytes, for anybody who reaches the chip."
        );
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
        let policy = Policy::of(&zone, Slot::S1);
        assert_eq!(
            (policy.write().as_str(), policy.lock()),
            ("never", "locked")
        );
        let words = policy.words();
        assert_eq!(words[1], "Nothing changes it.");
        assert_eq!(words.last().unwrap(), "It is locked for good.");
        let other = Policy::of(&zone, Slot::S2);
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
        assert_eq!(Policy::of(&zone, Slot::S9).kind(), Kind::Unclear);
    }
}
