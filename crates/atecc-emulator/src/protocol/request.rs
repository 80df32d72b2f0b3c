//! Requests, from client to server.

use super::{MAX_MESSAGE, MAX_MESSAGES, MAX_TRANSFER};

const HELLO: u8 = 1;
const OPEN: u8 = 2;
const SET_ADDRESS: u8 = 3;
const TRANSFER: u8 = 4;
const PLUG: u8 = 5;
const UNPLUG: u8 = 6;

/// In the address field: the connection's own address.
const OF_CONNECTION: u16 = 0xFFFF;
/// The only flag. Source: Linux `include/uapi/linux/i2c.h`, `I2C_M_RD`.
const READ: u16 = 0x0001;

/// What a client wants.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Request {
    /// The server's version, pace and buses.
    Hello {
        /// The client's version of the protocol.
        version: u8,
        /// Open it as well, if the server has it and speaks this version: all
        /// in one round trip.
        bus: Option<u32>,
    },
    /// Make `bus` the connection's bus, and 0 its address.
    Open {
        /// The number of the bus.
        bus: u32,
    },
    /// Change the connection's address.
    SetAddress {
        /// Seven-bit address.
        address: u16,
    },
    /// Put the chip of this name on a bus. The reply is empty, or says why not.
    Plug {
        /// The number of the bus.
        bus: u32,
        /// As the server's [`Chips`](crate::server::Chips) understands it.
        name: String,
    },
    /// Take the chip at `address` off a bus. The reply is empty, or says why
    /// not.
    Unplug {
        /// The number of the bus.
        bus: u32,
        /// Seven-bit address.
        address: u16,
    },
    /// Perform these messages, with a repeated START between them. The reply
    /// has the bytes that were read, one message after the other.
    Transfer(Vec<Message>),
}

/// One message of a transfer.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Message {
    /// To whom.
    pub target: Target,
    /// A write, or a read.
    pub operation: Operation,
}

/// The address of a message.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Target {
    /// The connection's own.
    Connection,
    /// This seven-bit address.
    Address(u16),
}

/// What a message does.
#[derive(Clone, Debug, Eq, PartialEq)]
pub enum Operation {
    /// Send these bytes.
    Write(Vec<u8>),
    /// Read so many bytes.
    Read(u16),
}

/// What is no request.
#[derive(Clone, Copy, Debug, Eq, PartialEq, thiserror::Error)]
pub enum BadRequest {
    /// The packet is empty or begins with no known operation.
    #[error("no such operation: {0:?}")]
    Operation(Option<u8>),
    /// The packet does not have the length that its operation has.
    #[error("operation {operation} with {length} bytes")]
    Length {
        /// The first byte.
        operation: u8,
        /// Bytes after it.
        length: usize,
    },
    /// The message ends before its bytes do, or has no header.
    #[error("message {0} is cut short")]
    Short(usize),
    /// Flags other than read.
    #[error("message {index} has the flags {flags:#06x}")]
    Flags {
        /// Which message, from 0.
        index: usize,
        /// Its flags.
        flags: u16,
    },
    /// A name that is not UTF-8.
    #[error("a name that is not UTF-8")]
    Name,
    /// More messages or bytes than a transfer may have.
    #[error("the transfer is too long")]
    TooLong,
}

impl Operation {
    /// Bytes on the bus.
    #[must_use]
    pub fn length(&self) -> usize {
        match self {
            Self::Write(bytes) => bytes.len(),
            Self::Read(length) => (*length).into(),
        }
    }
}

impl Request {
    /// The packet.
    ///
    /// # Errors
    /// [`BadRequest::TooLong`]: more than [`MAX_MESSAGES`], [`MAX_MESSAGE`] or
    /// [`MAX_TRANSFER`].
    pub fn to_bytes(&self) -> Result<Vec<u8>, BadRequest> {
        Ok(match self {
            Self::Hello { version, bus } => {
                let bus = bus.map(u32::to_le_bytes);
                [&[HELLO, *version], bus.as_slice().as_flattened()].concat()
            }
            Self::Open { bus } => [&[OPEN], bus.to_le_bytes().as_slice()].concat(),
            Self::SetAddress { address } => {
                [&[SET_ADDRESS], address.to_le_bytes().as_slice()].concat()
            }
            Self::Plug { name, .. } if name.len() > MAX_MESSAGE => {
                return Err(BadRequest::TooLong);
            }
            Self::Plug { bus, name } => {
                [&[PLUG], bus.to_le_bytes().as_slice(), name.as_bytes()].concat()
            }
            Self::Unplug { bus, address } => [
                &[UNPLUG],
                bus.to_le_bytes().as_slice(),
                &address.to_le_bytes(),
            ]
            .concat(),
            Self::Transfer(messages) => {
                within_limits(messages)?;
                let mut packet = vec![TRANSFER];
                for message in messages {
                    message.put(&mut packet)?;
                }
                packet
            }
        })
    }

