//! `nerves-key scan`: which chips there are.
//!
//! A sleeping chip acknowledges nothing, so a scan by addresses alone does not
//! find it: each address is woken and asked.
//!
//! On a stuck bus nobody answers, but with a time-out of 25 ms each address is
//! silent for a third of a second, too short to say which: what failed slowly is
//! added up over the addresses. An adapter that needs as long to say that nobody
//! is there is told from it by a chip that has answered and does so again.

use std::path::{Path, PathBuf};

use atecc::error::Cause;
use atecc::session::STUCK_US;
use atecc::{BusAddress, Error, Failure};
use nerves_key::{ReadSnapshot, Snapshot};
use nerves_key_device::{DeviceUri, EmulatedUri};
use serde_json::{Value, json};

use crate::chip::refuse_absent;
use crate::cli::scan::Scan;
use crate::error::{CliError, Exit};
use crate::output::{Output, escape, escape_path, one_line};
use crate::paint::Painted;
use crate::paragraph::table;

/// Addresses that chips are delivered with: generic parts, Trust&GO for TLS,
/// TrustFLEX for TLS, Trust&GO for `LoRaWAN`, and parts that makers of boards
/// configure. Source: cryptoauthlib `atca_cfgs.c`; configurations of such parts;
/// reports from the field.
pub(super) const USUAL: [u8; 5] = [0x60, 0x35, 0x36, 0x58, 0x59];

/// Who answered at an address.
enum Asked {
    Chip(Box<Found>),
    /// With the time in transfers that failed slowly, in microseconds.
    Nobody {
        slow_us: u32,
    },
    /// Somebody, but not as these chips do.
    Other(Failure),
}

/// A chip that answered.
struct Found {
    uri: DeviceUri,
    address: BusAddress,
    snapshot: Snapshot,
}

pub(super) fn run(arguments: &Scan, output: Output) -> Result<(), CliError> {
    let buses = match &arguments.device {
        Some(uri) => {
            refuse_absent(uri)?;
            vec![uri.clone()]
        }
        None => buses(Path::new("/dev"))?,
    };
    let mut found = Vec::new();
    let mut troubles = Vec::new();
    for bus in &buses {
        let (mut here, addresses) = (Vec::new(), addresses(arguments));
        if let Err(error) = scan(bus, &addresses, ask, &mut here, &mut troubles) {
            troubles.push(format!("{bus}: {error}"));
        }
        here.sort_by_key(|chip: &Found| chip.address.get());
        found.append(&mut here);
    }
    for trouble in &troubles {
        output.message(&format!("nerves-key: {}", one_line(trouble)));
    }
    let document = json!({
        "chips": found.iter().map(value).collect::<Vec<_>>(),
        "troubles": troubles,
    });
    if found.is_empty() {
        output.result("", &document)?;
        let error = CliError::new(
            Exit::NoChip,
            format!(
                "no chip answered on {} at {}",
                names(&buses),
                describe_tries(arguments)
            ),
        );
        return Err(error.after_document());
    }
    let rows: Vec<_> = found.iter().map(row).collect();
    let table = table(["chip", "serial number", "stage", "device"], &rows);
    output.painted(&Painted::table(&table), &document)
}

/// `ask` at each of `addresses` of one bus.
///
/// # Errors
/// What is wrong with the bus, and so at every address.
fn scan(
    bus: &DeviceUri,
    addresses: &[BusAddress],
    mut ask: impl FnMut(&DeviceUri) -> Result<Asked, CliError>,
    found: &mut Vec<Found>,
    troubles: &mut Vec<String>,
) -> Result<(), CliError> {
    let mut answered: Option<DeviceUri> = None;
    let mut spent_us = 0_u32;
    for address in addresses {
        let uri = at(bus, *address);
        match ask(&uri)? {
            Asked::Chip(chip) => {
                answered.get_or_insert(uri);
                found.push(*chip);
            }
            Asked::Nobody { slow_us } => spent_us = spent_us.saturating_add(slow_us),
            Asked::Other(failure) => troubles.push(format!("{uri}: {failure}")),
        }
        if spent_us >= STUCK_US {
            let again = answered.as_ref().map(&mut ask).transpose()?;
            if !matches!(again, Some(Asked::Chip(_))) {
                let stuck = Cause::Stuck { spent_us };
                return Err(CliError::failed(stuck.before_execution()));
            }
            spent_us = 0;
        }
        // A chip without a bus.
        if bus.bus_name().is_none() {
            break;
        }
    }
    Ok(())
}

/// The usual ones first: a chip there says at once that the bus is not stuck.
fn addresses(arguments: &Scan) -> Vec<BusAddress> {
    let others = (0x08..=0x77).filter(|address| !USUAL.contains(address));
    let others = others.filter(|_| arguments.all);
    let wanted = USUAL.into_iter().chain(others).map(BusAddress::new);
    wanted.filter_map(Result::ok).collect()
}

fn describe_tries(arguments: &Scan) -> String {
    if arguments.all {
        return "any address: check power and wiring, and that the bus runs at 100 kHz".to_owned();
    }
    let names: Vec<_> = USUAL
        .iter()
        .map(|address| format!("0x{address:02X}"))
        .collect();
    format!("{}; --all tries every address", names.join(", "))
}

