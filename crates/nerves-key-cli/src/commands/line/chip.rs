//! One chip of a batch: from what it is to a verified unit.

use std::convert::Infallible;
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

use atecc::procedures::ReadConfig;
use atecc::{SerialNumber, Timing};
use atecc_x509::{Certificate, CheckedSigner, Format, SignatureBytes};
use data_encoding::HEXUPPER;
use nerves_key::{Activate, Activation, Identity, ReadSnapshot, Snapshot, Stage};
use nerves_key_device::DeviceUri;
use nerves_key_device::EmulatedUri;
use nerves_key_line::{
    Batch, Facts, IssuedCertificate, Ledger, LedgerError, SerialScheme, State, Unit,
};
use nerves_key_provision::{
    AcceptedSigner, CertificateSigner, CertificateSlots, DeviceKey, Event, Plan, ProvisionError,
    Request, RunError, SigningRequest, SigningRequestError, VolatileSecrets, default_serial,
    provision,
};
use nerves_key_schema::{BoardName, Layout, ManufacturerSerial};
use serde_json::json;

use super::ledger::cli_error;
use crate::causes;
use crate::chip::RecordedDevice;
use crate::cli::chip::Chip;
use crate::error::{CliError, Exit};
use crate::report::document::{self, Start};
use crate::report::{self, ReportFile};
use crate::signing::{AnySigner, SignerError};
use crate::system;

/// What all chips of a run have in common, checked once.
pub(super) struct Recipe {
    pub(super) batch: Batch,
    pub(super) signer: CheckedSigner,
    pub(super) board: BoardName,
    pub(super) slots: CertificateSlots,
    /// Of the volatile layout.
    pub(super) keys: Option<VolatileSecrets>,
}

/// How a chip ended.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) enum UnitOutcome {
    /// It was provisioned, or its run was ended.
    Made,
    /// It was verified before, and is as the ledger says.
    MadeBefore,
    /// It was finished already, and the ledger did not know it.
    Recorded,
}

/// A chip that is connected.
pub(super) struct Connected {
    device: RecordedDevice,
    snapshot: Snapshot,
}

impl Connected {
    /// Read what is there; none where it is `known`, of which only the
    /// configuration is read.
    ///
    /// # Errors
    /// Exit code 3 where no chip answers.
    pub(super) fn read(
        uri: &DeviceUri,
        known: Option<SerialNumber>,
    ) -> Result<Option<Self>, CliError> {
        if let DeviceUri::Emulated(EmulatedUri::Image { path, .. }) = uri {
            check_image(path)?;
        }
        let chip = Chip {
            device: uri.clone(),
            record: None,
            verbose: false,
        };
        let mut device = chip.open()?;
        if known.is_some() {
            let config = causes::run(&mut device, ReadConfig::new())?;
            if known == Some(config.serial_number()) {
                return Ok(None);
            }
        }
        let snapshot = causes::run(&mut device, ReadSnapshot::new())?;
        Ok(Some(Self { device, snapshot }))
    }

    pub(super) fn serial_number(&self) -> SerialNumber {
        self.snapshot.config.serial_number()
    }

    /// Whether it would be changed.
    pub(super) fn is_unfinished(&self) -> bool {
        matches!(
            self.snapshot.stage(),
            Stage::Blank | Stage::Configured(_) | Stage::Keyed(_) | Stage::KeySlotOpen(_)
        )
    }

    /// That a finished chip of the volatile layout has the activation key of the
    /// recipe: another one makes it another product.
    ///
    /// # Errors
    /// Exit code 4.
    pub(super) fn activated(mut self, recipe: &Recipe) -> Result<Self, CliError> {
        let Some(keys) = &recipe.keys else {
            return Ok(self);
        };
        if self.snapshot.stage() != Stage::Finished(Layout::Volatile) {
            return Ok(self);
        }
        let chip = self.serial_number();
        let activate = Activate::new(keys, chip, system::random()?);
        match causes::run(&mut self.device, activate)? {
            Activation::Active => {
                self.snapshot = causes::run(&mut self.device, ReadSnapshot::new())?;
                Ok(self)
            }
            Activation::WrongKey => Err(CliError::new(
                Exit::Stage,
                format!("the chip {chip} has another activation key than the one that was given"),
            )
            .with_advice("Give --activation-key the chip's own key.")),
        }
    }

    /// Whether nothing of it is locked.
    pub(super) fn is_blank(&self) -> bool {
        matches!(self.snapshot.stage(), Stage::Blank)
    }

