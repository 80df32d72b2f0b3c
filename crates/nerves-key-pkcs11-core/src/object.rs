//! The objects of a token and their attributes.
//!
//! Key, public key and device certificate share `CKA_ID` and `CKA_LABEL`, which
//! are those of the C module `nerves_key_pkcs11`: the label is the slot's
//! number, the id one character, `'0'` plus that number. The signer's
//! certificate has both with a suffix, and so have keys in other slots of the
//! chip than 0. Which attributes clients fail without is
//! measured; the rest is cheap.

use atecc::{SerialNumber, Slot};
use atecc_x509::{Certificate, Error as X509Error};
use cryptoki_sys as ck;
use cryptoki_sys::{CK_ATTRIBUTE_TYPE, CK_OBJECT_CLASS, CK_OBJECT_HANDLE, CK_SLOT_ID, CK_ULONG};
use nerves_key_schema::slot;
use sha2::{Digest, Sha256};

use crate::attribute::Attributes;
use crate::error::Error;
use crate::key::{Allowed, Key, KeyOrigin};

/// The private key in slot 0. Handles are the same for every chip: an object's
/// session says which chip is meant.
pub const PRIVATE_KEY: CK_OBJECT_HANDLE = 1;
/// Its public half.
pub const PUBLIC_KEY: CK_OBJECT_HANDLE = 2;
/// The device certificate.
pub const DEVICE_CERTIFICATE: CK_OBJECT_HANDLE = 3;
/// The signer certificate.
pub const SIGNER_CERTIFICATE: CK_OBJECT_HANDLE = 4;
/// The auxiliary device certificate.
pub const AUX_DEVICE_CERTIFICATE: CK_OBJECT_HANDLE = 5;
/// The auxiliary signer certificate.
pub const AUX_SIGNER_CERTIFICATE: CK_OBJECT_HANDLE = 6;
/// The first profile.
pub const PROFILES: CK_OBJECT_HANDLE = 8;
/// Objects of sessions begin here.
pub const FIRST_OF_SESSION: CK_OBJECT_HANDLE = 0x1000;

/// The curve's name, an OBJECT IDENTIFIER in DER: prime256v1. Source: RFC 5480,
/// section 2.1.1.1.
pub(crate) const PRIME256V1: [u8; 10] =
    [0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x03, 0x01, 0x07];

/// A token's or a session's object.
#[derive(Clone)]
pub struct Object {
    /// Its handle.
    pub handle: CK_OBJECT_HANDLE,
    /// Its attributes.
    pub attributes: Attributes,
}

/// Attributes may be secret.
impl std::fmt::Debug for Object {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Object({})", self.handle)
    }
}

/// How the objects of one slot are named.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Names {
    /// `CKA_LABEL`, and the token's label.
    pub label: String,
    /// `CKA_ID`.
    pub id: Vec<u8>,
}

impl Names {
    /// The names of `slot`.
    #[must_use]
    pub fn new(slot: CK_SLOT_ID) -> Self {
        let label = slot.to_string();
        let id = match u8::try_from(slot) {
            // The slots that the C module has.
            Ok(slot @ 0..=31) => vec![b'0' + slot],
            _ => label.clone().into_bytes(),
        };
        Self { label, id }
    }

    /// Of the key in this slot of the chip. Slot 0 has the names that the C module
    /// has for its only key.
    #[must_use]
    pub fn for_key(&self, slot: Slot) -> Self {
        if slot == slot::DEVICE_KEY {
            return self.clone();
        }
        Self {
            label: format!("{} {slot}", self.label),
            id: [&self.id, format!(".{}", slot.index()).as_bytes()].concat(),
        }
    }

    /// Of the auxiliary device certificate: the key's id, since it is for that
    /// key, and a label of its own, `N aux`.
    #[must_use]
    pub fn for_auxiliary(&self) -> Self {
        Self {
            label: format!("{} aux", self.label),
            id: self.id.clone(),
        }
    }

