//! Arguments of `nerves-key device`.

use std::path::PathBuf;

use clap::Subcommand;

use super::signer_key::{FormatOption, KeyOptions, SIGNER_KEY};
use crate::signing::KeyName;

#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Make SERIAL.cert and SERIAL.key, for trials without a chip. Nothing is
    /// overwritten.
    Create {
        /// The manufacturer serial number, at most 48 bytes.
        serial: String,
        /// The signer certificate, PEM or DER.
        #[arg(long, value_name = "FILE")]
        signer_cert: PathBuf,
        #[arg(long, help = SIGNER_KEY, value_name = "FILE|pkcs11:..|exec:..")]
        signer_key: KeyName,
        #[command(flatten)]
        options: KeyOptions,
        #[command(flatten)]
        format: FormatOption,
    },
}
