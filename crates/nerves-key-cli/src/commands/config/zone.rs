//! Where a configuration zone comes from.

use std::path::Path;

use atecc::ConfigZone;
use atecc::procedures::{Confirmed, ReadConfig};
use data_encoding::HEXUPPER_PERMISSIVE;
use nerves_key_schema::{Layout, configure};

use crate::cli::Zone;
use crate::error::CliError;
use crate::files;

/// Of the dump that is given, else of the chip.
pub(super) fn of(source: &Zone) -> Result<ConfigZone, CliError> {
    match &source.dump {
        Some(dump) => given("--dump", dump),
        None => Ok(source.chip.open()?.run(Confirmed::new(ReadConfig::new()))?),
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
            _ => given("the other configuration", text).map(Self::Given),
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

/// Hex, or @FILE.
fn given(what: &str, text: &str) -> Result<ConfigZone, CliError> {
    match text.strip_prefix('@') {
        Some(name) => {
            let path = Path::new(name);
            let bytes = files::read(path)?;
            if let Ok(zone) = bytes.as_slice().try_into() {
                return Ok(ConfigZone(zone));
            }
            let text = String::from_utf8_lossy(&bytes);
            parse(&text).map_err(|error| CliError::input(path, error))
        }
        None => parse(text).map_err(|error| CliError::refused(format_args!("{what}: {error}"))),
    }
}

/// Why a text is no zone.
#[derive(Debug, thiserror::Error)]
enum DumpError {
    #[error("{0}; a configuration zone is given as 256 hex digits, spaces between them or not")]
    Digits(data_encoding::DecodeError),
    #[error("{0} bytes; a configuration zone has 128")]
    Length(usize),
}

fn parse(text: &str) -> Result<ConfigZone, DumpError> {
    let text = text.replace("0x", "");
    let digits: String = text
        .chars()
        .filter(|letter| !letter.is_whitespace() && !matches!(letter, ':' | ',' | '-'))
        .collect();
    let bytes = HEXUPPER_PERMISSIVE
        .decode(digits.as_bytes())
        .map_err(DumpError::Digits)?;
    let zone = bytes.as_slice().try_into();
    zone.map(ConfigZone).or(Err(DumpError::Length(bytes.len())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spellings_of_a_dump() {
        let plain = "5A".repeat(128);
        let spaced = "0x5a, ".repeat(128);
        for text in [plain.as_str(), spaced.as_str()] {
            assert_eq!(parse(text).unwrap(), ConfigZone([0x5A; 128]));
        }
        let short = parse(&plain[2..]).unwrap_err().to_string();
        assert_eq!(short, "127 bytes; a configuration zone has 128");
        assert!(matches!(parse("configuration"), Err(DumpError::Digits(_))));
    }
}
