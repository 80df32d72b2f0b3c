//! The command line: the tree of commands, and the options of all of them. Each
//! command's own arguments are in the file that has its name.

pub(crate) mod auxiliary;
pub(crate) mod cert;
pub(crate) mod chip;
pub(crate) mod config;
#[cfg(feature = "connect")]
pub(crate) mod connect;
pub(crate) mod csr;
pub(crate) mod demo;
pub(crate) mod device;
mod device_first;
pub(crate) mod ecdh;
pub(crate) mod emulator;
pub(crate) mod examples;
pub(crate) mod harden;
pub(crate) mod jwt;
#[cfg(feature = "line")]
pub(crate) mod line;
#[cfg(feature = "line")]
pub(crate) mod line_export;
pub(crate) mod otp;
pub(crate) mod pkcs11;
pub(crate) mod provision;
pub(crate) mod random;
pub(crate) mod scan;
pub(crate) mod settings;
pub(crate) mod sign;
pub(crate) mod signer;
pub(crate) mod signer_key;
pub(crate) mod transcript;
pub(crate) mod verify;
pub(crate) mod volatile;

use std::ffi::OsString;
use std::path::PathBuf;

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum};

use auxiliary::Aux;
use cert::Cert;
use chip::Chained;
use config::Config;
#[cfg(feature = "connect")]
use connect::Connect;
use csr::Csr;
use demo::Demo;
use device::Device;
use ecdh::Ecdh;
use emulator::Emulator;
use harden::Harden;
use jwt::Jwt;
#[cfg(feature = "line")]
use line::Line;
use otp::OtpCommand;
use pkcs11::Pkcs11;
use provision::Provision;
use random::Random;
use scan::Scan;
use settings::Settings;
use sign::Sign;
use signer::Signer;
use transcript::Transcript;
use verify::Verify;
use volatile::Volatile;

/// Provision and use NervesKeys: ATECC508A, ATECC608A and ATECC608B secure
/// elements that hold a device's private key and certificates.
#[derive(Debug, Parser)]
#[command(name = "nerves-key", version, arg_required_else_help = true)]
pub(crate) struct Cli {
    /// Print one JSON document on standard output.
    #[arg(long, global = true)]
    pub(crate) json: bool,

    /// Say nothing of progress; results, questions and errors alone.
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,

    /// Say more: of commands that use a chip, what passed between it and this
    /// program, after each session, with the times.
    #[arg(short, long, global = true)]
    pub(crate) verbose: bool,

    /// Whether words stand out in colour: auto is where there is a terminal, and
    /// neither `NO_COLOR` nor `TERM=dumb` in the environment.
    #[arg(
        long,
        global = true,
        value_enum,
        value_name = "WHEN",
        default_value = "auto"
    )]
    color: Color,

    #[command(subcommand)]
    pub(crate) command: Command,
}

/// `--color`.
#[derive(Clone, Copy, Debug, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

impl Color {
    /// From here on all output is so.
    fn obey(self) {
        let choice = match self {
            Self::Auto => anstream::ColorChoice::Auto,
            Self::Always => anstream::ColorChoice::Always,
            Self::Never => anstream::ColorChoice::Never,
        };
        choice.write_global();
    }

    /// Of a command line that may be wrong, and is told of in this colour.
    fn among(arguments: &[OsString]) -> Option<Self> {
        let texts: Vec<_> = arguments.iter().map(|it| it.to_string_lossy()).collect();
        let at = texts.iter().position(|it| it.starts_with("--color"))?;
        let next = || texts.get(at + 1).map(AsRef::as_ref);
        let value = texts.get(at)?.strip_prefix("--color=").or_else(next)?;
        Self::from_str(value, false).ok()
    }
}

impl Cli {
    /// What `arguments` say, the program's name first.
    pub(crate) fn read(arguments: Vec<OsString>) -> Result<Self, clap::Error> {
        Color::among(&arguments).unwrap_or(Color::Auto).obey();
        let arguments = device_first::moved(arguments);
        let matches = Self::with_examples().try_get_matches_from(arguments);
        let mut matches = matches.map_err(explain_absence)?;
        let cli = Self::from_arg_matches_mut(&mut matches)?;
        cli.color.obey();
        Ok(cli)
    }

