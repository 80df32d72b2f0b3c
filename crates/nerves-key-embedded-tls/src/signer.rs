//! The chip as a signer of the older signature traits.

use p256::ecdsa::signature::{Error, SignerMut};
use p256::ecdsa::{DerSignature, Signature};
use sha2::{Digest, Sha256};

use atecc::Slot;

use crate::{OpenError, TlsChip};

/// A signature as TLS has it, in DER; empty where the chip gave none.
#[derive(Clone, Debug)]
pub struct ChipSignature(Option<DerSignature>);

impl AsRef<[u8]> for ChipSignature {
    fn as_ref(&self) -> &[u8] {
        self.0.as_ref().map_or(&[], DerSignature::as_bytes)
    }
}

pub(crate) struct ChipSigner<'s, C: TlsChip> {
    pub(crate) chip: &'s mut C,
    pub(crate) slot: Slot,
    /// Why there is no signature.
    pub(crate) refused: &'s mut Option<OpenError<C::Error>>,
}

impl<C: TlsChip> ChipSigner<'_, C> {
    fn sign_digest(&mut self, digest: [u8; 32]) -> Result<DerSignature, OpenError<C::Error>> {
        let bytes = self.chip.sign(self.slot, digest).map_err(OpenError::Chip)?;
        match Signature::from_bytes(&bytes.into()) {
            Ok(signature) => Ok(signature.to_der()),
            Err(_) => Err(OpenError::NoSignature(bytes)),
        }
    }
}

impl<C: TlsChip> SignerMut<ChipSignature> for ChipSigner<'_, C> {
    /// The trait's own panics where there is no signature. An empty one is none to
    /// any server, and [`ChipProvider::finish`](crate::ChipProvider::finish) says why.
    fn sign(&mut self, message: &[u8]) -> ChipSignature {
        self.try_sign(message).unwrap_or(ChipSignature(None))
    }

    fn try_sign(&mut self, message: &[u8]) -> Result<ChipSignature, Error> {
        match self.sign_digest(Sha256::digest(message).into()) {
            Ok(signature) => Ok(ChipSignature(Some(signature))),
            Err(refused) => {
                *self.refused = Some(refused);
                Err(Error::new())
            }
        }
    }
}
