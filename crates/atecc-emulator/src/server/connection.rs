//! One client: its bus, its address, and its requests one by one.

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use embedded_hal::i2c::Operation as BusOperation;
use rustix::net::SendFlags;

use super::Buses;
use crate::bus::{Bus, BusError, Message as BusMessage};
use crate::fault::FailureKind;
use crate::protocol::{
    BadRequest, Hello, MAX_PACKET, Message, Operation, Reply, Request, Target, VERSION, errno,
    socket,
};

/// What the server keeps of a client.
pub(super) struct Connection<'a> {
    buses: &'a Buses,
    /// Hears of failures that are more than a missing acknowledge.
    report: &'a (dyn Fn(&BusError) + Sync),
    open: Option<&'a Bus>,
    address: u8,
}

impl<'a> Connection<'a> {
    pub(super) fn new(buses: &'a Buses, report: &'a (dyn Fn(&BusError) + Sync)) -> Self {
        Self {
            buses,
            report,
            open: None,
            address: 0,
        }
    }

    /// Answer until the client goes or cannot be understood.
    pub(super) fn serve(&mut self, client: BorrowedFd<'_>) {
        let mut buffer = vec![0; MAX_PACKET];
        // A socket that fails is a client that has gone.
        while let Ok(Some(packet)) = socket::receive(client, &mut buffer) {
            let request = if packet.cut {
                Err(BadRequest::TooLong)
            } else {
                Request::from_bytes(buffer.get(..packet.length).unwrap_or_default())
            };
            let reply = match &request {
                Ok(request) => self.answer(request),
                Err(BadRequest::TooLong) => Err(errno::EINVAL),
                Err(_) => Err(errno::EPROTO),
            };
            let sent = send(client, packet.attached, &Reply(reply));
            if sent.is_err() || matches!(request, Err(error) if error != BadRequest::TooLong) {
                return;
            }
        }
    }

    fn answer(&mut self, request: &Request) -> Result<Vec<u8>, u32> {
        match request {
            // A client of another version learns ours.
            Request::Hello { .. } => Ok(Hello {
                version: VERSION,
                pace: self.buses.pace,
                buses: self.buses.numbered.keys().copied().collect(),
            }
            .to_bytes()),
            Request::Open { bus } => {
                let bus = self.buses.numbered.get(bus);
                self.open = Some(bus.ok_or(errno::ENODEV)?);
                self.address = 0;
                Ok(Vec::new())
            }
            Request::SetAddress { address } => {
                self.address = seven_bits(*address)?;
                Ok(Vec::new())
            }
            Request::Transfer(messages) => self.transfer(messages),
        }
    }

    fn transfer(&self, messages: &[Message]) -> Result<Vec<u8>, u32> {
        let bus = self.open.ok_or(errno::ENODEV)?;
        let mut buffers: Vec<Vec<u8>> = messages
            .iter()
            .map(|message| match message.operation {
                Operation::Read(length) => vec![0; length.into()],
                Operation::Write(_) => Vec::new(),
            })
            .collect();
        let transfer: Result<Vec<_>, u32> = messages
            .iter()
            .zip(&mut buffers)
            .map(|(message, buffer)| {
                Ok(BusMessage {
                    address: match message.target {
                        Target::Connection => self.address,
                        Target::Address(address) => seven_bits(address)?,
                    },
                    operation: match &message.operation {
                        Operation::Write(bytes) => BusOperation::Write(bytes),
                        Operation::Read(_) => BusOperation::Read(buffer),
                    },
                })
            })
            .collect();
        match bus.transfer(&mut transfer?) {
            Ok(()) => Ok(buffers.concat()),
            Err(error) => {
                if matches!(error, BusError::NoSupply | BusError::Store(_)) {
                    (self.report)(&error);
                }
                Err(number(&error))
            }
        }
    }
}

const fn number(error: &BusError) -> u32 {
    match error {
        BusError::AddressNack(_) | BusError::DataNack { .. } => errno::EREMOTEIO,
        BusError::NoSupply | BusError::Failed(FailureKind::Bus) => errno::EIO,
        BusError::Failed(FailureKind::ArbitrationLoss) => errno::EAGAIN,
        BusError::Failed(FailureKind::Other) => errno::ETIMEDOUT,
        BusError::Store(_) => errno::EPROTO,
    }
}

fn seven_bits(address: u16) -> Result<u8, u32> {
    match u8::try_from(address) {
        Ok(address) if address < 0x80 => Ok(address),
        _ => Err(errno::EINVAL),
    }
}

/// Reply where the client listens. On its connection it may be slow; a socket
/// of its own has room for the reply, or the client has made a mistake.
fn send(
    client: BorrowedFd<'_>,
    attached: Option<OwnedFd>,
    reply: &Reply,
) -> Result<(), rustix::io::Errno> {
    let packet = reply.to_bytes();
    match attached {
        None => socket::send(client, &packet, None, SendFlags::empty()),
        Some(own) => {
            // Whoever asked may have gone; others may share the connection.
            let _ = socket::send(own.as_fd(), &packet, None, SendFlags::DONTWAIT);
            Ok(())
        }
    }
}