    /// What the ledger can hold against it, before anything is changed.
    pub(super) fn unit<E: From<CliError>>(
        &self,
        ledger: &mut Ledger,
        recipe: &Recipe,
        scan: impl FnOnce() -> Result<ManufacturerSerial, E>,
    ) -> Result<(Unit, UnitOutcome), E> {
        let chip = self.serial_number();
        let stage = self.snapshot.stage();
        let known = ledger.unit(chip).map_err(cli_error)?;
        match (stage, known) {
            (Stage::Foreign(_), _) => Err(CliError::new(
                Exit::Stage,
                format!("the chip {chip} is locked as something else than a NervesKey"),
            )
            .into()),
            (Stage::Finished(_) | Stage::TrustPart, None) => {
                let unit = self.record(ledger, recipe)?;
                Ok((unit, UnitOutcome::Recorded))
            }
            (Stage::Keyed(_) | Stage::KeySlotOpen(_), None) => Err(CliError::new(
                Exit::Stage,
                format!(
                    "the chip {chip} has a key already, and the ledger does not know it: end it \
                     where it was begun, or with nerves-key provision"
                ),
            )
            .into()),
            (_, Some(unit)) if unit.batch != recipe.batch.name => {
                let batch = unit.batch;
                Err(cli_error(LedgerError::ElsewhereMade { chip, batch }).into())
            }
            (_, Some(unit)) if unit.state == State::Verified => {
                let identity = self.snapshot.identity().map_err(CliError::from)?;
                check_identity(&identity, &unit)?;
                Ok((unit, UnitOutcome::MadeBefore))
            }
            (_, Some(_)) => {
                let unit = ledger.reserve(chip, &recipe.batch.name, None);
                Ok((unit.map_err(cli_error)?, UnitOutcome::Made))
            }
            (_, None) => {
                let serial = match recipe.batch.serials {
                    SerialScheme::Scanned => Some(scan()?),
                    SerialScheme::Chip => Some(default_serial(&chip).map_err(CliError::refused)?),
                    _ => None,
                };
                let unit = ledger.reserve(chip, &recipe.batch.name, serial.as_ref());
                Ok((unit.map_err(cli_error)?, UnitOutcome::Made))
            }
        }
    }

    /// Write down a chip that is finished, which the ledger did not know.
    fn record(&self, ledger: &mut Ledger, recipe: &Recipe) -> Result<Unit, CliError> {
        let identity = self.snapshot.identity()?;
        let chip = identity.serial_number;
        if identity.signer_public_key.as_bytes() != recipe.signer.signer.public_key.as_bytes() {
            return Err(CliError::new(
                Exit::Stage,
                format!("the chip {chip} is finished under another signer than the batch's"),
            ));
        }
        let otherwise = [
            (
                "board",
                identity.otp.board_name() == recipe.board.as_str().as_bytes(),
            ),
            (
                "layout",
                matches!(self.snapshot.stage(), Stage::Finished(layout)
                    if layout == recipe.batch.layout.into()),
            ),
        ];
        if let Some((what, _)) = otherwise.iter().find(|(_, is_same)| !is_same) {
            return Err(CliError::new(
                Exit::Stage,
                format!("the chip {chip} is finished with another {what} than the batch's"),
            ));
        }
        let serial = identity.otp.manufacturer_serial();
        let serial = ManufacturerSerial::from_bytes(serial).map_err(CliError::refused)?;
        let facts = facts_of(&identity);
        let unit = ledger.record_finished(chip, &recipe.batch.name, &serial, &facts);
        unit.map_err(cli_error)
    }