    /// The same for the signer's certificate.
    #[must_use]
    pub fn for_signer(&self) -> Self {
        Self {
            label: format!("{} signer", self.label),
            id: [self.id.as_slice(), b"s"].concat(),
        }
    }

    fn start(&self, class: CK_OBJECT_CLASS) -> Attributes {
        permanent(class)
            .bytes(ck::CKA_LABEL, self.label.as_bytes())
            .bytes(ck::CKA_ID, self.id.as_slice())
    }
}

/// What all objects of a token have.
fn permanent(class: CK_OBJECT_CLASS) -> Attributes {
    Attributes::new()
        .number(ck::CKA_CLASS, class)
        .yes(&[ck::CKA_TOKEN])
        .no(&[
            ck::CKA_PRIVATE,
            ck::CKA_MODIFIABLE,
            ck::CKA_COPYABLE,
            ck::CKA_DESTROYABLE,
        ])
}

/// What both halves of a pair have. The standard has no point on a private key;
/// some programs look for it there, as their own modules have it.
fn ec_key(attributes: Attributes, key: &Key) -> Attributes {
    let attributes = allowed(attributes, ck::CKA_DERIVE, key.can.derive)
        .number(ck::CKA_KEY_TYPE, ck::CKK_EC)
        .bytes(ck::CKA_EC_PARAMS, PRIME256V1)
        .bytes(ck::CKA_START_DATE, [])
        .bytes(ck::CKA_END_DATE, []);
    let attributes = match key.public {
        Some(public) => {
            // An OCTET STRING of 65 bytes: 04, X, Y.
            let point = [&[0x04, 65], public.to_sec1().as_slice()].concat();
            attributes
                .bytes(ck::CKA_PUBLIC_KEY_INFO, public.to_spki_der())
                .bytes(ck::CKA_EC_POINT, point)
        }
        None => attributes,
    };
    match key.origin {
        KeyOrigin::Chip => attributes
            .number(ck::CKA_KEY_GEN_MECHANISM, ck::CKM_EC_KEY_PAIR_GEN)
            .yes(&[ck::CKA_LOCAL]),
        KeyOrigin::Unknown => attributes
            .number(ck::CKA_KEY_GEN_MECHANISM, ck::CK_UNAVAILABLE_INFORMATION)
            .no(&[ck::CKA_LOCAL]),
    }
}

fn allowed(attributes: Attributes, kind: CK_ATTRIBUTE_TYPE, allowed: Allowed) -> Attributes {
    match allowed {
        Allowed::Yes => attributes.yes(&[kind]),
        Allowed::No => attributes.no(&[kind]),
    }
}

/// A private key. One that may have been written into the chip was outside of it.
#[must_use]
pub fn private_key(names: &Names, key: &Key) -> Object {
    let attributes = ec_key(names.start(ck::CKO_PRIVATE_KEY), key);
    let attributes = allowed(attributes, ck::CKA_SIGN, key.can.sign);
    let never_left = [ck::CKA_ALWAYS_SENSITIVE, ck::CKA_NEVER_EXTRACTABLE];
    let attributes = match key.origin {
        KeyOrigin::Chip => attributes.yes(&never_left),
        KeyOrigin::Unknown => attributes.no(&never_left),
    };
    Object {
        handle: key.private_handle(),
        attributes: attributes
            .yes(&[ck::CKA_SENSITIVE])
            .no(&[
                ck::CKA_EXTRACTABLE,
                ck::CKA_ALWAYS_AUTHENTICATE,
                ck::CKA_WRAP_WITH_TRUSTED,
                ck::CKA_DECRYPT,
                ck::CKA_SIGN_RECOVER,
                ck::CKA_UNWRAP,
            ])
            .bytes(ck::CKA_SUBJECT, []),
    }
}

/// The public half of a key that shows it.
#[must_use]
pub fn public_key(names: &Names, key: &Key) -> Option<Object> {
    key.public.map(|_| Object {
        handle: key.public_handle(),
        attributes: ec_key(names.start(ck::CKO_PUBLIC_KEY), key)
            .yes(&[ck::CKA_VERIFY])
            .no(&[
                ck::CKA_ENCRYPT,
                ck::CKA_VERIFY_RECOVER,
                ck::CKA_WRAP,
                ck::CKA_TRUSTED,
            ])
            .bytes(ck::CKA_SUBJECT, []),
    })
}

