//! Whose names the certificates of a trust part have.

use alloc::format;
use alloc::string::String;

use der::Tag;

use crate::name::{COMMON_NAME, attribute};
use crate::{Certificate, Error, KeyId, Name};

/// 2.5.4.10, organizationName.
const ORGANIZATION: [u8; 3] = [0x55, 0x04, 0x0A];

/// "Crypto Authentication Root CA 002", which has signed the signers of every
/// Trust&GO part: 501 bytes, 2018 to 2058.
const ROOT_CA_002: &[u8] = include_bytes!("../../data/crypto-authentication-root-ca-002.der");

/// The names and the root's key identifier of a chain of certificates. Nothing of them is
/// in the chip. [`TrustChain::microchip`] is that of Trust&GO parts; a
/// TrustFLEX part may have been given one of its customer's.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct TrustChain {
    /// O of every name.
    pub organization: String,
    /// CN of the root.
    pub root: String,
    /// CN of a signer, but for the four hex digits of its ID.
    pub signer: String,
    /// Of the key that signs signers.
    pub root_key_id: KeyId,
}

impl TrustChain {
    /// Microchip's, up to [`TrustChain::microchip_root`].
    ///
    /// # Errors
    /// None occurs: the root certificate is part of this crate.
    pub fn microchip() -> Result<Self, Error> {
        Ok(Self {
            organization: String::from("Microchip Technology Inc"),
            root: String::from("Crypto Authentication Root CA 002"),
            signer: String::from("Crypto Authentication Signer "),
            root_key_id: Self::microchip_root()?.public_key()?.microchip_key_id(),
        })
    }

    /// The certificate "Crypto Authentication Root CA 002", signed by itself.
    ///
    /// # Errors
    /// None occurs: the certificate is part of this crate.
    pub fn microchip_root() -> Result<Certificate, Error> {
        Certificate::from_der(ROOT_CA_002)
    }

    pub(super) fn root_name(&self) -> Name {
        self.name(&self.root)
    }

    pub(super) fn signer_name(&self, signer_id: u16) -> Name {
        self.name(&format!("{}{signer_id:04X}", self.signer))
    }

    pub(super) fn name(&self, common_name: &str) -> Name {
        let utf8 = |oid, value: &str| attribute(oid, Tag::Utf8String, value.as_bytes());
        Name::of_attributes(&[
            utf8(&ORGANIZATION, &self.organization),
            utf8(&COMMON_NAME, common_name),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_root_has_the_names_of_its_chain() {
        let root = TrustChain::microchip_root().unwrap();
        let chain = TrustChain::microchip().unwrap();
        let name = chain.root_name();
        assert_eq!(root.subject_der(), name.as_der());
        assert_eq!(root.issuer_der(), name.as_der());
        let key = root.public_key().unwrap();
        assert_eq!(key.microchip_key_id(), chain.root_key_id);
        root.verify(&key).unwrap();
    }

    #[test]
    fn a_signer_has_four_digits() {
        let chain = TrustChain::microchip().unwrap();
        for (id, digits) in [(0x2C00, b"2C00"), (0x0007, b"0007"), (0, b"0000")] {
            let name = chain.signer_name(id);
            assert!(name.as_der().ends_with(digits));
        }
    }
}
