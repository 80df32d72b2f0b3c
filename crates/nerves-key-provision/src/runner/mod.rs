//! The interpreter of a plan's steps, sans-IO.
//!
//! It is a [`Procedure`], but one that stops half-way: the device certificate
//! is issued away from the chip. Run it until it stops with
//! [`RunOutcome::NeedsSignature`], give it the signature, run it again.

mod checks;
mod read_slots;
mod task;

use alloc::boxed::Box;

use atecc::commands::{GenKey, GenKeyMode, LockTarget, WriteBlock, WriteWord};
use atecc::procedures::{CreateKey, ReadConfig};
use atecc::{Answer, ConfigZone, Failure, Next, Once, Place, Procedure, PublicKey, Status};
use atecc_x509::{Name, NervesKeyDevice, SignatureBytes, Tbs, round_trip};
use nerves_key::{Activate, Identity, ReadSnapshot};
use nerves_key_schema::{ConfigWrite, DataImage, slot};

use read_slots::ReadSlots;
use task::{Output, Task};

use crate::{Challenges, Plan, Possession, Report, RunError, SigningRequest, Step};

/// Where a run stands.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum Event<'a> {
    /// A step begins.
    Started {
        /// From 0.
        index: usize,
        /// How many the plan has.
        total: usize,
        /// Which.
        step: &'a Step,
    },
    /// It is done.
    Done {
        /// From 0.
        index: usize,
        /// Which.
        step: &'a Step,
    },
    /// The chip refused to sign before the data lock; it is asked again after.
    PossessionUnproved,
    /// The chip refused to activate its key before the data lock; it is asked
    /// again after.
    ActivationUnproved,
}

/// What a run of the [`Runner`] came to.
#[derive(Debug)]
pub enum RunOutcome {
    /// The device certificate is to be signed: [`Runner::signed`] goes on.
    NeedsSignature(Box<SigningRequest>),
    /// All steps are done.
    Finished,
}

/// The interpreter. See the module's documentation.
///
/// ```
/// # let mut device = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/chip.rs"));
/// # let request = include!(concat!(env!("CARGO_MANIFEST_DIR"), "/doc/request.rs"));
/// use nerves_key::ReadSnapshot;
/// use nerves_key_provision::{Challenges, Plan, Runner, RunOutcome};
///
/// let plan = Plan::new(&device.run(ReadSnapshot::new())?, &request)?;
/// let challenges = Challenges {
///     before_certificate: [0xCE; 32],
///     before_lock: [0xB0; 32],
///     after_lock: [0xAF; 32],
/// };
/// let mut runner = Runner::new(&plan, challenges, |_| {});
/// // It stops for the signer, and the chip sleeps meanwhile.
/// let RunOutcome::NeedsSignature(request) = device.run(&mut runner)? else {
///     unreachable!("a blank chip has no certificate");
/// };
/// request.check()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Runner<'p, F> {
    plan: &'p Plan,
    challenges: Challenges,
    on_event: F,
    at: usize,
    task: Option<Task>,
    public_key: Option<PublicKey>,
    tbs: Option<Tbs>,
    image: Option<DataImage<'p>>,
    identity: Option<Identity>,
    possession: Option<Possession>,
    config: Option<ConfigZone>,
}

