//! Transfers on a connection, in the words of i2c-dev.

use std::os::fd::BorrowedFd;

use atecc_emulator::protocol::{MAX_MESSAGE, Message, Operation, Request, Target};
use rustix::io::Errno;

use crate::connection::ask;

/// Perform messages; the bytes that were read, one message after the other.
pub(crate) fn transfer(
    connection: BorrowedFd<'_>,
    messages: Vec<Message>,
) -> Result<Vec<u8>, Errno> {
    let expected: usize = messages
        .iter()
        .map(|message| match message.operation {
            Operation::Read(length) => length.into(),
            Operation::Write(_) => 0_usize,
        })
        .sum();
    let bytes = ask(connection, &Request::Transfer(messages))?;
    if bytes.len() == expected {
        Ok(bytes)
    } else {
        Err(Errno::PROTO)
    }
}

/// To the address of `I2C_SLAVE`.
pub(crate) const fn message(operation: Operation) -> Message {
    Message {
        target: Target::Connection,
        operation,
    }
}

/// `read`: one message, cut as i2c-dev does.
pub(crate) fn read(connection: BorrowedFd<'_>, count: usize) -> Result<Vec<u8>, Errno> {
    let count = u16::try_from(count.min(MAX_MESSAGE)).unwrap_or(u16::MAX);
    transfer(connection, vec![message(Operation::Read(count))])
}

/// `write`: one message, cut as i2c-dev does. How much was written.
pub(crate) fn write(connection: BorrowedFd<'_>, bytes: &[u8]) -> Result<usize, Errno> {
    let bytes = bytes.get(..MAX_MESSAGE).unwrap_or(bytes);
    transfer(connection, vec![message(Operation::Write(bytes.to_vec()))])?;
    Ok(bytes.len())
}

/// `I2C_SLAVE` and `I2C_SLAVE_FORCE`: no kernel driver has an address here.
pub(crate) fn set_address(connection: BorrowedFd<'_>, address: usize) -> Result<(), Errno> {
    let address = u16::try_from(address).unwrap_or(u16::MAX);
    ask(connection, &Request::SetAddress { address })?;
    Ok(())
}