    /// Make it the unit. `on_step` is told of each step: its number, how many
    /// there are, and what it does.
    pub(super) fn make(
        mut self,
        ledger: &mut Ledger,
        recipe: &Recipe,
        signer: &Mutex<AnySigner>,
        unit: Unit,
        report: &mut ReportFile,
        mut on_step: impl FnMut(usize, usize, String),
    ) -> Result<Unit, CliError> {
        let planned = self.serial_number();
        let request = request(recipe, &unit, &self.snapshot)?;
        let plan = Plan::new(&self.snapshot, &request)?;
        // Which key is kept the ledger says; the file is to be this chip's.
        report.key(&self.snapshot)?;
        report.reserve(&plan)?;
        let (start, mut step, mut times) = (Start::now()?, Instant::now(), Vec::new());
        let mut notes = serde_json::Map::new();
        notes.insert("plan-digest".into(), json!(HEXUPPER.encode(&plan.digest())));
        notes.insert("version".into(), json!(env!("CARGO_PKG_VERSION")));
        let mut signer = RecordingSigner {
            ledger,
            signer,
            unit,
            notes,
        };
        let device = &mut self.device;
        device.set_timing(Timing::new(plan.config().revision().family()));
        let mut reported = report::Recorded {
            signer: &mut signer,
            file: report,
            plan: &plan,
            start: &start,
        };
        let challenges = system::challenges()?;
        let provisioned = provision(
            device,
            &plan,
            &mut reported,
            challenges,
            |event| match event {
                Event::Started {
                    index,
                    total,
                    step: name,
                } => {
                    step = Instant::now();
                    on_step(index, total, name.to_string());
                }
                Event::Done { .. } => times.push(step.elapsed()),
                _ => {}
            },
        );
        let provisioned = provisioned.map_err(CliError::from)?;
        // What the runner read back is read once more: the ledger says what is
        // on the chip.
        let snapshot = causes::run(&mut self.device, ReadSnapshot::new())?;
        let found = snapshot.config.serial_number();
        if found != planned {
            let other = RunError::OtherChip { planned, found };
            return Err(ProvisionError::<_, Infallible>::Run(other).into());
        }
        let identity = snapshot.identity()?;
        let RecordingSigner {
            ledger,
            unit,
            notes,
            ..
        } = signer;
        let mut unit = unit;
        let mut facts = facts_of(&identity);
        facts.notes = notes;
        check_identity(&identity, &unit)?;
        for state in [State::Locked, State::Verified] {
            if unit.state < state {
                unit = ledger.advance(&unit, state, &facts).map_err(cli_error)?;
            }
        }
        let mut document = match &provisioned {
            Some(provisioned) => document::of_run(&plan, provisioned, &start, &times)?,
            None => document::of_finished(&plan, &identity)?,
        };
        document["replaced_keys"] = report.replaced_keys(&plan, &identity.public_key);
        report.write(&mut document)?;
        Ok(unit)
    }

    /// Write the report of a chip that was finished before.
    pub(super) fn report(
        &self,
        recipe: &Recipe,
        unit: &Unit,
        report: &mut ReportFile,
    ) -> Result<(), CliError> {
        let mut request = request(recipe, unit, &self.snapshot)?;
        // Its signer's certificate may be an earlier one, of the same key.
        request.accepted_signer = AcceptedSigner::Any;
        let plan = Plan::new(&self.snapshot, &request)?;
        report.key(&self.snapshot)?;
        let identity = self.snapshot.identity()?;
        let mut document = document::of_finished(&plan, &identity)?;
        document["replaced_keys"] = report.replaced_keys(&plan, &identity.public_key);
        report.write(&mut document)
    }
}

/// An image that is not there is no chip: a typing error must not make one.
fn check_image(path: &Path) -> Result<(), CliError> {
    if path.exists() {
        return Ok(());
    }
    let cause = "there is no chip in it: nerves-key emulator create makes one";
    Err(CliError::new(Exit::NoChip, cause).about(crate::output::escape_path(path)))
}

fn request(recipe: &Recipe, unit: &Unit, snapshot: &Snapshot) -> Result<Request, CliError> {
    let signer_key = recipe.signer.signer.public_key;
    let mut request = Request::new(
        recipe.signer.clone(),
        system::now()?,
        system::release_day()?,
    );
    request.serial = Some(ManufacturerSerial::new(&unit.serial).map_err(CliError::refused)?);
    request.board = Some(recipe.board);
    request.layout = recipe.batch.layout.into();
    request.format = if recipe.batch.format == 1 {
        Format::V1
    } else {
        Format::V0
    };
    request.signer_key = Some(signer_key);
    request.certificate_slots = recipe.slots;
    request.volatile_keys.clone_from(&recipe.keys);
    // A key whose birth is on record is kept.
    if let (Some(recorded), Some(held)) = (unit.public_key, snapshot.public_key)
        && *held.as_bytes() == recorded
    {
        request.device_key = DeviceKey::Recorded(atecc_x509::PublicKey::from_bytes(recorded));
    }
    Ok(request)
}

