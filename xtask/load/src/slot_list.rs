//! `cargo xtask pkcs11-slot-list`: how long `C_GetSlotList` takes with buses that
//! nobody answers on, that carry nothing, and that have chips, in real time.
//!
//! The slots are those that the module finds by itself: two addresses on each bus.
//! It is the module's code without its C interface, in this process.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use atecc_emulator::server::Server;
use atecc_emulator::{
    Bus, Chip, Clock, Entropy, Failure, FailureKind, Fault, Faults, Heard, Image,
};
use nerves_key_device::DeviceUri;
use nerves_key_pkcs11_core::Module;
use nerves_key_pkcs11_core::module::Slots;
use nerves_key_pkcs11_core::settings::{Origin, Scan, Settings};
use nerves_key_pkcs11_core::token::Token;
use serde_json::json;

use super::served::finished;
use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::table;

/// Options of `cargo xtask pkcs11-slot-list`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Buses that nobody answers on, and those that carry nothing.
    #[arg(long, value_name = "N", default_value_t = 16)]
    buses: u32,
    /// Buses with a chip each.
    #[arg(long, value_name = "N", default_value_t = 8)]
    chips: u32,
    #[command(flatten)]
    destination: Destination,
}

/// Where chips are.
const ADDRESSES: [&str; 2] = ["0x60", "0x35"];
/// Nothing that a look found is believed for longer.
const LONGEST_BELIEF: Duration = Duration::from_secs(10);
/// A transfer of a stuck bus, as with many adapters.
const STUCK: Duration = Duration::from_secs(1);

/// Measure.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let nobody = || Ok(Bus::with_clock(Clock::real()));
    let stuck = || {
        let bus = Bus::with_clock(Clock::real());
        bus.set_faults(Faults::none().at(
            0,
            Fault::Stuck(Failure {
                kind: FailureKind::Other,
                heard: Heard::Nothing,
                after: STUCK,
            }),
        ));
        Ok(bus)
    };
    let rows = [
        ("no bus".to_owned(), measure(0, nobody)?),
        (
            format!("{} buses, nobody answers", options.buses),
            measure(options.buses, nobody)?,
        ),
        (
            format!("{} buses, stuck", options.buses),
            measure(options.buses, stuck)?,
        ),
        (
            format!("{} buses, a chip on each", options.chips),
            measure(options.chips, with_chip)?,
        ),
    ];
    let millis = |time: Duration| time.as_secs_f64() * 1e3;
    let shown = rows.each_ref().map(|(what, (tokens, times))| {
        let [first, second, later] = times.map(|time| format!("{:.1}", millis(time)));
        [what.clone(), tokens.to_string(), first, second, later]
    });
    let head = [
        "C_GetSlotList, ms",
        "tokens",
        "first",
        "second",
        "after 11 s",
    ];
    table::print(head, &shown);
    let rows = rows.each_ref().map(|(what, (tokens, times))| {
        let [first, second, later] = times.map(millis);
        json!({ "what": what, "tokens": tokens, "first_ms": first, "second_ms": second,
            "later_ms": later })
    });
    options.destination.write(&json!({ "rows": rows }))
}

fn with_chip() -> Result<Bus, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Chip(error.to_string());
    let directory = tempfile::tempdir().map_err(|it| failed(&it))?;
    let image = finished(directory.path(), 0x60)?;
    let image = Image::load(image).map_err(|it| failed(&it))?;
    let bus = Bus::with_clock(Clock::real());
    bus.attach(Chip::new(image, Entropy::Os).map_err(|it| failed(&it))?);
    Ok(bus)
}

/// Tokens in the list, and the times of three calls: the first, the next, and one
/// when nothing is believed any more.
fn measure(
    buses: u32,
    bus: impl Fn() -> Result<Bus, Error>,
) -> Result<(usize, [Duration; 3]), Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Chip(error.to_string());
    let directory = tempfile::tempdir().map_err(|it| failed(&it))?;
    let socket = directory.path().join("socket");
    let numbered: Result<BTreeMap<_, _>, Error> =
        (1..=buses).map(|number| Ok((number, bus()?))).collect();
    let server = Arc::new(Server::bind(&socket, numbered?).map_err(|it| failed(&it))?);
    let running = Arc::clone(&server);
    let serving = std::thread::spawn(move || running.run(|_| {}));
    let settings = Settings {
        scan: Scan::Nothing,
        ..Settings::default()
    };
    let mut tokens = Vec::new();
    for (slot, address) in (0..).zip(ADDRESSES) {
        for bus in 1..=buses {
            let name = format!("unix:{}?bus={bus}&addr={address}", socket.display());
            let device: DeviceUri = name.parse().map_err(|it| failed(&it))?;
            let slot = (bus + 16 * slot).into();
            tokens.push(Token::new(slot, device, Origin::Found));
        }
    }
    let module = Module::new(settings).with_tokens(tokens);
    let mut found = 0;
    let mut call = || {
        let start = Instant::now();
        found = module.slots(Slots::WithToken).len();
        start.elapsed()
    };
    let (first, second) = (call(), call());
    std::thread::sleep(LONGEST_BELIEF + Duration::from_secs(1));
    let later = call();
    server.stop();
    // It has nothing to say any more.
    let _ = serving.join();
    Ok((found, [first, second, later]))
}
