//! `nerves-key emulator serve`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use atecc_emulator::client::{self, Change, ChangeError};
use atecc_emulator::server::{Chips, ServeError, Server};
use atecc_emulator::{Bus, Chip, Clock, ExecutionTime, Failure, FailureKind, Fault, Faults, Heard};
use serde_json::{Value, json};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

use super::{Summary, open, record};
use crate::cli::emulator::{BusSpec, Serve, ServedBus};
use crate::error::{CliError, Exit};
use crate::output::{Output, escape, one_line};
use nerves_key_device::{DEFAULT_CHIP, ImageName, UriError};

/// The bus of the throw-away chip.
const DEFAULT_BUS: u32 = 1;
/// Under the runtime or the temporary directory.
const DEFAULT_SOCKET: &str = "nerves-key-emulator";
const PRELOAD: &str = "libatecc_emulator_preload.so";

/// How the buses keep time.
#[derive(Clone, Copy)]
enum Pace {
    /// In real time, commands as this says.
    Real(ExecutionTime),
    Fast,
}

impl Pace {
    fn of(arguments: &Serve) -> Self {
        if arguments.fast {
            Self::Fast
        } else {
            Self::Real(arguments.times)
        }
    }

    fn of_chip(self, chip: Chip) -> Chip {
        let chip = chip.with_execution_time(self.execution_time());
        match self {
            Self::Real(_) => chip,
            Self::Fast => chip
                .with_wake_delay(Duration::ZERO)
                .with_sleep_delay(Duration::ZERO),
        }
    }

    const fn execution_time(self) -> ExecutionTime {
        match self {
            Self::Real(times) => times,
            Self::Fast => ExecutionTime::Instant,
        }
    }
}

pub(super) fn run(arguments: &Serve, output: Output) -> Result<(), CliError> {
    let pace = Pace::of(arguments);
    let (buses, described) = buses(&arguments.bus, pace)?;
    let faults = faults(arguments);
    for bus in buses.values() {
        bus.set_faults(faults.clone());
    }
    let socket = socket(arguments.socket.as_deref())?;
    // Before the socket is there, so that no signal leaves it behind.
    let mut signals = Signals::new([SIGINT, SIGTERM, SIGHUP]).map_err(CliError::failed)?;
    let server = Server::bind(&socket, buses.clone()).map_err(|error| match error {
        ServeError::InUse { .. } | ServeError::NotASocket { .. } | ServeError::NotAFile { .. } => {
            CliError::refused(error)
        }
        _ => CliError::failed(error),
    })?;
    if let Some(file) = &arguments.record {
        record::start(file, &buses, output)?;
    }
    // The names of chips are those of image files.
    let server = Arc::new(server.with_chips(Chips::new(move |name| {
        let image: ImageName = name.parse().map_err(|error: UriError| error.to_string())?;
        let chip = Chip::open(&image.path, image.chip).map_err(|error| error.to_string())?;
        Ok(pace.of_chip(chip))
    })));
    announce(&socket, &described, pace, output)?;

    let stopped = Arc::clone(&server);
    std::thread::spawn(move || {
        for _signal in signals.forever() {
            stopped.stop();
        }
    });
    let result = server.run(|error| output.message(&one_line(&format!("nerves-key: {error}"))));
    // The signal thread holds the server, too, and the process ends now.
    server.remove_socket();
    result.map_err(CliError::failed)
}

/// Put a chip on a bus of a running server.
pub(super) fn plug(at: &ServedBus, image: &ImageName, output: Output) -> Result<(), CliError> {
    // The server may run elsewhere.
    let path = std::path::absolute(&image.path).map_err(CliError::refused)?;
    let path = path.display();
    let name = match image.chip {
        Some(chip) => format!("{path}?chip={chip}"),
        None => path.to_string(),
    };
    request_change(at, &Change::Plug(name))?;
    let plugged = image.path.display().to_string();
    output.result(
        &format!("plugged {}", escape(&plugged)),
        &json!({ "plugged": plugged }),
    )
}

/// Take a chip off it.
pub(super) fn unplug(at: &ServedBus, address: u8, output: Output) -> Result<(), CliError> {
    request_change(at, &Change::Unplug(address))?;
    let text = format!("unplugged {address:#04X}");
    output.result(&text, &json!({ "unplugged": address }))
}

fn request_change(at: &ServedBus, change: &Change) -> Result<(), CliError> {
    let socket = socket(at.socket.as_deref())?;
    client::change(&socket, at.bus, change).map_err(|error| match error {
        ChangeError::Connect(error) => CliError::new(Exit::NoChip, error),
        ChangeError::Call(_) => CliError::failed(error),
        ChangeError::Refused { .. } => CliError::refused(error),
    })
}

fn socket(given: Option<&Path>) -> Result<PathBuf, CliError> {
    let path = given.map_or_else(default_socket, Path::to_owned);
    std::path::absolute(path).map_err(CliError::refused)
}

