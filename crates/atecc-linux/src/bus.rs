//! Transfers on an i2c-dev bus.
//!
//! linux-embedded-hal's `I2cdev` reopens the device for each new address, so
//! for each wake, and drops the count of messages done. i2cdev's `LinuxI2CBus`
//! beneath it has one `I2C_RDWR` for any address and returns that count.

use std::io;
use std::path::Path;
use std::sync::Arc;

use atecc::BusAddress;
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use i2cdev::core::{I2CMessage, I2CTransfer};
use i2cdev::linux::{LinuxI2CBus, LinuxI2CMessage};

use crate::{Cause, OpenError, TransferError, open};

/// Longest message. Source: Linux `drivers/i2c/i2c-dev.c`,
/// `i2cdev_ioctl_rdwr`. i2cdev itself cuts the length to 16 bits.
const MAX_MESSAGE: usize = 8192;

/// One combined transfer. The seam between [`Bus`] and the kernel.
pub trait Transfer {
    /// Perform `messages`, no two neighbours of the same direction, with a
    /// repeated start between them. Returns how many were done.
    ///
    /// # Errors
    /// The kernel's.
    fn transfer(&mut self, address: u8, messages: &mut [Operation<'_>]) -> io::Result<u32>;
}

/// The kernel's i2c-dev.
#[derive(Debug)]
pub struct I2cDev(LinuxI2CBus);

impl Transfer for I2cDev {
    fn transfer(&mut self, address: u8, messages: &mut [Operation<'_>]) -> io::Result<u32> {
        let mut messages: Vec<_> = messages
            .iter_mut()
            .map(|message| {
                match message {
                    Operation::Read(buffer) => LinuxI2CMessage::read(buffer),
                    Operation::Write(bytes) => LinuxI2CMessage::write(bytes),
                }
                .with_address(address.into())
            })
            .collect();
        Ok(self.0.transfer(&mut messages)?)
    }
}

/// A bus, opened once. Addresses are 7-bit.
#[derive(Debug)]
pub struct Bus<T = I2cDev> {
    path: Arc<Path>,
    transfer: T,
}

impl Bus {
    /// Open the bus `path` for a chip at `address`.
    ///
    /// # Errors
    /// [`OpenError`]; also when a kernel driver has the address, which
    /// transfers would not notice.
    pub fn open(path: impl AsRef<Path>, address: BusAddress) -> Result<Self, OpenError> {
        let path = path.as_ref();
        open::check_unclaimed(path, address)?;
        let bus =
            LinuxI2CBus::new(path).map_err(|error| OpenError::new(path, address, error.into()))?;
        Ok(Self::new(path, I2cDev(bus)))
    }
}

impl<T: Transfer> Bus<T> {
    /// A bus over `transfer`; `path` names it in errors.
    pub fn new(path: impl AsRef<Path>, transfer: T) -> Self {
        Self {
            path: path.as_ref().into(),
            transfer,
        }
    }

    fn exchange(&mut self, address: u8, messages: &mut [Operation<'_>]) -> Result<(), Cause> {
        if let Some(length) = messages.iter().map(length).find(|&n| n > MAX_MESSAGE) {
            return Err(Cause::TooLong(length));
        }
        let asked = messages.len();
        let done = self.transfer.transfer(address, messages)?;
        match usize::try_from(done) {
            Ok(count) if count >= asked => Ok(()),
            _ => Err(Cause::Short { done, asked }),
        }
    }

    /// As [`Self::exchange`], with neighbours of the same direction in one
    /// message: `I2C_M_NOSTART` would do it without a copy, but few adapters
    /// have it and the others ignore it.
    fn exchange_joined(&mut self, address: u8, parts: &mut [Operation<'_>]) -> Result<(), Cause> {
        let mut joined: Vec<Vec<u8>> = parts
            .chunk_by(same_direction)
            .map(|run| run.iter().flat_map(bytes).copied().collect())
            .collect();
        let mut messages: Vec<_> = joined
            .iter_mut()
            .zip(parts.chunk_by(same_direction))
            .map(|(buffer, run)| match run {
                [Operation::Read(_), ..] => Operation::Read(buffer),
                _ => Operation::Write(buffer),
            })
            .collect();
        self.exchange(address, &mut messages)?;
        for (buffer, run) in joined.iter().zip(parts.chunk_by_mut(same_direction)) {
            let mut rest = buffer.as_slice();
            for part in run {
                let (head, tail) = rest.split_at(length(part));
                if let Operation::Read(into) = part {
                    into.copy_from_slice(head);
                }
                rest = tail;
            }
        }
        Ok(())
    }
}

impl<T> ErrorType for Bus<T> {
    type Error = TransferError;
}

impl<T: Transfer> I2c for Bus<T> {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), TransferError> {
        let plain = operations
            .windows(2)
            .all(|pair| !matches!(pair, [a, b] if same_direction(a, b)));
        let result = if operations.is_empty() {
            Ok(())
        } else if plain {
            self.exchange(address, operations)
        } else {
            self.exchange_joined(address, operations)
        };
        result.map_err(|cause| TransferError::new(&self.path, address, cause))
    }
}

fn same_direction(a: &Operation<'_>, b: &Operation<'_>) -> bool {
    matches!(a, Operation::Read(_)) == matches!(b, Operation::Read(_))
}

fn bytes<'a>(operation: &'a Operation<'_>) -> &'a [u8] {
    match operation {
        Operation::Read(buffer) => buffer,
        Operation::Write(bytes) => bytes,
    }
}

fn length(operation: &Operation<'_>) -> usize {
    bytes(operation).len()
}

#[cfg(test)]
mod tests {
    use embedded_hal::i2c::{Error as _, ErrorKind, NoAcknowledgeSource};

    use super::*;

    /// Claims `done` messages; writes are kept, reads get 1, 2, 3 and so on.
    #[derive(Default)]
    struct Adapter {
        done: u32,
        seen: Vec<(u8, Vec<String>)>,
    }

    impl Transfer for Adapter {
        fn transfer(&mut self, address: u8, messages: &mut [Operation<'_>]) -> io::Result<u32> {
            let mut seen = Vec::new();
            for message in messages {
                seen.push(match message {
                    Operation::Write(bytes) => format!("write {bytes:?}"),
                    Operation::Read(buffer) => {
                        buffer.iter_mut().zip(1..=9).for_each(|(byte, n)| *byte = n);
                        format!("read {}", buffer.len())
                    }
                });
            }
            self.seen.push((address, seen));
            Ok(self.done)
        }
    }

    fn bus(done: u32) -> Bus<Adapter> {
        let adapter = Adapter {
            done,
            ..Adapter::default()
        };
        Bus::new("/dev/i2c-9", adapter)
    }

    #[test]
    fn fewer_messages_than_asked_is_a_nack() {
        let nack = ErrorKind::NoAcknowledge(NoAcknowledgeSource::Unknown);
        for (done, expected) in [(0, Some(nack)), (1, Some(nack)), (2, None)] {
            let result = bus(done).write_read(0x60, &[0x00], &mut [0; 4]);
            assert_eq!(result.err().map(|error| error.kind()), expected, "{done}");
        }
        let error = bus(0).write(0x00, &[0x00]).unwrap_err();
        assert!(matches!(error.cause(), Cause::Short { done: 0, asked: 1 }));
        assert!(error.to_string().contains("0 of 1 messages"), "{error}");
    }

    #[test]
    fn a_transaction_is_one_transfer() {
        let (mut bus, mut read) = (bus(2), [0; 2]);
        bus.write_read(0x35, &[7], &mut read).unwrap();
        let messages = vec!["write [7]".to_owned(), "read 2".to_owned()];
        assert_eq!(bus.transfer.seen, [(0x35, messages)]);
        assert_eq!(read, [1, 2]);
    }

    #[test]
    fn neighbours_of_one_direction_become_one_message() {
        let (mut bus, mut first, mut second) = (bus(2), [0; 2], [0; 1]);
        let mut operations = [
            Operation::Write(&[7]),
            Operation::Write(&[8, 9]),
            Operation::Read(&mut first),
            Operation::Read(&mut second),
        ];
        bus.transaction(0x60, &mut operations).unwrap();
        let messages = vec!["write [7, 8, 9]".to_owned(), "read 3".to_owned()];
        assert_eq!(bus.transfer.seen, [(0x60, messages)]);
        assert_eq!((first, second), ([1, 2], [3]));
    }

    /// Without another direction between, too.
    #[test]
    fn writes_alone_become_one_message() {
        let mut bus = bus(1);
        let mut operations = [Operation::Write(&[7]), Operation::Write(&[8])];
        bus.transaction(0x60, &mut operations).unwrap();
        assert_eq!(bus.transfer.seen, [(0x60, vec!["write [7, 8]".to_owned()])]);
    }

    /// What the kernel says of a device that knows no `I2C_RDWR`: ENOTTY, 25 in
    /// its `asm-generic/errno-base.h`.
    #[test]
    fn a_refusal_of_the_kernel_is_no_count_of_messages() {
        let mut null = I2cDev(LinuxI2CBus::new("/dev/null").unwrap());
        let refused = null.transfer(0x60, &mut [Operation::Write(&[7])]);
        assert_eq!(refused.unwrap_err().raw_os_error(), Some(25));
    }

    #[test]
    fn what_the_kernel_cannot_carry_is_not_sent() {
        let mut bus = bus(1);
        let error = bus.read(0x60, &mut vec![0; 0x1_0001]).unwrap_err();
        assert!(matches!(error.cause(), Cause::TooLong(0x1_0001)));
        bus.transaction(0x60, &mut []).unwrap();
        assert!(bus.transfer.seen.is_empty());
        bus.read(0x60, &mut [0; MAX_MESSAGE]).unwrap();
    }
}
