//! `--record FILE`: what a command does on the bus, written down line by line.
//!
//! The file is the owner's alone and never replaces another. Each line goes to
//! the system as soon as it is complete, so that a crash costs the last one at
//! most. Secrets are left out whatever the chip: a recording is made to be
//! given away.

use std::fs::File;
use std::io::{ErrorKind, Write};
use std::path::{Path, PathBuf};
use std::time::Instant;

use atecc_transcript::{
    Clock, Header, Line, Lost, Provenance, Record, Redaction, Sink, Start, Time,
};
use nerves_key_device::{DEFAULT_CHIP, DeviceUri, EmulatedUri};
use nerves_key_schema::slot;

use crate::error::CliError;
use crate::files;
use crate::output::{escape_path, message};
use crate::system;

/// Certificates and public keys are no secrets; all other slots may be.
pub(super) fn redaction() -> Redaction {
    let public = [
        slot::AUX_DEVICE_CERTIFICATE,
        slot::DEVICE_CERTIFICATE,
        slot::SIGNER_PUBLIC_KEY,
        slot::SIGNER_CERTIFICATE,
        slot::SIGNER_SERIAL_NUMBER,
        slot::AUX_SIGNER_PUBLIC_KEY,
        slot::AUX_SIGNER_CERTIFICATE,
    ];
    let mask = public
        .iter()
        .fold(0, |mask, slot| mask | 1_u16 << slot.index());
    Redaction::secrets().public_slots(mask)
}

/// Time since the recording began, where it passes.
#[derive(Clone, Copy, Debug)]
pub(super) enum Watch {
    Since(Instant),
    Stopped,
}

impl Clock for Watch {
    fn now(&mut self) -> Option<Time> {
        match self {
            Self::Since(start) => {
                let ns = u64::try_from(start.elapsed().as_nanos());
                Some(Time(ns.unwrap_or(u64::MAX)))
            }
            Self::Stopped => None,
        }
    }
}

/// Where the lines go.
#[derive(Debug)]
pub(super) enum Recording {
    Nowhere,
    File {
        path: PathBuf,
        file: File,
    },
    /// Nothing more is written after a failure: a recording with a gap in the
    /// middle would look whole.
    Broken,
}

impl Recording {
    /// # Errors
    /// Exit code 5: no chip has been touched yet.
    pub(super) fn create(path: &Path) -> Result<Self, CliError> {
        let file = files::create_private(path).map_err(|error| match error.kind() {
            ErrorKind::AlreadyExists => files::in_the_way(path),
            _ => CliError::input(path, error),
        })?;
        let path = path.to_owned();
        Ok(Self::File { path, file })
    }

    /// The bus could not be opened: an empty file would only be in the way.
    pub(super) fn discard(self) {
        if let Self::File { path, .. } = self {
            let _ = std::fs::remove_file(path);
        }
    }

    /// The head of it. Without room for that there is no file, which would be in the
    /// way of the same command later.
    pub(super) fn begin(mut self, device: &DeviceUri, address: u8) -> Result<Self, CliError> {
        let Self::File { path, file } = &mut self else {
            return Ok(self);
        };
        let stem = path.file_stem().unwrap_or_default().to_string_lossy();
        let text = header(&stem, device, address).to_string();
        match file.write_all(text.as_bytes()) {
            Ok(()) => Ok(self),
            Err(error) => {
                let error = CliError::input(path, error);
                self.discard();
                Err(error)
            }
        }
    }
}

impl Sink for Recording {
    fn record(&mut self, record: &Record<'_>) -> Result<(), Lost> {
        let (path, written) = match self {
            Self::Nowhere => return Ok(()),
            Self::Broken => return Err(Lost),
            Self::File { path, file } => {
                let line = Line::from(record).to_string();
                (path, file.write_all(line.as_bytes()))
            }
        };
        let Err(error) = written else {
            return Ok(());
        };
        let text = format!(
            "{}: {error}: the recording is not complete",
            escape_path(path)
        );
        // The command goes on: its work matters more than its record.
        message(&format!("warning: {text}"));
        *self = Self::Broken;
        Err(Lost)
    }
}

/// Of a recording of this name.
pub(super) fn header(name: &str, device: &DeviceUri, address: u8) -> Header {
    let (chip, provenance) = match device {
        DeviceUri::Emulated(uri) => {
            let chip = match uri {
                EmulatedUri::Served { .. } => None,
                EmulatedUri::Image { chip, .. } => *chip,
                EmulatedUri::ThrowAway { chip } => Some(chip.unwrap_or(DEFAULT_CHIP)),
            };
            (chip.map(|chip| chip.to_string()), Provenance::Emulator)
        }
        _ => (None, Provenance::HardwareLog),
    };
    Header {
        id: transcript_id(name),
        chip: chip.unwrap_or_else(|| "unknown".to_owned()),
        revision: None,
        address,
        scl_hz: None,
        provenance,
        host: Some(concat!("atecc ", env!("CARGO_PKG_VERSION")).to_owned()),
        story: None,
        start: Start::Unknown,
        origin: "recorded by nerves-key --record".to_owned(),
        licence: "not stated".to_owned(),
        date: system::now().ok().map(|now| date(&now.to_string())),
        notes: Vec::new(),
    }
}

/// The day of a point in time that is written in full.
fn date(time: &str) -> String {
    time.chars().take("YYYY-MM-DD".len()).collect()
}

/// Lower-case letters, digits and `-` of a file name.
pub(crate) fn transcript_id(name: &str) -> String {
    let id: String = name
        .chars()
        .map(|character| match character.to_ascii_lowercase() {
            character @ ('a'..='z' | '0'..='9') => character,
            _ => '-',
        })
        .collect();
    let id = id.trim_matches('-');
    if id.is_empty() { "recording" } else { id }.to_owned()
}

#[cfg(test)]
mod tests {
    use super::transcript_id;

    #[test]
    fn names_become_ids() {
        assert_eq!(transcript_id("My Chip_1"), "my-chip-1");
        assert_eq!(transcript_id("---"), "recording");
    }
}