    /// The command line, with the examples that `--help` shows.
    pub(crate) fn with_examples() -> clap::Command {
        let codes = crate::error::EXIT_CODES.iter();
        let codes: Vec<_> = codes
            .map(|(code, when)| format!("\n  {code}  {when}"))
            .collect();
        let command = Self::command()
            .max_term_width(100)
            .arg(device_first::argument())
            .after_long_help(format!("Exit codes:{}", codes.concat()));
        add_examples(command, "")
    }
}

/// Commands that a program may be built without, and where one is that has them.
const OPTIONAL: [(&str, &str); 2] = [
    (
        "line",
        "take that of the Debian package, or build it with the feature line or line-postgres",
    ),
    (
        "connect",
        "take that of the Debian package, or build it with the feature connect",
    ),
];

/// `error`, or that the command was left out.
fn explain_absence(error: clap::Error) -> clap::Error {
    let Some(ContextValue::String(word)) = error.get(ContextKind::InvalidSubcommand) else {
        return error;
    };
    match OPTIONAL.iter().find(|(command, _)| command == word) {
        Some((command, remedy)) => Cli::command().error(
            ErrorKind::InvalidSubcommand,
            format!("this program was built without {command}: {remedy}"),
        ),
        None => error,
    }
}

fn add_examples(command: clap::Command, path: &str) -> clap::Command {
    let below = command.get_subcommands().map(|it| it.get_name().to_owned());
    let below: Vec<_> = below.collect();
    let command = below.iter().fold(command, |command, name| {
        let path = format!("{path} {name}");
        command.mut_subcommand(name, |it| add_examples(it, path.trim()))
    });
    let examples = examples::help(path);
    if examples.is_empty() {
        return command;
    }
    command.after_long_help(format!("Examples:{examples}"))
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Provision an emulated chip and use it: no hardware needed.
    Demo(Demo),
    /// Say what the chip is and in which stage.
    Info(Chained),
    /// Find out what is wrong between this program and the chip, and what to do
    /// about it.
    Doctor(Chained),
    /// Look for chips on every bus.
    Scan(Scan),
    /// The one-time-programmable memory.
    #[command(subcommand)]
    Otp(OtpCommand),
    /// Make the chip a NervesKey. Its locks cannot be undone.
    Provision(Box<Provision>),
    /// Lock the slots of a finished NervesKey's certificates, which would be
    /// open to DeriveKey for ever otherwise. Cannot be undone.
    Harden(Harden),
    /// Signer certificates.
    #[command(subcommand)]
    Signer(Signer),
    /// Device certificates without a chip.
    #[command(subcommand)]
    Device(Device),
    /// Certificates: the chip's, in files, and in 72 bytes.
    #[command(subcommand)]
    Cert(Cert),
    /// The chip's second pair of certificates.
    #[command(subcommand)]
    Aux(Aux),
    /// The chip's settings: 524 bytes that stay writable.
    #[command(subcommand)]
    Settings(Settings),
    /// The volatile layout, whose key rests after each power-up.
    #[command(subcommand)]
    Volatile(Volatile),
    /// What the configuration zone means.
    #[command(subcommand)]
    Config(Config),
    /// Sign with the chip's key.
    Sign(Sign),
    /// Verify a signature of the chip's key or another one.
    Verify(Verify),
    /// Make a JSON Web Token (ES256), signed by the chip.
    Jwt(Jwt),
    /// Make a certification request (PKCS#10), signed by the chip.
    Csr(Csr),
    /// Find out whether the chip authenticates this device to a server, by TLS.
    #[cfg(feature = "connect")]
    Connect(Box<Connect>),
    /// Agree on a secret with another key, where the chip allows it.
    Ecdh(Ecdh),
    /// Random bytes of the chip.
    Random(Random),
    /// A manufacturing line: batches of chips on many stations, with a ledger.
    #[cfg(feature = "line")]
    #[command(subcommand)]
    Line(Line),
    /// The PKCS#11 module.
    #[command(subcommand)]
    Pkcs11(Pkcs11),
    /// Emulated chips: their image files, and buses for other programs.
    #[command(subcommand)]
    Emulator(Emulator),
    /// What passed on a bus: import, show, explain and compare it. No chip is
    /// used.
    #[command(subcommand)]
    Transcript(Transcript),
    /// Print completions for a shell: eval "$(nerves-key completions bash)".
    Completions {
        /// The shell.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write manual pages, one for each command.
    Man {
        /// Into this folder, which exists.
        directory: PathBuf,
    },
}
