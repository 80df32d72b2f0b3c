//! A chip's key with its certificates.

use std::sync::Arc;

use atecc::device::WakePulse;
use atecc::{Device, Slot};
use atecc_x509::{Certificate, PublicKey};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use nerves_key::{
    Identity, IdentityError, ReadAuxiliary, ReadCertificates, ReadIdentity, ReadSnapshot,
};
use rustls::client::ResolvesClientCert;
use rustls::pki_types::CertificateDer;
use rustls::server::ResolvesServerCert;
use rustls::sign::{CertifiedKey, SingleCertAndKey};

use crate::{ChipKey, ReadDeviceError, ReadError, TlsChip};

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

impl TlsIdentity {
    /// Read key and certificates of a NervesKey or a trust part.
    ///
    /// # Errors
    /// [`ReadDeviceError`], which has the device: a chip that did not answer may be
    /// asked again.
    pub fn read<I2C, D, W>(
        mut device: Device<I2C, D, W>,
        pair: CertificatePair,
    ) -> Result<Self, ReadDeviceError<Device<I2C, D, W>>>
    where
        Device<I2C, D, W>: TlsChip + 'static,
        I2C: I2c,
        I2C::Error: std::error::Error + Send + Sync + 'static,
        D: DelayNs,
        W: WakePulse<I2C, D>,
    {
        match Contents::read(&mut device, pair) {
            Ok(contents) => {
                let key = ChipKey::new(device, contents.slot, contents.public_key);
                Ok(Self::assemble(key, contents.chain))
            }
            Err(error) => Err(ReadDeviceError::new(error, device)),
        }
    }

    /// A chip's key with certificates from elsewhere: a server's, for example,
    /// with the host's name in it.
    ///
    /// # Errors
    /// [`ReadError::OtherKey`] where the first one is of another key.
    pub fn with_certificates(key: &ChipKey, chain: Vec<Certificate>) -> Result<Self, ReadError> {
        let first = chain.first().ok_or(ReadError::NoCertificate)?;
        match first.public_key() {
            Ok(public_key) if public_key == key.public_key() => {
                Ok(Self::assemble(key.clone(), chain))
            }
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

/// What is read of a chip for TLS.
struct Contents {
    slot: Slot,
    public_key: PublicKey,
    chain: Vec<Certificate>,
}

impl Contents {
    fn read<I2C, D, W>(
        device: &mut Device<I2C, D, W>,
        pair: CertificatePair,
    ) -> Result<Self, ReadError>
    where
        I2C: I2c,
        I2C::Error: std::error::Error + Send + Sync + 'static,
        D: DelayNs,
        W: WakePulse<I2C, D>,
    {
        match pair {
            CertificatePair::Primary => {
                let parts = device.run(ReadCertificates::new())?;
                if let (Some(key), Ok(found)) = (parts.public_key(), parts.certificates()) {
                    return Ok(Self {
                        slot: NERVES_KEY,
                        public_key: key.into(),
                        chain: vec![found.device, found.signer],
                    });
                }
            }
            CertificatePair::Auxiliary => {
                let parts = device.run(ReadIdentity::new())?;
                if let Ok(identity) = parts.identity() {
                    return Self::read_auxiliary(device, &identity);
                }
            }
        }
        // A trust part, or something is wrong, which the whole of it tells.
        let snapshot = device.run(ReadSnapshot::new())?;
        let public_key = snapshot.public_key;
        let public_key = public_key.ok_or(IdentityError::Hidden("public key"))?;
        match pair {
            CertificatePair::Primary => {
                let certificates = snapshot.certificates()?;
                Ok(Self {
                    slot: snapshot.key_slot(),
                    public_key: public_key.into(),
                    chain: vec![certificates.device, certificates.signer],
                })
            }
            CertificatePair::Auxiliary => Self::read_auxiliary(device, &snapshot.identity()?),
        }
    }

    fn read_auxiliary<I2C, D, W>(
        device: &mut Device<I2C, D, W>,
        identity: &Identity,
    ) -> Result<Self, ReadError>
    where
        I2C: I2c,
        I2C::Error: std::error::Error + Send + Sync + 'static,
        D: DelayNs,
        W: WakePulse<I2C, D>,
    {
        let slots = device.run(ReadAuxiliary::new())?;
        let auxiliary = identity.auxiliary(&slots)?;
        let auxiliary = auxiliary.ok_or(ReadError::NoAuxiliary)?;
        Ok(Self {
            slot: NERVES_KEY,
            public_key: identity.public_key,
            chain: vec![auxiliary.device_certificate, auxiliary.signer_certificate],
        })
    }
}
