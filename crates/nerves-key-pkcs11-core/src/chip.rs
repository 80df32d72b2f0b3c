//! What one chip holds, read once.
//!
//! A chip is compared with what was read before by its serial number, its OTP
//! zone, its certificates and the keys that nothing can replace. Equal, it is the
//! same chip and its sessions go on; otherwise they end.

use atecc::{ConfigZone, SerialNumber, Slot};
use atecc_config::Operation;
use atecc_x509::PublicKey;
use cryptoki_sys::{
    CK_CERTIFICATE_CATEGORY_AUTHORITY, CK_CERTIFICATE_CATEGORY_TOKEN_USER, CK_OBJECT_HANDLE,
    CK_SLOT_ID,
};
use nerves_key::{AuxiliarySlots, Certificates, Foreign, Identity, Snapshot, Stage};
use nerves_key_schema::slot;

use crate::key::{Generation, Key, is_changeable, why_not};
use crate::key_slots::{KeySlots, SlotKey, private_slots};
use crate::log::{Level, log};
use crate::object::{
    self, AUX_DEVICE_CERTIFICATE, AUX_SIGNER_CERTIFICATE, DEVICE_CERTIFICATE, Names, Object,
    SIGNER_CERTIFICATE,
};

/// A chip's contents as PKCS#11 shows them.
#[derive(Debug)]
pub struct Chip {
    contents: Contents,
    number: CK_SLOT_ID,
    generations: [Generation; 16],
    /// The keys of which there is something to show, by slot.
    pub keys: Vec<Key>,
    /// Everything to be found.
    pub objects: Vec<Object>,
}

/// What was read of a chip.
#[derive(Clone, Debug)]
pub struct Contents {
    /// What shows it to be a NervesKey or another part.
    pub snapshot: Snapshot,
    /// The slots of auxiliary certificates, where the chip has such; they may
    /// change at any time.
    pub auxiliary: Option<AuxiliarySlots>,
    /// Which slots hold private keys.
    pub keys: KeySlots,
}

impl Contents {
    /// A chip without keys in other slots than its own.
    #[must_use]
    pub fn new(snapshot: Snapshot) -> Self {
        let own = snapshot.public_key.map(PublicKey::from);
        let own = own.map_or(SlotKey::Empty, SlotKey::Shown);
        Self {
            snapshot,
            auxiliary: None,
            keys: KeySlots::default().with(snapshot.key_slot(), own),
        }
    }

    /// The slots that may hold a key which is not read yet.
    pub fn other_slots(&self) -> impl Iterator<Item = Slot> + '_ {
        private_slots(&self.snapshot.config).filter(|slot| self.keys.get(*slot) == SlotKey::Empty)
    }
}

impl Chip {
    /// What `contents` show in slot `number`.
    #[must_use]
    pub fn new(contents: Contents, number: CK_SLOT_ID) -> Self {
        Self::with_generations(contents, number, [Generation::default(); 16])
    }

    /// What is in this chip's slot now. Where it is the same chip, handles of keys
    /// that are no more stand for nothing.
    #[must_use]
    pub fn reread(&self, contents: Contents) -> Self {
        let mut generations = self.generations;
        for (slot, generation) in Slot::ALL.into_iter().zip(&mut generations) {
            if self.contents.keys.get(slot) != contents.keys.get(slot) {
                *generation = generation.next();
            }
        }
        let now = Self::with_generations(contents, self.number, generations);
        if self.is_same_chip(&now) {
            now
        } else {
            Self::new(now.contents, self.number)
        }
    }

    fn with_generations(
        contents: Contents,
        number: CK_SLOT_ID,
        generations: [Generation; 16],
    ) -> Self {
        let Contents {
            snapshot,
            auxiliary,
            keys: held,
        } = &contents;
        let names = Names::new(number);
        let keys: Vec<_> = private_slots(&snapshot.config)
            .filter_map(|slot| {
                let generation = generations[usize::from(slot.index())];
                Key::new(&snapshot.config, slot, held, generation)
            })
            .collect();
        let serial = snapshot.config.serial_number();
        let by_handle = |object: Object| {
            let handle = object.handle;
            object.of_chip(serial, handle)
        };
        let mut objects = Vec::new();
        if !keys.is_empty() {
            // A chip without an identity that verifies still has its keys.
            match snapshot.certificates() {
                Ok(found) => {
                    let primary = certificates(&names, snapshot.key_slot(), &found);
                    objects.extend(primary.map(by_handle));
                    // Those of a trust part are none: it has other things there.
                    let identity = snapshot.identity().ok();
                    let both = identity.iter().zip(auxiliary);
                    objects.extend(both.flat_map(|(identity, slots)| {
                        auxiliary_certificates(&names, identity, slots)
                            .into_iter()
                            .map(by_handle)
                    }));
                }
                Err(error) => log(
                    Level::Error,
                    format_args!("slot {number}: no certificates: {error}"),
                ),
            }
        }
        for key in &keys {
            let names = names.for_key(key.slot);
            // Another process may know of no other key that was there before.
            let first = Key {
                generation: Generation::default(),
                ..*key
            };
            let private = object::private_key(&names, key);
            objects.push(private.of_chip(serial, first.private_handle()));
            let public = object::public_key(&names, key);
            objects.extend(public.map(|it| it.of_chip(serial, first.public_handle())));
        }
        // Some look at the first objects alone.
        objects.extend(object::profiles().map(by_handle));
        Self {
            contents,
            number,
            generations,
            keys,
            objects,
        }
    }

    /// What was read of it.
    #[must_use]
    pub const fn contents(&self) -> &Contents {
        &self.contents
    }

