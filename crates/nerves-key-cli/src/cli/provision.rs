//! Arguments of `nerves-key provision`.

use std::ffi::OsString;
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use nerves_key_provision::{AcceptedSigner, CertificateSlots, VolatileSecrets};
use nerves_key_schema::Layout;

use super::chip::Chip;
use super::signer_key::{FormatOption, KeyOptions, SIGNER_KEY};
use crate::error::CliError;
use crate::files;
use crate::signing::KeyName;

#[derive(Args, Debug)]
pub(crate) struct Provision {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// The signer certificate, PEM or DER.
    #[arg(long, value_name = "FILE")]
    pub(crate) signer_cert: PathBuf,
    #[command(flatten)]
    pub(crate) signer: SignerOption,
    #[arg(
        long,
        help = SIGNER_KEY,
        value_name = "FILE|pkcs11:..|exec:..",
        required_unless_present_any = ["request", "answer"]
    )]
    pub(crate) signer_key: Option<KeyName>,
    #[command(flatten)]
    pub(crate) options: KeyOptions,
    /// Stop before the data lock and write a request for the certificate,
    /// which nerves-key signer answer signs elsewhere.
    #[arg(long, value_name = "FILE", conflicts_with_all = ["signer_key", "answer"])]
    pub(crate) request: Option<PathBuf>,
    /// Go on with the answer to the request. The other options are the same as
    /// with --request.
    #[arg(long, value_name = "FILE", conflicts_with = "signer_key")]
    pub(crate) answer: Option<PathBuf>,
    /// The manufacturer serial number, at most 48 bytes of characters that can
    /// be seen; by default the chip's own serial number in Base32.
    #[arg(long)]
    pub(crate) serial: Option<OsString>,
    /// Take a serial with a slash, whose certificate the Elixir library
    /// `nerves_key` cannot read.
    #[arg(long, requires = "serial")]
    pub(crate) incompatible_serial: bool,
    /// Serials in use, one a line: a chip is refused one of them, and its own
    /// is added before the chip is changed.
    #[arg(long, value_name = "FILE")]
    pub(crate) used_serials: Option<PathBuf>,
    /// The board name, at most 10 bytes of the same [default: NervesKey].
    #[arg(long)]
    pub(crate) board: Option<OsString>,
    /// How the slots are configured. With volatile (ATECC608 only) the device
    /// key has to be activated after each power-up.
    #[arg(long, value_name = "LAYOUT", default_value = "standard")]
    pub(crate) layout: SlotLayout,
    #[command(flatten)]
    pub(crate) keys: VolatileKeyFiles,
    #[command(flatten)]
    pub(crate) slots: SlotsOption,
    #[command(flatten)]
    pub(crate) format: FormatOption,
    /// For the OTP user area: up to 32 bytes in hex, or @FILE.
    #[arg(long, value_name = "HEX|@FILE")]
    pub(crate) otp_user: Option<String>,
    /// Print the plan and its digest and do nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Refuse any plan but the one with this digest, as --dry-run prints it.
    #[arg(long, value_name = "HEX")]
    pub(crate) plan_digest: Option<String>,
    /// Do not ask before the first step that cannot be undone.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Write what was done to this file, JSON, and before the signer is asked a
    /// record of the key. Nothing is overwritten but such a record, from which
    /// the same command goes on and keeps the key.
    #[arg(long, value_name = "FILE", conflicts_with = "request")]
    pub(crate) report: Option<PathBuf>,
}

/// Whose certificate a locked chip may hold.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct SignerOption {
    /// Take a chip whose data are locked under another signer certificate, too;
    /// its own stays.
    #[arg(long)]
    any_signer: bool,
}

impl SignerOption {
    pub(crate) const fn accepted_signer(self) -> AcceptedSigner {
        if self.any_signer {
            AcceptedSigner::Any
        } else {
            AcceptedSigner::Asked
        }
    }
}

/// The keys of the volatile layout: both or none.
#[derive(Args, Clone, Debug)]
pub(crate) struct VolatileKeyFiles {
    /// Volatile layout: the key that activates the device key. 16 bytes, or 32
    /// hex digits.
    #[arg(long, value_name = "FILE", requires = "encryption_key")]
    activation_key: Option<PathBuf>,
    /// Volatile layout: a second key, for nerves-key volatile mac. In the same
    /// form.
    #[arg(long, value_name = "FILE", requires = "activation_key")]
    encryption_key: Option<PathBuf>,
}

impl VolatileKeyFiles {
    /// # Errors
    /// Exit code 5 for a file that holds no key.
    pub(crate) fn read(&self) -> Result<Option<VolatileSecrets>, CliError> {
        let (Some(activation), Some(encryption)) = (&self.activation_key, &self.encryption_key)
        else {
            return Ok(None);
        };
        let activation = files::symmetric_key(activation)?;
        let encryption = files::symmetric_key(encryption)?;
        Ok(Some(VolatileSecrets::new(&activation, &encryption)))
    }
}

/// What becomes of the certificates' slots.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct SlotsOption {
    /// Do not lock slots 10 to 13, which hold the certificates. nerves-key
    /// harden does it later.
    #[arg(long)]
    open_slots: bool,
}

impl SlotsOption {
    pub(crate) const fn certificate_slots(self) -> CertificateSlots {
        if self.open_slots {
            CertificateSlots::LeaveOpen
        } else {
            CertificateSlots::Lock
        }
    }
}

/// `--layout`.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SlotLayout {
    Standard,
    Volatile,
}

impl From<SlotLayout> for Layout {
    fn from(layout: SlotLayout) -> Self {
        match layout {
            SlotLayout::Standard => Self::Standard,
            SlotLayout::Volatile => Self::Volatile,
        }
    }
}
