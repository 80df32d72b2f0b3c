//! The transfers of one bus, and chips that come and go, in the order in which
//! they were asked for.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::{self, Scope};

use embedded_hal::i2c::Operation as BusOperation;
use rustix::io::Errno;
use rustix::net::{RecvFlags, SendFlags, Shutdown, shutdown};

use super::{Chips, Server};
use crate::bus::{Bus, BusError, Message as BusMessage};
use crate::fault::FailureKind;
use crate::protocol::{Operation, Reply, errno, socket};

/// What a client has asked for.
pub(super) struct Job {
    /// The client's number.
    pub(super) client: u64,
    pub(super) answer_to: AnswerTo,
    pub(super) work: Work,
}

/// What is to be done on the bus.
pub(super) enum Work {
    /// Messages, each to its seven-bit address.
    Transfer(Vec<(u8, Operation)>),
    /// A chip, by its name.
    Plug(String),
    /// The chip at this address.
    Unplug(u8),
}

/// Where a client listens.
pub(super) enum AnswerTo {
    /// On its connection.
    Connection(Arc<OwnedFd>),
    /// On a socket that came with the request.
    Own(OwnedFd),
}

impl AnswerTo {
    /// Send the reply. A client that leaves no room for it has made a mistake,
    /// and loses it.
    ///
    /// # Errors
    /// Why the connection is of no more use.
    pub(super) fn send(&self, reply: &Reply) -> Result<(), Errno> {
        let packet = reply.to_bytes();
        match self {
            Self::Connection(connection) => {
                socket::send(connection.as_fd(), &packet, None, SendFlags::DONTWAIT)
            }
            Self::Own(own) => {
                // Whoever asked may have gone; others may share the connection.
                let _ = socket::send(own.as_fd(), &packet, None, SendFlags::DONTWAIT);
                Ok(())
            }
        }
    }
}

/// What wakes the dispatcher: transfers that are done, and the end.
#[derive(Debug)]
pub(super) struct Bell {
    ring: OwnedFd,
    heard: OwnedFd,
}

/// A transfer is done.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(super) struct Done {
    pub(super) client: u64,
    pub(super) sent: Result<(), Errno>,
}

impl Bell {
    pub(super) fn new() -> Result<Self, Errno> {
        let (ring, heard) = socket::pair()?;
        Ok(Self { ring, heard })
    }

    /// Waits while the dispatcher is behind.
    fn ring(&self, done: Done) {
        let errno = done.sent.err().map_or(0, Errno::raw_os_error);
        let packet = [&done.client.to_le_bytes()[..], &errno.to_le_bytes()].concat();
        // Nobody hears it when all is over.
        let _ = socket::send(self.ring.as_fd(), &packet, None, SendFlags::empty());
    }

    /// What was rung, without waiting.
    pub(super) fn heard(&self) -> Option<Done> {
        let mut packet = [0; 12];
        let flags = RecvFlags::DONTWAIT;
        socket::receive(self.heard.as_fd(), &mut packet, flags).ok()??;
        let (client, errno) = packet.split_first_chunk::<8>()?;
        Some(Done {
            client: u64::from_le_bytes(*client),
            sent: match i32::from_le_bytes(errno.try_into().ok()?) {
                0 => Ok(()),
                errno => Err(Errno::from_raw_os_error(errno)),
            },
        })
    }

    /// Wake the dispatcher for good.
    pub(super) fn end(&self) {
        let _ = shutdown(&self.ring, Shutdown::Write);
    }

    /// Let go of whoever waits to ring.
    pub(super) fn silence(&self) {
        let _ = shutdown(&self.heard, Shutdown::Both);
    }
}

impl AsFd for Bell {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.heard.as_fd()
    }
}

/// A thread for the transfers of one bus. It ends when this is dropped.
pub(super) struct Worker(Sender<Job>);

impl Worker {
    pub(super) fn start<'scope>(
        scope: &'scope Scope<'scope, '_>,
        number: u32,
        bus: &'scope Bus,
        server: &'scope Server,
        report: &'scope (dyn Fn(&BusError) + Sync),
    ) -> io::Result<Self> {
        let (sender, jobs) = channel();
        thread::Builder::new()
            .name(format!("bus {number}"))
            .spawn_scoped(scope, move || work(&jobs, bus, server, report))?;
        Ok(Self(sender))
    }

    /// Have it done. Gives the job back when the thread is no more.
    pub(super) fn give(&self, job: Job) -> Result<(), Job> {
        self.0.send(job).map_err(|refused| refused.0)
    }
}

fn work(jobs: &Receiver<Job>, bus: &Bus, server: &Server, report: &(dyn Fn(&BusError) + Sync)) {
    for job in jobs {
        if server.is_stopped() {
            return;
        }
        let reply = match &job.work {
            Work::Transfer(messages) => transfer(bus, messages).map_err(|error| {
                if matches!(error, BusError::NoSupply | BusError::Store(_)) {
                    report(&error);
                }
                number(&error)
            }),
            Work::Plug(name) => Ok(said(plug(bus, name, server.chips.as_ref()))),
            Work::Unplug(address) => Ok(said(unplug(bus, *address))),
        };
        let sent = job.answer_to.send(&Reply(reply));
        server.bell.ring(Done {
            client: job.client,
            sent,
        });
    }
}

fn plug(bus: &Bus, name: &str, chips: Option<&Chips>) -> Result<(), String> {
    let chips = chips.ok_or("this server takes no more chips")?;
    let chip = (chips.0)(name)?;
    let address = chip.address();
    if bus.addresses().contains(&address) {
        return Err(format!("there is a chip at {address:#04X} already"));
    }
    bus.attach(chip);
    Ok(())
}

fn unplug(bus: &Bus, address: u8) -> Result<(), String> {
    match bus.detach(address) {
        Some(_) => Ok(()),
        None => Err(format!("there is no chip at {address:#04X}")),
    }
}

/// Nothing, or why not.
fn said(result: Result<(), String>) -> Vec<u8> {
    result.err().unwrap_or_default().into_bytes()
}

fn transfer(bus: &Bus, messages: &[(u8, Operation)]) -> Result<Vec<u8>, BusError> {
    let mut buffers: Vec<Vec<u8>> = messages
        .iter()
        .map(|(_, operation)| match operation {
            Operation::Read(length) => vec![0; (*length).into()],
            Operation::Write(_) => Vec::new(),
        })
        .collect();
    let mut transfer: Vec<_> = messages
        .iter()
        .zip(&mut buffers)
        .map(|((address, operation), buffer)| BusMessage {
            address: *address,
            operation: match operation {
                Operation::Write(bytes) => BusOperation::Write(bytes),
                Operation::Read(_) => BusOperation::Read(buffer),
            },
        })
        .collect();
    bus.transfer(&mut transfer)?;
    Ok(buffers.concat())
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bell() {
        let bell = Bell::new().unwrap();
        assert_eq!(bell.heard(), None);
        for sent in [Ok(()), Err(Errno::PIPE)] {
            let done = Done {
                client: 1 << 40,
                sent,
            };
            bell.ring(done);
            assert_eq!(bell.heard(), Some(done));
        }
        bell.end();
        assert_eq!(bell.heard(), None);
    }
}
