//! A provisioning station on an emulated bus, for tests.
#![forbid(unsafe_code)]

pub mod wire;

use atecc::{Device, Error};
use atecc_emulator::{Bus, BusError, Delay, I2cHandle};
use atecc_x509::{
    Certificate, CheckedSigner, DateTime, NervesKeySigner, PublicKey, SignatureBytes,
};
use nerves_key::{AuxiliarySlots, Identity, ReadSnapshot, Snapshot};
use nerves_key_provision::{
    CertificateSigner, Challenges, DeviceKey, KeySigner, Plan, ProvisionError, Refusal, Report,
    Request, SigningRequest, create_auxiliary, create_signer, provision,
};
use nerves_key_schema::ManufacturerSerial;

/// A signer, a clock and what every device of a batch has in common.
#[derive(Debug)]
pub struct Station {
    /// The signer's key.
    pub key: KeySigner,
    /// The signer certificate.
    pub certificate: Certificate,
    /// What is asked for.
    pub request: Request,
    /// Whether it knows which keys it has had certified.
    pub records: Records,
    /// The keys that certificates were issued for.
    pub issued: Vec<PublicKey>,
}

/// What a station remembers from one command to the next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Records {
    /// Nothing.
    None,
    /// The keys that it has had certified, written down before the signer is
    /// asked.
    Kept,
}

/// The station's signer, who notes whom it certifies.
struct Counted<'a> {
    key: &'a mut KeySigner,
    issued: &'a mut Vec<PublicKey>,
}

impl CertificateSigner for Counted<'_> {
    type Error = <KeySigner as CertificateSigner>::Error;

    fn sign_once(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error> {
        self.key.sign_once(request)
    }

    fn sign(&mut self, request: &SigningRequest) -> Result<SignatureBytes, Self::Error> {
        self.issued.push(request.public_key);
        self.key.sign(request)
    }
}

/// Why a provisioning by a [`Station`] ended.
#[derive(Debug, thiserror::Error)]
pub enum StationError {
    /// The chip could not be read.
    #[error(transparent)]
    Read(#[from] Error<BusError>),
    /// Nothing was done.
    #[error(transparent)]
    Refused(#[from] Box<Refusal>),
    /// Something was.
    #[error(transparent)]
    Stopped(#[from] ProvisionError<BusError, p256::ecdsa::Error>),
}

/// Of every run here. Different ones, so that their use shows.
pub const CHALLENGES: Challenges = Challenges {
    before_certificate: [0xCE; 32],
    before_lock: [0xB0; 32],
    after_lock: [0xAF; 32],
};

impl Station {
    /// A station whose clock says `now`, with a signer of that hour that is
    /// valid for ten years. `key` is its private scalar.
    ///
    /// # Panics
    /// When `key` is no scalar or `now` is outside the format's years.
    #[must_use]
    pub fn new(key: [u8; 32], now: DateTime, serial: Option<&str>) -> Self {
        let key = KeySigner::from_bytes(&key).expect("a scalar");
        let certificate =
            create_signer(&key, now, 10, atecc_x509::Format::V0).expect("a date of the format");
        Self::with_signer(key, certificate, now, serial)
    }

    /// A station with this signer.
    ///
    /// # Panics
    /// When `certificate` is no signer's or `serial` does not fit.
    #[must_use]
    pub fn with_signer(
        key: KeySigner,
        certificate: Certificate,
        now: DateTime,
        serial: Option<&str>,
    ) -> Self {
        let signer: CheckedSigner = NervesKeySigner::check(&certificate).expect("a signer");
        let mut request = Request::new(signer, now, now);
        request.serial = serial.map(|serial| ManufacturerSerial::new(serial).expect("it fits"));
        request.signer_key = Some(key.public_key());
        Self {
            key,
            certificate,
            request,
            records: Records::None,
            issued: Vec::new(),
        }
    }

    /// A driver for the chip at 0x60 of `bus`.
    #[must_use]
    pub fn device(bus: &Bus) -> Device<I2cHandle, Delay> {
        Device::new(bus.i2c(), bus.delay())
    }

    /// Read the chip.
    ///
    /// # Errors
    /// The bus's or the chip's.
    pub fn snapshot(bus: &Bus) -> Result<Snapshot, Error<BusError>> {
        Self::device(bus).run(ReadSnapshot::new())
    }

    /// Read, plan and execute, as one process would: `None` when there was
    /// nothing to do.
    ///
    /// # Errors
    /// [`StationError`].
    pub fn provision(&mut self, bus: &Bus) -> Result<Option<Report>, StationError> {
        let snapshot = Self::snapshot(bus)?;
        if self.records == Records::Kept {
            let held = snapshot.public_key;
            let held = held.map(PublicKey::from);
            self.request.device_key = match held {
                Some(key) if self.issued.contains(&key) => DeviceKey::Recorded(key),
                _ => DeviceKey::New,
            };
        }
        let plan = Plan::new(&snapshot, &self.request).map_err(Box::new)?;
        let report = provision(
            &mut Self::device(bus),
            &plan,
            &mut Counted {
                key: &mut self.key,
                issued: &mut self.issued,
            },
            CHALLENGES,
            |_| {},
        )?;
        Ok(report)
    }
}

/// Auxiliary certificates for a chip by the signer with this private scalar.
///
/// # Errors
/// When it is no scalar or the chip's serial does not fit.
pub fn issue_auxiliary(
    identity: &Identity,
    key: [u8; 32],
) -> Result<AuxiliarySlots, Box<dyn std::error::Error>> {
    let now = DateTime::new(2026, 12, 6, 10, 20, 30)?;
    let mut station = Station::new(key, now, None);
    let signer = station.request.signer.clone();
    Ok(create_auxiliary(
        identity,
        &signer,
        &mut station.key,
        now,
        atecc_x509::Format::V0,
    )?)
}
