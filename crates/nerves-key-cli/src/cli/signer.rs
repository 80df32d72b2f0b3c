//! Arguments about signers and what they sign.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::signing::{KeyName, SecretName};

/// Help for every `--signer-key`.
pub(super) const SIGNER_KEY: &str = "The signer's private key: a PEM file (SEC1 or PKCS#8, also \
    encrypted), pkcs11:token=NAME;object=NAME?module-path=LIBRARY (RFC 7512), or exec:COMMAND, \
    which signs for us";

/// How a signer's key is reached.
#[derive(Args, Debug)]
pub(crate) struct KeyOptions {
    /// Where the passphrase of an encrypted key file, or the PIN of a token,
    /// is; by default it is asked for at the terminal.
    #[arg(long, value_name = "env:NAME|file:PATH")]
    pub(crate) passphrase: Option<SecretName>,
    /// How long an exec: signer may take, in seconds.
    #[arg(long, value_name = "SECONDS", default_value_t = 120)]
    pub(crate) signer_timeout: u64,
}

/// `--certificate-format`.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct FormatOption {
    /// Format version of the certificate: 0, or 1, which alone holds dates
    /// after 2031 and which the Elixir library cannot read.
    #[arg(long, value_name = "0|1", default_value_t = 0,
          value_parser = clap::value_parser!(u8).range(0..=1))]
    certificate_format: u8,
}

impl FormatOption {
    pub(crate) const fn format(self) -> atecc_x509::Format {
        match self.certificate_format {
            0 => atecc_x509::Format::V0,
            _ => atecc_x509::Format::V1,
        }
    }
}

#[derive(Debug, Subcommand)]
pub(crate) enum Signer {
    /// Make a signer: NAME.cert and NAME.key. Nothing is overwritten.
    Create(SignerCreate),
    /// Sign the request that provision --request wrote, for provision --answer.
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
    /// The request; - for standard input.
    pub(crate) request: PathBuf,
    /// The signer certificate, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub(crate) signer_cert: PathBuf,
    #[arg(long, help = SIGNER_KEY, value_name = "FILE|pkcs11:..|exec:..")]
    pub(crate) signer_key: KeyName,
    #[command(flatten)]
    pub(crate) options: KeyOptions,
    /// Serials in use, one a line: a request for one of them is refused, unless
    /// it is of the same chip, and its own is added before it is signed.
    #[arg(long, value_name = "FILE")]
    pub(crate) used_serials: Option<PathBuf>,
    /// To this file instead of standard output. Nothing is overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

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
