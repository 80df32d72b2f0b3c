//! Arguments of `nerves-key line`.

use std::path::PathBuf;

use clap::{Args, Subcommand};
use nerves_key_device::DeviceUri;

use super::line_export::Export;
use super::provision::{SlotsOption, VolatileKeyFiles};
use super::signer_key::{KeyOptions, SIGNER_KEY};
use crate::signing::KeyName;

#[derive(Debug, Subcommand)]
pub(crate) enum Line {
    /// Make the tables of a ledger.
    Init(Place),
    /// Bring the tables of a ledger up to date, or print the SQL that does.
    Migrate(Migrate),
    /// Load a batch: what is made.
    Batch(Batch),
    /// Provision the chips of a batch, one after the other on each device.
    Run(Box<Run>),
    /// Say how far the batches are.
    Status(Place),
    /// Compare every row of the ledger with the chains of events.
    Audit(Audit),
    /// Write the units of a batch for another program or service.
    Export(Box<Export>),
    /// Bring a station's spool to the ledger, and give back what it did not use.
    Reconcile(Reconcile),
    /// Record that a chip is no product, for good.
    Scrap(Scrap),
}

/// Where the ledger is, and who works.
#[derive(Args, Clone, Debug)]
pub(crate) struct Place {
    /// The ledger: a file, or `postgres://USER@HOST/DATABASE`.
    #[arg(
        long,
        value_name = "FILE|URL",
        env = "NERVES_KEY_LEDGER",
        hide_env_values = true
    )]
    pub(crate) ledger: String,
    /// The certificate of the CA that the server's is from. A server that is not
    /// on this machine is reached by TLS, unless the URL has sslmode=disable.
    #[arg(long, value_name = "FILE", env = "NERVES_KEY_LEDGER_CA")]
    pub(crate) ledger_ca: Option<PathBuf>,
    /// The schema of its tables, on a server.
    #[arg(long, value_name = "NAME")]
    pub(crate) schema: Option<String>,
    /// What the names of its tables begin with.
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) prefix: String,
    /// The name of this station, of one machine or bench [default: its host
    /// name].
    #[arg(long, value_name = "NAME", env = "NERVES_KEY_STATION")]
    pub(crate) station: Option<String>,
    /// Who works here [default: the user's name].
    #[arg(long, value_name = "NAME", env = "NERVES_KEY_OPERATOR")]
    pub(crate) operator: Option<String>,
}

#[derive(Args, Debug)]
pub(crate) struct Migrate {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Print the SQL that makes the tables, and the grants of a station's role,
    /// and do nothing.
    #[arg(long)]
    pub(crate) print: bool,
    /// The role that --print grants to.
    #[arg(
        long,
        value_name = "ROLE",
        default_value = "station",
        requires = "print"
    )]
    pub(crate) role: String,
}

#[derive(Args, Debug)]
pub(crate) struct Batch {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The TOML file that describes it.
    pub(crate) file: PathBuf,
    /// Say whether the ledger would take it, and load nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Run {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The batch.
    #[arg(long, value_name = "NAME")]
    pub(crate) batch: String,
    /// A device that chips are connected to; several work at once.
    #[arg(long, required = true, value_name = "URI")]
    pub(crate) device: Vec<DeviceUri>,
    #[arg(long, help = SIGNER_KEY, value_name = "FILE|pkcs11:..|exec:..")]
    pub(crate) signer_key: KeyName,
    #[command(flatten)]
    pub(crate) options: KeyOptions,
    #[command(flatten)]
    pub(crate) slots: SlotsOption,
    #[command(flatten)]
    pub(crate) keys: VolatileKeyFiles,
    /// Go on while the ledger is away: with serials that are leased before, and
    /// this file of the station's own for what is done with them. Without it the
    /// station stops then.
    #[arg(long, value_name = "FILE")]
    pub(crate) spool: Option<PathBuf>,
    /// How many units may be begun while the ledger is away, 1 to 1000.
    #[arg(
        long,
        value_name = "COUNT",
        default_value_t = 20,
        requires = "spool",
        value_parser = clap::value_parser!(u32).range(1..=1000)
    )]
    pub(crate) spool_units: u32,
    /// One chip on each device, instead of one after the other.
    #[arg(long)]
    pub(crate) once: bool,
    #[command(flatten)]
    pub(crate) questions: Questions,
    /// Ring the terminal's bell: once when a chip passed, twice when it failed.
    #[arg(long)]
    pub(crate) bell: bool,
    /// Write a report of each chip to CHIP.json in this folder, as provision
    /// --report does.
    #[arg(long, value_name = "FOLDER")]
    pub(crate) reports: Option<PathBuf>,
    /// The order that the chips are made for, for their reports.
    #[arg(long, value_name = "TEXT", requires = "reports")]
    pub(crate) order: Option<String>,
    /// A program that is run before a chip is changed, with the unit as JSON on
    /// its standard input. When it fails the chip is left alone.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) on_start: Option<PathBuf>,
    /// A program that is run for each chip that passed.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) on_pass: Option<PathBuf>,
    /// A program that is run for each chip that failed.
    #[arg(long, value_name = "PROGRAM")]
    pub(crate) on_fail: Option<PathBuf>,
}

/// What is asked before chips are changed: by default once, before the first.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Questions {
    /// Do not ask before the first chip. Locks cannot be undone.
    #[arg(long)]
    pub(crate) yes: bool,
    /// Ask before each chip that would be changed, instead of once for all. It
    /// needs a terminal.
    #[arg(long, conflicts_with = "yes")]
    pub(crate) confirm: bool,
}

#[derive(Args, Debug)]
pub(crate) struct Audit {
    #[command(flatten)]
    pub(crate) place: Place,
    /// Compare the ends of the chains with those that this file has, as
    /// `line status --json` or an earlier audit wrote them.
    #[arg(long, value_name = "FILE")]
    pub(crate) heads: Option<PathBuf>,
    /// Read these chips and compare them with the ledger.
    #[arg(long, value_name = "URI")]
    pub(crate) against_chips: Vec<DeviceUri>,
}

#[derive(Args, Debug)]
pub(crate) struct Reconcile {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The spool, as it was given to line run.
    pub(crate) file: PathBuf,
}

#[derive(Args, Debug)]
pub(crate) struct Scrap {
    #[command(flatten)]
    pub(crate) place: Place,
    /// The chip's serial number, 18 hex digits.
    pub(crate) chip: String,
    /// Why the chip is scrapped, for the ledger.
    #[arg(long, value_name = "TEXT")]
    pub(crate) reason: String,
}
