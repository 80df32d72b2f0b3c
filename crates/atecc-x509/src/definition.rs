//! What a certificate is made of beside its 72 bytes.
//!
//! cryptoauthlib calls such a thing a certificate definition. There it is a
//! certificate as an array with the places of what differs; here it is code
//! that makes the whole signed part, because lengths differ with names and
//! dates. Another project's template is another implementation.

use crate::{Certificate, EncodedDates, Error, Format, Tbs, Template, Validity};

/// A kind of certificate, together with what a chip holds of one beside the
/// 72 bytes.
///
/// [`NervesKeySigner`](crate::NervesKeySigner) and
/// [`NervesKeyDevice`](crate::NervesKeyDevice) are a `NervesKey`'s,
/// [`TrustSigner`](crate::TrustSigner) and [`TrustDevice`](crate::TrustDevice)
/// those of the parts that Microchip provisions.
///
/// ```
/// # let vector = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/vector.rs"));
/// use atecc_x509::{CertificateDef, CompressedCertificate, NervesKeySigner, PublicKey};
/// use atecc_x509::Template;
///
/// let signer = NervesKeySigner {
///     public_key: PublicKey::from_bytes(vector.signer_key),
/// };
/// let definition: &dyn CertificateDef = &signer;
/// assert_eq!(definition.template(), Template::NERVES_KEY_SIGNER);
/// let stored = CompressedCertificate::from_bytes(&vector.signer_slot)?;
/// let tbs = definition.to_be_signed(stored.dates, stored.signer_id)?;
/// assert_eq!(tbs.assemble(&stored.signature).as_der(), vector.signer_der);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub trait CertificateDef {
    /// Bytes 69 and 70 of its compressed form.
    fn template(&self) -> Template;

    /// The bytes that were signed for a certificate with these dates, which
    /// are those of the 72 bytes. So is `signer_id`, which counts where
    /// certificates have it in a name.
    ///
    /// # Errors
    /// [`Error::Date`] when the dates do not exist or do not fit.
    fn to_be_signed(&self, dates: EncodedDates, signer_id: u16) -> Result<Tbs, Error>;

    /// The signer's ID that `certificate` has in a name; 0 where no name has
    /// one.
    fn signer_id(&self, certificate: &Certificate) -> u16 {
        let _ = certificate;
        0
    }

    /// The dates of `certificate`, as far as `format` holds them.
    ///
    /// # Errors
    /// [`Error::Time`] or [`Error::Date`] when it does not.
    fn validity(&self, certificate: &Certificate, format: Format) -> Result<Validity, Error> {
        certificate.validity_in(format)
    }
}

impl Certificate {
    /// Its dates, as far as `format` holds them.
    ///
    /// # Errors
    /// [`Error::Time`] or [`Error::Date`] when it does not.
    pub fn validity_in(&self, format: Format) -> Result<Validity, Error> {
        let (begin, end) = (self.not_before()?, self.not_after()?);
        Ok(Validity::between(begin, end, format)?)
    }
}

/// The four hex digits that `name` ends with.
pub(crate) fn trailing_id(name: &[u8]) -> Option<u16> {
    let digits = core::str::from_utf8(name.last_chunk::<4>()?).ok()?;
    u16::from_str_radix(digits, 16).ok()
}
