//! What an errno of a transfer means to a driver.
//!
//! The kernel's own table (`Documentation/i2c/fault-codes.rst`) asks adapters
//! for ENXIO when an address is not acknowledged, but they answer with
//! whatever their authors chose, so a missing acknowledge has five names.
//!
//! Nothing is repeated here: the driver knows which command may be sent again.
//! What it is told is whether the chip can have seen the transfer. After a lost
//! arbitration it cannot; after a signal nobody knows, as after a time-out.

use embedded_hal::i2c::{ErrorKind, NoAcknowledgeSource};
use rustix::io::Errno;

/// Source: `Documentation/i2c/fault-codes.rst` unless a row names a driver.
pub(crate) const fn kind(errno: Errno) -> ErrorKind {
    match errno {
        Errno::NXIO // As documented; i2c-imx since Linux 5.7, i2c-cadence.
        | Errno::REMOTEIO // i2c-bcm2835, i2c-designware, i2c-at91.
        | Errno::NODEV // As documented for a device that is not there.
        | Errno::TIMEDOUT // A chip that is silent; adapters that only time.
        // A signal: the kernel gave up its wait, the adapter perhaps not its
        // transfer (i2c-imx, where it waits for the bus).
        | Errno::INTR
        // Vague by its documentation, a plain NACK from i2c-imx in older
        // kernels. A broken bus then looks like an absent chip: said after a
        // few tries, where the opposite choice would stop the first poll.
        | Errno::IO => ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown),
        Errno::AGAIN => ErrorKind::ArbitrationLoss,
        _ => ErrorKind::Other,
    }
}

/// What a user can do about `errno` in a transfer to `address`.
pub(crate) const fn remedy(errno: Errno, address: u8) -> &'static str {
    match (kind(errno), address, errno) {
        (.., Errno::INTR) => {
            "a signal interrupted it: whether the chip saw it is unknown, so look what became of \
             the command before trying again"
        }
        (.., Errno::TIMEDOUT) => {
            "no end of it in time: the chip is silent or absent, or something holds SCL or SDA low"
        }
        (ErrorKind::NoAcknowledge(_), ..) => NOT_ACKNOWLEDGED,
        (ErrorKind::ArbitrationLoss, ..) => {
            "another controller took the bus, and the chip did not get the whole of it: try again"
        }
        (_, 0x00, Errno::INVAL | Errno::OPNOTSUPP | Errno::PERM | Errno::ACCESS) => {
            "the adapter refuses address 0, so a general call cannot wake chips on this bus; \
             the board needs a wake pulse of its own (SDA low for 60 us)"
        }
        (.., Errno::OPNOTSUPP) => "the adapter has no plain I2C transfers, only SMBus",
        (.., Errno::BUSY) => "the bus is busy: a line is held low, or an exchange never ended",
        _ => "the kernel log (dmesg) may say more",
    }
}

pub(crate) const NOT_ACKNOWLEDGED: &str =
    "not acknowledged: the chip is asleep, busy, absent or at another address";

#[cfg(test)]
mod tests {
    use super::*;

    const NACK: ErrorKind = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown);

    /// Numbers as in the kernel's `asm-generic/errno.h`.
    #[test]
    fn table() {
        for (number, expected) in [
            (4, NACK),                        // EINTR
            (5, NACK),                        // EIO
            (6, NACK),                        // ENXIO
            (19, NACK),                       // ENODEV
            (110, NACK),                      // ETIMEDOUT
            (121, NACK),                      // EREMOTEIO
            (11, ErrorKind::ArbitrationLoss), // EAGAIN
            (16, ErrorKind::Other),           // EBUSY
            (22, ErrorKind::Other),           // EINVAL
            (71, ErrorKind::Other),           // EPROTO
            (95, ErrorKind::Other),           // EOPNOTSUPP
        ] {
            assert_eq!(kind(Errno::from_raw_os_error(number)), expected, "{number}");
        }
    }

    /// Words that send nobody to look for an absent chip.
    #[test]
    fn a_signal_is_told_from_a_chip_that_does_not_answer() {
        assert!(remedy(Errno::INTR, 0x60).contains("signal"));
        assert!(remedy(Errno::TIMEDOUT, 0x60).contains("SDA low"));
        assert_eq!(remedy(Errno::REMOTEIO, 0x60), NOT_ACKNOWLEDGED);
        assert!(remedy(Errno::AGAIN, 0x60).contains("not get the whole"));
        assert!(remedy(Errno::BUSY, 0x60).contains("the bus is busy"));
    }

    #[test]
    fn only_address_zero_blames_the_general_call() {
        assert!(remedy(Errno::INVAL, 0x00).contains("address 0"));
        assert!(!remedy(Errno::INVAL, 0x60).contains("address 0"));
        assert!(remedy(Errno::OPNOTSUPP, 0x60).contains("SMBus"));
    }
}
