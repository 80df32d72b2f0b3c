//! `cargo xtask pkcs11-latency`: how long one signature takes on a chip that is
//! served in real time.
//!
//! - `C_Sign`: the module in a process that has it loaded.
//! - `nerves-key sign`: a process for each signature.
//! - A wake and a sleep for each command, as the module before this one has
//!   it: the same two commands with the same waits. Between them the chip is
//!   idle, since sleep would lose the digest.

use std::path::Path;
use std::time::{Duration, Instant};

use atecc::crc::crc16;
use atecc::group::parse_group;
use atecc::{Family, Opcode, Timing};
use atecc_emulator::client::Client;
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use serde_json::json;

use super::load;
use super::served::{BUS, Pace, Served};
use xtask_support::error::Error;
use xtask_support::measurement::Destination;
use xtask_support::{run, table};

/// Options of `cargo xtask pkcs11-latency`.
#[derive(Debug, clap::Args)]
pub(crate) struct Options {
    /// Signatures in each way.
    #[arg(long, value_name = "N", default_value_t = 50)]
    signatures: u32,
    #[command(flatten)]
    destination: Destination,
}

const CHIP: u8 = 0x60;
/// After the wake pulse. Source: ATECC508A datasheet, "Wake-Up and Sleep", tWHI.
const WAKE_US: u32 = 1_500;
/// Between two looks for an answer.
const POLL_US: u32 = 1_000;
/// From the sleep token to the next pulse: a chip is deaf while it falls asleep.
/// As long as `atecc` waits.
const REST_US: u32 = 1_500;
/// Source: ATECC508A datasheet, "Word Address Values".
const IDLE: [u8; 1] = [0x02];
const SLEEP: [u8; 1] = [0x01];

/// Measure.
pub(crate) fn run(options: &Options) -> Result<(), Error> {
    let served = Served::start(Pace::Real)?;
    let module = load::alone(&served, options.signatures)?;
    let rows = [
        ("C_Sign", module),
        ("nerves-key sign", command(&served, options.signatures)?),
        (
            "a wake for each command",
            each_command(&served.socket(), options.signatures)?,
        ),
    ]
    .map(|(way, times)| (way, Figures::of(times)));
    let shown = rows.each_ref().map(|(way, it)| {
        let [least, median, most] = it.0.map(|time| format!("{:.1}", time.as_secs_f64() * 1e3));
        [(*way).to_owned(), least, median, most]
    });
    table::print(["one signature, ms", "least", "median", "most"], &shown);
    let ways = rows.each_ref().map(|(way, it)| {
        let [least, median, most] = it.0.map(|time| time.as_secs_f64() * 1e3);
        json!({ "way": way, "least_ms": least, "median_ms": median, "most_ms": most })
    });
    options.destination.write(&json!({
        "signatures": options.signatures,
        "ways": ways,
    }))
}

/// Least, median and most.
struct Figures([Duration; 3]);

impl Figures {
    fn of(mut times: Vec<Duration>) -> Self {
        times.sort_unstable();
        let at = |place: usize| times.get(place).copied().unwrap_or_default();
        Self([
            at(0),
            at(times.len() / 2),
            at(times.len().saturating_sub(1)),
        ])
    }
}

fn command(served: &Served, signatures: u32) -> Result<Vec<Duration>, Error> {
    let device = served.device(CHIP);
    let digest = "a5".repeat(32);
    (0..signatures)
        .map(|_| {
            let start = Instant::now();
            let program = served.command().display().to_string();
            let sign = ["sign", "--digest", &digest, "--device", &device];
            run::captured(&mut run::program(&program, sign))?;
            Ok(start.elapsed())
        })
        .collect()
}

fn each_command(socket: &Path, signatures: u32) -> Result<Vec<Duration>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Chip(error.to_string());
    let mut bus = Client::connect(socket, Some(BUS)).map_err(|it| failed(&it))?;
    (0..signatures)
        .map(|_| {
            bus.delay().delay_us(REST_US);
            let start = Instant::now();
            // Nonce, mode 03: the data as it is into TempKey.
            let nonce = [&[0x27, 0x16, 0x03, 0x00, 0x00], [0xA5; 32].as_slice()].concat();
            request(&mut bus, Opcode::Nonce, &nonce, IDLE)?;
            // Sign, mode 80: what TempKey has, with the key in slot 0.
            let sign = [0x07, 0x41, 0x80, 0x00, 0x00];
            match request(&mut bus, Opcode::Sign, &sign, SLEEP)?.len() {
                64 => Ok(start.elapsed()),
                length => Err(Error::Chip(format!("a signature of {length} bytes"))),
            }
        })
        .collect()
}

/// Wake, send, wait, read, `end`.
fn request(bus: &mut Client, opcode: Opcode, group: &[u8], end: [u8; 1]) -> Result<Vec<u8>, Error> {
    let failed = |error: &dyn std::fmt::Display| Error::Chip(error.to_string());
    let mut delay = bus.delay();
    // The pulse is acknowledged by nobody.
    let _ = bus.write(0x00, &[0x00]);
    delay.delay_us(WAKE_US);
    bus.read(CHIP, &mut [0; 4]).map_err(|it| failed(&it))?;
    let crc = crc16(group).to_le_bytes();
    let frame = [&[0x03], group, &crc].concat();
    bus.write(CHIP, &frame).map_err(|it| failed(&it))?;
    delay.delay_us(Timing::new(Some(Family::Atecc608)).typical_us(opcode));
    let mut answer = [0; 75];
    while bus.read(CHIP, &mut answer).is_err() {
        delay.delay_us(POLL_US);
    }
    bus.write(CHIP, &end).map_err(|it| failed(&it))?;
    let payload = parse_group(&answer).map_err(|it| failed(&it))?;
    Ok(payload.to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        let times = [5, 1, 9].map(Duration::from_millis).to_vec();
        assert_eq!(Figures::of(times).0, [1, 5, 9].map(Duration::from_millis));
        assert_eq!(Figures::of(Vec::new()).0, [Duration::ZERO; 3]);
    }
}