    /// One of its objects.
    #[must_use]
    pub fn object(&self, handle: CK_OBJECT_HANDLE) -> Option<&Object> {
        self.objects.iter().find(|object| object.handle == handle)
    }

    /// The key that an object is a half of.
    #[must_use]
    pub fn key(&self, handle: CK_OBJECT_HANDLE) -> Option<&Key> {
        let is_half = |key: &&Key| [key.private_handle(), key.public_handle()].contains(&handle);
        self.keys.iter().find(is_half)
    }

    /// The key in a slot.
    #[must_use]
    pub fn key_in(&self, slot: Slot) -> Option<&Key> {
        self.keys.iter().find(|key| key.slot == slot)
    }

    /// The chip's own number.
    #[must_use]
    pub fn serial_number(&self) -> SerialNumber {
        self.config().serial_number()
    }

    /// Major and minor number of the silicon: 6.3 for 00 00 60 03.
    #[must_use]
    pub fn version(&self) -> (u8, u8) {
        let config = self.config().as_bytes();
        (config[6] >> 4, config[7])
    }

    /// Its configuration, which tells its timing.
    #[must_use]
    pub const fn config(&self) -> &ConfigZone {
        &self.contents.snapshot.config
    }

    /// Why there is no key to be used; `None` where there is one.
    #[must_use]
    pub fn why_no_key(&self) -> Option<String> {
        self.keys.is_empty().then(|| {
            let why = why_not(self.config(), Operation::Sign, slot::DEVICE_KEY);
            why.unwrap_or_else(|| "the chip has no key in its slots for private keys".to_owned())
        })
    }

    /// The slots for private keys that show nothing, each with the reason; `None`
    /// where all show one.
    #[must_use]
    pub fn slots_without_key(&self) -> Option<String> {
        let without = private_slots(self.config()).filter(|slot| self.key_in(*slot).is_none());
        let said = without.map(|slot| match self.contents.keys.get(slot) {
            SlotKey::Empty => format!("no key in {slot}"),
            SlotKey::Hidden | SlotKey::Shown(_) => {
                let why = why_not(self.config(), Operation::Sign, slot).unwrap_or_default();
                format!("a key that is of no use here in {slot} ({why})")
            }
        });
        let said: Vec<_> = said.collect();
        (!said.is_empty()).then(|| said.join(", "))
    }

    /// Whether this is the chip that was read as `other`, whatever its auxiliary
    /// certificates and the keys that may be replaced have become.
    #[must_use]
    pub fn is_same_chip(&self, other: &Self) -> bool {
        let shown = |chip: &Self| {
            let snapshot = &chip.contents.snapshot;
            (
                chip.serial_number(),
                snapshot.otp,
                snapshot.device_certificate,
                snapshot.signer_public_key,
                snapshot.signer_certificate,
            )
        };
        let holds_the_same = |slot: Slot| {
            let [held, of_other] = [self, other].map(|chip| chip.contents.keys.get(slot));
            held == of_other
                || is_changeable(self.config(), slot)
                || is_changeable(other.config(), slot)
        };
        shown(self) == shown(other) && Slot::ALL.into_iter().all(holds_the_same)
    }

    /// Whether this was read as `other`, in everything that can change.
    #[must_use]
    pub fn is_unchanged(&self, other: &Self) -> bool {
        self.is_same_chip(other)
            && self.contents.auxiliary == other.contents.auxiliary
            && self.keys == other.keys
    }

    /// Whether nothing of this but the auxiliary certificates and keys that may be
    /// replaced can change any more, so that the serial number tells that the
    /// rest has not.
    #[must_use]
    pub fn is_final(&self) -> bool {
        match self.contents.snapshot.stage() {
            Stage::Finished(_) | Stage::TrustPart => true,
            // Its certificates, if there are any, may be in slots that can be written.
            Stage::Foreign(Foreign::Configuration) => {
                let is_certified = |object: &Object| object.handle == DEVICE_CERTIFICATE;
                self.config().data_lock().is_locked() && !self.objects.iter().any(is_certified)
            }
            _ => false,
        }
    }
}

/// The primary ones.
fn certificates(names: &Names, key: Slot, found: &Certificates) -> impl Iterator<Item = Object> {
    let device = object::certificate(
        DEVICE_CERTIFICATE,
        &names.for_key(key),
        &found.device,
        CK_CERTIFICATE_CATEGORY_TOKEN_USER,
    );
    let signer = object::certificate(
        SIGNER_CERTIFICATE,
        &names.for_signer(),
        &found.signer,
        CK_CERTIFICATE_CATEGORY_AUTHORITY,
    );
    [device, signer].into_iter().flatten()
}

/// The auxiliary ones, when there are some and they verify.
fn auxiliary_certificates(
    names: &Names,
    identity: &Identity,
    slots: &AuxiliarySlots,
) -> Vec<Object> {
    let found = match identity.auxiliary(slots) {
        Ok(found) => found,
        Err(error) => {
            log(
                Level::Error,
                format_args!("no auxiliary certificates: {error}"),
            );
            None
        }
    };
    let Some(found) = found else {
        return Vec::new();
    };
    let names = names.for_auxiliary();
    let device = object::certificate(
        AUX_DEVICE_CERTIFICATE,
        &names,
        &found.device_certificate,
        CK_CERTIFICATE_CATEGORY_TOKEN_USER,
    );
    let signer = object::certificate(
        AUX_SIGNER_CERTIFICATE,
        &names.for_signer(),
        &found.signer_certificate,
        CK_CERTIFICATE_CATEGORY_AUTHORITY,
    );
    [device, signer].into_iter().flatten().collect()
}
