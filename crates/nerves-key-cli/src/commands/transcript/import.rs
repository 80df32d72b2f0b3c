//! `nerves-key transcript import`.

use std::path::Path;

use atecc::word_address::COMMAND;
use atecc_transcript::import::{self, Format, ImportError, Unrecognized};
use atecc_transcript::{Action, Header, Line, Provenance, Redaction, Start, Transcript};
use serde_json::json;

use super::load::LIMIT;
use crate::chip::transcript_id;
use crate::cli::transcript::{CapturedBy, Import};
use crate::error::CliError;
use crate::files::{self, Readers};
use crate::output::{Output, escape_path};

pub(super) fn run(arguments: &Import, output: Output) -> Result<(), CliError> {
    let path = &arguments.file;
    let bytes = files::read_at_most(path, LIMIT)?;
    let text = std::str::from_utf8(&bytes).map_err(|error| CliError::input(path, error))?;
    let mut transcript =
        read(text, arguments)?.map_err(|error| describe_error(text, arguments, error))?;
    if !arguments.secrets {
        transcript.redact(Redaction::secrets());
    }
    let rendered = transcript.render();
    // What is written can be read again, whatever was given.
    Transcript::parse(&rendered).map_err(CliError::refused)?;
    let (actions, hidden) = count(&transcript.lines);
    let document = json!({
        "id": transcript.header.id,
        "address": transcript.header.address,
        "actions": actions,
        "redacted": hidden,
        "file": arguments.out.as_ref().map(|path| path.display().to_string()),
        "transcript": arguments.out.is_none().then_some(&rendered),
    });
    let Some(out) = &arguments.out else {
        return output.result(&rendered, &document);
    };
    files::create(out, rendered.as_bytes(), Readers::Owner)?;
    let text = format!(
        "{}: {actions} actions with the chip at 0x{:02X}, {hidden} of them with bytes left out",
        escape_path(out),
        transcript.header.address
    );
    output.result(&text, &document)
}

/// What is wrong with the capture; where `--from` says another form than the one
/// that it has lines of, that first.
fn describe_error(text: &str, arguments: &Import, error: ImportError) -> CliError {
    let path = &arguments.file;
    let said = arguments.from.map(CapturedBy::format);
    match (said, Format::detect(text)) {
        (Some(said), Ok(found)) if said != found => CliError::input(
            path,
            format!("--from says {said}, but these are lines of {found}: leave it out"),
        ),
        (Some(said), Err(Unrecognized::Unknown)) => {
            CliError::input(path, format!("no line of {said}, as --from says: {error}"))
        }
        _ => CliError::input(path, error),
    }
}

fn count(lines: &[Line]) -> (usize, usize) {
    let hidden = lines.iter().filter(|line| !line.redacted.is_empty());
    (lines.len(), hidden.count())
}

fn read(text: &str, arguments: &Import) -> Result<Result<Transcript, ImportError>, CliError> {
    let format = format(text, arguments)?;
    let lines = match format {
        Format::Recording => {
            return Ok(import::recording(text).map(|mut transcript| {
                fill_header(&mut transcript.header, arguments);
                transcript
            }));
        }
        Format::Saleae => import::saleae::lines(text),
        Format::Sigrok => import::sigrok::lines(text, arguments.sample_rate),
        Format::PulseView => import::pulseview::lines(text, arguments.sample_rate),
        Format::DsView => import::dsview::lines(text),
        Format::Ftrace => import::ftrace::lines(text, arguments.adapter),
        Format::BusPirate => import::bus_pirate::lines(text),
        Format::EspIdf => {
            let address = arguments.address.ok_or_else(|| {
                let reason = "the log does not tell which chip it is: say it by --address";
                CliError::input(&arguments.file, reason)
            })?;
            import::esp_idf::lines(text, address)
        }
        Format::Transcript => {
            return Err(CliError::input(&arguments.file, "a transcript already"));
        }
    };
    let lines = match lines {
        Ok(lines) => lines,
        Err(error) => return Ok(Err(error)),
    };
    let address = match arguments.address {
        Some(address) => address,
        None => address_of(&lines).ok_or_else(|| {
            CliError::input(
                &arguments.file,
                "no chip is sent a command: say which one by --address",
            )
        })?,
    };
    let mut header = header(&arguments.file, address);
    if format == Format::EspIdf {
        header.provenance = Provenance::HardwareLog;
    }
    fill_header(&mut header, arguments);
    Ok(Ok(Transcript { header, lines }))
}

fn format(text: &str, arguments: &Import) -> Result<Format, CliError> {
    match arguments.from {
        Some(program) => Ok(program.format()),
        None => Format::detect(text).map_err(|error| {
            let remedy = match error {
                Unrecognized::Several(_) => "keep one of them, or say by --from which one it is",
                Unrecognized::Unknown => {
                    "say by --from which one it is; bytes alone, without direction and address, \
                     are no capture: transcript decode --hex explains one frame"
                }
            };
            CliError::input(&arguments.file, error).with_remark(format!("; {remedy}"))
        }),
    }
}

/// The first that is sent a command group.
fn address_of(lines: &[Line]) -> Option<u8> {
    lines.iter().find_map(|line| match &line.action {
        Action::Write { address, bytes, .. } if bytes.first() == Some(&COMMAND) => Some(*address),
        _ => None,
    })
}

fn header(path: &Path, address: u8) -> Header {
    let stem = path.file_stem().unwrap_or_default().to_string_lossy();
    Header {
        id: transcript_id(&stem),
        chip: "unknown".to_owned(),
        revision: None,
        address,
        scl_hz: None,
        provenance: Provenance::HardwareCapture,
        host: None,
        story: None,
        start: Start::Unknown,
        origin: "not stated".to_owned(),
        licence: "not stated".to_owned(),
        date: None,
        notes: Vec::new(),
    }
}

/// What the command line says comes first.
fn fill_header(header: &mut Header, arguments: &Import) {
    let texts = [
        (&mut header.id, &arguments.id),
        (&mut header.chip, &arguments.chip),
        (&mut header.origin, &arguments.origin),
        (&mut header.licence, &arguments.licence),
    ];
    for (field, value) in texts {
        if let Some(value) = value {
            field.clone_from(value);
        }
    }
    for (field, value) in [
        (&mut header.host, &arguments.host),
        (&mut header.date, &arguments.date),
    ] {
        if value.is_some() {
            field.clone_from(value);
        }
    }
    header.address = arguments.address.unwrap_or(header.address);
    header.provenance = arguments.provenance.unwrap_or(header.provenance);
    header.scl_hz = arguments.scl_hz.map_or(header.scl_hz, |hz| Some(hz.get()));
}
