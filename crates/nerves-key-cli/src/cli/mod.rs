//! The command line.

mod cert;
mod config;
mod kept;
mod key_use;
mod look;
mod provision;
mod signer;
mod volatile;

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::str::FromStr;

use atecc_transcript::Provenance;
use atecc_transcript::import::Format as CaptureFormat;
use clap::{Args, Parser, Subcommand, ValueEnum};

use nerves_key_device::{DeviceUri, ImageName, UriError};

pub(crate) use cert::{Cert, CertFile, Decompress, Issue, Kind, Which};
pub(crate) use config::{ChipName, Config, Zone};
pub(crate) use kept::{Aux, AuxProvision, Settings, SettingsFormat, SettingsTarget};
pub(crate) use key_use::{Csr, Ecdh, Jwt, Random, Verify};
pub(crate) use look::{OtpCommand, Scan};
pub(crate) use provision::{Harden, Provision};
pub(crate) use signer::{Device, FormatOption, KeyOptions, Signer, SignerAnswer, SignerCreate};
pub(crate) use volatile::{Unlock, Volatile, VolatileMac};

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
                emu:FILE?chip=atecc508a, emu: (a throw-away one), or \
                unix:SOCKET?bus=1&addr=0x60 (one that nerves-key emulator serves)",
        env = "NERVES_KEY_DEVICE",
        hide_env_values = true,
        default_value = "i2c:/dev/i2c-1",
        value_name = "URI"
    )]
    pub(crate) device: DeviceUri,
    /// Write down what passes on the bus, in this new file. Keys and other
    /// secrets are left out.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}

/// A chip whose certificates are verified up to their root.
#[derive(Args, Debug)]
pub(crate) struct Chained {
    #[command(flatten)]
    pub(crate) chip: Chip,
    /// A certificate, PEM or DER, in the place of Microchip's root: that of emulated
    /// Trust&GO and TrustFLEX parts.
    #[arg(long, value_name = "FILE")]
    pub(crate) root: Option<PathBuf>,
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
    /// Agree on a secret with another key, where the chip allows it.
    Ecdh(Ecdh),
    /// Random bytes of the chip.
    Random(Random),
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
        /// Which.
        #[arg(value_enum)]
        shell: clap_complete::Shell,
    },
    /// Write manual pages, one for each command.
    Man {
        /// Into this folder, which exists.
        directory: PathBuf,
    },
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

#[derive(Debug, Subcommand)]
pub(crate) enum Pkcs11 {
    /// Print the URIs (RFC 7512) of this machine's chips.
    Uri(ThisChip),
    /// Load the module as a program does, sign with each chip, and say what is
    /// wrong.
    Check(Check),
}

#[derive(Args, Debug)]
pub(crate) struct Check {
    #[command(flatten)]
    pub(crate) chip: ThisChip,
    /// This slot alone.
    #[arg(long, value_name = "N", conflicts_with = "device")]
    pub(crate) slot: Option<u64>,
    #[arg(
        long,
        help = "The module [default: libnerves_key_pkcs11.so beside this program, or \
                nerves_key_pkcs11.so in /usr/lib/pkcs11 or /usr/local/lib/pkcs11]",
        value_name = "PATH"
    )]
    pub(crate) module: Option<PathBuf>,
}

/// One chip instead of all that the module finds.
#[derive(Args, Clone, Debug)]
pub(crate) struct ThisChip {
    /// This chip alone, also one that the module does not find by itself; named
    /// as for the other commands.
    #[arg(long, value_name = "URI")]
    pub(crate) device: Option<DeviceUri>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Emulator {
    /// Make the image file of a blank chip, or of a part that Microchip has
    /// provisioned. Nothing is overwritten.
    Create {
        /// The image file.
        file: PathBuf,
        /// The chip: atecc508a, atecc608a or atecc608b.
        #[arg(long, default_value = "atecc608b", conflicts_with = "trust")]
        chip: atecc_emulator::Revision,
        /// Not blank: an ATECC608B with key and certificates, as Microchip
        /// delivers them.
        #[arg(long, value_enum, requires = "root")]
        trust: Option<Trust>,
        /// What signs its certificates: a private key and a root certificate,
        /// PEM, made when absent. info, cert and doctor take it as --root.
        #[arg(long, value_name = "FILE", requires = "trust")]
        root: Option<PathBuf>,
    },
    /// Put buses with emulated chips on a Unix socket, until interrupted.
    Serve(Serve),
    /// Put a chip on a bus that is being served.
    Plug {
        #[command(flatten)]
        at: ServedBus,
        /// The chip: an image file, made blank when absent, as FILE or
        /// FILE?chip=atecc508a.
        image: ImageName,
    },
    /// Take a chip off a bus that is being served. What it was executing has no
    /// effect.
    Unplug {
        #[command(flatten)]
        at: ServedBus,
        /// The chip's 7-bit address, such as 0x60.
        #[arg(value_parser = seven_bits)]
        address: u8,
    },
    /// Say what an image file holds. Its keys are not shown.
    Show {
        /// The image file.
        file: PathBuf,
    },
    /// Copy an image file, also while it is in use. Nothing is overwritten.
    Snapshot {
        /// The image file.
        file: PathBuf,
        /// The copy. It contains the chip's private key.
        out: PathBuf,
    },
    /// Put a chip back into the state of a snapshot.
    Restore {
        /// The snapshot.
        snapshot: PathBuf,
        /// The image file that is replaced. It must not be in use.
        file: PathBuf,
    },
}

/// A bus of a running server.
#[derive(Args, Debug)]
pub(crate) struct ServedBus {
    #[arg(
        long,
        help = "Where it is served [default: nerves-key-emulator in $XDG_RUNTIME_DIR, else in \
                the temporary directory]",
        value_name = "PATH"
    )]
    pub(crate) socket: Option<PathBuf>,
    /// Which bus; needed only when there are several.
    #[arg(long, value_name = "N")]
    pub(crate) bus: Option<u32>,
}

