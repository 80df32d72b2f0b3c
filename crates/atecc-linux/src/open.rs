//! Why a bus could not be opened, told so that the reader can mend it.

use std::io;
use std::path::{Path, PathBuf};

use atecc::BusAddress;
use i2cdev::linux::LinuxI2CDevice;
use rustix::io::Errno;

/// A bus could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// There is no such file.
    #[error("{}: no such I2C bus ({})", path.display(), available(buses))]
    Missing {
        /// The bus asked for.
        path: PathBuf,
        /// The buses there are.
        buses: Vec<PathBuf>,
        /// The kernel's error.
        source: io::Error,
    },
    /// There is a node, and no bus behind it.
    #[error(
        "{}: a device node without a bus: its adapter has gone, or the module i2c-dev is not \
         loaded (modprobe i2c-dev; i2cdetect -l lists the buses)",
        path.display()
    )]
    Gone {
        /// The bus asked for.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// This user may not use it.
    #[error(
        "{}: no permission (run as root, or add the user to the group that owns it, usually i2c)",
        path.display()
    )]
    Permission {
        /// The bus asked for.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// A kernel driver is bound to the chip; both talking to it would break
    /// each other's sessions.
    #[error(
        "{}: I2C address {address} belongs to the kernel driver {} (unbind it, or remove the \
         chip from the device tree)",
        path.display(), driver.as_deref().unwrap_or("of another device")
    )]
    Claimed {
        /// The bus asked for.
        path: PathBuf,
        /// The chip's address.
        address: BusAddress,
        /// The driver's name, where sysfs tells it.
        driver: Option<String>,
        /// The kernel's error.
        source: io::Error,
    },
    /// The file is something else.
    #[error("{}: not an I2C bus (a bus is named like /dev/i2c-1)", path.display())]
    NotABus {
        /// The file asked for.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// Anything else.
    #[error("{}: cannot be opened: {error}", path.display())]
    Other {
        /// The bus asked for.
        path: PathBuf,
        /// The kernel's error.
        error: io::Error,
    },
}

impl OpenError {
    pub(crate) fn new(path: &Path, address: BusAddress, source: io::Error) -> Self {
        let path = path.to_owned();
        match Errno::from_io_error(&source) {
            Some(Errno::NOENT) => Self::Missing {
                path,
                buses: buses(Path::new("/dev")),
                source,
            },
            Some(Errno::NXIO | Errno::NODEV) => Self::Gone { path, source },
            Some(Errno::ACCESS | Errno::PERM) => Self::Permission { path, source },
            Some(Errno::BUSY) => Self::Claimed {
                driver: driver(Path::new("/sys"), &path, address),
                path,
                address,
                source,
            },
            // EISDIR: a directory. ENOTTY and EINVAL: no such ioctl.
            Some(Errno::NOTTY | Errno::INVAL | Errno::ISDIR) => Self::NotABus { path, source },
            _ => Self::Other {
                path,
                error: source,
            },
        }
    }
}

/// Transfers by `I2C_RDWR` never look whether a kernel driver is bound to the
/// address; `I2C_SLAVE`, which i2cdev's device sends when it is opened, does.
pub(crate) fn check_unclaimed(path: &Path, address: BusAddress) -> Result<(), OpenError> {
    match LinuxI2CDevice::new(path, address.get().into()) {
        Ok(_closed_again) => Ok(()),
        Err(error) => Err(OpenError::new(path, address, error.into())),
    }
}

/// The i2c-dev nodes in `directory`, in order.
fn buses(directory: &Path) -> Vec<PathBuf> {
    let mut buses: Vec<_> = std::fs::read_dir(directory)
        .into_iter()
        .flatten()
        .flatten()
        .filter(|entry| entry.file_name().as_encoded_bytes().starts_with(b"i2c-"))
        .map(|entry| entry.path())
        .collect();
    buses.sort();
    buses
}

fn available(buses: &[PathBuf]) -> String {
    if buses.is_empty() {
        return "there is none: load the module i2c-dev and enable the bus, on a Raspberry Pi \
                with dtparam=i2c_arm=on"
            .to_owned();
    }
    let names: Vec<_> = buses.iter().map(|bus| bus.display().to_string()).collect();
    format!("there is {}", names.join(", "))
}

