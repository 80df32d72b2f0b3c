//! Arguments of `nerves-key transcript`.

use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;

use atecc_transcript::Provenance;
use atecc_transcript::import::Format as CaptureFormat;
use clap::{Args, Subcommand, ValueEnum};

/// Of `--layout`.
const SLOT_NAMES: &str = "Call the slots as this layout does; by default only where the \
                          transcript shows the configuration of a NervesKey";

#[derive(Debug, Subcommand)]
pub(crate) enum Transcript {
    /// Make a transcript of what another program has captured.
    Import(Import),
    /// Say where a transcript comes from and what it holds.
    Show(Show),
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
pub(crate) struct Show {
    /// A transcript, as text or binary, or the JSON of a recording.
    pub(crate) file: PathBuf,
    /// Draw the timeline into this new HTML file.
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Draw the timeline as a picture for documents into this new SVG file.
    #[arg(long, value_name = "FILE")]
    pub(crate) svg: Option<PathBuf>,
    #[arg(long = "layout", value_name = "LAYOUT", help = SLOT_NAMES)]
    pub(crate) slots: Option<SlotNames>,
}

/// `--layout` of transcripts.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum SlotNames {
    NervesKey,
    NervesKeyVolatile,
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
