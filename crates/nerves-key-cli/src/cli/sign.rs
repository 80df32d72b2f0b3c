//! Arguments of `nerves-key sign`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::chip::Chip;

#[derive(Args, Debug)]
pub(crate) struct Sign {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// Sign the SHA-256 of this file; - for standard input.
    #[arg(required_unless_present = "digest", conflicts_with = "digest")]
    pub(crate) file: Option<PathBuf>,
    /// Sign this SHA-256 digest, 64 hex digits.
    #[arg(long, value_name = "HEX")]
    pub(crate) digest: Option<String>,
    /// Form of the signature.
    #[arg(long, value_enum, default_value_t = Format::Der)]
    pub(crate) format: Format,
    /// Write the signature's bytes to this file instead of hex to standard
    /// output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// ECDSA-Sig-Value, as OpenSSL has it.
    Der,
    /// R then S, 64 bytes, as JWT has it.
    Raw,
}