/// A 7-bit address, decimal or with 0x.
fn seven_bits(text: &str) -> Result<u8, String> {
    let number = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u8::from_str_radix(hex, 16),
        None => text.parse(),
    };
    match number {
        Ok(address) if address < 0x80 => Ok(address),
        Ok(address) => Err(format!("{address:#04X} is more than 7 bits")),
        Err(error) => Err(error.to_string()),
    }
}

/// A part that Microchip provisions and locks.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Trust {
    /// Trust&GO for TLS.
    Tngtls,
    /// TrustFLEX for TLS.
    Tflxtls,
    #[value(help = "Trust&GO for LoRaWAN")]
    Tnglora,
}

#[derive(Args, Debug)]
pub(crate) struct Serve {
    #[arg(
        long,
        help = "Where to serve [default: nerves-key-emulator in $XDG_RUNTIME_DIR, else in the \
                temporary directory]",
        value_name = "PATH"
    )]
    pub(crate) socket: Option<PathBuf>,
    /// A bus and the chips on it: image files, made blank when absent, as
    /// FILE or FILE?chip=atecc508a [default: a throw-away chip on bus 1]
    #[arg(long, value_name = "N=IMAGE[,IMAGE..]")]
    pub(crate) bus: Vec<BusSpec>,
    /// As fast as possible instead of in real time.
    #[arg(long)]
    pub(crate) fast: bool,
    /// How long commands take: typical, uniform, longest or fast (a third of
    /// typical).
    #[arg(
        long,
        value_name = "MODEL",
        default_value = "typical",
        conflicts_with = "fast"
    )]
    pub(crate) times: atecc_emulator::ExecutionTime,
    /// Flip a bit in every answer, as a bad line does.
    #[arg(long)]
    pub(crate) interference: bool,
    /// From this transfer on, counted from 0, each one fails after a while, as
    /// on a bus whose line is held low.
    #[arg(long, value_name = "N", conflicts_with_all = ["fast", "interference"])]
    pub(crate) stuck_after: Option<u64>,
    /// How long each of them takes, in milliseconds.
    #[arg(
        long,
        value_name = "MS",
        default_value_t = 1000,
        requires = "stuck_after"
    )]
    pub(crate) stuck_for: u64,
    /// Record what passes on the one bus as a transcript, in a new file. It
    /// holds the chip's private keys.
    #[arg(long, value_name = "FILE")]
    pub(crate) record: Option<PathBuf>,
}

/// `N=IMAGE[,IMAGE..]`.
#[derive(Clone, Debug, Eq, PartialEq)]
pub(crate) struct BusSpec {
    pub(crate) number: u32,
    pub(crate) images: Vec<ImageName>,
}

/// What is no bus.
#[derive(Debug, thiserror::Error)]
pub(crate) enum BusSpecError {
    #[error("{0:?} is not of the form N=IMAGE[,IMAGE..]")]
    Form(String),
    #[error("{text:?} is not the number of a bus: {error}")]
    Number {
        text: String,
        error: std::num::ParseIntError,
    },
    #[error(transparent)]
    Image(#[from] UriError),
}

impl FromStr for BusSpec {
    type Err = BusSpecError;

