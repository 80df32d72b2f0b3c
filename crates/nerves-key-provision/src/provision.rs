//! A plan on a blocking device, from its first step to its last.

use core::convert::Infallible;

use atecc::device::WakePulse;
use atecc::{Device, Error};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;

use crate::clean_stack::with_clean_stack;
use crate::{CertificateSigner, Event, Plan, Report, RunError, RunOutcome, Runner, SigningRequest};

/// Random values that the chip signs to prove that it holds its key. Fresh for
/// each run.
#[derive(Clone, Copy, Debug)]
pub struct Challenges {
    /// Before the certificate is issued.
    pub before_certificate: [u8; 32],
    /// Right before the data zone is locked.
    pub before_lock: [u8; 32],
    /// Once it is.
    pub after_lock: [u8; 32],
}

/// What can end a provisioning. [`RunError::is_resumable`] says whether doing
/// the same again continues it.
#[derive(Debug, thiserror::Error)]
pub enum ProvisionError<B, S> {
    /// The bus.
    #[error("I2C transfer failed: {0:?}")]
    Bus(B),
    /// The chip, or what it shows.
    #[error(transparent)]
    Run(RunError),
    /// The signer.
    #[error("the signer failed: {0}")]
    Signer(S),
}

impl<B, S> From<Error<B, RunError>> for ProvisionError<B, S> {
    fn from(error: Error<B, RunError>) -> Self {
        match error {
            Error::Bus { error, .. } => Self::Bus(error),
            Error::Failed(error) => Self::Run(error),
        }
    }
}

impl<B, S> From<RunError> for ProvisionError<B, S> {
    fn from(error: RunError) -> Self {
        Self::Run(error)
    }
}

/// Execute `plan`: two awake sessions, with the signature in between. `None`
/// when the plan has no steps: of a finished chip of the volatile layout the
/// activation key is tried, where the request has one.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/request.rs"));
/// use nerves_key::{ReadSnapshot, Stage};
/// use nerves_key_provision::{Challenges, KeySigner, Plan, provision};
/// use nerves_key_schema::Layout;
///
/// let plan = Plan::new(&device.run(ReadSnapshot::new())?, &request)?;
/// let challenges = Challenges { // Random.
///     before_certificate: [0xCE; 32],
///     before_lock: [0xB0; 32],
///     after_lock: [0xAF; 32],
/// };
/// let mut signer = KeySigner::from_bytes(&[0x42; 32])?;
/// let report = provision(&mut device, &plan, &mut signer, challenges, |event| {
///     println!("{event:?}");
/// })?;
/// assert!(report.is_some());
/// let snapshot = device.run(ReadSnapshot::new())?;
/// assert_eq!(snapshot.stage(), Stage::Finished(Layout::Standard));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ProvisionError`]; what is done is kept, and a new plan continues there.
pub fn provision<I2C, D, W, S>(
    device: &mut Device<I2C, D, W>,
    plan: &Plan,
    signer: &mut S,
    challenges: Challenges,
    on_event: impl FnMut(Event<'_>),
) -> Result<Option<Report>, ProvisionError<I2C::Error, S::Error>>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
    S: CertificateSigner,
{
    Runner::new(plan, challenges, on_event).provision(device, signer)
}

impl<F: FnMut(Event<'_>)> Runner<'_, F> {
    /// Run all of it on a blocking device, as [`provision`] does.
    ///
    /// # Errors
    /// [`ProvisionError`]; what is done is kept, and a new plan continues there.
    pub fn provision<I2C, D, W, S>(
        mut self,
        device: &mut Device<I2C, D, W>,
        signer: &mut S,
    ) -> Result<Option<Report>, ProvisionError<I2C::Error, S::Error>>
    where
        I2C: I2c,
        D: DelayNs,
        W: WakePulse<I2C, D>,
        S: CertificateSigner,
    {
        with_clean_stack(|| {
            if self.is_empty() {
                return Ok(None);
            }
            while let RunOutcome::NeedsSignature(request) = device.run(&mut self)? {
                let signature = signer.sign(&request).map_err(ProvisionError::Signer)?;
                self.signed(signature)?;
            }
            Ok(self.into_report())
        })
    }
}

/// The first half of [`provision`], for a signer that is elsewhere: up to the
/// request for the device certificate. The configuration is locked then and the
/// key is there; data and OTP are open. A new plan, whose request has
/// [`crate::DeviceKey::Answered`], and a [`CertificateSigner`] with the answer go
/// on.
///
/// `None`, and nothing is done, when the plan needs no signature.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/request.rs"));
/// use nerves_key::ReadSnapshot;
/// use nerves_key_provision::{Challenges, Plan, prepare};
///
/// let plan = Plan::new(&device.run(ReadSnapshot::new())?, &request)?;
/// let challenges = Challenges { // Random.
///     before_certificate: [0xCE; 32],
///     before_lock: [0xB0; 32],
///     after_lock: [0xAF; 32],
/// };
/// // The key is made; what is to be signed can go elsewhere now.
/// let asked = prepare(&mut device, &plan, challenges, |_| {})?;
/// println!("{:02X?}", asked.map(|request| request.digest));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`ProvisionError`]; what is done is kept, and a new plan continues there.
pub fn prepare<I2C, D, W>(
    device: &mut Device<I2C, D, W>,
    plan: &Plan,
    challenges: Challenges,
    on_event: impl FnMut(Event<'_>),
) -> Result<Option<SigningRequest>, ProvisionError<I2C::Error, Infallible>>
where
    I2C: I2c,
    D: DelayNs,
    W: WakePulse<I2C, D>,
{
    if !plan.needs_signature() {
        return Ok(None);
    }
    match device.run(&mut Runner::new(plan, challenges, on_event))? {
        RunOutcome::NeedsSignature(request) => Ok(Some(*request)),
        RunOutcome::Finished => Ok(None),
    }
}
