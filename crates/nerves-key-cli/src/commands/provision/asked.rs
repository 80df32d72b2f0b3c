//! What is asked of a provisioning, checked before any chip is opened.

use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use atecc_x509::DateTime;
use data_encoding::HEXLOWER_PERMISSIVE;
use nerves_key_provision::{Request, SigningAnswer};
use nerves_key_schema::{BoardName, ManufacturerSerial, Otp, VolatileKeys};

use crate::cli::Provision;
use crate::error::CliError;
use crate::signing::AnySigner;
use crate::used::UsedSerials;
use crate::{files, hex, signing, system};

/// The arguments, understood.
pub(super) struct Asked {
    pub(super) request: Request,
    /// None when the certificate is only to be asked for.
    pub(super) signer: Option<AnySigner>,
    pub(super) plan_digest: Option<[u8; 32]>,
}

impl Asked {
    /// # Errors
    /// Exit code 5.
    pub(super) fn new(arguments: &Provision) -> Result<Self, CliError> {
        let serial = arguments.serial.as_deref().map(OsStrExt::as_bytes);
        let serial = serial.map(ManufacturerSerial::from_bytes).transpose();
        let serial = serial.map_err(CliError::refused)?;
        let board = arguments.board.as_deref().map(OsStrExt::as_bytes);
        let board = board.map(BoardName::from_bytes).transpose();
        let board = board.map_err(CliError::refused)?;
        let serial_text = serial.as_ref().map(ManufacturerSerial::as_str);
        let board_text = board.as_ref().map(BoardName::as_str);
        for text in serial_text.iter().chain(&board_text) {
            printable(text)?;
        }
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
        for path in arguments.request.iter().chain(&arguments.report) {
            files::check_absent(path)?;
        }
        let taken = arguments.used_serials.as_deref();
        let taken = taken.map(UsedSerials::read).transpose()?;
        let now = system::now()?;
        let certificate = files::signer(&arguments.signer_cert)?;
        signing::check_validity(&certificate, now)?;
        let signer = signer(arguments)?;
        if let Some(signer) = &signer {
            signer.check(&certificate.signer.public_key)?;
        }
        let request = Request {
            format: arguments.format.format(),
            serial,
            board,
            user,
            layout: arguments.layout.into(),
            volatile_keys: volatile_keys(arguments)?,
            used_serials: taken.map(UsedSerials::into_serials).unwrap_or_default(),
            signer_key: signer.as_ref().map(|_| certificate.signer.public_key),
            signer: certificate,
            now: issued(signer.as_ref(), now)?,
            past: system::release_day()?,
        };
        Ok(Self {
            request,
            signer,
            plan_digest,
        })
    }

    /// The answer to go on with, if it is one.
    pub(super) fn answer(&self) -> Option<&SigningAnswer> {
        match &self.signer {
            Some(AnySigner::Answer(answer)) => Some(answer),
            _ => None,
        }
    }
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
fn issued(signer: Option<&AnySigner>, now: DateTime) -> Result<DateTime, CliError> {
    let Some(AnySigner::Answer(answer)) = signer else {
        return Ok(now);
    };
    let asked = answer.request().not_before;
    if asked > now {
        return Err(CliError::refused(format_args!(
            "the clock says {now}, but the certificate was asked for at {asked}: set it first"
        )));
    }
    Ok(asked)
}

/// What is burned for good and shown at terminals has no control characters.
pub(in crate::commands) fn printable(text: &str) -> Result<(), CliError> {
    match text.chars().find(|character| character.is_control()) {
        Some(character) => Err(CliError::refused(format_args!(
            "{text:?} holds the control character {character:?}"
        ))),
        None => Ok(()),
    }
}

/// Both or none, as the arguments have it.
fn volatile_keys(arguments: &Provision) -> Result<Option<VolatileKeys>, CliError> {
    match (&arguments.activation_key, &arguments.encryption_key) {
        (Some(activation), Some(encryption)) => Ok(Some(VolatileKeys::new(
            &*files::symmetric_key(activation)?,
            &*files::symmetric_key(encryption)?,
        ))),
        _ => Ok(None),
    }
}

fn user_area(text: &str) -> Result<Vec<u8>, CliError> {
    match text.strip_prefix('@') {
        Some(path) => files::read(Path::new(path)),
        None => HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .map_err(|error| CliError::refused(format_args!("--otp-user {text:?}: {error}"))),
    }
}
