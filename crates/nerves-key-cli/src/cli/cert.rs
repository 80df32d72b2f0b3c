//! Arguments of `nerves-key cert`.

use std::path::PathBuf;

use clap::{ArgGroup, Args, Subcommand, ValueEnum};

use super::chip::Chained;
use super::signer_key::{FormatOption, KeyOptions, SIGNER_KEY};
use crate::signing::KeyName;

#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    /// Write certificates from the chip as PEM.
    Export {
        #[command(flatten)]
        chained: Chained,
        /// The certificate, or both of the chain.
        #[arg(value_enum, default_value_t = ChainPart::Chain)]
        which: ChainPart,
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
    /// --signer-cert a device's, else a signer's; with --definition one of
    /// another layout.
    Check(CertFile),
    /// Print the 72 bytes that a chip holds of a certificate.
    Compress(CertFile),
    /// Print the certificate that 72 bytes stand for.
    Decompress(Decompress),
    /// Make and sign a certificate of a definition, for a chip of another
    /// layout. Nothing is written to a chip; --json has the 72 bytes for it.
    Issue(Box<Issue>),
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ChainPart {
    /// The device certificate.
    Device,
    /// The signer certificate.
    Signer,
    /// Both, the device certificate first.
    Chain,
    /// What has signed the signer certificate: itself, in a NervesKey.
    Root,
}

/// Certificates of another layout than a NervesKey's.
#[derive(Args, Debug)]
pub(crate) struct Defined {
    /// What the certificate is made of, in TOML, where it is none of a
    /// NervesKey: see docs/certificate-definitions.md.
    #[arg(long, value_name = "FILE")]
    pub(crate) definition: Option<PathBuf>,
    /// A value that the definition names. May be repeated.
    #[arg(long = "value", value_name = "NAME=TEXT", requires = "definition", value_parser = value)]
    pub(crate) values: Vec<(String, String)>,
}

fn value(text: &str) -> Result<(String, String), &'static str> {
    let (name, value) = text.split_once('=').ok_or("no NAME=TEXT")?;
    Ok((name.to_owned(), value.to_owned()))
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("kind_of_certificate").args(["signer_cert", "definition"]).multiple(true))]
pub(crate) struct CertFile {
    /// The certificate, PEM or DER.
    pub(crate) file: PathBuf,
    /// Of the key that has signed a device certificate, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub(crate) signer_cert: Option<PathBuf>,
    /// The nine bytes of the chip's own serial number, in hex.
    #[arg(long, value_name = "HEX", requires = "kind_of_certificate")]
    pub(crate) device_sn: Option<String>,
    #[command(flatten)]
    pub(crate) defined: Defined,
}

#[derive(Args, Debug)]
pub(crate) struct Decompress {
    /// 72 bytes in hex: slot 10 or slot 12 of a NervesKey.
    pub(crate) compressed: String,
    /// Whose certificate it is.
    #[arg(
        long,
        value_enum,
        required_unless_present = "definition",
        conflicts_with = "definition"
    )]
    pub(crate) kind: Option<Kind>,
    /// The key that the certificate is of: 64 bytes in hex, or @FILE.
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) public_key: String,
    /// Device: the manufacturer serial number.
    #[arg(long, conflicts_with = "definition")]
    pub(crate) serial: Option<String>,
    /// Device: the nine bytes of the chip's own serial number, in hex.
    #[arg(long, value_name = "HEX")]
    pub(crate) device_sn: Option<String>,
    /// Device: the signer's public key, 64 bytes in hex, or @FILE.
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) signer_key: Option<String>,
    #[command(flatten)]
    pub(crate) defined: Defined,
}

#[derive(Args, Debug)]
pub(crate) struct Issue {
    /// What the certificate is made of, in TOML: see
    /// docs/certificate-definitions.md.
    #[arg(long, value_name = "FILE")]
    pub(crate) definition: PathBuf,
    /// A value that the definition names. May be repeated.
    #[arg(long = "value", value_name = "NAME=TEXT", value_parser = value)]
    pub(crate) values: Vec<(String, String)>,
    /// The key that the certificate is of: 64 bytes in hex, or @FILE.
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) public_key: String,
    /// The nine bytes of the chip's own serial number, in hex.
    #[arg(long, value_name = "HEX")]
    pub(crate) device_sn: Option<String>,
    #[arg(long, help = SIGNER_KEY, value_name = "FILE|pkcs11:..")]
    pub(crate) signer_key: KeyName,
    #[command(flatten)]
    pub(crate) options: KeyOptions,
    /// The signer's ID, where a name has it: four hex digits.
    #[arg(long, value_name = "HEX", default_value = "0000")]
    pub(crate) signer_id: String,
    /// Years of validity, from this hour on: 1 to 31; with --certificate-format
    /// 1 to 127; 0 for no expiry.
    #[arg(long)]
    pub(crate) years: u8,
    #[command(flatten)]
    pub(crate) format: FormatOption,
    /// To this file instead of standard output. Nothing is overwritten.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

/// Whose certificate.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Kind {
    Signer,
    Device,
}