    /// What `packet` asks for.
    ///
    /// # Errors
    /// [`BadRequest`]. Any bytes may be given.
    pub fn from_bytes(packet: &[u8]) -> Result<Self, BadRequest> {
        let (&operation, body) = packet.split_first().ok_or(BadRequest::Operation(None))?;
        let length = BadRequest::Length {
            operation,
            length: body.len(),
        };
        match operation {
            HELLO => match *body {
                [version] => Ok(Self::Hello { version, bus: None }),
                [version, ref bus @ ..] => Ok(Self::Hello {
                    version,
                    bus: Some(u32::from_le_bytes(bus.try_into().or(Err(length))?)),
                }),
                [] => Err(length),
            },
            OPEN => Ok(Self::Open {
                bus: u32::from_le_bytes(body.try_into().or(Err(length))?),
            }),
            SET_ADDRESS => Ok(Self::SetAddress {
                address: u16::from_le_bytes(body.try_into().or(Err(length))?),
            }),
            TRANSFER => messages(body).map(Self::Transfer),
            PLUG => {
                let (bus, name) = body.split_first_chunk().ok_or(length)?;
                if name.len() > MAX_MESSAGE {
                    return Err(BadRequest::TooLong);
                }
                let name = std::str::from_utf8(name).or(Err(BadRequest::Name))?;
                Ok(Self::Plug {
                    bus: u32::from_le_bytes(*bus),
                    name: name.to_owned(),
                })
            }
            UNPLUG => {
                let (bus, address) = body.split_first_chunk().ok_or(length)?;
                Ok(Self::Unplug {
                    bus: u32::from_le_bytes(*bus),
                    address: u16::from_le_bytes(address.try_into().or(Err(length))?),
                })
            }
            other => Err(BadRequest::Operation(Some(other))),
        }
    }
}

impl Message {
    fn put(&self, packet: &mut Vec<u8>) -> Result<(), BadRequest> {
        let address = match self.target {
            Target::Connection => OF_CONNECTION,
            Target::Address(address) => address,
        };
        let (flags, bytes) = match &self.operation {
            Operation::Write(bytes) => (0, bytes.as_slice()),
            Operation::Read(_) => (READ, [].as_slice()),
        };
        let length = u16::try_from(self.operation.length()).or(Err(BadRequest::TooLong))?;
        for field in [address, flags, length] {
            packet.extend(field.to_le_bytes());
        }
        packet.extend(bytes);
        Ok(())
    }
}

fn messages(mut body: &[u8]) -> Result<Vec<Message>, BadRequest> {
    let mut messages = Vec::new();
    while !body.is_empty() {
        let index = messages.len();
        let short = BadRequest::Short(index);
        let (header, rest) = body.split_first_chunk::<6>().ok_or(short)?;
        let [a0, a1, f0, f1, l0, l1] = *header;
        let target = match u16::from_le_bytes([a0, a1]) {
            OF_CONNECTION => Target::Connection,
            address => Target::Address(address),
        };
        let length = u16::from_le_bytes([l0, l1]);
        let operation = match u16::from_le_bytes([f0, f1]) {
            READ => {
                body = rest;
                Operation::Read(length)
            }
            0 => {
                let (bytes, rest) = rest.split_at_checked(length.into()).ok_or(short)?;
                body = rest;
                Operation::Write(bytes.to_vec())
            }
            flags => return Err(BadRequest::Flags { index, flags }),
        };
        messages.push(Message { target, operation });
        within_limits(&messages)?;
    }
    Ok(messages)
}

