//! What one chip holds, read once.
//!
//! A chip is compared with what was read before by its serial number, its
//! public key, its OTP zone and its certificates. Equal, it is the same chip
//! and its sessions go on; otherwise they end.

use atecc::config::KeyType;
use atecc::{Family, SerialNumber};
use atecc_x509::PublicKey;
use cryptoki_sys::{
    CK_CERTIFICATE_CATEGORY_AUTHORITY, CK_CERTIFICATE_CATEGORY_TOKEN_USER, CK_SLOT_ID,
};
use nerves_key::{Identity, IdentityError, Snapshot, Stage};
use nerves_key_schema::slot;

use crate::log::{Level, say};
use crate::object::{self, Allowed, DEVICE_CERTIFICATE, KeyUse, Names, Object, SIGNER_CERTIFICATE};

/// A chip's contents as PKCS#11 shows them.
#[derive(Debug)]
pub struct Chip {
    snapshot: Snapshot,
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
    /// What `snapshot` shows in slot `number`.
    #[must_use]
    pub fn new(snapshot: Snapshot, number: CK_SLOT_ID) -> Self {
        let key = Key::of(&snapshot);
        let mut objects = Vec::from(object::profiles());
        if let Some(key) = key {
            let identity = snapshot.identity();
            if let Err(error) = &identity {
                say(
                    Level::Error,
                    format_args!("slot {number}: no certificates: {error}"),
                );
            }
            objects.extend(keys_and_certificates(&Names::of(number), key, identity));
        }
        Self {
            snapshot,
            key,
            objects,
        }
    }

    /// The chip's own number.
    #[must_use]
    pub fn serial_number(&self) -> SerialNumber {
        self.snapshot.config.serial_number()
    }

    /// Major and minor number of the silicon: 6.3 for 00 00 60 03.
    #[must_use]
    pub fn version(&self) -> (u8, u8) {
        let config = self.snapshot.config.bytes();
        (config[6] >> 4, config[7])
    }

    /// Whose timing it has.
    #[must_use]
    pub fn family(&self) -> Option<Family> {
        self.snapshot.config.revision().family()
    }

    /// Whether this is the chip that was read as `other`.
    #[must_use]
    pub fn is(&self, other: &Self) -> bool {
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

    /// Whether nothing of this can change any more, so that the serial number
    /// tells that it has not.
    #[must_use]
    pub fn is_final(&self) -> bool {
        matches!(self.snapshot.stage(), Stage::Finished(_) | Stage::TrustPart)
    }
}

impl Key {
    /// Slot 0 once the data zone is locked, before which the chip does not
    /// enforce its configuration and everything may still be replaced.
    fn of(snapshot: &Snapshot) -> Option<Self> {
        let config = &snapshot.config;
        let (slot_config, key_config) = (
            config.slot_config(slot::DEVICE_KEY),
            config.key_config(slot::DEVICE_KEY),
        );
        let is_key = key_config.private() && key_config.key_type() == KeyType::P256;
        if !is_key || !config.data_lock().is_locked() {
            return None;
        }
        let allowed = |yes| if yes { Allowed::Yes } else { Allowed::No };
        Some(Self {
            public: PublicKey::from_bytes(*snapshot.public_key?.bytes()),
            can: KeyUse {
                sign: allowed(slot_config.signs_external()),
                derive: allowed(slot_config.ecdh_in_the_clear()),
            },
        })
    }
}

/// A chip without an identity that verifies still has its key.
fn keys_and_certificates(
    names: &Names,
    key: Key,
    identity: Result<Identity, IdentityError>,
) -> Vec<Object> {
    let mut objects = vec![
        object::private_key(names, &key.public, key.can),
        object::public_key(names, &key.public),
    ];
    if let Ok(identity) = identity {
        let signer = names.of_signer();
        let certificates = [
            object::certificate(
                DEVICE_CERTIFICATE,
                names,
                &identity.device_certificate,
                CK_CERTIFICATE_CATEGORY_TOKEN_USER,
            ),
            object::certificate(
                SIGNER_CERTIFICATE,
                &signer,
                &identity.signer_certificate,
                CK_CERTIFICATE_CATEGORY_AUTHORITY,
            ),
        ];
        objects.extend(certificates.into_iter().flatten());
    }
    objects
}
