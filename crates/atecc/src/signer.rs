//! The chip behind the `signature` traits.
//!
//! A message is hashed once, on the host; the chip signs or checks the digest.
//! The traits take `&self` and their error says nothing, so that signer and
//! verifier keep the device in a cell and the last error beside it.

use core::cell::RefCell;

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use sha2::{Digest, Sha256};
use signature::hazmat::{PrehashSigner, PrehashVerifier};
use signature::{DigestSigner, DigestVerifier, SignatureEncoding, Signer, Verifier};

use crate::command::DecodeError;
use crate::commands::{Verdict, VerifyKey};
use crate::device::WakePulse;
use crate::procedures::{SignDigest, VerifyDigest};
use crate::{Device, Error, Opcode, Procedure, Slot};

/// An ECDSA signature on P-256: R then S, 32 bytes each, big-endian.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct Signature(pub [u8; 64]);

impl TryFrom<&[u8]> for Signature {
    type Error = DecodeError;

    fn try_from(bytes: &[u8]) -> Result<Self, DecodeError> {
        DecodeError::exactly(Opcode::Sign, bytes).map(Self)
    }
}

impl From<Signature> for [u8; 64] {
    fn from(signature: Signature) -> Self {
        signature.0
    }
}

impl SignatureEncoding for Signature {
    type Repr = [u8; 64];
}

/// A device in a cell, and why its last operation failed.
#[derive(Debug)]
struct Shared<I2C: I2c, D, W> {
    device: RefCell<Device<I2C, D, W>>,
    last_error: RefCell<Option<Error<I2C::Error>>>,
}

impl<I2C: I2c, D: DelayNs, W: WakePulse<I2C, D>> Shared<I2C, D, W> {
    const fn new(device: Device<I2C, D, W>) -> Self {
        Self {
            device: RefCell::new(device),
            last_error: RefCell::new(None),
        }
    }

    fn run<P>(&self, procedure: P) -> Result<P::Output, signature::Error>
    where
        P: Procedure<Error = crate::Failure>,
    {
        let mut device = self
            .device
            .try_borrow_mut()
            .or(Err(signature::Error::new()))?;
        device.run(procedure).map_err(|error| {
            self.last_error.replace(Some(error));
            signature::Error::new()
        })
    }
}

/// Signs with a private key in a slot.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::procedures::CreateKey;
/// use atecc::signer::{ChipSigner, Signature};
/// use signature::Signer;
///
/// let slot = Slot::S0;
/// device.run(CreateKey::new(slot))?;
/// let signer = ChipSigner::new(device, slot);
/// let _signature: Signature = signer.try_sign(b"a message")?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ChipSigner<I2C: I2c, D, W> {
    shared: Shared<I2C, D, W>,
    slot: Slot,
}

impl<I2C: I2c, D: DelayNs, W: WakePulse<I2C, D>> ChipSigner<I2C, D, W> {
    /// Sign with the key in `slot`.
    pub const fn new(device: Device<I2C, D, W>, slot: Slot) -> Self {
        Self {
            shared: Shared::new(device),
            slot,
        }
    }

    /// Why the last signature failed; asked once.
    pub fn take_error(&self) -> Option<Error<I2C::Error>> {
        self.shared.last_error.take()
    }

    /// Give the device back.
    pub fn into_device(self) -> Device<I2C, D, W> {
        self.shared.device.into_inner()
    }

    fn sign_32(&self, digest: [u8; 32]) -> Result<Signature, signature::Error> {
        let signature = self.shared.run(SignDigest::new(self.slot, digest))?;
        Ok(Signature(signature))
    }
}

impl<I2C, D, W> PrehashSigner<Signature> for ChipSigner<I2C, D, W>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
{
    /// `prehash` has 32 bytes.
    fn sign_prehash(&self, prehash: &[u8]) -> Result<Signature, signature::Error> {
        self.sign_32(digest_of(prehash)?)
    }
}

