//! The command line.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

use crate::device::DeviceUri;

/// Provision and use NervesKeys: ATECC508A, ATECC608A and ATECC608B secure
/// elements that hold a device's private key and certificates.
#[derive(Debug, Parser)]
#[command(name = "nerves-key", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Print one JSON document on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// Which chip.
#[derive(Args, Clone, Debug)]
pub(crate) struct Chip {
    #[arg(
        long,
        help = "The chip: i2c:/dev/i2c-1, i2c:/dev/i2c-1?addr=0x35, 1 (for i2c:/dev/i2c-1), \
                emu:FILE (an emulated chip in an image file, made blank when absent), \
                emu:FILE?chip=atecc508a, or emu: (a throw-away one)",
        env = "NERVES_KEY_DEVICE",
        default_value = "i2c:/dev/i2c-1",
        value_name = "URI"
    )]
    pub(crate) device: DeviceUri,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Provision an emulated chip and use it: no hardware needed.
    Demo(Demo),
    /// Say what the chip is and in which stage.
    Info(Chip),
    /// Make the chip a NervesKey. Its locks cannot be undone.
    Provision(Box<Provision>),
    /// Signer certificates.
    #[command(subcommand)]
    Signer(Signer),
    /// Device certificates without a chip.
    #[command(subcommand)]
    Device(Device),
    /// The chip's certificates.
    #[command(subcommand)]
    Cert(Cert),
    /// Sign with the chip's key.
    Sign(Sign),
}

#[derive(Args, Debug)]
pub(crate) struct Demo {
    /// Where to put the PEM files.
    #[arg(long, default_value = "demo", value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The emulated chip: atecc508a, atecc608a or atecc608b.
    #[arg(long, default_value = "atecc608b")]
    pub(crate) chip: atecc_emulator::Revision,
}

#[derive(Args, Debug)]
pub(crate) struct Provision {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// The signer certificate, PEM.
    #[arg(long, value_name = "FILE")]
    pub(crate) signer_cert: PathBuf,
    /// The signer's private key, PEM (SEC1 or PKCS#8).
    #[arg(long, value_name = "FILE")]
    pub(crate) signer_key: PathBuf,
    /// The manufacturer serial number, at most 48 bytes; by default the chip's
    /// own serial number in Base32.
    #[arg(long)]
    pub(crate) serial: Option<String>,
    /// The board name, at most 10 bytes.
    #[arg(long, default_value = "NervesKey")]
    pub(crate) board: String,
    /// For the OTP user area: up to 32 bytes in hex, or @FILE.
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) otp_user: Option<String>,
    /// Print the plan and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Do not ask before the first step that cannot be undone.
    #[arg(long)]
    pub(crate) yes: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Signer {
    /// Make a signer: NAME.cert and NAME.key. Nothing is overwritten.
    Create {
        /// File name without its ending.
        name: PathBuf,
        /// Years of validity, 1 to 31.
        #[arg(long, default_value_t = 1)]
        years: u16,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Device {
    /// Make SERIAL.cert and SERIAL.key, for trials without a chip. Nothing is
    /// overwritten.
    Create {
        /// The manufacturer serial number, at most 48 bytes.
        serial: String,
        /// The signer certificate, PEM.
        #[arg(long, value_name = "FILE")]
        signer_cert: PathBuf,
        /// The signer's private key, PEM (SEC1 or PKCS#8).
        #[arg(long, value_name = "FILE")]
        signer_key: PathBuf,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum Cert {
    /// Write certificates from the chip as PEM.
    Export {
        #[command(flatten)]
        chip: Chip,
        /// Which.
        #[arg(value_enum, default_value_t = Which::Chain)]
        which: Which,
        /// To this file instead of standard output.
        #[arg(long, value_name = "FILE")]
        out: Option<PathBuf>,
    },
    /// Show the certificates of the chip, or of a PEM file, in words.
    Show {
        #[command(flatten)]
        chip: Chip,
        /// A certificate in PEM instead of the chip's.
        file: Option<PathBuf>,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Which {
    /// The device certificate.
    Device,
    /// The signer certificate.
    Signer,
    /// Both, the device certificate first.
    Chain,
}

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
