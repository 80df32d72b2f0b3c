//! A bus of a served emulator, from another process.

mod error;

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;
use std::thread;
use std::time::Duration;

use embedded_hal::delay::DelayNs;
use embedded_hal::i2c::{ErrorType, I2c, Operation};
use rustix::net::SocketAddrUnix;

pub use error::{ChangeError, ClientError, ConnectError};

use crate::protocol::{self, Hello, Message, Pace, Reply, Request, Target, socket};

/// A connection to a served emulator, using one of its buses.
#[derive(Debug)]
pub struct Client {
    connection: OwnedFd,
    hello: Hello,
    bus: u32,
    patience: Duration,
    is_silent: bool,
}

/// The delay that goes with a [`Client`]: where commands take no time, it
/// takes none.
#[derive(Clone, Copy, Debug)]
pub struct ClientDelay(Pace);

/// Connect to the emulator at `path` and exchange greetings, in one round trip.
/// `bus` is open then, if the greeting lists it.
///
/// # Errors
/// [`ConnectError`]; also when the server does not answer within 10 s.
pub fn connect_to(path: &Path, bus: Option<u32>) -> Result<(OwnedFd, Hello), ConnectError> {
    let connection = SocketAddrUnix::new(path)
        .and_then(|address| socket::connected(&address, socket::PATIENCE))
        .map_err(|error| ConnectError::Socket {
            path: path.to_owned(),
            error: error.into(),
        })?;
    let called = |error| ConnectError::Call {
        path: path.to_owned(),
        error,
    };
    let version = protocol::VERSION;
    let greeting = Request::Hello { version, bus };
    let greeting = call(connection.as_fd(), &greeting, 0).map_err(called)?;
    let hello = Hello::from_bytes(&greeting).map_err(|error| called(error.into()))?;
    if hello.version == version {
        return Ok((connection, hello));
    }
    Err(ConnectError::Version {
        path: path.to_owned(),
        theirs: hello.version,
    })
}

/// Send a request and wait for the bytes of its reply. Any number of threads
/// and processes may do so on one connection. `address` is for the error.
///
/// # Errors
/// [`ClientError`]. When the server does not answer within 10 s the connection
/// ends for all.
pub fn call(
    connection: BorrowedFd<'_>,
    request: &Request,
    address: u8,
) -> Result<Vec<u8>, ClientError> {
    call_within(connection, request, address, socket::PATIENCE)
}

fn call_within(
    connection: BorrowedFd<'_>,
    request: &Request,
    address: u8,
    patience: Duration,
) -> Result<Vec<u8>, ClientError> {
    let packet = request.to_bytes()?;
    let reply = socket::call(connection, &packet, patience).map_err(io::Error::from)?;
    let Reply(result) = Reply::from_bytes(&reply)?;
    result.map_err(|errno| ClientError::refused(errno, address))
}

impl Client {
    /// Use `bus` of the emulator at `path`; its only one when none is named.
    ///
    /// # Errors
    /// [`ConnectError`]: nobody serves there, or there is no such bus.
    pub fn connect(path: impl AsRef<Path>, bus: Option<u32>) -> Result<Self, ConnectError> {
        let path = path.as_ref();
        let (connection, hello) = connect_to(path, bus)?;
        let chosen = match (bus, hello.buses.as_slice()) {
            (Some(bus), buses) if buses.contains(&bus) => bus,
            (None, &[only]) => {
                let open = Request::Open { bus: only };
                call(connection.as_fd(), &open, 0).map_err(|error| ConnectError::Call {
                    path: path.to_owned(),
                    error,
                })?;
                only
            }
            _ => {
                return Err(ConnectError::Bus {
                    path: path.to_owned(),
                    bus,
                    buses: hello.buses,
                });
            }
        };
        Ok(Self {
            connection,
            hello,
            bus: chosen,
            patience: socket::PATIENCE,
            is_silent: false,
        })
    }

    /// The same, which waits `patience` for the end of a transfer instead of 10 s.
    #[must_use]
    pub fn with_patience(self, patience: Duration) -> Self {
        Self { patience, ..self }
    }