/// A certificate of `category` (`CK_CERTIFICATE_CATEGORY_*`).
///
/// # Errors
/// None for a certificate that was parsed.
pub fn certificate(
    handle: CK_OBJECT_HANDLE,
    names: &Names,
    certificate: &Certificate,
    category: CK_ULONG,
) -> Result<Object, X509Error> {
    let attributes = names
        .start(ck::CKO_CERTIFICATE)
        .number(ck::CKA_CERTIFICATE_TYPE, ck::CKC_X_509)
        .number(ck::CKA_CERTIFICATE_CATEGORY, category)
        .bytes(ck::CKA_VALUE, certificate.as_der())
        .bytes(ck::CKA_SUBJECT, certificate.subject_der())
        .bytes(ck::CKA_ISSUER, certificate.issuer_der())
        .bytes(ck::CKA_SERIAL_NUMBER, certificate.serial_number_der())
        .bytes(
            ck::CKA_PUBLIC_KEY_INFO,
            certificate.public_key()?.to_spki_der(),
        )
        .no(&[ck::CKA_TRUSTED])
        .bytes(ck::CKA_START_DATE, [])
        .bytes(ck::CKA_END_DATE, []);
    Ok(Object { handle, attributes })
}

/// What this module claims to be. Source: PKCS#11 Profiles 3.0, sections 3.4
/// and 3.6.
#[must_use]
pub fn profiles() -> [Object; 2] {
    let profile = |handle, id, label: &str| Object {
        handle,
        attributes: permanent(ck::CKO_PROFILE)
            .bytes(ck::CKA_LABEL, label)
            .number(ck::CKA_PROFILE_ID, id),
    };
    [
        profile(PROFILES, ck::CKP_BASELINE_PROVIDER, "baseline provider"),
        profile(
            PROFILES + 1,
            ck::CKP_PUBLIC_CERTIFICATES_TOKEN,
            "public certificates token",
        ),
    ]
}

impl Object {
    /// With `CKA_UNIQUE_ID`, for the object `part` in the chip of that number. The
    /// same contents have the same one in every process, whatever slot the chip is in.
    #[must_use]
    pub fn of_chip(self, chip: SerialNumber, part: CK_OBJECT_HANDLE) -> Self {
        let contents = [ck::CKA_VALUE, ck::CKA_EC_POINT];
        let contents = contents.iter().find_map(|kind| self.attributes.get(*kind));
        let digest = Sha256::new()
            .chain_update(chip.as_bytes())
            .chain_update(part.to_string())
            .chain_update(contents.unwrap_or_default())
            .finalize();
        let half = digest.iter().take(16);
        self.with_unique_id(half.fold(0, |id, byte| id << 8 | u128::from(*byte)))
    }

    /// The same for an object of a session, by a random number.
    #[must_use]
    pub fn with_unique_id(self, id: u128) -> Self {
        Self {
            attributes: self
                .attributes
                .bytes(ck::CKA_UNIQUE_ID, format!("{id:032x}")),
            ..self
        }
    }

    /// The value of an attribute for a caller.
    ///
    /// # Errors
    /// [`Error::Sensitive`] for a key's value that does not leave the chip,
    /// [`Error::NoAttribute`] for what the object does not have.
    pub fn attribute(&self, kind: CK_ATTRIBUTE_TYPE) -> Result<&[u8], Error> {
        match self.attributes.get(kind) {
            Some(value) => Ok(value),
            None if kind == ck::CKA_VALUE && self.is_secret() => Err(Error::Sensitive),
            None => Err(Error::NoAttribute),
        }
    }

    fn is_secret(&self) -> bool {
        let class = self.attributes.get(ck::CKA_CLASS);
        class == Some(&ck::CKO_PRIVATE_KEY.to_ne_bytes()) || self.is_of_session()
    }

