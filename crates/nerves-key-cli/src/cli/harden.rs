//! Arguments of `nerves-key harden`.

use std::path::PathBuf;

use clap::Args;

use super::chip::Chip;

#[derive(Args, Debug)]
pub(crate) struct Harden {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// The signer certificate that the chip must have, PEM or DER: one that
    /// another signer certified is refused [default: any that verifies].
    #[arg(long, value_name = "FILE")]
    pub(crate) signer_cert: Option<PathBuf>,
    /// Print the plan and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask before the first lock.
    #[arg(long)]
    pub(crate) yes: bool,
}
