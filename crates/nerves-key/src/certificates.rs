//! The certificates and nothing else, for whoever knows what the chip is.
//!
//! A [`Snapshot`] says what a chip is first: a third of its commands are for that.

use atecc::commands::{GenKey, GenKeyMode, ReadBlock};
use atecc::procedure::{Answer, Next, Once};
use atecc::procedures::ReadRegion;
use atecc::{BlockAddress, ConfigZone, Failure, Procedure, PublicKey, Region, Slot};
use atecc_x509::Certificate;
use nerves_key_schema::{Otp, OtpFlags, slot};

use crate::snapshot::shown;
use crate::{Certificates, Identity, IdentityError, Snapshot};

/// Read what both certificates of a NervesKey are rebuilt from, in one awake
/// session: the serial numbers, the public key, slots 10 to 12.
///
/// Of another chip no more is read than tells that it is none.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::{IdentityError, ReadCertificates};
///
/// // Its OTP zone was never written.
/// let parts = device.run(ReadCertificates::new())?;
/// assert!(matches!(parts.certificates(), Err(IdentityError::Otp(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReadCertificates {
    phase: Phase,
    /// Of the configuration zone the first block or what was known, of the OTP zone what
    /// the serial number takes, and `unread`.
    read: Snapshot,
    /// What is not read of the second block of OTP and of the end of slot 11.
    unread: ([u8; 32], [u8; 8]),
    which: Which,
}

#[derive(Clone, Copy, Debug)]
enum Which {
    Device,
    Both,
    /// Both, and all of the OTP zone.
    Identity,
}

/// What [`ReadCertificates`] has read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct CertificateParts(Snapshot);

#[derive(Clone, Debug)]
enum Phase {
    Chip(ReadRegion<32>),
    Otp(ReadRegion<32>),
    EndOfOtp(Once<ReadBlock>),
    PublicKey(Once<GenKey>),
    Device(ReadRegion<72>),
    /// Eight zeros follow.
    SignerKey(ReadRegion<64>),
    Signer(ReadRegion<72>),
    Done,
}

impl CertificateParts {
    /// The public half of the key in slot 0, where the chip shows it.
    #[must_use]
    pub const fn public_key(&self) -> Option<PublicKey> {
        self.0.public_key
    }

    /// The device certificate, rebuilt and verified.
    ///
    /// # Errors
    /// As [`Snapshot::identity`]; what was not read counts as hidden.
    pub fn device(&self) -> Result<Certificate, IdentityError> {
        self.0.device_certificate_alone()
    }

    /// Both certificates, rebuilt and verified. The eight bytes behind the signer's key,
    /// which are in neither, are not read.
    ///
    /// # Errors
    /// As [`Snapshot::identity`]; what was not read counts as hidden.
    pub fn certificates(&self) -> Result<Certificates, IdentityError> {
        let identity = self.0.identity()?;
        Ok(Certificates {
            device: identity.device_certificate,
            signer: identity.signer_certificate,
            root: None,
        })
    }
}

impl ReadCertificates {
    /// Nothing is read before the procedure runs.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            phase: Phase::Chip(ReadRegion::new(Region::Config)),
            read: Snapshot::of_config(ConfigZone([0; 128])),
            unread: ([0; 32], [0; 8]),
            which: Which::Both,
        }
    }

    /// What the device certificate takes, where the other side has the signer's.
    #[must_use]
    pub const fn device_only() -> Self {
        Self {
            which: Which::Device,
            ..Self::new()
        }
    }

    /// Give `answer` to the phase under way; at its end keep the result and say
    /// which phase is next.
    fn phase(&mut self, answer: Answer<'_>) -> Next<Phase, Failure> {
        let found = &mut self.read;
        match &mut self.phase {
            Phase::Chip(read) => read.resume(answer).map(|block| {
                found.config = found.config.with(0, &block);
                Phase::Otp(ReadRegion::new(Region::Otp))
            }),
            Phase::Otp(read) => shown(read.resume(answer)).map(|half| {
                found.otp = half.map(|half| joined(half, self.unread.0));
                match found.otp.map(Otp::from_bytes) {
                    Some(Ok(otp)) => match (self.which, otp.flags()) {
                        (Which::Identity, _) | (_, OtpFlags::LongSerial) => {
                            BlockAddress::new(Region::Otp, 1).map_or(Phase::Done, |address| {
                                Phase::EndOfOtp(Once(ReadBlock { address }))
                            })
                        }
                        _ => asking(found.public_key),
                    },
                    None | Some(Err(_)) => Phase::Done,
                }
            }),
            Phase::EndOfOtp(read) => shown(read.resume(answer)).map(|half| {
                let otp = found
                    .otp
                    .and_then(|otp| Some((*otp.first_chunk::<32>()?, half?)));
                found.otp = otp.map(|(first, second)| joined(first, second));
                asking(found.public_key)
            }),
            Phase::PublicKey(ask) => shown(ask.resume(answer)).map(|key| {
                found.public_key = key;
                Phase::Device(of_slot(slot::DEVICE_CERTIFICATE))
            }),
            Phase::Device(read) => shown(read.resume(answer)).map(|bytes| {
                found.device_certificate = bytes;
                Phase::SignerKey(of_slot(slot::SIGNER_PUBLIC_KEY))
            }),
            Phase::SignerKey(read) => shown(read.resume(answer)).map(|bytes| {
                found.signer_public_key = bytes.map(|key| joined(key, self.unread.1));
                match self.which {
                    Which::Device => Phase::Done,
                    Which::Both | Which::Identity => {
                        Phase::Signer(of_slot(slot::SIGNER_CERTIFICATE))
                    }
                }
            }),
            Phase::Signer(read) => shown(read.resume(answer)).map(|bytes| {
                found.signer_certificate = bytes;
                Phase::Done
            }),
            Phase::Done => Next::Done(Ok(Phase::Done)),
        }
    }
}

