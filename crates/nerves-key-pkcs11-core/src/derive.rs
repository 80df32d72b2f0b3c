//! `CKM_ECDH1_DERIVE`: the chip multiplies, the secret becomes an object of the
//! session.
//!
//! The standard NervesKey configuration lets its key do that and gives the
//! secret out in the clear (bits 2 and 3 of `SlotConfig`), so no secret is
//! protected by being called sensitive here; it is, where the caller says so.

use std::sync::Arc;

use atecc::PublicKey;
use atecc::commands::{Ecdh, EcdhMode, SharedSecret};
use atecc::procedure::Once;
use atecc_config::Operation;
use cryptoki_sys as ck;
use cryptoki_sys::{CK_BBOOL, CK_KEY_TYPE, CK_OBJECT_HANDLE, CK_ULONG};
use zeroize::Zeroizing;

use crate::attribute::{Attributes, TemplateAttribute};
use crate::chip::Chip;
use crate::error::Error;
use crate::key::{Key, KeyOrigin, why_not};
use crate::mechanism::Ecdh1;
use crate::object::Object;
use crate::token::Token;

/// Bytes of the X coordinate.
const SECRET: usize = 32;

/// The other side's key.
///
/// # Errors
/// [`Error::Parameter`] for what is no point of P-256, or a derivation that
/// the chip's host does not do.
pub fn peer(parameters: Ecdh1<'_>) -> Result<PublicKey, Error> {
    if parameters.kdf != ck::CKD_NULL {
        return Err(Error::Parameter("only CKD_NULL"));
    }
    if !parameters.shared.is_empty() {
        return Err(Error::Parameter("CKD_NULL takes no shared data"));
    }
    // PKCS#11 3.0, section 2.3.1: raw, and in DER where tokens take that too.
    let point = match parameters.public {
        [0x04, 65, point @ ..] if point.len() == 65 => point,
        point => point,
    };
    let bytes = match point {
        [0x04, xy @ ..] => xy.try_into().ok(),
        _ => None,
    };
    let bytes: [u8; 64] = bytes.ok_or(Error::Parameter("not an uncompressed point"))?;
    match atecc_x509::PublicKey::on_curve(bytes) {
        Ok(_) => Ok(PublicKey(bytes)),
        Err(_off_the_curve) => Err(Error::Parameter("not a point of P-256")),
    }
}

/// Have the chip multiply.
///
/// # Errors
/// [`Error::Removed`], [`Error::Device`]; [`Error::KeyUse`] when it keeps the
/// result.
pub fn agree(
    token: &Token,
    chip: &Arc<Chip>,
    key: &Key,
    peer: PublicKey,
) -> Result<Zeroizing<[u8; SECRET]>, Error> {
    let mode = EcdhMode::Compatible(key.slot);
    match token.run(chip, key.uses, || Once(Ecdh { mode, peer }))? {
        SharedSecret::Clear(secret) => Ok(Zeroizing::new(secret)),
        SharedSecret::Kept | SharedSecret::Encrypted { .. } => Err(Error::KeyUse {
            why: why_not(chip.config(), Operation::Ecdh, key.slot),
        }),
    }
}

/// What the caller's template makes of the secret.
#[derive(Clone, Debug)]
pub struct SecretTemplate {
    length: usize,
    key_type: CK_KEY_TYPE,
    sensitive: CK_BBOOL,
    extractable: CK_BBOOL,
    private: CK_BBOOL,
    origin: KeyOrigin,
    others: Attributes,
}