/// The driver bound to `address`, as `sysfs` has it: clients are directories
/// named `BUS-ADDRESS`, address in four hexadecimal digits.
fn driver(sysfs: &Path, path: &Path, address: BusAddress) -> Option<String> {
    let node = std::fs::canonicalize(path).ok()?;
    let bus = node.file_name()?.to_str()?.strip_prefix("i2c-")?;
    let client = format!("bus/i2c/devices/{bus}-{:04x}/driver", address.get());
    let driver = std::fs::read_link(sysfs.join(client)).ok()?;
    Some(driver.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::Bus;

    fn error(path: &Path) -> OpenError {
        Bus::open(path, BusAddress::DEFAULT).unwrap_err()
    }

    #[test]
    fn a_missing_bus() {
        let error = error(Path::new("/dev/i2c-no-such-bus"));
        assert!(matches!(error, OpenError::Missing { .. }), "{error:?}");
        let text = error.to_string();
        assert!(text.starts_with("/dev/i2c-no-such-bus: no such I2C bus (there is "));
    }

    /// Not "no such bus" of a node that is there.
    #[test]
    fn a_node_without_a_bus() {
        for errno in [Errno::NXIO, Errno::NODEV] {
            let path = Path::new("/dev/i2c-77");
            let error = OpenError::new(path, BusAddress::DEFAULT, errno.into());
            let text = error.to_string();
            assert!(text.contains("a device node without a bus"), "{text}");
            assert!(text.contains("modprobe i2c-dev"), "{text}");
        }
    }

    #[test]
    fn the_buses_there_are_get_named() {
        let directory = tempfile::tempdir().unwrap();
        for name in ["i2c-1", "i2c-20", "spidev0.0"] {
            std::fs::write(directory.path().join(name), "").unwrap();
        }
        let found = buses(directory.path());
        let names: Vec<_> = found.iter().filter_map(|bus| bus.file_name()).collect();
        assert_eq!(names, ["i2c-1", "i2c-20"]);
        assert!(available(&found).ends_with("i2c-20"));
        assert!(available(&[]).contains("i2c-dev"));
    }

    #[test]
    fn not_a_bus() {
        let directory = tempfile::tempdir().unwrap();
        for path in [Path::new("/dev/null"), directory.path()] {
            let error = error(path);
            assert!(matches!(error, OpenError::NotABus { .. }), "{error:?}");
        }
    }

    #[test]
    fn permission_and_claim_say_what_to_do() {
        let bus = Path::new("/dev/i2c-3");
        // EACCES is 13, EBUSY is 16 in the kernel's asm-generic/errno-base.h.
        let denied = OpenError::new(bus, BusAddress::DEFAULT, io::Error::from_raw_os_error(13));
        assert!(denied.to_string().contains("usually i2c"), "{denied}");
        let claimed = OpenError::new(bus, BusAddress::DEFAULT, io::Error::from_raw_os_error(16));
        let text = claimed.to_string();
        assert!(text.contains("0x60 belongs to the kernel driver"), "{text}");
    }

    /// As in the kernel's `Documentation/i2c/i2c-sysfs.rst`: `7-0060` is the
    /// client 0x60 of `i2c-7`.
    #[test]
    fn the_driver_of_a_claimed_address() {
        let sysfs = tempfile::tempdir().unwrap();
        let client = sysfs.path().join("bus/i2c/devices/7-0060");
        std::fs::create_dir_all(&client).unwrap();
        symlink("../../drivers/atmel-ecc", client.join("driver")).unwrap();
        let node = sysfs.path().join("i2c-7");
        std::fs::write(&node, "").unwrap();
        let link = sysfs.path().join("secure-element");
        symlink(&node, &link).unwrap();
        for path in [&node, &link] {
            let bound = driver(sysfs.path(), path, BusAddress::DEFAULT);
            assert_eq!(bound.as_deref(), Some("atmel-ecc"));
        }
        let free = driver(sysfs.path(), &node, BusAddress::TRUST_AND_GO);
        assert_eq!(free, None);
    }
}
