//! What the server keeps of a client: its bus and its address.

use super::Buses;
use super::worker::Work;
use crate::protocol::{
    BadRequest, Hello, Message, Operation, Reply, Request, Target, VERSION, errno,
};

/// A client's state.
#[derive(Debug, Default)]
pub(super) struct Connection {
    /// A bus that there is.
    open: Option<u32>,
    address: u8,
}

/// What is to be done about a packet.
pub(super) enum Answer {
    /// Send this.
    Now(Reply),
    /// Send this and close the connection.
    Last(Reply),
    /// Have it done on the bus.
    Work { bus: u32, work: Work },
}

impl Connection {
    /// `packet` is `None` when it was longer than any may be.
    pub(super) fn answer(&mut self, buses: &Buses, packet: Option<&[u8]>) -> Answer {
        let request = packet.map_or(Err(BadRequest::TooLong), Request::from_bytes);
        let result = match request {
            Ok(Request::Transfer(messages)) => match self.addressed(messages) {
                Ok((bus, messages)) => {
                    let work = Work::Transfer(messages);
                    return Answer::Work { bus, work };
                }
                Err(errno) => Err(errno),
            },
            Ok(Request::Plug { bus, name }) => match known(buses, bus) {
                Ok(()) => {
                    let work = Work::Plug(name);
                    return Answer::Work { bus, work };
                }
                Err(errno) => Err(errno),
            },
            Ok(Request::Unplug { bus, address }) => {
                match known(buses, bus).and_then(|()| seven_bits(address)) {
                    Ok(address) => {
                        let work = Work::Unplug(address);
                        return Answer::Work { bus, work };
                    }
                    Err(errno) => Err(errno),
                }
            }
            Ok(Request::Hello { version, bus }) => {
                // A client of another version learns ours.
                if let Some(bus) = bus.filter(|_| version == VERSION) {
                    // The list says whether it is open.
                    let _ = self.open(buses, bus);
                }
                Ok(Hello {
                    version: VERSION,
                    pace: buses.pace,
                    buses: buses.numbered.keys().copied().collect(),
                }
                .to_bytes())
            }
            Ok(Request::Open { bus }) => self.open(buses, bus),
            Ok(Request::SetAddress { address }) => seven_bits(address).map(|address| {
                self.address = address;
                Vec::new()
            }),
            Err(BadRequest::TooLong) => Err(errno::EINVAL),
            Err(_) => return Answer::Last(Reply(Err(errno::EPROTO))),
        };
        Answer::Now(Reply(result))
    }

    fn open(&mut self, buses: &Buses, bus: u32) -> Result<Vec<u8>, u32> {
        known(buses, bus)?;
        *self = Self {
            open: Some(bus),
            address: 0,
        };
        Ok(Vec::new())
    }

    fn addressed(&self, messages: Vec<Message>) -> Result<(u32, Vec<(u8, Operation)>), u32> {
        let bus = self.open.ok_or(errno::ENODEV)?;
        let messages: Result<_, u32> = messages
            .into_iter()
            .map(|message| {
                let address = match message.target {
                    Target::Connection => self.address,
                    Target::Address(address) => seven_bits(address)?,
                };
                Ok((address, message.operation))
            })
            .collect();
        Ok((bus, messages?))
    }
}

fn known(buses: &Buses, bus: u32) -> Result<(), u32> {
    if buses.numbered.contains_key(&bus) {
        Ok(())
    } else {
        Err(errno::ENODEV)
    }
}

fn seven_bits(address: u16) -> Result<u8, u32> {
    match u8::try_from(address) {
        Ok(address) if address < 0x80 => Ok(address),
        _ => Err(errno::EINVAL),
    }
}
