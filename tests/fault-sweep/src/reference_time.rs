//! How long the reference takes for a provisioning, beside ours.
//!
//! Its recorded commands are sent with its waits to an emulated chip on a virtual
//! clock. Each is a wake of its own, unless the reference's cache had the answer,
//! which the recording leaves out. Source of the waits: `nerves-hub/atecc508a` 1.4,
//! `ATECC508A.Transport.I2CServer`; of the time-outs: the recording. Its host's own
//! time is not counted, and `Process.sleep` counts as exact.

use std::error::Error;
use std::path::Path;
use std::time::Duration;

use atecc::group::Group;
use atecc::{Device, Timing};
use atecc_emulator::{Bus, Chip, Entropy, ExecutionTime, Revision};
use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::I2c;
use nerves_key::ReadSnapshot;
use nerves_key_provision::{CertificateSlots, Plan, provision};

use super::reference::{ASLEEP_MS, CHIP, Certificate, payload, play_by};
use tests_station::{CHALLENGES, Station};
use tests_vector_runner::read_rows;
use tests_vector_suites::sequences::{Operation, operation};

/// Both times of one recorded provisioning, at 100 kHz.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct ProvisioningTimes {
    /// The name of its row.
    pub sequence: String,
    /// Of the chip.
    pub revision: Revision,
    /// How many commands the reference sent.
    pub reference_commands: usize,
    /// The time of its last one's end.
    pub reference: Duration,
    /// Of ours, from the first reading to the last look, all locks included.
    pub ours: Duration,
}

impl ProvisioningTimes {
    /// How many times as long the reference takes.
    #[must_use]
    pub fn ratio(&self) -> f64 {
        self.reference.as_secs_f64() / self.ours.as_secs_f64()
    }
}

/// Of each provisioning of a blank chip in `transcripts.json` in `dir`, by chips
/// with these execution times.
///
/// # Errors
/// When the file cannot be read, or either host fails.
pub fn provisioning_times(
    dir: &Path,
    model: ExecutionTime,
) -> Result<Vec<ProvisioningTimes>, Box<dyn Error>> {
    let rows = read_rows::<Operation>(&dir.join("transcripts.json"), "operations")?;
    let rows = rows
        .into_iter()
        .filter_map(|(name, row)| Some((name, row.ok()?)));
    let blank = |row: &Operation| row.provisions() && row.chip_is_blank();
    rows.filter(|(_, row)| blank(row))
        .map(|(sequence, row)| {
            let (reference, ours) = (bus(&row, model)?, bus(&row, model)?);
            let revision = reference.inspect(0, |chip| chip.image().revision());
            play_by(&reference, &row, Certificate::Own, |request, timeout_ms| {
                exchange(&reference, request, timeout_ms.ok_or("no time-out")?)
            })
            .map_err(|error| format!("{sequence}: {error}"))?;
            let took = provision_by_ours(&ours, &row)?;
            Ok(ProvisioningTimes {
                sequence,
                revision: revision.ok_or("the bus has no chip")?,
                reference_commands: row.requests().count(),
                reference: reference.clock().now(),
                ours: took,
            })
        })
        .collect()
}

/// The row's chip, as it was before.
fn bus(row: &Operation, model: ExecutionTime) -> Result<Bus, Box<dyn Error>> {
    let image = operation::blank(row)?.image(0);
    let chip = Chip::new(image.ok_or("the bus has no chip")?, Entropy::Seeded(1))?;
    Ok(Bus::with_chip(chip.with_execution_time(model)))
}

/// As the command does it: read and plan, then run. How long that took.
fn provision_by_ours(bus: &Bus, row: &Operation) -> Result<Duration, Box<dyn Error>> {
    let mut station = operation::station(row)?;
    station.request.certificate_slots = CertificateSlots::Lock;
    let mut device = Device::new(bus.i2c(), bus.delay());
    let snapshot = device.run(ReadSnapshot::new())?;
    let plan = Plan::new(&snapshot, &station.request)?;
    device.set_timing(Timing::new(plan.config().revision().family()));
    let report = provision(&mut device, &plan, &mut station.key, CHALLENGES, |_| {})?;
    report.ok_or("nothing was to be done")?;
    let took = bus.clock().now();
    Station::snapshot(bus)?.identity()?;
    Ok(took)
}

/// One command: wake, half the time-out, then a look every two milliseconds.
fn exchange(bus: &Bus, request: &[u8], timeout_ms: u32) -> Result<Vec<u8>, Box<dyn Error>> {
    const WAKE_MS: u32 = 2;
    const POLL_MS: u32 = 2;
    let (mut i2c, mut delay) = (bus.i2c(), bus.delay());
    let command = [&[0x03], Group::new(request)?.as_bytes()].concat();
    // Nobody acknowledges the general call.
    let _: Result<(), _> = i2c.write(0x00, &[0x00]);
    delay.delay_ms(WAKE_MS);
    i2c.read(CHIP, &mut [0; 4])?;
    i2c.write(CHIP, &command)?;
    // `round(timeout / 2)`: a half is rounded up.
    let mut waited_ms = timeout_ms.div_ceil(2);
    delay.delay_ms(waited_ms);
    let mut answer = vec![0; answer_len(request)];
    while let Err(error) = i2c.read(CHIP, &mut answer) {
        waited_ms += POLL_MS;
        if waited_ms >= timeout_ms {
            return Err(format!("{request:02X?}: no answer in {timeout_ms} ms: {error}").into());
        }
        delay.delay_ms(POLL_MS);
    }
    i2c.write(CHIP, &[0x01])?;
    delay.delay_ms(ASLEEP_MS);
    payload(&answer)
}

/// Count, payload, CRC.
fn answer_len(request: &[u8]) -> usize {
    let payload = match request {
        // Read, of a block or a word.
        [0x02, mode, ..] if mode & 0x80 != 0 => 32,
        [0x02, ..] => 4,
        // GenKey: a public key.
        [0x40, ..] => 64,
        _ => 1,
    };
    payload + 3
}
