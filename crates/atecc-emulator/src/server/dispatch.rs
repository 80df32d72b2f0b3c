//! The thread that hears all clients.
//!
//! It waits for nothing but packets, clients and transfers that are done. A
//! client is not heard while a transfer of its is under way, so that its
//! requests are answered in their order.

use std::collections::BTreeMap;
use std::os::fd::{AsFd, OwnedFd};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, poll};
use rustix::io::{Errno, ioctl_fionbio};
use rustix::net::{RecvFlags, SocketFlags, accept_with};

use super::connection::{Answer, Connection};
use super::worker::{AnswerTo, Job, Worker};
use super::{ServeError, Server};
use crate::protocol::{MAX_PACKET, Reply, errno, socket};

/// Most clients at a time; more are turned away.
const MAX_CLIENTS: usize = 256;

/// How long to wait for descriptors or memory to be freed.
const OUT_OF_RESOURCES: Duration = Duration::from_millis(50);

struct Client {
    socket: Arc<OwnedFd>,
    connection: Connection,
    /// A transfer is under way.
    is_busy: bool,
}

/// Whether a client stays.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
enum Stay {
    Stays,
    Goes,
}

pub(super) struct Dispatcher<'a> {
    server: &'a Server,
    workers: BTreeMap<u32, Worker>,
    clients: BTreeMap<u64, Client>,
    /// Of the client that came last.
    number: u64,
    buffer: Vec<u8>,
}

impl<'a> Dispatcher<'a> {
    pub(super) fn new(server: &'a Server, workers: BTreeMap<u32, Worker>) -> Self {
        Self {
            server,
            workers,
            clients: BTreeMap::new(),
            number: 0,
            buffer: vec![0; MAX_PACKET],
        }
    }

    /// Until the server is stopped.
    pub(super) fn run(mut self) -> Result<(), ServeError> {
        let failed = |error: Errno| self.server.cannot_serve(error.into());
        ioctl_fionbio(&self.server.listener, true).map_err(failed)?;
        loop {
            let (rung, knocked, ready) = self.wait().map_err(failed)?;
            if self.server.is_stopped() {
                return Ok(());
            }
            if rung {
                while let Some(done) = self.server.bell.heard() {
                    self.be_done(done.client, done.sent);
                }
            }
            for number in ready {
                self.hear(number);
            }
            if knocked {
                self.welcome().map_err(failed)?;
            }
        }
    }

    /// What there is to do: the bell, the door, and who has something to say.
    fn wait(&self) -> Result<(bool, bool, Vec<u64>), Errno> {
        let idle = || self.clients.iter().filter(|(_, client)| !client.is_busy);
        let mut events = vec![
            PollFd::new(&self.server.bell, PollFlags::IN),
            PollFd::new(&self.server.listener, PollFlags::IN),
        ];
        events.extend(idle().map(|(_, client)| PollFd::new(&client.socket, PollFlags::IN)));
        loop {
            match poll(&mut events, None) {
                Err(Errno::INTR) => {}
                Err(error) => return Err(error),
                Ok(_) => break,
            }
        }
        let mut happened = events.iter().map(|event| !event.revents().is_empty());
        let (rung, knocked) = (happened.next(), happened.next());
        let ready = idle().zip(happened);
        let ready = ready.filter_map(|((number, _), ready)| ready.then_some(*number));
        Ok((rung == Some(true), knocked == Some(true), ready.collect()))
    }

    fn welcome(&mut self) -> Result<(), Errno> {
        match accept_with(&self.server.listener, SocketFlags::CLOEXEC) {
            Ok(_) if self.clients.len() >= MAX_CLIENTS => {}
            Ok(socket) => {
                self.number += 1;
                let client = Client {
                    socket: Arc::new(socket),
                    connection: Connection::default(),
                    is_busy: false,
                };
                self.clients.insert(self.number, client);
                // It has said already what it wants.
                self.hear(self.number);
            }
            Err(Errno::AGAIN | Errno::INTR | Errno::CONNABORTED) => {}
            Err(Errno::MFILE | Errno::NFILE | Errno::NOBUFS | Errno::NOMEM) => {
                thread::sleep(OUT_OF_RESOURCES);
            }
            // The listener was shut: the server stops.
            Err(Errno::INVAL) if self.server.is_stopped() => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// One packet of a client.
    fn hear(&mut self, number: u64) {
        if let Some(mut client) = self.clients.remove(&number)
            && self.answer(number, &mut client) == Stay::Stays
        {
            self.clients.insert(number, client);
        }
    }

    fn answer(&mut self, number: u64, client: &mut Client) -> Stay {
        let received =
            socket::receive(client.socket.as_fd(), &mut self.buffer, RecvFlags::DONTWAIT);
        let packet = match received {
            Ok(Some(packet)) => packet,
            Err(Errno::AGAIN) => return Stay::Stays,
            // A socket that fails is a client that has gone.
            Ok(None) | Err(_) => return Stay::Goes,
        };
        let answer_to = match packet.attached {
            Some(own) => AnswerTo::Own(own),
            None => AnswerTo::Connection(Arc::clone(&client.socket)),
        };
        let bytes = self.buffer.get(..packet.length).filter(|_| !packet.cut);
        let (reply, stay) = match client.connection.answer(&self.server.buses, bytes) {
            Answer::Now(reply) => (reply, Stay::Stays),
            Answer::Last(reply) => (reply, Stay::Goes),
            Answer::Work { bus, work } => {
                let job = Job {
                    client: number,
                    answer_to,
                    work,
                };
                client.is_busy = true;
                let Some(Err(job)) = self.workers.get(&bus).map(|worker| worker.give(job)) else {
                    return Stay::Stays;
                };
                // Its thread has panicked.
                let _ = job.answer_to.send(&Reply(Err(errno::EPROTO)));
                return Stay::Goes;
            }
        };
        match answer_to.send(&reply) {
            Ok(()) => stay,
            Err(_) => Stay::Goes,
        }
    }

    /// A transfer of a client is done, and it may go on.
    fn be_done(&mut self, number: u64, sent: Result<(), Errno>) {
        match self.clients.get_mut(&number) {
            Some(client) if sent.is_ok() => client.is_busy = false,
            _ => {
                self.clients.remove(&number);
            }
        }
    }
}
