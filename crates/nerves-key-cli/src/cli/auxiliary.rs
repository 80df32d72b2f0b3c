//! Arguments of `nerves-key aux`. Windows has no files named `aux`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::cert::ChainPart;
use super::chip::Chip;
use super::signer_key::{FormatOption, KeyOptions, SIGNER_KEY};
use crate::signing::KeyName;

#[derive(Debug, Subcommand)]
pub(crate) enum Aux {
    /// Write a second pair of certificates for the same key, by another signer
    /// or with other dates. May be repeated.
    Provision(Box<AuxProvision>),
    /// Remove them.
    Clear(Chip),
    /// Say what they are.
    Show(Chip),
    /// Write them as PEM.
    Export {
        #[command(flatten)]
        chip: Chip,
        /// The certificate, or both of the chain.
        #[arg(value_enum, default_value_t = ChainPart::Chain)]
        which: ChainPart,
        /// To this file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
}

#[derive(Args, Debug)]
pub(crate) struct AuxProvision {
    #[command(flatten)]
    pub(crate) chip: Chip,
    #[command(flatten)]
    pub(crate) format: FormatOption,
    /// The signer certificate, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub(crate) signer_cert: PathBuf,
    #[arg(long, help = SIGNER_KEY, value_name = "FILE|pkcs11:..|exec:..")]
    pub(crate) signer_key: KeyName,
    #[command(flatten)]
    pub(crate) options: KeyOptions,
}