    fn from_str(text: &str) -> Result<Self, BusSpecError> {
        let (number, images) = text
            .split_once('=')
            .ok_or_else(|| BusSpecError::Form(text.into()))?;
        let images: Result<_, _> = images.split(',').map(ImageName::from_str).collect();
        Ok(Self {
            number: number.parse().map_err(|error| BusSpecError::Number {
                text: number.into(),
                error,
            })?,
            images: images?,
        })
    }
}

/// Of `--layout`.
const SLOT_NAMES: &str = "Call the slots as this layout does; by default only where the \
                          transcript shows the configuration of a NervesKey";

/// `--layout` of transcripts.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SlotNames {
    NervesKey,
    NervesKeyVolatile,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Transcript {
    /// Make a transcript of what another program has captured.
    Import(Import),
    /// Say where a transcript comes from and what it holds.
    Show {
        /// A transcript, as text or binary, or the JSON of a recording.
        file: PathBuf,
        /// Draw the timeline into this new HTML file.
        #[arg(long, value_name = "FILE")]
        html: Option<PathBuf>,
        #[arg(long = "layout", value_name = "LAYOUT", help = SLOT_NAMES)]
        slots: Option<SlotNames>,
    },
    /// Explain each command and its answer in words.
    Decode {
        /// As for show.
        #[arg(required_unless_present = "hex", conflicts_with = "hex")]
        file: Option<PathBuf>,
        /// Explain one frame instead: a command or a response, in hex.
        #[arg(long, value_name = "BYTES")]
        hex: Option<String>,
        #[arg(long = "layout", value_name = "LAYOUT", help = SLOT_NAMES)]
        slots: Option<SlotNames>,
    },
    /// Compare two transcripts, but for their times, waits and comments.
    Diff {
        /// As for show.
        a: PathBuf,
        /// As for show.
        b: PathBuf,
    },
}

#[derive(Args, Debug)]
pub(crate) struct Import {
    /// The capture.
    pub(crate) file: PathBuf,
    /// What made it [default: as it looks].
    #[arg(long, value_enum)]
    pub(crate) from: Option<CapturedBy>,
    /// Write the transcript to this new file instead of standard output.
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Which chip it was.
    #[arg(long)]
    pub(crate) chip: Option<String>,
    /// The chip's 7-bit address, for example 0x60 [default: the first one that
    /// is sent a command]; for a log that has no addresses, which it was.
    #[arg(long, value_parser = seven_bit)]
    pub(crate) address: Option<u8>,
    /// A unique name: lower-case letters, digits and - [default: the file's].
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// How the bytes were obtained.
    #[arg(long)]
    pub(crate) provenance: Option<Provenance>,
    /// The clock rate of the bus in hertz.
    #[arg(long, value_name = "HZ")]
    pub(crate) scl_hz: Option<NonZeroU32>,
    /// The program that was the host.
    #[arg(long)]
    pub(crate) host: Option<String>,
    /// Where the capture was published, or who made it.
    #[arg(long)]
    pub(crate) origin: Option<String>,
    /// The licence of the data.
    #[arg(long)]
    pub(crate) licence: Option<String>,
    /// The day of the capture, YYYY-MM-DD.
    #[arg(long, value_parser = day)]
    pub(crate) date: Option<String>,
    /// A trace of several buses: which of them, as N of i2c-N.
    #[arg(long, value_name = "N")]
    pub(crate) adapter: Option<u32>,
    /// A capture that counts samples: how many there are in a second.
    #[arg(long, value_name = "HZ")]
    pub(crate) sample_rate: Option<NonZeroU64>,
    /// Leave nothing out: keys and other secrets become part of the transcript.
    #[arg(long)]
    pub(crate) secrets: bool,
}

/// Programs that capture.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum CapturedBy {
    /// A Saleae program: tables of its I2C analyzer as CSV, its decoded protocol
    /// results, or its terminal.
    Saleae,
    /// sigrok-cli with the i2c decoder.
    Sigrok,
    /// PulseView's export of the I2C decoder's annotations.
    #[value(name = "pulseview")]
    PulseView,
    /// DSView's export of the I2C decoder's table.
    #[value(name = "dsview")]
    DsView,
    /// The Linux kernel's i2c trace events, as text.
    Ftrace,
    /// ESP-IDF's log of cryptoauthlib's HAL, with dumps of the bytes.
    EspIdf,
    /// The terminal of a Bus Pirate in I2C mode, or its sniffer.
    BusPirate,
    /// The JSON of recordings.
    Recording,
}

impl CapturedBy {
    pub(crate) const fn format(self) -> CaptureFormat {
        match self {
            Self::Saleae => CaptureFormat::Saleae,
            Self::Sigrok => CaptureFormat::Sigrok,
            Self::PulseView => CaptureFormat::PulseView,
            Self::DsView => CaptureFormat::DsView,
            Self::Ftrace => CaptureFormat::Ftrace,
            Self::EspIdf => CaptureFormat::EspIdf,
            Self::BusPirate => CaptureFormat::BusPirate,
            Self::Recording => CaptureFormat::Recording,
        }
    }
}

/// A day of the calendar.
fn day(text: &str) -> Result<String, String> {
    if atecc_transcript::is_day(text) {
        Ok(text.to_owned())
    } else {
        Err("no day of the calendar: YYYY-MM-DD, such as 2024-05-31".to_owned())
    }
}

fn seven_bit(text: &str) -> Result<u8, String> {
    let digits = text.trim_start_matches("0x");
    let number = u8::from_str_radix(digits, 16)
        .map_err(|error| format!("{text:?} is no address in hex: {error}"))?;
    if number < 0x80 {
        Ok(number)
    } else {
        Err(format!(
            "0x{number:02X} is an 8-bit address: the 7-bit one is 0x{:02X}",
            number >> 1
        ))
    }
}
