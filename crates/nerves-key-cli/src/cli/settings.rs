//! Arguments of `nerves-key settings`.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::chip::Chip;

#[derive(Debug, Subcommand)]
pub(crate) enum Settings {
    /// Print one setting, or all.
    Get {
        #[command(flatten)]
        chip: Chip,
        /// Its name.
        key: Option<String>,
    },
    /// Change or add one setting.
    Set(Set),
    /// Remove one setting.
    Unset {
        #[command(flatten)]
        target: SettingsTarget,
        /// Its name.
        key: String,
    },
    /// Remove all settings.
    Clear(Chip),
    /// Write all settings as JSON, or their bytes as they are.
    Export {
        #[command(flatten)]
        chip: Chip,
        /// All bytes of the slots instead, whatever they are; on standard output
        /// in hex.
        #[arg(long)]
        raw: bool,
        /// To this file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Replace all settings by those of a file that export wrote.
    Import {
        #[command(flatten)]
        target: SettingsTarget,
        /// The file: JSON, or with --raw bytes.
        file: PathBuf,
        /// The file's bytes as they are, zeros behind them.
        #[arg(long, conflicts_with = "format")]
        raw: bool,
        /// Do not ask before bytes are written that no program can read.
        #[arg(long, requires = "raw")]
        yes: bool,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Set {
    #[command(flatten)]
    pub(crate) target: SettingsTarget,
    /// Its name; :name is an atom.
    pub(crate) key: String,
    /// Its value: JSON, or else text. What begins as JSON and is none is refused.
    #[arg(allow_negative_numbers = true)]
    pub(crate) value: String,
    /// The value is text, whatever it looks like.
    #[arg(long)]
    pub(crate) text: bool,
}

/// What is written, and how.
#[derive(Args, Debug)]
pub(crate) struct SettingsTarget {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// How they are stored [default: as they are now; term when there are
    /// none].
    #[arg(long, value_enum)]
    pub(crate) format: Option<SettingsFormat>,
}

#[derive(Clone, Copy, Debug, Eq, PartialEq, ValueEnum)]
pub(crate) enum SettingsFormat {
    /// An Erlang term, which the Elixir library reads. An interrupted write
    /// loses the settings.
    Term,
    /// With a check, and up to 208 bytes kept twice, so that an interrupted
    /// write leaves the last ones. The Elixir library cannot read it.
    Typed,
}