impl<'p, F: FnMut(Event<'_>)> Runner<'p, F> {
    /// Begin `plan`. `on_event` is told of each step.
    pub const fn new(plan: &'p Plan, challenges: Challenges, on_event: F) -> Self {
        Self {
            plan,
            challenges,
            on_event,
            at: 0,
            task: None,
            public_key: None,
            tbs: None,
            image: None,
            identity: None,
            possession: None,
            config: None,
        }
    }

    /// Take the signer's signature over the device certificate.
    ///
    /// # Errors
    /// [`RunError`] when it does not verify, or the certificate would not come
    /// back byte for byte. The chip is then as it was.
    pub fn signed(&mut self, signature: SignatureBytes) -> Result<(), RunError> {
        let out_of_order = || RunError::OutOfOrder(Step::IssueCertificate);
        let tbs = self.tbs.take().ok_or_else(out_of_order)?;
        let device = self.device()?;
        let certificate = tbs.assemble(&signature)?;
        certificate
            .verify(&device.signer_public_key)
            .map_err(RunError::Signer)?;
        let certificate = round_trip(&certificate, &device)?.to_bytes();
        self.image = Some(self.plan.image(certificate));
        Ok(())
    }

    /// What was done, once the runner has stopped with [`RunOutcome::Finished`].
    #[must_use]
    pub fn into_report(self) -> Option<Report> {
        let identity = self.identity?;
        let replaced = self.plan.replaced_key();
        Some(Report {
            config: self.config?,
            otp: identity.otp,
            public_key: self.public_key?,
            device_certificate: identity.device_certificate,
            signer_certificate: identity.signer_certificate,
            key_origin: self.plan.key_origin(&identity.public_key),
            replaced_key: replaced.map(|key| PublicKey(*key.as_bytes())),
            possession_before_lock: self.possession,
        })
    }

    fn x509_key(&self) -> Option<atecc_x509::PublicKey> {
        self.public_key.as_ref().map(x509)
    }

    /// Whether the data lock lies behind the present step.
    fn data_locked(&self) -> bool {
        let mut before = self.plan.steps.iter().take(self.at);
        self.plan.found.data_lock().is_locked() || before.any(|step| *step == Step::LockData)
    }

    /// The configuration zone as it has to be at the present step.
    fn expected(&self) -> ConfigZone {
        let mut before = self.plan.steps.iter().take(self.at);
        if before.any(|step| matches!(step, Step::LockConfig { .. })) {
            self.plan.config.with_config_locked()
        } else {
            self.plan.found
        }
    }

    /// The chip's part of `step`.
    fn begin(&self, step: &Step) -> Result<Task, RunError> {
        let nothing_there = || RunError::OutOfOrder(step.clone());
        Ok(match step {
            Step::CheckChip | Step::CheckConfig | Step::CheckLocks => {
                Task::ReadConfig(ReadConfig::new())
            }
            Step::WriteConfig(ConfigWrite::Word(address, data)) => {
                Task::WriteWord(Once(WriteWord {
                    address: *address,
                    data: *data,
                }))
            }
            Step::WriteConfig(ConfigWrite::Block(address, data)) => {
                Task::WriteBlock(Once(WriteBlock {
                    address: *address,
                    data: *data,
                }))
            }
            Step::LockConfig { crc } => Task::lock(LockTarget::Config { crc: *crc }),
            Step::CreateKey => Task::CreateKey(CreateKey::new(slot::DEVICE_KEY)),
            Step::ReadPublicKey | Step::CheckKey => Task::ReadPublicKey(Once(GenKey {
                mode: GenKeyMode::Public,
                slot: slot::DEVICE_KEY,
            })),
            Step::ProveKey => Task::Sign(nerves_key::sign(self.challenge())),
            Step::IssueCertificate => Task::None,
            Step::VerifyChain => {
                let _: &DataImage<'_> = self.image.as_ref().ok_or_else(nothing_there)?;
                Task::None
            }
            Step::WriteOtp => Task::write(Place::Otp, self.plan.otp.bytes(), step)?,
            Step::WriteSlot(slot) | Step::WriteSecret(slot) => {
                let image = self.image.as_ref().ok_or_else(nothing_there)?;
                let bytes = image.slot(*slot).ok_or_else(nothing_there)?;
                Task::write(Place::Slot(*slot), bytes, step)?
            }
            Step::LockData => {
                let image = self.image.as_ref().ok_or_else(nothing_there)?;
                let crc = image.lock_crc(self.plan.otp.bytes());
                Task::lock(LockTarget::Data { crc })
            }
            Step::Activate => {
                let keys = self.plan.volatile_keys.as_ref().ok_or_else(nothing_there)?;
                let serial = self.plan.config.serial_number();
                let [input @ .., _, _, _, _, _, _, _, _, _, _, _, _] = self.challenge();
                Task::Activate(Box::new(Activate::new(keys, serial, input)))
            }
            Step::ReadSlots => {
                let image = self.image.as_ref().ok_or_else(nothing_there)?;
                Task::ReadSlots(Box::new(ReadSlots::new(image)))
            }
            Step::ReadBack => Task::ReadBack(Box::new(ReadSnapshot::new())),
            Step::LockSlot(slot) => Task::lock(LockTarget::Slot(*slot)),
        })
    }

    fn challenge(&self) -> [u8; 32] {
        if self.data_locked() {
            self.challenges.after_lock
        } else if self.image.is_some() {
            self.challenges.before_lock
        } else {
            self.challenges.before_certificate
        }
    }

    /// What the chip will hold of its certificate beside the 72 bytes.
    fn device(&self) -> Result<NervesKeyDevice, RunError> {
        Ok(NervesKeyDevice {
            subject: Name::from_stored_serial(self.plan.otp.manufacturer_serial())?,
            device_sn: *self.plan.config.serial_number().bytes(),
            public_key: self
                .x509_key()
                .ok_or(RunError::OutOfOrder(Step::IssueCertificate))?,
            signer_public_key: self.plan.signer.signer.public_key,
        })
    }

    fn signing_request(&mut self) -> Result<SigningRequest, RunError> {
        let device = self.device()?;
        let tbs = device.issue(self.plan.validity, self.plan.format)?;
        let request = SigningRequest {
            to_be_signed: tbs.as_der().to_vec(),
            digest: tbs.digest(),
            public_key: device.public_key,
            chip: self.plan.config.serial_number(),
            serial: self.plan.serial.clone(),
            otp: self.plan.otp,
            signer_public_key: device.signer_public_key,
            not_before: self.plan.validity.not_before(),
        };
        self.tbs = Some(tbs);
        Ok(request)
    }

    /// What follows from a task that the chip did not carry out.
    fn failed(&mut self, step: &Step, failure: Failure) -> Result<(), RunError> {
        let refused = failure.refusal() == Some(Status::Execution);
        match step {
            Step::ProveKey if refused && !self.data_locked() => {
                self.possession = Some(Possession::Refused);
                (self.on_event)(Event::PossessionUnproved);
                return Ok(());
            }
            Step::Activate if refused && !self.data_locked() => {
                (self.on_event)(Event::ActivationUnproved);
                return Ok(());
            }
            _ => {}
        }
        Err(RunError::Step {
            step: step.clone(),
            failure,
        })
    }
}

