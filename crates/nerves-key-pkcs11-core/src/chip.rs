//! What one chip holds, read once.
//!
//! A chip is compared with what was read before by its serial number, its
//! public key, its OTP zone and its certificates. Equal, it is the same chip
//! and its sessions go on; otherwise they end.

use atecc::config::KeyType;
use atecc::{ConfigZone, SerialNumber};
use atecc_config::{Known, Operation, causes};
use atecc_x509::PublicKey;
use cryptoki_sys::{
    CK_CERTIFICATE_CATEGORY_AUTHORITY, CK_CERTIFICATE_CATEGORY_TOKEN_USER, CK_SLOT_ID,
};
use nerves_key::{AuxiliarySlots, Certificates, Identity, Snapshot, Stage};
use nerves_key_schema::slot;

use crate::log::{Level, log};
use crate::object::{
    self, AUX_DEVICE_CERTIFICATE, AUX_SIGNER_CERTIFICATE, Allowed, DEVICE_CERTIFICATE, KeyUse,
    Names, Object, SIGNER_CERTIFICATE,
};

/// A chip's contents as PKCS#11 shows them.
#[derive(Debug)]
pub struct Chip {
    snapshot: Snapshot,
    auxiliary: Option<AuxiliarySlots>,
    /// The key in slot 0, where it is one that can be used.
    pub key: Option<Key>,
    /// Everything to be found.
    pub objects: Vec<Object>,
}

/// The device key.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Key {
    /// Its public half.
    pub public: PublicKey,
    /// What it may be used for.
    pub can: KeyUse,
}

impl Chip {
    /// What `snapshot` and the slots of auxiliary certificates, where the chip
    /// has such, show in slot `number`.
    #[must_use]
    pub fn new(snapshot: Snapshot, auxiliary: Option<AuxiliarySlots>, number: CK_SLOT_ID) -> Self {
        let key = Key::from_snapshot(&snapshot);
        let names = Names::new(number);
        let mut objects = Vec::from(object::profiles());
        if let Some(key) = key {
            objects.push(object::private_key(&names, &key.public, key.can));
            objects.push(object::public_key(&names, &key.public));
            // A chip without an identity that verifies still has its key.
            match snapshot.certificates() {
                Ok(found) => {
                    objects.extend(certificates(&names, &found));
                    // Those of a trust part are none: it has other things there.
                    let identity = snapshot.identity().ok();
                    let both = identity.iter().zip(&auxiliary);
                    objects.extend(both.flat_map(|(identity, slots)| {
                        auxiliary_certificates(&names, identity, slots)
                    }));
                }
                Err(error) => log(
                    Level::Error,
                    format_args!("slot {number}: no certificates: {error}"),
                ),
            }
        }
        Self {
            snapshot,
            auxiliary,
            key,
            objects,
        }
    }

    /// The auxiliary certificates' slots as they were read; they may change at
    /// any time.
    #[must_use]
    pub const fn auxiliary(&self) -> Option<&AuxiliarySlots> {
        self.auxiliary.as_ref()
    }

    /// The chip's own number.
    #[must_use]
    pub fn serial_number(&self) -> SerialNumber {
        self.snapshot.config.serial_number()
    }

    /// Major and minor number of the silicon: 6.3 for 00 00 60 03.
    #[must_use]
    pub fn version(&self) -> (u8, u8) {
        let config = self.snapshot.config.as_bytes();
        (config[6] >> 4, config[7])
    }

    /// Its configuration, which tells its timing.
    #[must_use]
    pub const fn config(&self) -> &ConfigZone {
        &self.snapshot.config
    }

    /// Why there is no key to be used; `None` where there is one.
    #[must_use]
    pub fn why_no_key(&self) -> Option<String> {
        self.key.is_none().then(|| {
            let why = self.why_not(Operation::Sign);
            why.unwrap_or_else(|| "the chip does not show a public key".to_owned())
        })
    }

    /// Why the device key does not do this, by the configuration; `None` where
    /// that allows it.
    #[must_use]
    pub fn why_not(&self, operation: Operation) -> Option<String> {
        let causes = causes(self.config(), operation, slot::DEVICE_KEY, Known::default());
        let rules = causes.iter().filter(|cause| cause.need.is_none());
        let rules: Vec<_> = rules.map(ToString::to_string).collect();
        (!rules.is_empty()).then(|| rules.join("; "))
    }

    /// Whether this is the chip that was read as `other`, whatever its auxiliary
    /// certificates have become.
    #[must_use]
    pub fn is_same_chip(&self, other: &Self) -> bool {
        let shown = |chip: &Self| {
            (
                chip.serial_number(),
                chip.key,
                chip.snapshot.otp,
                chip.snapshot.device_certificate,
                chip.snapshot.signer_public_key,
                chip.snapshot.signer_certificate,
            )
        };
        shown(self) == shown(other)
    }

    /// Whether nothing of this but the auxiliary certificates can change any
    /// more, so that the serial number tells that it has not.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.snapshot.stage(), Stage::Finished(_) | Stage::TrustPart)
    }
}

impl Key {
    /// Slot 0 once the data zone is locked, before which the chip does not
    /// enforce its configuration and everything may still be replaced.
    fn from_snapshot(snapshot: &Snapshot) -> Option<Self> {
        let config = &snapshot.config;
        let (slot_config, key_config) = (
            config.slot_config(slot::DEVICE_KEY),
            config.key_config(slot::DEVICE_KEY),
        );
        let is_key = key_config.private() && key_config.key_type() == KeyType::P256;
        // The key of a part for LoRaWAN is in another slot than those that
        // this module signs with.
        let is_in_its_slot = snapshot.key_slot() == slot::DEVICE_KEY;
        if !is_key || !is_in_its_slot || !config.data_lock().is_locked() {
            return None;
        }
        let allowed = |yes| if yes { Allowed::Yes } else { Allowed::No };
        Some(Self {
            public: snapshot.public_key?.into(),
            can: KeyUse {
                sign: allowed(slot_config.signs_external()),
                derive: allowed(slot_config.ecdh_in_the_clear()),
            },
        })
    }
}

/// The primary ones.
fn certificates(names: &Names, found: &Certificates) -> impl Iterator<Item = Object> {
    let device = object::certificate(
        DEVICE_CERTIFICATE,
        names,
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
