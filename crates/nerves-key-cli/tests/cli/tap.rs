//! A tap between programs and a served emulator: what they send passes
//! unchanged and is written down, with who sent it. Replies do not come this
//! way: each request carries the socket for its reply.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, OwnedFd};
use std::path::Path;
use std::sync::{Arc, Mutex};
use std::thread;

use atecc_emulator::protocol::{MAX_PACKET, Operation, Request};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, SendAncillaryBuffer,
    SendAncillaryMessage, SendFlags, SocketAddrUnix, SocketType, accept, bind, connect, listen,
    recvmsg, sendmsg, socket,
};

/// A transfer: which connection, and what it wrote.
#[derive(Clone, Debug)]
pub(crate) struct Seen {
    pub(crate) connection: usize,
    pub(crate) written: Vec<Vec<u8>>,
}

/// Listens until the test ends.
pub(crate) struct Tap(Arc<Mutex<Vec<Seen>>>);

/// The word addresses of a sleep and of a command. Source: ATECC508A datasheet,
/// "Word Address Values".
const SLEEP: [u8; 1] = [0x01];
const COMMAND: u8 = 0x03;

impl Seen {
    pub(crate) fn is_sleep(&self) -> bool {
        self.written.iter().any(|bytes| *bytes == SLEEP)
    }

    /// Opcode and first parameter of a command: they come after word address
    /// and count.
    fn command(&self) -> Option<(u8, u8)> {
        self.written.iter().find_map(|bytes| match **bytes {
            [COMMAND, _, opcode, param1, ..] => Some((opcode, param1)),
            _ => None,
        })
    }

    /// Whether it changes what a chip keeps. Source: ATECC508A datasheet, "Command
    /// Opcodes, Short Descriptions, and Execution Times": Write 0x12, Lock
    /// 0x17, Counter 0x24, UpdateExtra 0x20, PrivWrite 0x46, DeriveKey 0x1C,
    /// and `GenKey` 0x40 in its mode 0x04, which makes a key.
    pub(crate) fn is_write(&self) -> bool {
        matches!(
            self.command(),
            Some((0x12 | 0x17 | 0x1C | 0x20 | 0x24 | 0x46, _) | (0x40, 0x04))
        )
    }
}

impl Tap {
    /// Listen at `path` for the server at `server`.
    pub(crate) fn new(path: &Path, server: &Path) -> Self {
        let listener = seqpacket();
        bind(&listener, &SocketAddrUnix::new(path).unwrap()).unwrap();
        listen(&listener, 16).unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let server = SocketAddrUnix::new(server).unwrap();
        let kept = Arc::clone(&seen);
        thread::spawn(move || {
            for connection in 0.. {
                let client = accept(&listener).unwrap();
                let upstream = seqpacket();
                connect(&upstream, &server).unwrap();
                let seen = Arc::clone(&kept);
                thread::spawn(move || pass(connection, &client, &upstream, &seen));
            }
        });
        Self(seen)
    }

    /// All transfers so far, in the order in which they passed.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.0.lock().unwrap().clone()
    }
}

fn seqpacket() -> OwnedFd {
    socket(AddressFamily::UNIX, SocketType::SEQPACKET, None).unwrap()
}

/// One connection, until either end closes it.
fn pass(connection: usize, client: &OwnedFd, server: &OwnedFd, seen: &Mutex<Vec<Seen>>) {
    let mut buffer = vec![0; MAX_PACKET];
    loop {
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = RecvAncillaryBuffer::new(&mut space);
        let mut iov = [IoSliceMut::new(&mut buffer)];
        let received = recvmsg(client, &mut iov, &mut control, RecvFlags::empty());
        let Ok(received) = received else { return };
        if received.bytes == 0 {
            return;
        }
        let packet = &buffer[..received.bytes];
        let attached: Vec<OwnedFd> = control
            .drain()
            .filter_map(|message| match message {
                RecvAncillaryMessage::ScmRights(descriptors) => Some(descriptors),
                _ => None,
            })
            .flatten()
            .collect();
        if let Ok(Request::Transfer(messages)) = Request::from_bytes(packet) {
            let written = messages
                .into_iter()
                .filter_map(|message| match message.operation {
                    Operation::Write(bytes) => Some(bytes),
                    Operation::Read(_) => None,
                })
                .collect();
            seen.lock().unwrap().push(Seen {
                connection,
                written,
            });
        }
        let descriptors: Vec<_> = attached.iter().map(AsFd::as_fd).collect();
        let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
        let mut control = SendAncillaryBuffer::new(&mut space);
        assert!(control.push(SendAncillaryMessage::ScmRights(&descriptors)));
        let iov = [IoSlice::new(packet)];
        if sendmsg(server, &iov, &mut control, SendFlags::NOSIGNAL).is_err() {
            return;
        }
    }
}