/// The same 64 bytes.
const fn x509(key: &PublicKey) -> atecc_x509::PublicKey {
    atecc_x509::PublicKey::from_bytes(*key.bytes())
}

impl<F: FnMut(Event<'_>)> Procedure for &mut Runner<'_, F> {
    type Output = RunOutcome;
    type Error = RunError;

    fn resume(&mut self, answer: Answer<'_>) -> Next<RunOutcome, RunError> {
        let mut answer = answer;
        let (plan, total) = (self.plan, self.plan.steps.len());
        while let Some(step) = plan.steps.get(self.at) {
            let index = self.at;
            if self.task.is_none() {
                if *step == Step::IssueCertificate && self.image.is_none() {
                    (self.on_event)(Event::Started { index, total, step });
                    let request = self.signing_request().map(Box::new);
                    return Next::Done(request.map(RunOutcome::NeedsSignature));
                }
                if *step != Step::IssueCertificate {
                    (self.on_event)(Event::Started { index, total, step });
                }
                match self.begin(step) {
                    Ok(task) => self.task = Some(task),
                    Err(error) => return Next::Done(Err(error)),
                }
                answer = Answer::Start;
            }
            let next = match &mut self.task {
                Some(task) => task.resume(answer),
                None => Next::Done(Ok(Output::Nothing)),
            };
            let judged = match next {
                Next::Send(request) => return Next::Send(request),
                Next::Done(Ok(output)) => self.complete(step, &output),
                Next::Done(Err(failure)) => self.failed(step, failure),
            };
            self.task = None;
            if let Err(error) = judged {
                return Next::Done(Err(error));
            }
            (self.on_event)(Event::Done { index, step });
            self.at += 1;
        }
        Next::Done(Ok(RunOutcome::Finished))
    }
}
