//! What differs between the certificates of one definition.

use std::collections::BTreeMap;

use atecc_x509::PublicKey;

/// What a chip and its maker know of one certificate beside the 72 bytes.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Values {
    /// The key that the certificate is of.
    pub public_key: PublicKey,
    /// The key that signs it; needed where the definition has an
    /// authorityKeyIdentifier of it.
    pub signer_public_key: Option<PublicKey>,
    /// The chip's own serial number; needed where the definition has a place
    /// for it.
    pub device_sn: Option<[u8; 9]>,
    /// The values that the definition names: characters as they stand in the
    /// certificate, or hex for a serial number.
    pub named: BTreeMap<String, Vec<u8>>,
}

impl Values {
    /// Nothing but the key.
    #[must_use]
    pub const fn new(public_key: PublicKey) -> Self {
        Self {
            public_key,
            signer_public_key: None,
            device_sn: None,
            named: BTreeMap::new(),
        }
    }

    /// Empty where it is missing, which whoever asks has made sure of.
    pub(crate) fn text(&self, name: &str) -> &[u8] {
        self.named.get(name).map(Vec::as_slice).unwrap_or_default()
    }
}
