//! Packets on sockets.
//!
//! A request may carry a socket for its reply, as `SCM_RIGHTS`. Then threads
//! and forked processes can share a connection without a word to each other:
//! each sends whole packets and listens where nobody else does.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::time::Duration;

use rustix::io::{Errno, retry_on_intr};
use rustix::net::sockopt::{Timeout, set_socket_timeout};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, Shutdown, SocketAddrUnix, SocketFlags,
    SocketType, connect, recvmsg, sendmsg, shutdown, socket_with, socketpair,
};

/// A packet that came.
pub(crate) struct Packet {
    /// Bytes in the buffer.
    pub(crate) length: usize,
    /// The packet was longer than the buffer.
    pub(crate) cut: bool,
    /// What it carried.
    pub(crate) attached: Option<OwnedFd>,
}

/// How long a client waits for its server, which may have been stopped: longer
/// than the longest transfer takes, 5.9 s at 100 kHz, and than a queue.
pub(crate) const PATIENCE: Duration = Duration::from_secs(10);

/// A new socket.
pub(crate) fn new() -> Result<OwnedFd, Errno> {
    let kind = SocketType::SEQPACKET;
    socket_with(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)
}

/// Two connected sockets.
pub(crate) fn pair() -> Result<(OwnedFd, OwnedFd), Errno> {
    let kind = SocketType::SEQPACKET;
    socketpair(AddressFamily::UNIX, kind, SocketFlags::CLOEXEC, None)
}

/// Send one packet, with `attached`.
pub(crate) fn send(
    to: BorrowedFd<'_>,
    packet: &[u8],
    attached: Option<BorrowedFd<'_>>,
    flags: SendFlags,
) -> Result<(), Errno> {
    let attached = attached.as_slice();
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    retry_on_intr(|| {
        let mut control = SendAncillaryBuffer::new(&mut space);
        if !attached.is_empty() && !control.push(SendAncillaryMessage::ScmRights(attached)) {
            return Err(Errno::NOBUFS);
        }
        let iov = [IoSlice::new(packet)];
        sendmsg(to, &iov, &mut control, flags | SendFlags::NOSIGNAL)
    })?;
    Ok(())
}

/// Wait for a packet, or with `DONTWAIT` do not. `None` when the other end is
/// closed.
pub(crate) fn receive(
    from: BorrowedFd<'_>,
    buffer: &mut [u8],
    flags: RecvFlags,
) -> Result<Option<Packet>, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = retry_on_intr(|| {
        let mut iov = [IoSliceMut::new(buffer)];
        recvmsg(
            from,
            &mut iov,
            &mut control,
            flags | RecvFlags::CMSG_CLOEXEC,
        )
    })?;
    let attached = control.drain().find_map(|message| match message {
        RecvAncillaryMessage::ScmRights(mut descriptors) => descriptors.next(),
        _ => None,
    });
    // An empty packet cannot be told from the end, and means nothing either.
    Ok((received.bytes > 0).then(|| Packet {
        length: received.bytes,
        cut: received.flags.contains(ReturnFlags::TRUNC),
        attached,
    }))
}

/// A connection to `address`, on which nothing waits longer than `patience`.
pub(crate) fn connected(address: &SocketAddrUnix, patience: Duration) -> Result<OwnedFd, Errno> {
    let connection = new()?;
    for direction in [Timeout::Send, Timeout::Recv] {
        set_socket_timeout(&connection, direction, Some(patience))?;
    }
    // A stopped server accepts nobody, and its backlog may be full.
    retry_on_intr(|| connect(&connection, address)).map_err(of_waiting)?;
    Ok(connection)
}

/// Send `packet` and wait for the answer to it, which nobody else can get.
pub(crate) fn call(
    connection: BorrowedFd<'_>,
    packet: &[u8],
    patience: Duration,
) -> Result<Vec<u8>, Errno> {
    let (ours, theirs) = pair()?;
    set_socket_timeout(&ours, Timeout::Recv, Some(patience))?;
    send(connection, packet, Some(theirs.as_fd()), SendFlags::empty())
        .and_then(|()| {
            // Else the end of the server would not be noticed.
            drop(theirs);
            answer(ours.as_fd())
        })
        .map_err(of_waiting)
        .inspect_err(|error| {
            // It is not waited for again: the connection ends, for all who
            // share it.
            if *error == Errno::TIMEDOUT {
                let _ = shutdown(connection, Shutdown::Both);
            }
        })
}

/// As the system says that it has waited long enough.
fn of_waiting(error: Errno) -> Errno {
    match error {
        Errno::AGAIN => Errno::TIMEDOUT,
        error => error,
    }
}

fn answer(from: BorrowedFd<'_>) -> Result<Vec<u8>, Errno> {
    let mut buffer = vec![0; super::MAX_PACKET];
    match receive(from, &mut buffer, RecvFlags::empty())? {
        Some(packet) if !packet.cut => {
            buffer.truncate(packet.length);
            Ok(buffer)
        }
        Some(_) => Err(Errno::MSGSIZE),
        None => Err(Errno::PIPE),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rustix::net::{bind, listen};

    use super::*;

    /// One that is stopped: the system still takes connections for it, and what
    /// is sent, until there is no more room.
    #[test]
    fn a_server_that_does_nothing_is_waited_for_so_long() {
        let directory = tempfile::tempdir().unwrap();
        let address = SocketAddrUnix::new(directory.path().join("socket")).unwrap();
        let listener = new().unwrap();
        bind(&listener, &address).unwrap();
        listen(&listener, 0).unwrap();
        let patience = Duration::from_millis(50);
        let start = Instant::now();
        let waiting = [(); 2].map(|()| connected(&address, patience));
        let [Ok(first), second] = waiting else {
            panic!("{waiting:?}");
        };
        // With a backlog of 0 there is room for one.
        assert_eq!(second.unwrap_err(), Errno::TIMEDOUT);
        assert_eq!(call(first.as_fd(), &[1], patience), Err(Errno::TIMEDOUT));
        // And no more.
        assert_eq!(call(first.as_fd(), &[1], patience), Err(Errno::PIPE));
        assert!(start.elapsed() < Duration::from_secs(5));
    }
}
