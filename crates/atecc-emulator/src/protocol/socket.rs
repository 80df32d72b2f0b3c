//! Packets on sockets.
//!
//! A request may carry a socket for its reply, as `SCM_RIGHTS`. Then threads
//! and forked processes can share a connection without a word to each other:
//! each sends whole packets and listens where nobody else does.

use std::io::{IoSlice, IoSliceMut};
use std::mem::MaybeUninit;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::{Errno, retry_on_intr};
use rustix::net::{
    AddressFamily, RecvAncillaryBuffer, RecvAncillaryMessage, RecvFlags, ReturnFlags,
    SendAncillaryBuffer, SendAncillaryMessage, SendFlags, SocketFlags, SocketType, recvmsg,
    sendmsg, socket_with, socketpair,
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

/// Wait for a packet. `None` when the other end is closed.
pub(crate) fn receive(from: BorrowedFd<'_>, buffer: &mut [u8]) -> Result<Option<Packet>, Errno> {
    let mut space = [MaybeUninit::uninit(); rustix::cmsg_space!(ScmRights(1))];
    let mut control = RecvAncillaryBuffer::new(&mut space);
    let received = retry_on_intr(|| {
        let mut iov = [IoSliceMut::new(buffer)];
        recvmsg(from, &mut iov, &mut control, RecvFlags::CMSG_CLOEXEC)
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

/// Send `packet` and wait for the answer to it, which nobody else can get.
pub(crate) fn call(to: BorrowedFd<'_>, packet: &[u8]) -> Result<Vec<u8>, Errno> {
    let (ours, theirs) = pair()?;
    send(to, packet, Some(theirs.as_fd()), SendFlags::empty())?;
    // Else the end of the server would not be noticed.
    drop(theirs);
    let mut buffer = vec![0; super::MAX_PACKET];
    match receive(ours.as_fd(), &mut buffer)? {
        Some(packet) if !packet.cut => {
            buffer.truncate(packet.length);
            Ok(buffer)
        }
        Some(_) => Err(Errno::MSGSIZE),
        None => Err(Errno::PIPE),
    }
}
