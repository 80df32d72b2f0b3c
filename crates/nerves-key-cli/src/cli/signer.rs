//! Arguments of `nerves-key signer`.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::signer_key::{FormatOption, KeyOptions, SIGNER_KEY};
use crate::signing::KeyName;

#[derive(Debug, Subcommand)]
pub(crate) enum Signer {
    /// Make a signer: NAME.cert and NAME.key. Nothing is overwritten.
    Create(SignerCreate),
    /// Sign the request that provision --request wrote, for provision --answer,
    /// or all requests of a folder.
    Answer(Box<SignerAnswer>),
}

#[derive(Args, Debug)]
pub(crate) struct SignerCreate {
    /// File name without its ending.
    pub(crate) name: PathBuf,
    /// Years of validity, 1 to 31; with --certificate-format 1 to 127.
    #[arg(long, default_value_t = 1)]
    pub(crate) years: u16,
    #[command(flatten)]
    pub(crate) format: FormatOption,
    /// A key that exists already, instead of a new one: a PEM file, or
    /// pkcs11:... Only NAME.cert is made then.
    #[arg(long, value_name = "FILE|pkcs11:..")]
    pub(crate) key: Option<KeyName>,
    #[command(flatten)]
    pub(crate) options: KeyOptions,
}

#[derive(Args, Debug)]
pub(crate) struct SignerAnswer {
    /// The request, or a folder of requests; - for standard input.
    pub(crate) request: PathBuf,
    /// The signer certificate, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub(crate) signer_cert: PathBuf,
    #[arg(
        long,
        help = SIGNER_KEY,
        value_name = "FILE|pkcs11:..|exec:..",
        required_unless_present = "dry_run"
    )]
    pub(crate) signer_key: Option<KeyName>,
    #[command(flatten)]
    pub(crate) options: KeyOptions,
    /// Serials in use, one a line: a request for one of them is refused, unless
    /// it is of the same chip, and its own is added before it is signed.
    #[arg(long, value_name = "FILE")]
    pub(crate) used_serials: Option<PathBuf>,
    /// To this file instead of standard output; the answers to a folder into
    /// this one instead of beside their requests. Nothing is overwritten.
    #[arg(long, value_name = "FILE|FOLDER")]
    pub(crate) out: Option<PathBuf>,
    /// Judge each request, say what would be signed, and sign nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}
