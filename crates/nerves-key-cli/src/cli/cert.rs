//! Arguments about certificates.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};

use super::Chained;

#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    /// Write certificates from the chip as PEM.
    Export {
        #[command(flatten)]
        chained: Chained,
        /// Which.
        #[arg(value_enum, default_value_t = Which::Chain)]
        which: Which,
        /// To this file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show the certificates of the chip, or of a file, in words.
    Show {
        #[command(flatten)]
        chained: Chained,
        /// Certificates in PEM, or one in DER, instead of the chip's.
        file: Option<PathBuf>,
    },
    /// Say field by field whether a chip could give a certificate back. With
    /// --signer-cert a device's, else a signer's.
    Check(CertFile),
    /// Print the 72 bytes that a chip holds of a certificate.
    Compress(CertFile),
    /// Print the certificate that 72 bytes stand for.
    Decompress(Decompress),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Which {
    /// The device certificate.
    Device,
    /// The signer certificate.
    Signer,
    /// Both, the device certificate first.
    Chain,
    /// What has signed the signer certificate: itself, in a NervesKey.
    Root,
}

#[derive(Args, Debug)]
pub(crate) struct CertFile {
    /// The certificate, PEM or DER.
    pub(crate) file: PathBuf,
    /// Of the key that has signed a device certificate, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub(crate) signer_cert: Option<PathBuf>,
    /// The nine bytes of the chip's own serial number, in hex.
    #[arg(long, value_name = "HEX", requires = "signer_cert")]
    pub(crate) device_sn: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Decompress {
    /// 72 bytes in hex: slot 10 or slot 12 of a NervesKey.
    pub(crate) compressed: String,
    /// Whose certificate it is.
    #[arg(long, value_enum)]
    pub(crate) kind: Kind,
    /// The key that the certificate is of: 64 bytes in hex, or @FILE.
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) public_key: String,
    /// Device: the manufacturer serial number.
    #[arg(long)]
    pub(crate) serial: Option<String>,
    /// Device: the nine bytes of the chip's own serial number, in hex.
    #[arg(long, value_name = "HEX")]
    pub(crate) device_sn: Option<String>,
    /// Device: the signer's public key, 64 bytes in hex, or @FILE.
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) signer_key: Option<String>,
}

/// Whose certificate.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Signer,
    Device,
}
