//! `cargo xtask record-hardware`: scenarios on a chip that somebody owns, as
//! transcripts that can be contributed. `docs/hardware.md` says how.

mod faults;
mod scenarios;

use std::path::{Path, PathBuf};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use atecc::commands::InfoRevision;
use atecc::device::WakePulse;
use atecc::group::parse_group;
use atecc::{BusAddress, Device, Revision};
use atecc_transcript::{
    Action, DelayRecorder, Header, Line, Provenance, Recorder, Redaction, Start, Tape, Time,
    Transcript,
};
use atecc_x509::DateTime;
use nerves_key_device::{AnyBus, AnyDelay, AnyWake, BusFault, DeviceUri};

use xtask_support::error::Error;
use xtask_support::table;

/// Options of `cargo xtask record-hardware`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// The chip, such as `i2c:/dev/i2c-1` or `unix:SOCKET?bus=3`.
    #[arg(long, value_name = "URI")]
    device: DeviceUri,
    /// A folder for the transcripts, made when it is absent. No file in it is
    /// overwritten.
    #[arg(long, value_name = "DIR", default_value = "recorded")]
    out: PathBuf,
    /// The clock rate of the bus in hertz, if you know it.
    #[arg(long, value_name = "HZ")]
    scl_hz: Option<u32>,
    /// Who recorded it, for the transcripts' origin.
    #[arg(long, default_value = "recorded by cargo xtask record-hardware")]
    origin: String,
    /// Faults that a bus can make as well, and at the end a provisioning, which
    /// writes and LOCKS THE CHIP FOR GOOD.
    #[arg(long)]
    expendable: bool,
}

type Watch = fn() -> Time;
type Bus<'t> = Recorder<'t, AnyBus, Vec<Line>, Watch>;
type Delay<'t> = DelayRecorder<'t, AnyDelay, Vec<Line>, Watch>;
/// A driver whose bus is recorded.
type Recorded<'t> = Device<Bus<'t>, Delay<'t>, Wake>;
/// Why a scenario ended early. A refusal by the chip is part of it.
type ScenarioResult = Result<(), String>;

/// What is done, by the driver or on the bus itself.
enum Performer {
    Driver(fn(&mut Recorded<'_>, Revision) -> ScenarioResult),
    Bus(fn(&mut Bus<'_>, &mut Delay<'_>, u8)),
}

/// A scenario and its name, which the engine knows where `known` is set.
struct Scenario {
    name: &'static str,
    known: bool,
    performer: Performer,
}

/// The general call through the recorder, with the bus held for the session.
#[derive(Clone, Copy, Debug, Default)]
struct Wake;

impl<D> WakePulse<Bus<'_>, D> for Wake {
    fn pulse(&mut self, i2c: &mut Bus<'_>, delay: &mut D) -> Result<(), BusFault> {
        AnyWake::hold_session(i2c.unrecorded())?;
        atecc::device::GeneralCall.pulse(i2c, delay)
    }

    fn session_over(&mut self, i2c: &mut Bus<'_>) {
        WakePulse::<AnyBus, ()>::session_over(&mut AnyWake, i2c.unrecorded());
    }
}

/// Perform each scenario, write each transcript.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let open = || options.device.open().map_err(chip);
    let mut device = open()?;
    let revision = device.execute(InfoRevision).map_err(chip)?;
    let address = device.address();
    drop(device);
    std::fs::create_dir_all(&options.out).map_err(|error| file(&options.out, error))?;
    let expendable: &[&[Scenario]] = if options.expendable {
        &[faults::FAULTS, scenarios::IRREVERSIBLE]
    } else {
        &[]
    };
    let mut rows = Vec::new();
    for scenario in scenarios::SAFE
        .iter()
        .chain(expendable.iter().copied().flatten())
    {
        let tape = Tape::new(Vec::new(), watch as Watch, Redaction::none());
        let (bus, delay) = open()?.release();
        let bus = Recorder::new(bus, &tape);
        let delay = DelayRecorder::new(delay, &tape);
        let result = perform(scenario, bus, delay, address, revision);
        let mut lines = tape.into_sink();
        if let Performer::Bus(_) = scenario.performer {
            lines.iter_mut().for_each(mark_broken);
        }
        let transcript = Transcript {
            header: header(options, scenario, revision, address),
            lines,
        };
        let path = options.out.join(format!("{}.txt", transcript.header.id));
        write(&path, &transcript.render())?;
        let result = result.err().unwrap_or_else(|| "performed".to_owned());
        rows.push([scenario.name.to_owned(), path.display().to_string(), result]);
    }
    table::print(["scenario", "transcript", "result"], &rows);
    println!(
        "judge them: cargo xtask conformance {}",
        options.out.display()
    );
    Ok(())
}

