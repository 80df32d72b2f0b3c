//! `C_GenerateKeyPair`: which slot of the chip gets the key, and where none may.
//!
//! A key that is made replaces the one that was there, for good. So one is made
//! where three agree: the configuration file names the slot, the chip's
//! configuration lets `GenKey` make a key there and tell its public half, and no
//! certificate stands for the key that would be lost. The program names the slot
//! by the label or id that its key has; without a name a slot is taken that holds
//! no key.

use atecc::Slot;
use atecc_config::Operation;
use atecc_x509::PublicKey;
use cryptoki_sys as ck;
use cryptoki_sys::CK_ATTRIBUTE_TYPE;
use nerves_key::{Foreign, Stage};

use crate::attribute::TemplateAttribute;
use crate::chip::Chip;
use crate::error::Error;
use crate::key::{Generation, Key, is_open, why_not};
use crate::key_slots::{KeySlots, SlotKey, private_slots};
use crate::object::{self, DEVICE_CERTIFICATE, Names, Object, PRIME256V1};
use crate::token::Token;

/// What a caller's templates make of a key pair.
#[derive(Clone, Debug, Default)]
pub struct KeyPairTemplate<'a> {
    label: Option<&'a [u8]>,
    id: Option<&'a [u8]>,
    public: Vec<TemplateAttribute<'a>>,
    private: Vec<TemplateAttribute<'a>>,
}

/// Why `slot` of `chip` gets no new key; `None` where it may have one.
#[must_use]
pub fn why_no_new_key(token: &Token, chip: &Chip, slot: Slot) -> Option<String> {
    let config = chip.config();
    if !private_slots(config).any(|private| private == slot) {
        return Some(if config.data_lock().is_locked() {
            format!("{slot} is none for private keys")
        } else {
            "the chip's data zone is not locked".to_owned()
        });
    }
    if !is_open(config, Operation::CreateKey, slot) {
        return why_not(config, Operation::CreateKey, slot);
    }
    if !is_open(config, Operation::PublicKey, slot) {
        // A key that nobody could verify, and whose handle would stand for nothing.
        return why_not(config, Operation::PublicKey, slot);
    }
    if is_certified(chip, slot) {
        return Some(format!(
            "the chip's certificate is for the key in {slot}, which would be lost"
        ));
    }
    let number = token.slot();
    let allowed = &token.options().generate;
    (!allowed.contains(&slot)).then(|| {
        let slots = allowed.iter().chain([&slot]);
        let slots: Vec<_> = slots.map(|slot| slot.index().to_string()).collect();
        format!(
            "the configuration file allows no new key in {slot}; the line `generate {number} = \
             {}` would",
            slots.join(", ")
        )
    })
}

/// The slots of `chip` that may get a new key.
#[must_use]
pub fn slots_of_new_keys(token: &Token, chip: &Chip) -> Vec<Slot> {
    let allowed = token.options().generate.iter().copied();
    allowed
        .filter(|slot| why_no_new_key(token, chip, *slot).is_none())
        .collect()
}

/// Whether a certificate in the chip stands for the key in `slot`. That of a
/// `NervesKey` or a part of Microchip's does even where it does not verify here.
fn is_certified(chip: &Chip, slot: Slot) -> bool {
    let snapshot = &chip.contents().snapshot;
    slot == snapshot.key_slot()
        && match snapshot.stage() {
            Stage::Foreign(Foreign::Configuration) => chip.object(DEVICE_CERTIFICATE).is_some(),
            _ => true,
        }
}

