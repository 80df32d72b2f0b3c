//! The signer's key, and the format of what it signs, wherever a command signs a
//! certificate.

use clap::Args;

use crate::signing::SecretName;

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
    /// How long an exec: signer may take, in seconds: 1 to 86400.
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