/// That the chip is what the ledger says.
pub(super) fn check_identity(identity: &Identity, unit: &Unit) -> Result<(), CliError> {
    let differs = |what: &str, chip: &str, ledger: &str| {
        Err(CliError::failed(format!(
            "the {what} of the chip {} is {chip}, and the ledger says {ledger}",
            unit.chip
        )))
    };
    let serial = identity.otp.manufacturer_serial();
    if serial != unit.serial.as_bytes() {
        let serial = String::from_utf8_lossy(serial);
        return differs(
            "serial",
            &format!("{serial:?}"),
            &format!("{:?}", unit.serial),
        );
    }
    let key = identity.public_key.as_bytes();
    if unit.public_key.as_ref() != Some(key) {
        let recorded = unit.public_key.map(|key| HEXUPPER.encode(&key));
        return differs(
            "public key",
            &HEXUPPER.encode(key),
            recorded.as_deref().unwrap_or("nothing"),
        );
    }
    if unit.certificate.as_deref() != Some(identity.device_certificate.as_der()) {
        return differs("certificate", "another one", "the one that was issued last");
    }
    Ok(())
}

fn facts_of(identity: &Identity) -> Facts {
    let mut facts = Facts::default();
    facts.public_key = Some(*identity.public_key.as_bytes());
    facts.certificate = Some(issued(
        identity.signer_public_key.as_bytes(),
        &identity.device_certificate,
    ));
    facts
}

fn issued(signer: &[u8; 64], certificate: &Certificate) -> IssuedCertificate {
    IssuedCertificate {
        signer: *signer,
        serial: certificate.serial_number().to_vec(),
        der: certificate.as_der().to_vec(),
    }
}

/// A signer that is asked when the ledger has the key, and whose certificate is
/// in the ledger before the chip gets it.
struct RecordingSigner<'a> {
    ledger: &'a mut Ledger,
    signer: &'a Mutex<AnySigner>,
    unit: Unit,
    notes: serde_json::Map<String, serde_json::Value>,
}

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
enum RecordingSignerError {
    #[error("it was not asked, since the ledger could not be told of the key: {0}")]
    Key(#[source] LedgerError),
    #[error(
        "the certificate was issued, but the chip does not get it, since the ledger could not be \
         told: {0}"
    )]
    Certificate(#[source] LedgerError),
    #[error(transparent)]
    Signer(#[from] SignerError),
    #[error("what is on record is no certificate: {0}")]
    Recorded(#[from] atecc_x509::Error),
    #[error(transparent)]
    Request(#[from] SigningRequestError),
    #[error("it was given up by another device's worker")]
    GivenUp,
}

impl RecordingSigner<'_> {
    /// Record the key, have the certificate signed by `ask`, and record it:
    /// there is no other way to the signer.
    fn issue(
        &mut self,
        request: &SigningRequest,
        ask: impl FnOnce(&mut AnySigner) -> Result<SignatureBytes, SignerError>,
    ) -> Result<SignatureBytes, RecordingSignerError> {
        let mut facts = Facts::default();
        facts.public_key = Some(*request.public_key.as_bytes());
        facts.notes.clone_from(&self.notes);
        let unit = self.ledger.advance(&self.unit, State::Keyed, &facts);
        self.unit = unit.map_err(RecordingSignerError::Key)?;
        // The one that was issued for just this before is as good, and no
        // second one has to be accounted for.
        let before = self.unit.certificate.clone().map(Certificate::from_der);
        let before = before.and_then(Result::ok);
        let before = before.filter(|it| it.tbs_der() == request.to_be_signed);
        let signature = if let Some(certificate) = &before {
            certificate.signature()?
        } else {
            let signer = self.signer.lock();
            let mut signer = signer.map_err(|_poisoned| RecordingSignerError::GivenUp)?;
            ask(&mut signer)?
        };
        let certificate = request.tbs()?.assemble(&signature);
        let mut facts = Facts::default();
        facts.certificate = Some(issued(request.signer_public_key.as_bytes(), &certificate));
        let issued = self.ledger.advance(&self.unit, State::Issued, &facts);
        self.unit = issued.map_err(RecordingSignerError::Certificate)?;
        Ok(signature)
    }
}

impl CertificateSigner for RecordingSigner<'_> {
    type Error = RecordingSignerError;

    fn sign_once(
        &mut self,
        request: &SigningRequest,
    ) -> Result<SignatureBytes, RecordingSignerError> {
        self.issue(request, |signer| signer.sign_once(request))
    }

    fn sign(&mut self, request: &SigningRequest) -> Result<SignatureBytes, RecordingSignerError> {
        self.issue(request, |signer| signer.sign(request))
    }
}