/// What the options have go wrong.
fn faults(arguments: &Serve) -> Faults {
    let faults = match arguments.stuck_after {
        Some(transfer) => {
            // Many adapters say so of a line that is held low.
            let stuck = Fault::Stuck(Failure {
                kind: FailureKind::Other,
                heard: Heard::Nothing,
                after: Duration::from_millis(arguments.stuck_for),
            });
            Faults::none().at(transfer, stuck)
        }
        None => Faults::none(),
    };
    if arguments.interference {
        faults.at(0, Fault::Interference { mask: 0x01 })
    } else {
        faults
    }
}

fn default_socket() -> PathBuf {
    std::env::var_os("XDG_RUNTIME_DIR")
        .map_or_else(std::env::temp_dir, PathBuf::from)
        .join(DEFAULT_SOCKET)
}

/// The buses, and what to say of the chips on each.
type Buses = (BTreeMap<u32, Bus>, Vec<(u32, Vec<(String, Summary)>)>);

fn buses(specs: &[BusSpec], pace: Pace) -> Result<Buses, CliError> {
    let mut buses = BTreeMap::new();
    let mut described = Vec::new();
    for spec in specs {
        let mut chips = Vec::new();
        for image in &spec.images {
            let name = image.path.display().to_string();
            chips.push((name, open(&image.path, image.chip)?));
        }
        let (bus, summaries) = populate(spec.number, chips, pace)?;
        if buses.insert(spec.number, bus).is_some() {
            return Err(CliError::refused(format!(
                "bus {} is given twice: name all of its images at once",
                spec.number
            )));
        }
        described.push((spec.number, summaries));
    }
    if specs.is_empty() {
        let chip = Chip::throw_away(DEFAULT_CHIP).map_err(CliError::failed)?;
        let chips = vec![("throw-away".to_owned(), chip)];
        let (bus, summaries) = populate(DEFAULT_BUS, chips, pace)?;
        buses.insert(DEFAULT_BUS, bus);
        described.push((DEFAULT_BUS, summaries));
    }
    Ok((buses, described))
}

/// A bus with these chips on it.
fn populate(
    number: u32,
    chips: Vec<(String, Chip)>,
    pace: Pace,
) -> Result<(Bus, Vec<(String, Summary)>), CliError> {
    let bus = Bus::with_clock(match pace {
        Pace::Real(_) => Clock::real(),
        Pace::Fast => Clock::skipping(),
    });
    let mut summaries: Vec<(String, Summary)> = Vec::new();
    for (name, chip) in chips {
        let summary = Summary::of(chip.image());
        let same = |(_, other): &&(String, Summary)| other.address == summary.address;
        if let Some((other, _)) = summaries.iter().find(same) {
            return Err(CliError::refused(format!(
                "bus {number}: {other} and {name} both have the address {:#04X}",
                summary.address
            )));
        }
        summaries.push((name, summary));
        bus.attach(pace.of_chip(chip));
    }
    Ok((bus, summaries))
}

fn announce(
    socket: &Path,
    buses: &[(u32, Vec<(String, Summary)>)],
    pace: Pace,
    output: Output,
) -> Result<(), CliError> {
    let preload = preload();
    let preload_name = preload
        .as_ref()
        .map_or(PRELOAD.to_owned(), |path| path.display().to_string());
    let socket = socket.display().to_string();
    let mut lines = Vec::new();
    let mut documents = Vec::new();
    for (number, chips) in buses {
        let mut entries = Vec::new();
        if chips.is_empty() {
            lines.push(format!(
                "bus {number}: no chip yet (nerves-key emulator plug puts one on it)"
            ));
        }
        for (name, summary) in chips {
            lines.push(format!(
                "bus {number}: {} {} at {:#04X} ({})",
                summary.chip,
                summary.serial,
                summary.address,
                escape(name)
            ));
            entries.push(summary.document(Path::new(name)));
        }
        documents.push(json!({ "bus": number, "chips": entries }));
    }
    let (shown_preload, shown_socket) = (escape(&preload_name), escape(&socket));
    let first = buses.first().map_or(DEFAULT_BUS, |(number, _)| *number);
    lines.push(format!(
        "For any program, before its name:\n  \
           LD_PRELOAD={shown_preload} ATECC_EMULATOR_SOCKET={shown_socket}\n\
         For this one:\n  \
           NERVES_KEY_DEVICE='unix:{shown_socket}?bus={first}'"
    ));
    if preload.is_none() {
        lines.push(format!(
            "{PRELOAD} is not beside this program: build it with \
             cargo build -p atecc-emulator-preload"
        ));
    }
    let environment: Value = json!({
        "LD_PRELOAD": preload_name,
        "ATECC_EMULATOR_SOCKET": socket,
    });
    let document = json!({
        "socket": socket,
        "fast": matches!(pace, Pace::Fast),
        "times": pace.execution_time().to_string(),
        "buses": documents,
        "environment": environment,
    });
    output.result(&lines.join("\n"), &document)
}

/// The preload library: beside this program, as cargo builds it, or in the
/// `lib` beside its `bin`.
fn preload() -> Option<PathBuf> {
    let program = std::env::current_exe().ok()?;
    let directory = program.parent()?;
    [
        directory.join(PRELOAD),
        directory.join("../lib").join(PRELOAD),
    ]
    .into_iter()
    .find(|path| path.exists())
    .and_then(|path| path.canonicalize().ok())
}