fn names(buses: &[DeviceUri]) -> String {
    let names: Vec<_> = buses
        .iter()
        .map(|bus| match bus {
            DeviceUri::I2c { path, .. } => escape_path(path),
            other => other.to_string(),
        })
        .collect();
    names.join(", ")
}

/// Every i2c-dev node.
fn buses(directory: &Path) -> Result<Vec<DeviceUri>, CliError> {
    let entries =
        std::fs::read_dir(directory).map_err(|error| CliError::input(directory, error))?;
    let mut paths: Vec<PathBuf> = entries
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"i2c-"))
        .map(|entry| entry.path())
        .collect();
    if paths.is_empty() {
        return Err(CliError::new(
            Exit::NoChip,
            format!(
                "there is no I2C bus in {}: load the module i2c-dev and enable the bus, on a \
                 Raspberry Pi with dtparam=i2c_arm=on",
                escape_path(directory)
            ),
        ));
    }
    paths.sort();
    let uri = |path| DeviceUri::I2c {
        path,
        address: BusAddress::DEFAULT,
    };
    Ok(paths.into_iter().map(uri).collect())
}

/// The same bus, another address.
pub(super) fn at(bus: &DeviceUri, address: BusAddress) -> DeviceUri {
    match bus.clone() {
        DeviceUri::I2c { path, .. } => DeviceUri::I2c { path, address },
        DeviceUri::Emulated(EmulatedUri::Served { path, bus, .. }) => {
            DeviceUri::Emulated(EmulatedUri::Served { path, bus, address })
        }
        other => other,
    }
}

fn ask(uri: &DeviceUri) -> Result<Asked, CliError> {
    let mut device = uri.open()?;
    match device.probe(ReadSnapshot::new()) {
        Ok(snapshot) => Ok(Asked::Chip(Box::new(Found {
            uri: uri.clone(),
            address: device.address(),
            snapshot,
        }))),
        Err(Error::Bus { error, .. }) => Err(CliError::failed(error)),
        Err(Error::Failed(failure)) => match failure.cause {
            Cause::NoAnswer { .. } => Ok(Asked::Nobody {
                slow_us: device.slow_us(),
            }),
            Cause::Stuck { .. } => Err(CliError::failed(failure)),
            _ => Ok(Asked::Other(failure)),
        },
    }
}

/// Whether a chip answers at one of the usual addresses other than `but`.
pub(super) fn elsewhere(bus: &DeviceUri, but: BusAddress) -> Option<DeviceUri> {
    USUAL
        .iter()
        .filter_map(|address| BusAddress::new(*address).ok())
        .filter(|address| *address != but)
        // What is wrong with the bus is wrong at every address.
        .map_while(|address| ask(&at(bus, address)).ok())
        .find_map(|asked| match asked {
            Asked::Chip(found) => Some(found.uri),
            Asked::Nobody { .. } | Asked::Other(_) => None,
        })
}

fn row(found: &Found) -> [String; 4] {
    let config = &found.snapshot.config;
    [
        config.revision().to_string(),
        config.serial_number().to_string(),
        found.snapshot.stage().name().to_owned(),
        escape(&found.uri.to_string()),
    ]
}

fn value(found: &Found) -> Value {
    let config = &found.snapshot.config;
    json!({
        "device": found.uri.to_string(),
        "address": found.address.get(),
        "chip": config.revision().to_string(),
        "serial_number": config.serial_number().to_string(),
        "stage": found.snapshot.stage().name(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn chip() -> Asked {
        ask(&"emu:".parse().unwrap()).unwrap()
    }

    /// The addresses that were asked, and how it ended, on a bus where nobody
    /// answers but what `ask` says, and where that takes a third of a second.
    fn asked(mut ask: impl FnMut(&DeviceUri, usize) -> Option<Asked>) -> (usize, Option<String>) {
        let bus = "unix:nowhere".parse().unwrap();
        let addresses: Vec<_> = (0x08..=0x77).flat_map(BusAddress::new).collect();
        let (mut count, mut found) = (0, Vec::new());
        let one = |uri: &DeviceUri| {
            count += 1;
            let slow_us = 300_000;
            Ok(ask(uri, count).unwrap_or(Asked::Nobody { slow_us }))
        };
        let result = scan(&bus, &addresses, one, &mut found, &mut Vec::new());
        (count, result.err().map(|error| error.to_string()))
    }

    #[test]
    fn silence_after_silence_is_a_stuck_bus() {
        let (count, error) = asked(|_, _| None);
        assert_eq!(count, 5);
        let error = error.unwrap();
        assert!(error.contains("stuck"), "{error}");
        // One that answered and does so no more.
        let (count, error) = asked(|_, count| (count == 1).then(chip));
        assert_eq!(count, 1 + 5 + 1);
        assert!(error.unwrap().contains("stuck"));
    }

    #[test]
    fn an_adapter_may_be_slow_to_say_that_nobody_is_there() {
        let first = at(
            &"unix:nowhere".parse().unwrap(),
            BusAddress::new(0x08).unwrap(),
        );
        let (count, error) = asked(|uri, _| (*uri == first).then(chip));
        assert_eq!(error, None);
        // 111 silent ones, and the first again after each five of them.
        assert_eq!(count, 112 + 22);
    }
}