impl<'a> KeyPairTemplate<'a> {
    /// Read both templates.
    ///
    /// # Errors
    /// Those of a template that is no EC key pair's on P-256.
    pub fn from_templates(
        public: &[TemplateAttribute<'a>],
        private: &[TemplateAttribute<'a>],
    ) -> Result<Self, Error> {
        let mut pair = Self::default();
        let mut curve = None;
        let halves = [(ck::CKO_PUBLIC_KEY, public), (ck::CKO_PRIVATE_KEY, private)];
        for (class, template) in halves {
            for wanted in template {
                let TemplateAttribute { kind, value } = *wanted;
                match kind {
                    ck::CKA_CLASS if value == class.to_ne_bytes() => {}
                    ck::CKA_KEY_TYPE if value == ck::CKK_EC.to_ne_bytes() => {}
                    ck::CKA_CLASS | ck::CKA_KEY_TYPE | ck::CKA_EC_POINT | ck::CKA_VALUE => {
                        return Err(Error::Contradiction);
                    }
                    ck::CKA_UNIQUE_ID
                    | ck::CKA_LOCAL
                    | ck::CKA_KEY_GEN_MECHANISM
                    | ck::CKA_ALWAYS_SENSITIVE
                    | ck::CKA_NEVER_EXTRACTABLE => return Err(Error::ReadOnlyAttribute(kind)),
                    ck::CKA_EC_PARAMS => same(&mut curve, value)?,
                    ck::CKA_LABEL => same(&mut pair.label, value)?,
                    ck::CKA_ID => same(&mut pair.id, value)?,
                    _ if class == ck::CKO_PUBLIC_KEY => pair.public.push(*wanted),
                    _ => pair.private.push(*wanted),
                }
            }
        }
        match curve {
            Some(curve) if curve == PRIME256V1 => {}
            Some(_) => return Err(Error::Curve),
            None => return Err(Error::Incomplete(ck::CKA_EC_PARAMS)),
        }
        // Without it a key of the session is meant, which would go with that: none
        // that takes the place of another for good. PKCS#11 3.1, section 4.4.
        if pair
            .private
            .iter()
            .any(|wanted| wanted.kind == ck::CKA_TOKEN)
        {
            Ok(pair)
        } else {
            Err(Error::Incomplete(ck::CKA_TOKEN))
        }
    }

    /// The slot that gets the key.
    ///
    /// # Errors
    /// [`Error::KeyName`] when label or id are no key's, [`Error::WriteProtected`]
    /// where none may be made, [`Error::NoRoom`] without a name when there is
    /// a key in each slot.
    pub fn slot(&self, token: &Token, chip: &Chip) -> Result<Slot, Error> {
        let names = Names::new(token.slot());
        let by_label = self.label.map(|label| {
            named(ck::CKA_LABEL, &names, |names| {
                names.label.as_bytes() == label
            })
        });
        let by_id = self
            .id
            .map(|id| named(ck::CKA_ID, &names, |names| names.id == id));
        let slot = match (by_label.transpose()?, by_id.transpose()?) {
            (Some(label), Some(id)) if label != id => return Err(Error::Contradiction),
            (None, None) => return first_empty(token, chip),
            (Some(slot), _) | (_, Some(slot)) => slot,
        };
        match why_no_new_key(token, chip, slot) {
            None => Ok(slot),
            Some(why) => Err(Error::WriteProtected { why }),
        }
    }

    /// Whether the key in `slot` will be what is asked for. The chip's configuration
    /// has decided that; there is no PIN, so that `CKA_PRIVATE` makes no difference.
    ///
    /// # Errors
    /// [`Error::Template`] for what cannot be granted.
    pub fn check(&self, chip: &Chip, slot: Slot) -> Result<(), Error> {
        let held = KeySlots::default().with(slot, SlotKey::Shown(PublicKey::from_bytes([0; 64])));
        let key = Key::new(chip.config(), slot, &held, Generation::default());
        let Some(key) = key else {
            return Err(Error::KeyUse { why: None });
        };
        let names = Names::new(0);
        let public = object::public_key(&names, &key);
        let halves = [
            (Some(object::private_key(&names, &key)), &self.private),
            (public, &self.public),
        ];
        for (object, template) in halves {
            let is_granted = |wanted: &TemplateAttribute<'_>| {
                wanted.kind == ck::CKA_PRIVATE
                    || object.as_ref().is_some_and(|object| has(object, wanted))
            };
            if let Some(wanted) = template.iter().find(|wanted| !is_granted(wanted)) {
                return Err(Error::Template(wanted.kind));
            }
        }
        Ok(())
    }
}

fn has(object: &Object, wanted: &TemplateAttribute<'_>) -> bool {
    object.attributes.match_all(std::slice::from_ref(wanted))
}

/// Both templates may say it, and then the same.
fn same<'a>(known: &mut Option<&'a [u8]>, value: &'a [u8]) -> Result<(), Error> {
    match known.replace(value) {
        Some(before) if before != value => Err(Error::Contradiction),
        _ => Ok(()),
    }
}

/// The slot whose key has this name.
fn named(
    kind: CK_ATTRIBUTE_TYPE,
    names: &Names,
    is_it: impl Fn(&Names) -> bool,
) -> Result<Slot, Error> {
    let mut slots = Slot::ALL.into_iter();
    let slot = slots.find(|slot| is_it(&names.for_key(*slot)));
    slot.ok_or_else(|| Error::KeyName {
        kind,
        example: names.for_key(Slot::S2),
    })
}

/// For a caller that names no slot.
fn first_empty(token: &Token, chip: &Chip) -> Result<Slot, Error> {
    let open = slots_of_new_keys(token, chip);
    if open.is_empty() {
        let allowed = token.options().generate.iter();
        let why: Vec<_> = allowed
            .filter_map(|slot| why_no_new_key(token, chip, *slot))
            .collect();
        let why = why.join("; ");
        return Err(Error::WriteProtected { why });
    }
    let empty = |slot: &Slot| chip.contents().keys.get(*slot) == SlotKey::Empty;
    open.into_iter().find(empty).ok_or(Error::NoRoom)
}