    /// Whether it belongs to a session and goes with it.
    #[must_use]
    pub const fn is_of_session(&self) -> bool {
        self.handle >= FIRST_OF_SESSION
    }
}

#[cfg(test)]
mod tests {
    use atecc_x509::PublicKey;

    use super::*;
    use crate::key::{Generation, KeyUse, Uses};

    #[test]
    fn names_are_those_of_the_c_module() {
        let id = |slot| Names::new(slot).id;
        assert_eq!(Names::new(1).label, "1");
        assert_eq!(id(1), b"1");
        // Nine plus one is a colon, and slot 16 an at sign.
        assert_eq!((id(10), id(16)), (b":".to_vec(), b"@".to_vec()));
        assert_eq!(id(32), b"32");
        assert_eq!(Names::new(1).for_signer().id, b"1s");
    }

    /// By the slot, `N slot K`; the id is of slot N alone.
    #[test]
    fn keys_of_other_slots_have_names_of_their_own() {
        let names = Names::new(1);
        assert_eq!(names.for_key(Slot::S0), names);
        let other = names.for_key(Slot::S12);
        assert_eq!(
            (other.label.as_str(), other.id.as_slice()),
            ("1 slot 12", &b"1.12"[..])
        );
    }

    fn key(public: Option<[u8; 64]>, origin: KeyOrigin) -> Key {
        Key {
            slot: Slot::S0,
            public: public.map(PublicKey::from_bytes),
            can: KeyUse {
                sign: Allowed::Yes,
                derive: Allowed::No,
            },
            uses: Uses::Unlimited,
            origin,
            generation: Generation::default(),
        }
    }

    #[test]
    fn a_private_key_keeps_its_value() {
        let key = private_key(&Names::new(0), &key(Some([7; 64]), KeyOrigin::Chip));
        assert_eq!(key.attribute(ck::CKA_SIGN).unwrap(), [1]);
        assert_eq!(key.attribute(ck::CKA_DERIVE).unwrap(), [0]);
        assert_eq!(key.attribute(ck::CKA_LOCAL).unwrap(), [1]);
        let rv = |kind| key.attribute(kind).unwrap_err().rv();
        assert_eq!(rv(ck::CKA_VALUE), ck::CKR_ATTRIBUTE_SENSITIVE);
        assert_eq!(rv(ck::CKA_MODULUS), ck::CKR_ATTRIBUTE_TYPE_INVALID);
    }

    /// What was outside once was not always sensitive.
    #[test]
    fn a_key_that_may_have_been_written_is_not_local() {
        let key = private_key(&Names::new(0), &key(Some([7; 64]), KeyOrigin::Unknown));
        for kind in [
            ck::CKA_LOCAL,
            ck::CKA_ALWAYS_SENSITIVE,
            ck::CKA_NEVER_EXTRACTABLE,
        ] {
            assert_eq!(key.attribute(kind).unwrap(), [0], "{kind:#x}");
        }
        assert_eq!(key.attribute(ck::CKA_SENSITIVE).unwrap(), [1]);
    }

    #[test]
    fn a_hidden_public_half_is_no_object() {
        let hidden = key(None, KeyOrigin::Chip);
        assert!(public_key(&Names::new(0), &hidden).is_none());
        let error = private_key(&Names::new(0), &hidden)
            .attribute(ck::CKA_PUBLIC_KEY_INFO)
            .unwrap_err();
        assert_eq!(error.rv(), ck::CKR_ATTRIBUTE_TYPE_INVALID);
    }

    #[test]
    fn a_point_is_an_octet_string() {
        let shown = key(Some([7; 64]), KeyOrigin::Chip);
        let key = public_key(&Names::new(0), &shown).unwrap();
        let point = key.attribute(ck::CKA_EC_POINT).unwrap();
        assert_eq!(point[..3], [0x04, 65, 0x04]);
        assert_eq!(point[3..], [7; 64]);
    }
}