impl SecretTemplate {
    /// Read `template`, for a secret of a key that is from `origin`.
    ///
    /// # Errors
    /// [`Error::Template`] for what cannot be granted, [`Error::ReadOnlyAttribute`]
    /// for what follows from other attributes and is not so,
    /// [`Error::Contradiction`] for two values of one attribute.
    pub fn from_template(
        template: &[TemplateAttribute<'_>],
        origin: KeyOrigin,
    ) -> Result<Self, Error> {
        let mut length = None;
        let mut secret = Self {
            length: SECRET,
            key_type: ck::CKK_GENERIC_SECRET,
            sensitive: ck::CK_FALSE,
            extractable: ck::CK_TRUE,
            private: ck::CK_FALSE,
            origin,
            others: Attributes::new(),
        };
        let mut claimed = Vec::new();
        for (index, wanted) in template.iter().enumerate() {
            let before = template.iter().take(index);
            // PKCS#11 3.1, section 4.1.1: twice is as once.
            match before.into_iter().find(|it| it.kind == wanted.kind) {
                Some(before) if before.value == wanted.value => continue,
                Some(_) => return Err(Error::Contradiction),
                None => {}
            }
            let bad = || Error::Template(wanted.kind);
            match wanted.kind {
                ck::CKA_CLASS if number(wanted)? == ck::CKO_SECRET_KEY => {}
                ck::CKA_KEY_TYPE => secret.key_type = number(wanted)?,
                ck::CKA_VALUE_LEN => {
                    length = Some(usize::try_from(number(wanted)?).map_err(|_huge| bad())?);
                }
                ck::CKA_TOKEN if boolean(wanted)? == ck::CK_FALSE => {}
                ck::CKA_SENSITIVE => secret.sensitive = boolean(wanted)?,
                ck::CKA_PRIVATE => secret.private = boolean(wanted)?,
                ck::CKA_EXTRACTABLE => secret.extractable = boolean(wanted)?,
                ck::CKA_CLASS | ck::CKA_TOKEN => return Err(bad()),
                ck::CKA_LOCAL
                | ck::CKA_ALWAYS_SENSITIVE
                | ck::CKA_NEVER_EXTRACTABLE
                | ck::CKA_KEY_GEN_MECHANISM
                | ck::CKA_UNIQUE_ID => claimed.push(wanted),
                ck::CKA_VALUE => return Err(Error::Contradiction),
                kind => {
                    let others = std::mem::take(&mut secret.others);
                    secret.others = others.bytes(kind, wanted.value);
                }
            }
        }
        let length = length.unwrap_or(SECRET);
        let fits = match secret.key_type {
            ck::CKK_GENERIC_SECRET | ck::CKK_HKDF => (1..=SECRET).contains(&length),
            ck::CKK_AES => matches!(length, 16 | 24 | 32),
            _ => return Err(Error::Template(ck::CKA_KEY_TYPE)),
        };
        if !fits {
            return Err(Error::Template(ck::CKA_VALUE_LEN));
        }
        secret.length = length;
        let own = secret.token_attributes();
        match claimed.iter().find(|it| own.get(it.kind) != Some(it.value)) {
            Some(claimed) => Err(Error::ReadOnlyAttribute(claimed.kind)),
            None => Ok(secret),
        }
    }

    /// What the token says of the secret. Where its base key was always sensitive and
    /// never extractable, the secret is as it is at first; where that may have been
    /// written into the chip it is neither.
    /// Source: PKCS#11 3.0 Current Mechanisms, section 2.3.15.
    fn token_attributes(&self) -> Attributes {
        let (always_sensitive, never_extractable) = match (self.origin, self.extractable) {
            (KeyOrigin::Unknown, _) => (ck::CK_FALSE, ck::CK_FALSE),
            (KeyOrigin::Chip, ck::CK_FALSE) => (self.sensitive, ck::CK_TRUE),
            (KeyOrigin::Chip, _) => (self.sensitive, ck::CK_FALSE),
        };
        Attributes::new()
            .bytes(ck::CKA_ALWAYS_SENSITIVE, [always_sensitive])
            .bytes(ck::CKA_NEVER_EXTRACTABLE, [never_extractable])
            .number(ck::CKA_KEY_GEN_MECHANISM, ck::CK_UNAVAILABLE_INFORMATION)
            .no(&[ck::CKA_LOCAL])
    }

    /// The object. A shorter secret is the end of the longer one: leading
    /// bytes are removed. Source: PKCS#11 3.0 Current Mechanisms, section
    /// 2.3.15.
    #[must_use]
    pub fn object(self, handle: CK_OBJECT_HANDLE, secret: &[u8; SECRET]) -> Object {
        let value = &secret[SECRET - self.length..];
        let shown = self.sensitive == ck::CK_FALSE && self.extractable == ck::CK_TRUE;
        let own = self.token_attributes();
        let attributes = self
            .others
            .number(ck::CKA_CLASS, ck::CKO_SECRET_KEY)
            .number(ck::CKA_KEY_TYPE, self.key_type)
            .number(ck::CKA_VALUE_LEN, self.length as CK_ULONG)
            .bytes(ck::CKA_SENSITIVE, [self.sensitive])
            .bytes(ck::CKA_EXTRACTABLE, [self.extractable])
            .bytes(ck::CKA_PRIVATE, [self.private])
            .no(&[ck::CKA_TOKEN])
            .and(own);
        let attributes = if shown {
            attributes.bytes(ck::CKA_VALUE, value)
        } else {
            attributes
        };
        Object { handle, attributes }
    }
}

fn number(wanted: &TemplateAttribute<'_>) -> Result<CK_ULONG, Error> {
    let bytes = wanted.value.try_into();
    bytes
        .map(CK_ULONG::from_ne_bytes)
        .map_err(|_wrong_length| Error::Template(wanted.kind))
}

fn boolean(wanted: &TemplateAttribute<'_>) -> Result<CK_BBOOL, Error> {
    match wanted.value {
        [ck::CK_FALSE] => Ok(ck::CK_FALSE),
        [ck::CK_TRUE] => Ok(ck::CK_TRUE),
        _ => Err(Error::Template(wanted.kind)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sensitive and not to be extracted: what the token says of it, by where its
    /// base key is from.
    #[test]
    fn a_secret_was_never_safer_than_its_base_key() {
        let asked = [
            TemplateAttribute {
                kind: ck::CKA_SENSITIVE,
                value: &[ck::CK_TRUE],
            },
            TemplateAttribute {
                kind: ck::CKA_EXTRACTABLE,
                value: &[ck::CK_FALSE],
            },
        ];
        for (origin, always) in [
            (KeyOrigin::Chip, ck::CK_TRUE),
            (KeyOrigin::Unknown, ck::CK_FALSE),
        ] {
            let secret = SecretTemplate::from_template(&asked, origin).expect("it is granted");
            let object = secret.object(0x1000, &[7; SECRET]);
            for kind in [ck::CKA_ALWAYS_SENSITIVE, ck::CKA_NEVER_EXTRACTABLE] {
                assert_eq!(
                    object.attributes.get(kind),
                    Some(&[always][..]),
                    "{origin:?}"
                );
            }
        }
    }
}
