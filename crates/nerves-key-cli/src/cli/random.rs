//! Arguments of `nerves-key random`.

use std::path::PathBuf;

use clap::Args;

use super::chip::Chip;

#[derive(Args, Debug)]
pub(crate) struct Random {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// How many bytes, 1 to 4096.
    #[arg(long, value_name = "N", default_value_t = 32,
          value_parser = clap::value_parser!(u16).range(1..=4096))]
    pub(crate) bytes: u16,
    /// Write them to this file instead of hex to standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
