//! Arguments of `nerves-key emulator`.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand, ValueEnum};
use nerves_key_device::{ImageName, UriError};

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
    /// FILE or FILE?chip=atecc508a; none behind N= for an empty bus, which
    /// emulator plug puts chips on [default: a throw-away chip on bus 1]
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

/// `N=IMAGE[,IMAGE..]`, or `N=` for a bus without a chip.
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
        let images = images.split(',').filter(|_| !images.is_empty());
        let images: Result<_, _> = images.map(ImageName::from_str).collect();
        Ok(Self {
            number: number.parse().map_err(|error| BusSpecError::Number {
                text: number.into(),
                error,
            })?,
            images: images?,
        })
    }
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
