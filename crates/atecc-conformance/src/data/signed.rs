//! What certificates and requests have in common: something signed, how, and
//! the signature. Source: RFC 5280, section 4.1.1; RFC 2986, section 4.2.

use atecc_x509::SignatureBytes;
use der::{Encode, Tag, asn1::AnyRef};

/// `ecdsa-with-SHA256`. Source: RFC 5758, section 3.2.
const ECDSA_WITH_SHA256: [u8; 12] = [
    0x30, 0x0A, 0x06, 0x08, 0x2A, 0x86, 0x48, 0xCE, 0x3D, 0x04, 0x03, 0x02,
];

/// What is wrong with one.
#[derive(Debug, thiserror::Error)]
pub(super) enum Wrong {
    #[error(transparent)]
    Der(#[from] der::Error),
    #[error(transparent)]
    X509(#[from] atecc_x509::Error),
}

/// The whole, from what is signed and its signature.
pub(super) fn assemble(signed: &[u8], signature: &SignatureBytes) -> Result<Vec<u8>, Wrong> {
    // A BIT STRING begins with the number of its unused bits.
    let signature = [&[0x00], &signature.to_der()[..]].concat();
    let signature = AnyRef::new(Tag::BitString, &signature)?.to_der()?;
    let all = [signed, &ECDSA_WITH_SHA256, &signature].concat();
    Ok(AnyRef::new(Tag::Sequence, &all)?.to_der()?)
}