fn within_limits(messages: &[Message]) -> Result<(), BadRequest> {
    let lengths = || messages.iter().map(|message| message.operation.length());
    let fits = messages.len() <= MAX_MESSAGES
        && lengths().all(|length| length <= MAX_MESSAGE)
        && lengths().sum::<usize>() <= MAX_TRANSFER;
    if fits {
        Ok(())
    } else {
        Err(BadRequest::TooLong)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(length: u16) -> Message {
        Message {
            target: Target::Connection,
            operation: Operation::Read(length),
        }
    }

    /// As written down in `docs/emulator-server.md`.
    #[test]
    fn bytes() {
        let write = Message {
            target: Target::Address(0x60),
            operation: Operation::Write(vec![0x03, 0x07]),
        };
        let hello = |bus| Request::Hello { version: 1, bus };
        let plug = Request::Plug {
            bus: 3,
            name: "a".to_owned(),
        };
        let unplug = Request::Unplug {
            bus: 3,
            address: 0x60,
        };
        let cases: [(Request, &[u8]); 7] = [
            (plug, &[5, 3, 0, 0, 0, b'a']),
            (unplug, &[6, 3, 0, 0, 0, 0x60, 0]),
            (hello(None), &[1, 1]),
            (hello(Some(0x0102)), &[1, 1, 2, 1, 0, 0]),
            (Request::Open { bus: 0x0102 }, &[2, 2, 1, 0, 0]),
            (Request::SetAddress { address: 0x60 }, &[3, 0x60, 0]),
            (
                Request::Transfer(vec![write, read(4)]),
                &[
                    4, 0x60, 0, 0, 0, 2, 0, 3, 7, // write 03 07 to 0x60
                    0xFF, 0xFF, 1, 0, 4, 0, // read 4 from the connection's address
                ],
            ),
        ];
        for (request, packet) in cases {
            assert_eq!(request.to_bytes().unwrap(), packet);
            assert_eq!(Request::from_bytes(packet).unwrap(), request);
        }
    }

    #[test]
    fn what_is_none() {
        let cases: [(&[u8], BadRequest); 10] = [
            (&[5, 3, 0, 0, 0, 0xFF], BadRequest::Name),
            (
                &[6, 3, 0, 0, 0, 0x60],
                BadRequest::Length {
                    operation: 6,
                    length: 5,
                },
            ),
            (&[], BadRequest::Operation(None)),
            (&[9, 1], BadRequest::Operation(Some(9))),
            (
                &[1],
                BadRequest::Length {
                    operation: 1,
                    length: 0,
                },
            ),
            (
                &[1, 1, 2, 1, 0],
                BadRequest::Length {
                    operation: 1,
                    length: 4,
                },
            ),
            (
                &[2, 0, 0, 0],
                BadRequest::Length {
                    operation: 2,
                    length: 3,
                },
            ),
            (&[4, 0x60, 0, 0, 0, 2], BadRequest::Short(0)),
            (&[4, 0x60, 0, 0, 0, 2, 0, 3], BadRequest::Short(0)),
            (
                &[4, 0x60, 0, 0x10, 0, 2, 0, 3, 7],
                BadRequest::Flags {
                    index: 0,
                    flags: 0x10,
                },
            ),
        ];
        for (packet, expected) in cases {
            assert_eq!(Request::from_bytes(packet), Err(expected), "{packet:?}");
        }
    }

    #[test]
    fn limits_of_i2c_dev() {
        let limits = [
            (vec![read(0); 42], true),
            (vec![read(0); 43], false),
            (vec![read(8192)], true),
            (vec![read(8193)], false),
            (vec![read(8192); 8], true),
            (vec![read(8192); 9], false),
        ];
        for (messages, fits) in limits {
            let mut packet = vec![TRANSFER];
            for message in &messages {
                message.put(&mut packet).unwrap();
            }
            assert_eq!(Request::Transfer(messages).to_bytes().is_ok(), fits);
            assert_eq!(Request::from_bytes(&packet).is_ok(), fits);
        }
    }

    #[test]
    fn no_packet_panics() {
        use rand_core::Rng as _;
        let mut generator = crate::entropy::Generator::seeded(1);
        for _ in 0..20_000 {
            let mut packet = vec![0; (generator.next_u64() % 40) as usize];
            generator.fill_bytes(&mut packet);
            if let Some(first) = packet.first_mut() {
                *first %= 7;
            }
            if let Ok(request) = Request::from_bytes(&packet) {
                assert_eq!(request.to_bytes().unwrap(), packet);
            }
        }
    }
}
