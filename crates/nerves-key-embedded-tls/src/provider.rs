//! One handshake, as embedded-tls wants its cryptography provided.

use core::fmt;

use atecc::Slot;
use embedded_tls::{
    Aes128GcmSha256, Certificate, CryptoProvider, CryptoRngCore, SignatureScheme, TlsError,
    TlsVerifier,
};
use p256::ecdsa::signature::SignerMut;

use crate::server::{Proof, ServerVerifier};
use crate::signer::ChipSigner;
use crate::{ChipSignature, OpenError, TlsChip};

/// The cryptography of one handshake; [`ChipClient::provider`] makes it.
///
/// For what opens a connection itself; elsewhere [`ChipClient::open`] does all of
/// it. What `open` of embedded-tls returns is for [`finish`](Self::finish): it alone
/// is no word about the server, nor about the chip.
///
/// [`ChipClient::provider`]: crate::ChipClient::provider
/// [`ChipClient::open`]: crate::ChipClient::open
#[must_use = "`finish` says whether there is a connection to that server"]
pub struct ChipProvider<'p, C: TlsChip, V, R> {
    pub(crate) chip: &'p mut C,
    pub(crate) slot: Slot,
    pub(crate) certificate: &'p [u8],
    pub(crate) rng: &'p mut R,
    pub(crate) server: ServerVerifier<'p, V>,
    pub(crate) refused: Option<OpenError<C::Error>>,
}

impl<C: TlsChip, V, R> ChipProvider<'_, C, V, R> {
    /// Whether there is a connection, to a server that has proven who it is.
    ///
    /// # Errors
    /// [`OpenError`]: who refused.
    pub fn finish(self, opened: Result<(), TlsError>) -> Result<(), OpenError<C::Error>> {
        match (self.refused, self.server.proof(), opened) {
            (Some(refused), _, _) => Err(refused),
            (None, Proof::Refused(error), _) => Err(OpenError::ServerCertificate(error)),
            (None, _, Err(error)) => Err(OpenError::Tls(error)),
            (None, Proof::Key, Ok(())) => Ok(()),
            (None, Proof::None | Proof::Certificate, Ok(())) => Err(OpenError::Unproven),
        }
    }
}

impl<C, V, R> CryptoProvider for ChipProvider<'_, C, V, R>
where
    C: TlsChip,
    V: TlsVerifier<Aes128GcmSha256>,
    R: CryptoRngCore,
{
    type CipherSuite = Aes128GcmSha256;
    type Signature = ChipSignature;

    fn rng(&mut self) -> impl CryptoRngCore {
        &mut *self.rng
    }

    /// Never an error, which embedded-tls takes for a wish to verify nothing.
    fn verifier(&mut self) -> Result<&mut impl TlsVerifier<Aes128GcmSha256>, TlsError> {
        Ok(&mut self.server)
    }

    fn signer(&mut self) -> Result<(impl SignerMut<ChipSignature>, SignatureScheme), TlsError> {
        let signer = ChipSigner {
            chip: &mut *self.chip,
            slot: self.slot,
            refused: &mut self.refused,
        };
        Ok((signer, SignatureScheme::EcdsaSecp256r1Sha256))
    }

    /// Who this is learns a server that has proven who it is.
    fn client_cert(&mut self) -> Option<Certificate<impl AsRef<[u8]>>> {
        match self.server.proof() {
            Proof::Key => Some(Certificate::X509(self.certificate)),
            Proof::None | Proof::Certificate | Proof::Refused(_) => None,
        }
    }
}

impl<C: TlsChip, V, R> fmt::Debug for ChipProvider<'_, C, V, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChipProvider")
            .field("slot", &self.slot)
            .field("proof", &self.server.proof())
            .finish_non_exhaustive()
    }
}
