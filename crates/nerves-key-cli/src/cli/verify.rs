//! Arguments of `nerves-key verify`.

use std::path::PathBuf;

use clap::Args;

use super::chip::Chip;

#[derive(Args, Debug)]
pub(crate) struct Verify {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// The file that was signed; - for standard input.
    #[arg(required_unless_present = "digest", conflicts_with = "digest")]
    pub(crate) file: Option<PathBuf>,
    /// The SHA-256 digest that was signed, 64 hex digits.
    #[arg(long, value_name = "HEX")]
    pub(crate) digest: Option<String>,
    /// The signature: a file, or hex; DER, or R then S.
    #[arg(long, value_name = "FILE|HEX")]
    pub(crate) signature: String,
    /// A certificate or public key, PEM or DER [default: the chip's key]. No chip is
    /// used then.
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,
}
