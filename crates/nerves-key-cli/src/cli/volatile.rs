//! Arguments of `nerves-key volatile`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::chip::Chip;

#[derive(Debug, Subcommand)]
pub(crate) enum Volatile {
    /// Activate the device key, until the supply fails. May be repeated.
    Unlock(Unlock),
    /// Say whether the device key is active.
    Status(Chip),
    /// Compute a MAC with the encryption key: the same challenge gives the same
    /// MAC. The device key has to be active.
    Mac(VolatileMac),
}

#[derive(Args, Debug)]
pub(crate) struct Unlock {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// The activation key that the chip was provisioned with: 16 bytes, or 32
    /// hex digits.
    #[arg(long, value_name = "FILE")]
    pub(crate) activation_key: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct VolatileMac {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// 32 bytes, in hex.
    pub(crate) challenge: String,
    /// Write the 32 bytes to this file, for its owner alone, instead of hex to
    /// standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
