//! What is asked of a provisioning, checked before any chip is opened.

use std::ffi::OsStr;
use std::path::Path;

use atecc_x509::DateTime;
use data_encoding::HEXLOWER_PERMISSIVE;
use nerves_key::{Snapshot, Stage};
use nerves_key_provision::{Plan, Refusal, Request, SigningAnswer};
use nerves_key_schema::{BoardName, ManufacturerSerial, Otp, OtpError};

use super::gate;
use crate::cli::provision::Provision;
use crate::error::CliError;
use crate::report::ReportFile;
use crate::signing::AnySigner;
use crate::used_serials::UsedSerials;
use crate::{files, hex, signing, system};

/// The arguments, understood.
pub(super) struct Inputs {
    pub(super) request: Request,
    /// None when the certificate is only to be asked for.
    pub(super) signer: Option<AnySigner>,
    pub(super) plan_digest: Option<[u8; 32]>,
    pub(super) report: ReportFile,
    used: Option<UsedSerials>,
}

impl Inputs {
    /// # Errors
    /// Exit code 5.
    pub(super) fn new(arguments: &Provision) -> Result<Self, CliError> {
        let serial = serial(arguments)?;
        let board = arguments.board.as_deref().map(OsStr::as_encoded_bytes);
        let board = board.map(BoardName::from_bytes).transpose();
        let board = board.map_err(CliError::refused)?;
        let user = arguments.otp_user.as_deref().map(user_area).transpose()?;
        if let (Some(serial), Some(user)) = (&serial, &user) {
            let any_board = BoardName::new("B").map_err(CliError::refused)?;
            Otp::new(&any_board, serial, user).map_err(CliError::refused)?;
        }
        let plan_digest = arguments
            .plan_digest
            .as_deref()
            .map(|text| hex::array("--plan-digest", text))
            .transpose()?;
        if let Some(path) = &arguments.request {
            files::check_absent(path)?;
        }
        let report = ReportFile::new(arguments.report.as_deref())?;
        let list = arguments.used_serials.as_deref();
        let list = list.map(UsedSerials::read).transpose()?;
        if let Some(list) = list.as_ref().filter(|_| !arguments.dry_run) {
            list.check_writable()?;
        }
        let now = system::now()?;
        let certificate = files::signer(&arguments.signer_cert)?;
        signing::check_validity(&certificate, now)?;
        let mut signer = signer(arguments)?;
        if let Some(signer) = &mut signer {
            signer.check(&certificate.signer.public_key)?;
        }
        let now = issue_time(signer.as_ref(), now)?;
        let signer_key = signer.as_ref().map(|_| certificate.signer.public_key);
        let mut request = Request::new(certificate, now, system::release_day()?);
        request.format = arguments.format.format();
        request.serial = serial;
        request.board = board;
        request.user = user;
        request.layout = arguments.layout.into();
        request.volatile_keys = arguments.keys.read()?;
        request.signer_key = signer_key;
        request.accepted_signer = arguments.signer.accepted_signer();
        request.certificate_slots = arguments.slots.certificate_slots();
        Ok(Self {
            request,
            signer,
            plan_digest,
            report,
            used: list,
        })
    }

    /// What the files that were given say of the chip of `snapshot`: which
    /// serials it cannot have, and which key it keeps.
    ///
    /// # Errors
    /// Exit code 4 or 5 when they are another chip's.
    pub(super) fn consider(&mut self, snapshot: &Snapshot) -> Result<(), CliError> {
        if let Some(used) = &self.used {
            self.request.used_serials = used.taken_from(snapshot.config.serial_number());
        }
        let recorded = self.report.key(snapshot)?;
        self.request.device_key = match self.answer() {
            Some(answer) => {
                gate::check_chip(answer, snapshot)?;
                answer.device_key()
            }
            None => recorded,
        };
        Ok(())
    }

    /// Claim the serial of `plan` for its chip, right before the chip is
    /// changed.
    ///
    /// # Errors
    /// Exit code 5 when another process was first.
    pub(super) fn claim(&self, plan: &Plan) -> Result<(), CliError> {
        match &self.used {
            // What is locked already is the chip's own.
            Some(used) if !is_data_locked(plan.stage()) => {
                used.claim(plan.serial(), plan.config().serial_number())
            }
            _ => Ok(()),
        }
    }

    /// A serial in the list is some chip's, as the list says.
    pub(super) fn explain_refusal(&self, refusal: Refusal, snapshot: &Snapshot) -> CliError {
        let chip = snapshot.config.serial_number();
        match (&refusal, &self.used) {
            (Refusal::SerialUsed(serial), Some(used)) => used
                .check(serial, chip)
                .err()
                .unwrap_or_else(|| refusal.into()),
            _ => refusal.into(),
        }
    }

    /// Another chip that has the serial which this one has for good.
    pub(super) fn twin(&self, plan: &Plan) -> Option<String> {
        let used = self.used.as_ref()?;
        if !is_data_locked(plan.stage()) {
            return None;
        }
        used.holder(plan.serial(), plan.config().serial_number())
    }

    /// The answer to go on with, if it is one.
    pub(super) fn answer(&self) -> Option<&SigningAnswer> {
        match &self.signer {
            Some(AnySigner::Answer(answer)) => Some(answer),
            _ => None,
        }
    }
}

/// What such a chip holds, it holds for good.
const fn is_data_locked(stage: Stage) -> bool {
    matches!(
        stage,
        Stage::KeySlotOpen(_) | Stage::Finished(_) | Stage::TrustPart
    )
}

fn serial(arguments: &Provision) -> Result<Option<ManufacturerSerial>, CliError> {
    let Some(serial) = &arguments.serial else {
        return Ok(None);
    };
    let serial = serial.as_encoded_bytes();
    let serial = if arguments.incompatible_serial {
        ManufacturerSerial::incompatible_from_bytes(serial)
    } else {
        ManufacturerSerial::from_bytes(serial)
    };
    serial.map(Some).map_err(|error| match error {
        OtpError::Slash { .. } => CliError::refused(error).with_advice(
            "--incompatible-serial takes it, for devices that the library never reads.",
        ),
        error => CliError::refused(error),
    })
}

fn signer(arguments: &Provision) -> Result<Option<AnySigner>, CliError> {
    if let Some(name) = &arguments.signer_key {
        return AnySigner::open(name, &arguments.options).map(Some);
    }
    let Some(path) = &arguments.answer else {
        return Ok(None);
    };
    let answer = SigningAnswer::from_json(&files::read_text(path)?)
        .map_err(|error| CliError::input(path, error))?;
    Ok(Some(AnySigner::Answer(Box::new(answer))))
}

/// The time that the certificate is valid from: now, or when it was asked for.
fn issue_time(signer: Option<&AnySigner>, now: DateTime) -> Result<DateTime, CliError> {
    let Some(AnySigner::Answer(answer)) = signer else {
        return Ok(now);
    };
    let asked = answer.request().not_before;
    if asked > now {
        return Err(CliError::refused(format!(
            "the clock says {now}, but the certificate was asked for at {asked}: set it first"
        )));
    }
    Ok(asked)
}

fn user_area(text: &str) -> Result<Vec<u8>, CliError> {
    match text.strip_prefix('@') {
        Some(path) => files::read(Path::new(path)),
        None => HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .map_err(|error| CliError::refused(error).about(format!("--otp-user {text:?}"))),
    }
}