fn perform(
    scenario: &Scenario,
    mut bus: Bus<'_>,
    mut delay: Delay<'_>,
    address: BusAddress,
    revision: Revision,
) -> ScenarioResult {
    match scenario.performer {
        Performer::Bus(perform) => {
            AnyWake::hold_session(bus.unrecorded()).map_err(|fault| fault.to_string())?;
            perform(&mut bus, &mut delay, address.get());
            WakePulse::<AnyBus, ()>::session_over(&mut AnyWake, bus.unrecorded());
            Ok(())
        }
        Performer::Driver(perform) => {
            let device = Device::new(bus, delay).with_wake(Wake);
            perform(&mut device.with_address(address), revision)
        }
    }
}

/// What is no whole group was meant to be none.
fn mark_broken(line: &mut Line) {
    let sound = match &line.action {
        Action::Write { bytes, .. } => match bytes.as_slice() {
            [0x03, group @ ..] => parse_group(group).is_ok(),
            [word_address, ..] => *word_address < 0x03,
            [] => true,
        },
        Action::Read { bytes, .. } => bytes.is_empty() || parse_group(bytes).is_ok(),
        _ => true,
    };
    if !sound {
        line.comment = Some("broken, on purpose".to_owned());
    }
}

fn header(
    options: &Options,
    scenario: &Scenario,
    revision: Revision,
    address: BusAddress,
) -> Header {
    let chip = match revision {
        Revision::Atecc508A(_) => "ATECC508A".to_owned(),
        Revision::Atecc608A(_) => "ATECC608A".to_owned(),
        Revision::Atecc608B => "ATECC608B".to_owned(),
        other => format!("unknown-{:02x?}", other.to_bytes()),
    };
    let provenance = match options.device {
        DeviceUri::I2c { .. } => Provenance::HardwareLog,
        _ => Provenance::Emulator,
    };
    Header {
        id: format!("{}-{}", chip.to_lowercase(), scenario.name),
        chip,
        revision: Some(revision.to_bytes()),
        address: address.get(),
        scl_hz: options.scl_hz,
        provenance,
        host: Some(concat!("atecc ", env!("CARGO_PKG_VERSION")).to_owned()),
        story: scenario.known.then(|| scenario.name.to_owned()),
        start: Start::Unknown,
        origin: options.origin.clone(),
        licence: "Apache-2.0 OR MIT".to_owned(),
        date: now().map(|now| now.to_string().chars().take("YYYY-MM-DD".len()).collect()),
        notes: Vec::new(),
    }
}

/// UTC, if the clock says anything.
fn now() -> Option<DateTime> {
    let since_1970 = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    DateTime::from_unix_seconds(since_1970.as_secs()).ok()
}

/// Since the first look at it.
fn watch() -> Time {
    static START: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    let elapsed = START.get_or_init(Instant::now).elapsed();
    Time(u64::try_from(elapsed.as_nanos()).unwrap_or(u64::MAX))
}

fn write(path: &Path, text: &str) -> Result<(), Error> {
    let mut options = std::fs::OpenOptions::new();
    options
        .write(true)
        .create_new(true)
        .open(path)
        .and_then(|mut file| std::io::Write::write_all(&mut file, text.as_bytes()))
        .map_err(|error| file(path, error))
}

fn file(path: &Path, error: std::io::Error) -> Error {
    Error::File {
        path: path.to_owned(),
        error,
    }
}

fn chip(error: impl std::fmt::Display) -> Error {
    Error::Chip(error.to_string())
}
