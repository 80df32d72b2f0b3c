//! Where a configuration zone comes from.

use std::path::Path;

use atecc::procedures::{Confirmed, ReadConfig};
use atecc::{ConfigZone, Revision};
use nerves_key_schema::{Layout, configure};

use super::dump::{self, DumpError};
use crate::causes;
use crate::cli::config::{ChipName, Zone};
use crate::error::CliError;
use crate::files;
use crate::output::escape;

/// Of the dump that is given, else of the chip.
pub(super) fn of(source: &Zone) -> Result<ConfigZone, CliError> {
    let zone = match &source.dump {
        Some(dump) => parse_argument("--dump", dump)?,
        None => causes::run(&mut source.chip.open()?, Confirmed::new(ReadConfig::new()))?,
    };
    match source.chip_name {
        Some(name) => with_chip_name(zone, name),
        None => Ok(zone),
    }
}

/// The zone with the revision that `--chip` says, where it has none.
fn with_chip_name(mut zone: ConfigZone, name: ChipName) -> Result<ConfigZone, CliError> {
    let revision = name.revision();
    match zone.revision() {
        Revision::Unknown([0, 0, 0, 0]) => {
            zone.0[4..8].copy_from_slice(&revision.to_bytes());
            Ok(zone)
        }
        // Its last byte is that of a lot, which a name does not tell.
        own if name.is_of(own) => Ok(zone),
        own => Err(CliError::refused(format!(
            "--chip says {name}, the configuration {own}: leave --chip out"
        ))),
    }
}

/// What a zone is compared with.
pub(super) enum Other {
    Given(ConfigZone),
    Layout(Layout),
}

impl Other {
    pub(super) fn parse(text: &str) -> Result<Self, CliError> {
        match text {
            "standard" => Ok(Self::Layout(Layout::Standard)),
            "volatile" => Ok(Self::Layout(Layout::Volatile)),
            _ => parse_argument("the other configuration", text).map(Self::Given),
        }
    }

    /// What provisioning would make of `zone`, for a layout.
    pub(super) fn zone(&self, zone: &ConfigZone) -> ConfigZone {
        match self {
            Self::Given(zone) => *zone,
            Self::Layout(layout) => configure(zone, *layout),
        }
    }
}

/// Text, or @FILE with text or the bytes themselves.
fn parse_argument(what: &str, text: &str) -> Result<ConfigZone, CliError> {
    match text.strip_prefix('@') {
        Some(name) => {
            let path = Path::new(name);
            let bytes = files::read(path)?;
            let read = match str::from_utf8(&bytes) {
                Ok(text) if is_text(text) => dump::parse(text),
                _ => dump::zone(&bytes),
            };
            read.map_err(|error| CliError::input(path, error))
        }
        None => dump::parse(text).map_err(|error| {
            let advice = if Path::new(text).is_file() {
                Some(format!("{0} is a file: @{0} reads it.", escape(text)))
            } else {
                let is_word = matches!(error, DumpError::Word(_));
                is_word.then(|| "@FILE reads it from a file.".to_owned())
            };
            let error = CliError::refused(error).about(what);
            match advice {
                Some(advice) => error.with_advice(advice),
                None => error,
            }
        }),
    }
}

/// Bytes of a zone are hardly without zeros and other control characters.
fn is_text(text: &str) -> bool {
    !text
        .chars()
        .any(|letter| letter.is_control() && !letter.is_whitespace())
}