impl Default for ReadCertificates {
    fn default() -> Self {
        Self::new()
    }
}

impl Procedure for ReadCertificates {
    type Output = CertificateParts;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<CertificateParts, Failure> {
        let mut answer = answer;
        loop {
            match self.phase(answer) {
                Next::Send(request) => return Next::Send(request),
                Next::Done(Err(failure)) => return Next::failed(failure),
                Next::Done(Ok(Phase::Done)) => {
                    return Next::Done(Ok(CertificateParts(self.read)));
                }
                Next::Done(Ok(phase)) => self.phase = phase,
            }
            answer = Answer::Start;
        }
    }
}

/// Read what an [`Identity`] is made from, in one awake session: what
/// [`ReadCertificates`] reads, and all of the OTP zone.
///
/// Of another chip no more is read than tells that it is none.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::{IdentityError, ReadIdentity};
///
/// // Its OTP zone was never written.
/// let parts = device.run(ReadIdentity::new())?;
/// assert!(matches!(parts.identity(), Err(IdentityError::Otp(_))));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct ReadIdentity(ReadCertificates);

/// What [`ReadIdentity`] has read.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub struct IdentityParts(Snapshot);

impl IdentityParts {
    /// Both certificates rebuilt and verified. The eight bytes behind the signer's key,
    /// which are in neither, are not read.
    ///
    /// # Errors
    /// As [`Snapshot::identity`]; what was not read counts as hidden.
    pub fn identity(&self) -> Result<Identity, IdentityError> {
        self.0.identity()
    }
}

impl ReadIdentity {
    /// Nothing is read before the procedure runs.
    #[must_use]
    pub const fn new() -> Self {
        Self(ReadCertificates {
            which: Which::Identity,
            ..ReadCertificates::new()
        })
    }
}

impl Default for ReadIdentity {
    fn default() -> Self {
        Self::new()
    }
}

impl Procedure for ReadIdentity {
    type Output = IdentityParts;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<IdentityParts, Failure> {
        self.0.resume(answer).map(|parts| IdentityParts(parts.0))
    }
}

/// Bring a snapshot up to date in what both certificates are rebuilt from: the serial
/// numbers in OTP, the signatures, dates and the signer's key in slots 10 to 12.
///
/// The rest stays as it is known: the configuration zone, the public key where there is
/// one, the bytes of OTP behind the serial number and the eight behind the signer's key;
/// zeros where they are not known. Of a chip whose OTP zone is no NervesKey's no more is
/// read, and it shows no certificates then.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// use nerves_key::{ReadSnapshot, RefreshCertificates};
///
/// let known = device.run(ReadSnapshot::new())?;
/// let again = device.run(RefreshCertificates::new(&known))?;
/// assert_eq!(again.otp, known.otp);
/// assert_eq!(again.device_certificate, None);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct RefreshCertificates(ReadCertificates);

impl RefreshCertificates {
    /// Of the chip of which `known` was read or is what was written.
    #[must_use]
    pub fn new(known: &Snapshot) -> Self {
        let end_of_otp = known.otp.as_ref().and_then(|otp| otp.last_chunk());
        let end_of_key = known.signer_public_key.as_ref();
        let end_of_key = end_of_key.and_then(|slot| slot.last_chunk());
        Self(ReadCertificates {
            phase: Phase::Otp(ReadRegion::new(Region::Otp)),
            read: Snapshot {
                public_key: known.public_key,
                eui: known.eui,
                ..Snapshot::of_config(known.config)
            },
            unread: (
                end_of_otp.copied().unwrap_or([0; 32]),
                end_of_key.copied().unwrap_or([0; 8]),
            ),
            which: Which::Both,
        })
    }
}

impl Procedure for RefreshCertificates {
    type Output = Snapshot;
    type Error = Failure;

    fn resume(&mut self, answer: Answer<'_>) -> Next<Snapshot, Failure> {
        self.0.resume(answer).map(|parts| parts.0)
    }
}

/// The public key is next, where it is not known.
fn asking(known: Option<PublicKey>) -> Phase {
    match known {
        Some(_) => Phase::Device(of_slot(slot::DEVICE_CERTIFICATE)),
        None => Phase::PublicKey(Once(GenKey {
            mode: GenKeyMode::Public,
            slot: slot::DEVICE_KEY,
        })),
    }
}

const fn of_slot<const N: usize>(slot: Slot) -> ReadRegion<N> {
    ReadRegion::new(Region::Slot(slot))
}

/// `N` is the sum of both lengths.
fn joined<const N: usize>(
    first: impl IntoIterator<Item = u8>,
    second: impl IntoIterator<Item = u8>,
) -> [u8; N] {
    let mut bytes = [0; N];
    for (to, from) in bytes.iter_mut().zip(first.into_iter().chain(second)) {
        *to = from;
    }
    bytes
}
