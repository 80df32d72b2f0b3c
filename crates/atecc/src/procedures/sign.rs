//! Signatures: made over a digest, made over what the chip holds, checked.

use super::Prepared;
use crate::commands::{
    DigestSource, GenDig, GenKey, LoadNonce, NonceTarget, Sign, SignInternal, Verdict, Verify,
    VerifyAnswer, VerifyKey,
};
use crate::procedure::{Answer, Next, Once};
use crate::{Failure, Procedure, Slot};

/// Sign a 32-byte digest. The signature is R then S, 32 bytes each.
///
/// By way of `TempKey`, which every chip has.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::procedures::{CreateKey, SignDigest};
///
/// let slot = Slot::S0;
/// device.run(CreateKey::new(slot))?;
/// let signature: [u8; 64] = device.run(SignDigest::new(slot, [0x5A; 32]))?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct SignDigest(Prepared<Once<LoadNonce>, Sign>);

impl SignDigest {
    /// Sign `digest` with the key in `slot`.
    #[must_use]
    pub fn new(slot: Slot, digest: [u8; 32]) -> Self {
        Self(Prepared::new(
            Once(to_temp_key(digest)),
            Sign {
                source: DigestSource::TempKey,
                slot,
            },
        ))
    }

    /// For a key whose slot has no `LimitedUse`; see
    /// [`Prepared::with_unlimited_key`].
    #[must_use]
    pub fn with_unlimited_key(self) -> Self {
        Self(self.0.with_unlimited_key())
    }
}

impl Procedure for SignDigest {
    type Output = [u8; 64];
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<[u8; 64], Failure> {
        self.0.resume(answer).map(|((), signature)| signature)
    }
}

/// Have the chip check a signature over a 32-byte digest.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::{Verdict, VerifyKey};
/// use atecc::procedures::{CreateKey, SignDigest, VerifyDigest};
///
/// let slot = Slot::S0;
/// let key = VerifyKey::External(device.run(CreateKey::new(slot))?);
/// let signature = device.run(SignDigest::new(slot, [0x5A; 32]))?;
/// let right = device.run(VerifyDigest::new(key, [0x5A; 32], signature))?;
/// assert_eq!(right, Verdict::Good);
/// let wrong = device.run(VerifyDigest::new(key, [0x5B; 32], signature))?;
/// assert_eq!(wrong, Verdict::Bad);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Copy, Debug)]
pub struct VerifyDigest(Prepared<Once<LoadNonce>, Verify>);

impl VerifyDigest {
    /// Check `signature` (R then S) over `digest`, by way of `TempKey`.
    #[must_use]
    pub fn new(key: VerifyKey, digest: [u8; 32], signature: [u8; 64]) -> Self {
        Self(Prepared::new(
            Once(to_temp_key(digest)),
            Verify {
                key,
                source: DigestSource::TempKey,
                signature,
                answer: VerifyAnswer::Status,
            },
        ))
    }
}

impl Procedure for VerifyDigest {
    /// Never with a MAC: a status byte is asked for.
    type Output = Verdict;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Verdict, Failure> {
        let next = self.0.resume(answer);
        next.map(|((), verdict)| verdict)
    }
}

/// Have the chip sign its own message about a private key: load a nonce, digest
/// the public key into it (`digest` in a digest mode), sign. The signature comes
/// last.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::{GenKey, GenKeyMode, IncludeSerial, InternalPurpose, SignInternal};
/// use atecc::procedures::{CreateKey, sign_about_key};
///
/// let slot = Slot::S0;
/// device.run(CreateKey::new(slot))?;
/// let digest = GenKey { mode: GenKeyMode::PublicDigest, slot };
/// let (serial, purpose) = (IncludeSerial::Whole, InternalPurpose::Any);
/// let sign = SignInternal { slot, serial, purpose };
/// let (_, signature) = device.run(sign_about_key([0x40; 32], digest, sign))?;
/// assert_eq!(signature.len(), 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn sign_about_key(
    nonce: [u8; 32],
    digest: GenKey,
    sign: SignInternal,
) -> Prepared<Prepared<Once<LoadNonce>, GenKey>, SignInternal> {
    Prepared::new(Prepared::new(Once(to_temp_key(nonce)), digest), sign)
}

/// Have the chip sign its own message about data that it holds: load a nonce,
/// mix the data in, sign. The signature comes last.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use atecc::Slot;
/// use atecc::commands::{DigSource, GenDig, IncludeSerial, InternalPurpose, SignInternal};
/// use atecc::procedures::{CreateKey, sign_about_data};
///
/// let slot = Slot::S0;
/// device.run(CreateKey::new(slot))?;
/// let digest = GenDig { source: DigSource::Data(Slot::S8) };
/// let (serial, purpose) = (IncludeSerial::Whole, InternalPurpose::Any);
/// let sign = SignInternal { slot, serial, purpose };
/// let (_, signature) = device.run(sign_about_data([0x40; 32], digest, sign))?;
/// assert_eq!(signature.len(), 64);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use]
pub fn sign_about_data(
    nonce: [u8; 32],
    digest: GenDig,
    sign: SignInternal,
) -> Prepared<Prepared<Once<LoadNonce>, GenDig>, SignInternal> {
    Prepared::new(Prepared::new(Once(to_temp_key(nonce)), digest), sign)
}

const fn to_temp_key(value: [u8; 32]) -> LoadNonce {
    LoadNonce {
        target: NonceTarget::TempKey,
        value,
    }
}
