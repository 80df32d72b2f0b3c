//! The bus, and whether a chip wakes on it.

use std::path::{Path, PathBuf};

use atecc::commands::{Engines, InfoRevision, SelfTest};
use atecc::error::Cause;
use atecc::{Error, Family, Revision, Status as Answered};
use nerves_key_device::{DeviceUri, EmulatedUri};

use crate::chip::RecordedDevice;
use crate::commands::scan;
use crate::error::CliError;
use crate::files;
use crate::finding::{Finding, Status};
use crate::hex;
use crate::output::escape_path;

/// A zero byte lasts nine clocks low, which has to be 60 us and more: the wake
/// low duration. Source: ATECC508A datasheet, "AC Parameters", tWLO.
const FASTEST_WAKE_HZ: u32 = 100_000;

pub(super) fn open_failure(error: &CliError) -> Finding {
    // The error names the bus, the cause and the remedy.
    Finding::new("bus", Status::Fault, error.to_string())
        .next("mend that, or name the bus with --device; nerves-key scan tries all there are")
}

pub(super) fn open_success(uri: &DeviceUri) -> Finding {
    Finding::good(
        "bus",
        match uri {
            DeviceUri::I2c { path, .. } => format!("{} can be opened", escape_path(path)),
            DeviceUri::Emulated(EmulatedUri::Served { path, .. }) => {
                format!("an emulator serves at {}", escape_path(path))
            }
            DeviceUri::Emulated(_) => "an emulated chip, no bus".to_owned(),
            other => format!("{other} can be opened"),
        },
    )
}

/// How fast the adapter's clock is, where the device tree tells.
pub(super) fn speed(uri: &DeviceUri) -> Option<Finding> {
    let DeviceUri::I2c { path, .. } = uri else {
        return None;
    };
    Some(judge_speed(clock_frequency(Path::new("/sys"), path)))
}

fn judge_speed(frequency: Option<u32>) -> Finding {
    match frequency {
        None => Finding::new(
            "bus speed",
            Status::Skipped,
            "the device tree does not say; whether the chip wakes will show it",
        ),
        Some(hz) if hz > FASTEST_WAKE_HZ => {
            Finding::new("bus speed", Status::Warning, format!("{hz} Hz"))
                .because(
                    "the chip is woken by a zero byte, which above 100 kHz is shorter than the \
                     60 us that the chip needs: it may not wake, or only now and then",
                )
                .next(
                    "set 100 kHz: clock-frequency = <100000> in the device tree, on a Raspberry \
                     Pi dtparam=i2c_arm_baudrate=100000",
                )
        }
        Some(hz) => Finding::good(
            "bus speed",
            format!("{hz} Hz, slow enough to wake the chip"),
        ),
    }
}

/// `clock-frequency` of the adapter's node, a big-endian cell.
fn clock_frequency(sys: &Path, bus: &Path) -> Option<u32> {
    let node: PathBuf = std::fs::canonicalize(bus).ok()?;
    let name = node.file_name()?;
    let adapter = sys.join("bus/i2c/devices").join(name);
    let places = ["of_node/clock-frequency", "device/of_node/clock-frequency"];
    let bytes = places
        .iter()
        .find_map(|place| files::read(&adapter.join(place)).ok())?;
    Some(u32::from_be_bytes(bytes.try_into().ok()?))
}

/// Wake the chip and ask for its revision.
pub(super) fn wake(device: &mut RecordedDevice, uri: &DeviceUri) -> Finding {
    let address = device.address();
    let failure = match device.execute(InfoRevision) {
        Ok(revision) => return self_test(device, revision),
        Err(Error::Failed(failure)) => failure,
        Err(Error::Bus { error, .. }) => {
            return Finding::new("wake", Status::Fault, error.to_string())
                .because(
                    "the adapter or a line: SDA or SCL held low, no pull-ups, a driver that fails",
                )
                .next(
                    "look into dmesg; measure SDA and SCL, both high when idle; power-cycle the \
                     chip",
                );
        }
    };
    match failure.cause {
        Cause::NoAnswer { pulses } => {
            let silent = Finding::new(
                "wake",
                Status::Fault,
                format!("nothing answered {pulses} wake pulses at {address} (7-bit)"),
            );
            match scan::elsewhere(uri, address) {
                Some(other) => silent
                    .because("the chip has another address")
                    .next(format!("name it: --device '{other}'")),
                None => silent
                    .because(
                        "no supply, SDA and SCL swapped or without pull-ups, another address, a \
                         bus faster than 100 kHz, or an adapter that cannot write to address 0",
                    )
                    .next(
                        "check supply and wiring; then nerves-key scan --all; then the speed of \
                         the bus; then another adapter",
                    ),
            }
        }
        Cause::BadWake(bytes) => Finding::new(
            "wake",
            Status::Fault,
            format!(
                "{address} (7-bit) answers {}, not 04 11 33 43",
                hex::with_spaces(&bytes)
            ),
        )
        .because(
            "another program uses the chip without this one's lock, another device has this \
             address, or the line disturbs what the chip says: pull-ups missing or too weak, a \
             long cable, a bus that is too fast",
        )
        .next(
            "compare i2cdetect with and without the chip; try 100 kHz or less, shorter wires and \
             pull-ups of 2.2 to 4.7 kOhm",
        ),
        Cause::Status {
            status: Answered::SelfTest,
            ..
        } => self_test(device, Revision::Atecc608B),
        Cause::Stuck { .. } => Finding::new("wake", Status::Fault, failure.to_string())
            .because("SDA or SCL is held low, by the chip, by another device or by a short")
            .next("measure SDA and SCL, both high when idle; power-cycle the devices on the bus"),
        _ => Finding::new(
            "wake",
            Status::Fault,
            format!("the chip woke at {address}, but then: {failure}"),
        )
        .because("disturbed lines, or a supply that sags under load")
        .next("check pull-ups, cable and supply, and run this again"),
    }
}

/// The chip is awake; whether it has found itself faulty.
fn self_test(device: &mut RecordedDevice, revision: Revision) -> Finding {
    let address = device.address();
    let good = Finding::good("wake", format!("a chip answers at {address} (7-bit)"));
    if revision.family() != Some(Family::Atecc608) {
        return good;
    }
    let earlier = SelfTest {
        tests: Engines::NONE,
    };
    match device.execute(earlier) {
        Ok(failed) if !failed.is_empty() => Finding::new(
            "wake",
            Status::Fault,
            format!("the chip's own self test has failed (status 07): {failed}"),
        )
        .because("a damaged chip, or a supply that sags while it tests itself")
        .next("measure the supply, 2.0 V to 5.5 V; if it holds, replace the chip"),
        _ => good,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_device_tree_tells_the_speed() {
        let sys = tempfile::tempdir().unwrap();
        let bus = sys.path().join("i2c-7");
        std::fs::write(&bus, "").unwrap();
        assert_eq!(clock_frequency(sys.path(), &bus), None);
        let node = sys.path().join("bus/i2c/devices/i2c-7/of_node");
        std::fs::create_dir_all(&node).unwrap();
        std::fs::write(node.join("clock-frequency"), 400_000_u32.to_be_bytes()).unwrap();
        let found = clock_frequency(sys.path(), &bus);
        assert_eq!(found, Some(400_000));
        assert_eq!(judge_speed(found).status, Status::Warning);
        assert_eq!(judge_speed(Some(100_000)).status, Status::Good);
        assert_eq!(judge_speed(None).status, Status::Skipped);
    }
}
