//! Arguments of `nerves-key ecdh`.

use std::path::PathBuf;

use clap::Args;

use super::chip::Chip;

#[derive(Args, Debug)]
pub(crate) struct Ecdh {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// The other side's public key or certificate, PEM or DER.
    pub(crate) peer: PathBuf,
    /// Write the 32 bytes to this file, for its owner alone, instead of hex to
    /// standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}
