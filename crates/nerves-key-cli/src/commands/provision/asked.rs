//! What is asked of a provisioning, checked before any chip is opened.

use std::path::Path;

use atecc_x509::DateTime;
use data_encoding::HEXLOWER_PERMISSIVE;
use nerves_key_provision::{Request, SigningAnswer};
use nerves_key_schema::{BoardName, Layout, ManufacturerSerial, Otp};

use crate::cli::Provision;
use crate::error::CliError;
use crate::signing::AnySigner;
use crate::used::UsedSerials;
use crate::{files, signing, system};

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
        for text in arguments.serial.iter().chain(&arguments.board) {
            printable(text)?;
        }
        let serial = arguments.serial.as_deref().map(ManufacturerSerial::new);
        let serial = serial.transpose().map_err(CliError::refused)?;
        let board = arguments.board.as_deref().map(BoardName::new);
        let board = board.transpose().map_err(CliError::refused)?;
        let user = arguments.otp_user.as_deref().map(user_area).transpose()?;
        if let (Some(serial), Some(user)) = (&serial, &user) {
            let any_board = BoardName::new("B").map_err(CliError::refused)?;
            Otp::new(&any_board, serial, user).map_err(CliError::refused)?;
        }
        let plan_digest = arguments.plan_digest.as_deref().map(digest).transpose()?;
        for path in arguments.request.iter().chain(&arguments.report) {
            files::check_absent(path)?;
        }
        let used = arguments.used_serials.as_deref();
        let used = used.map(UsedSerials::read).transpose()?;
        let now = system::now()?;
        let certificate = files::signer(&arguments.signer_cert)?;
        signing::check_validity(&certificate, now)?;
        let signer = signer(arguments)?;
        if let Some(signer) = &signer {
            signer.check(&certificate.signer.public_key)?;
        }
        let request = Request {
            serial,
            board,
            user,
            layout: Layout::Standard,
            volatile_keys: None,
            used_serials: used.map(UsedSerials::into_serials).unwrap_or_default(),
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

fn user_area(text: &str) -> Result<Vec<u8>, CliError> {
    match text.strip_prefix('@') {
        Some(path) => files::read(Path::new(path)),
        None => HEXLOWER_PERMISSIVE
            .decode(text.as_bytes())
            .map_err(|error| CliError::refused(format_args!("--otp-user {text:?}: {error}"))),
    }
}

fn digest(text: &str) -> Result<[u8; 32], CliError> {
    let bytes = HEXLOWER_PERMISSIVE
        .decode(text.as_bytes())
        .map_err(|error| CliError::refused(format_args!("--plan-digest {text:?}: {error}")))?;
    bytes.try_into().map_err(|bytes: Vec<u8>| {
        CliError::refused(format_args!(
            "--plan-digest has {} bytes instead of 32",
            bytes.len()
        ))
    })
}