    /// Whether the server said nothing for as long as it was waited for. Its
    /// connection has ended then.
    #[must_use]
    pub const fn is_silent(&self) -> bool {
        self.is_silent
    }

    /// The number of the bus.
    #[must_use]
    pub const fn bus(&self) -> u32 {
        self.bus
    }

    /// What the server said of itself.
    #[must_use]
    pub const fn hello(&self) -> &Hello {
        &self.hello
    }

    /// The delay for this bus.
    #[must_use]
    pub const fn delay(&self) -> ClientDelay {
        ClientDelay(self.hello.pace)
    }
}

/// Put a chip on a bus of the emulator at `path`, by a name that the server
/// understands, or take the one at an address off it.
///
/// # Errors
/// [`ChangeError`].
pub fn change(path: &Path, bus: Option<u32>, change: &Change) -> Result<(), ChangeError> {
    let client = Client::connect(path, bus)?;
    let bus = client.bus;
    let request = match change {
        Change::Plug(name) => Request::Plug {
            bus,
            name: name.clone(),
        },
        Change::Unplug(address) => Request::Unplug {
            bus,
            address: (*address).into(),
        },
    };
    let refusal = call(client.connection.as_fd(), &request, 0)?;
    if refusal.is_empty() {
        Ok(())
    } else {
        let reason = String::from_utf8_lossy(&refusal).into_owned();
        Err(ChangeError::Refused { bus, reason })
    }
}

/// What [`change`] does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Change {
    /// Put the chip of this name on the bus.
    Plug(String),
    /// Take the chip at this seven-bit address off the bus.
    Unplug(u8),
}

impl ErrorType for Client {
    type Error = ClientError;
}

impl I2c for Client {
    fn transaction(
        &mut self,
        address: u8,
        operations: &mut [Operation<'_>],
    ) -> Result<(), ClientError> {
        if operations.is_empty() {
            return Ok(());
        }
        let messages: Result<Vec<_>, _> = operations
            .chunk_by(same_direction)
            .map(|run| message(address, run))
            .collect();
        let request = Request::Transfer(messages?);
        let bytes = call_within(self.connection.as_fd(), &request, address, self.patience)
            .inspect_err(|error| self.is_silent |= error.is_silence())?;
        distribute(&bytes, operations)
    }
}

/// As embedded-hal demands, neighbours of one direction are one message.
fn message(address: u8, run: &[Operation<'_>]) -> Result<Message, ClientError> {
    let mut written = Vec::new();
    let mut length = 0;
    for operation in run {
        match operation {
            Operation::Write(bytes) => written.extend(*bytes),
            Operation::Read(buffer) => length += buffer.len(),
        }
    }
    let operation = if matches!(run, [Operation::Read(_), ..]) {
        let length = u16::try_from(length).or(Err(protocol::BadRequest::TooLong))?;
        protocol::Operation::Read(length)
    } else {
        protocol::Operation::Write(written)
    };
    Ok(Message {
        target: Target::Address(address.into()),
        operation,
    })
}

fn distribute(bytes: &[u8], operations: &mut [Operation<'_>]) -> Result<(), ClientError> {
    let asked = operations
        .iter()
        .map(|operation| match operation {
            Operation::Read(buffer) => buffer.len(),
            Operation::Write(_) => 0,
        })
        .sum();
    if bytes.len() != asked {
        let got = bytes.len();
        return Err(ClientError::Length { got, asked });
    }
    let mut rest = bytes;
    for operation in operations {
        if let Operation::Read(buffer) = operation {
            let (here, later) = rest.split_at(buffer.len());
            buffer.copy_from_slice(here);
            rest = later;
        }
    }
    Ok(())
}

fn same_direction(a: &Operation<'_>, b: &Operation<'_>) -> bool {
    matches!(a, Operation::Read(_)) == matches!(b, Operation::Read(_))
}

impl DelayNs for ClientDelay {
    fn delay_ns(&mut self, ns: u32) {
        if self.0 == Pace::Real {
            thread::sleep(Duration::from_nanos(ns.into()));
        }
    }
}