impl<I2C, D, W> Signer<Signature> for ChipSigner<I2C, D, W>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
{
    fn try_sign(&self, message: &[u8]) -> Result<Signature, signature::Error> {
        self.sign_32(Sha256::digest(message).into())
    }
}

impl<I2C, D, W> DigestSigner<Sha256, Signature> for ChipSigner<I2C, D, W>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
{
    fn try_sign_digest<F>(&self, hash: F) -> Result<Signature, signature::Error>
    where
        F: Fn(&mut Sha256) -> Result<(), signature::Error>,
    {
        let mut hasher = Sha256::new();
        hash(&mut hasher)?;
        self.sign_32(hasher.finalize().into())
    }
}

/// Has the chip check signatures, under a key given or stored.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::VerifyKey;
/// use atecc::procedures::{CreateKey, SignDigest};
/// use atecc::signer::{ChipVerifier, Signature};
/// use signature::hazmat::PrehashVerifier;
///
/// let slot = Slot::S0;
/// let key = VerifyKey::External(device.run(CreateKey::new(slot))?);
/// let signature = Signature(device.run(SignDigest::new(slot, [0x5A; 32]))?);
/// let verifier = ChipVerifier::new(device, key);
/// assert!(verifier.verify_prehash(&[0x5A; 32], &signature).is_ok());
/// assert!(verifier.verify_prehash(&[0x5B; 32], &signature).is_err());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct ChipVerifier<I2C: I2c, D, W> {
    shared: Shared<I2C, D, W>,
    key: VerifyKey,
}

impl<I2C: I2c, D: DelayNs, W: WakePulse<I2C, D>> ChipVerifier<I2C, D, W> {
    /// Check under `key`.
    pub const fn new(device: Device<I2C, D, W>, key: VerifyKey) -> Self {
        Self {
            shared: Shared::new(device),
            key,
        }
    }

    /// Why the last check could not be made; a signature that is wrong is no
    /// error of the device. Asked once.
    pub fn take_error(&self) -> Option<Error<I2C::Error>> {
        self.shared.last_error.take()
    }

    /// Give the device back.
    pub fn into_device(self) -> Device<I2C, D, W> {
        self.shared.device.into_inner()
    }

    fn verify_32(&self, digest: [u8; 32], signature: &Signature) -> Result<(), signature::Error> {
        let verify = VerifyDigest::new(self.key, digest, signature.0);
        match self.shared.run(verify)? {
            Verdict::Good => Ok(()),
            Verdict::Bad | Verdict::GoodIfMac(_) => Err(signature::Error::new()),
        }
    }
}

impl<I2C, D, W> PrehashVerifier<Signature> for ChipVerifier<I2C, D, W>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
{
    /// `prehash` has 32 bytes.
    fn verify_prehash(
        &self,
        prehash: &[u8],
        signature: &Signature,
    ) -> Result<(), signature::Error> {
        self.verify_32(digest_of(prehash)?, signature)
    }
}

impl<I2C, D, W> Verifier<Signature> for ChipVerifier<I2C, D, W>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
{
    fn verify(&self, message: &[u8], signature: &Signature) -> Result<(), signature::Error> {
        self.verify_32(Sha256::digest(message).into(), signature)
    }
}

impl<I2C, D, W> DigestVerifier<Sha256, Signature> for ChipVerifier<I2C, D, W>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
{
    fn verify_digest<F>(&self, hash: F, signature: &Signature) -> Result<(), signature::Error>
    where
        F: Fn(&mut Sha256) -> Result<(), signature::Error>,
    {
        let mut hasher = Sha256::new();
        hash(&mut hasher)?;
        self.verify_32(hasher.finalize().into(), signature)
    }
}

fn digest_of(prehash: &[u8]) -> Result<[u8; 32], signature::Error> {
    match prehash.split_first_chunk() {
        Some((digest, [])) => Ok(*digest),
        _ => Err(signature::Error::new()),
    }
}
