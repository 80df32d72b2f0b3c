//! A chip's key with its certificates.

use std::sync::Arc;

use atecc::device::WakePulse;
use atecc::{Device, Error, Failure, Slot};
use atecc_x509::{Certificate, PublicKey};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use nerves_key::{IdentityError, ReadAuxiliary, ReadCertificates, ReadSnapshot};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::{ChipKey, TlsChip};

/// Where a NervesKey has its key.
const NERVES_KEY: Slot = Slot::S0;

/// The certificates that a NervesKey may have two of.
#[derive(Clone, Copy, Debug, Default, Eq, Hash, PartialEq)]
#[non_exhaustive]
pub enum CertificatePair {
    /// Those that it was provisioned with, or a trust part's.
    #[default]
    Primary,
    /// Those of slots 9, 14 and 15.
    Auxiliary,
}

/// A key in a chip, and the certificates for it, device certificate first.
///
/// They are read once, here; then the chip is used for signatures alone.
#[derive(Clone, Debug)]
pub struct TlsIdentity {
    key: ChipKey,
    chain: Vec<Certificate>,
    certified: Arc<CertifiedKey>,
}

/// Why a chip has no identity for TLS.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReadError {
    /// The I2C transfer failed, or the bus's lock was not to be had.
    #[error("the chip's bus: {0}")]
    Bus(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// A command failed.
    #[error("the chip: {0}")]
    Chip(#[from] Failure),
    /// It is no finished NervesKey, or its certificates do not verify.
    #[error("the chip's certificates: {0}")]
    Identity(#[from] IdentityError),
    /// It has no auxiliary certificates.
    #[error("the chip has no auxiliary certificates: use the primary ones, or write some")]
    NoAuxiliary,
    /// A certificate given from elsewhere is of another key.
    #[error("the first certificate is of another key than the chip's: it must be the device's own")]
    OtherKey,
    /// No certificate was given.
    #[error("no certificate: the device's own at least is needed")]
    NoCertificate,
}

impl TlsIdentity {
    /// Read key and certificates of a NervesKey or a trust part.
    ///
    /// # Errors
    /// [`ReadError`].
    pub fn read<I2C, D, W>(
        mut device: Device<I2C, D, W>,
        pair: CertificatePair,
    ) -> Result<Self, ReadError>
    where
        Device<I2C, D, W>: TlsChip + 'static,
        I2C: I2c,
        I2C::Error: std::error::Error + Send + Sync + 'static,
        D: DelayNs,
        W: WakePulse<I2C, D>,
    {
        if pair == CertificatePair::Primary {
            let parts = device.run(ReadCertificates::new()).map_err(failed)?;
            if let (Some(key), Ok(found)) = (parts.public_key(), parts.certificates()) {
                let key = ChipKey::new(device, NERVES_KEY, key.into());
                return Ok(Self::assemble(key, vec![found.device, found.signer]));
            }
        }
        // A trust part, or something is wrong, which the whole of it tells.
        let snapshot = device.run(ReadSnapshot::new()).map_err(failed)?;
        let public_key = snapshot.public_key;
        let public_key = public_key.ok_or(IdentityError::Hidden("public key"))?;
        let public_key = PublicKey::from(public_key);
        let chain = match pair {
            CertificatePair::Primary => {
                let certificates = snapshot.certificates()?;
                vec![certificates.device, certificates.signer]
            }
            CertificatePair::Auxiliary => {
                let identity = snapshot.identity()?;
                let slots = device.run(ReadAuxiliary::new()).map_err(failed)?;
                let auxiliary = identity.auxiliary(&slots)?;
                let auxiliary = auxiliary.ok_or(ReadError::NoAuxiliary)?;
                vec![auxiliary.device_certificate, auxiliary.signer_certificate]
            }
        };
        let key = ChipKey::new(device, snapshot.key_slot(), public_key);
        Ok(Self::assemble(key, chain))
    }

    /// A chip's key with certificates from elsewhere: a server's, for example,
    /// with the host's name in it.
    ///
    /// # Errors
    /// [`ReadError::OtherKey`] where the first one is of another key.
    pub fn with_certificates(key: ChipKey, chain: Vec<Certificate>) -> Result<Self, ReadError> {
        let first = chain.first().ok_or(ReadError::NoCertificate)?;
        match first.public_key() {
            Ok(public_key) if public_key == key.public_key() => Ok(Self::assemble(key, chain)),
            _ => Err(ReadError::OtherKey),
        }
    }

    fn assemble(key: ChipKey, chain: Vec<Certificate>) -> Self {
        let der = |one: &Certificate| CertificateDer::from(one.as_der().to_vec());
        let certified = CertifiedKey::new(chain.iter().map(der).collect(), Arc::new(key.clone()));
        Self {
            key,
            chain,
            certified: Arc::new(certified),
        }
    }

    /// The chip's key.
    #[must_use]
    pub const fn key(&self) -> &ChipKey {
        &self.key
    }

    /// The certificates, the device's own first.
    #[must_use]
    pub fn chain(&self) -> &[Certificate] {
        &self.chain
    }

    /// The public key of the first certificate.
    #[must_use]
    pub const fn public_key(&self) -> PublicKey {
        self.key.public_key()
    }

    /// Key and certificates as rustls has them.
    #[must_use]
    pub fn certified_key(&self) -> Arc<CertifiedKey> {
        Arc::clone(&self.certified)
    }

    /// For `ConfigBuilder::with_client_cert_resolver`: this one, whichever
    /// certificates the server asks for.
    #[must_use]
    pub fn client_resolver(&self) -> Arc<dyn ResolvesClientCert> {
        Arc::new(SingleCertAndKey::from(self.certified_key()))
    }

    /// For `ConfigBuilder::with_cert_resolver`.
    #[must_use]
    pub fn server_resolver(&self) -> Arc<dyn ResolvesServerCert> {
        Arc::new(SingleCertAndKey::from(self.certified_key()))
    }
}

fn failed<B>(error: Error<B>) -> ReadError
where
    B: std::error::Error + Send + Sync + 'static,
{
    match error {
        Error::Bus { error, .. } => ReadError::Bus(error.into()),
        Error::Failed(failure) => ReadError::Chip(failure),
    }
}
