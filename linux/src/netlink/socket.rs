//! A netlink socket that never blocks, but for requests that are answered at once.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::{Domain, Protocol, Socket, Type};

use crate::sys;

/// How long the kernel may take to answer a request; it does so before `send` returns.
const ANSWER: Timespec = Timespec {
    tv_sec: 2,
    tv_nsec: 0,
};

#[derive(Debug)]
pub(crate) struct NetlinkSocket {
    socket: Socket,
}

impl NetlinkSocket {
    /// Opens a socket of netlink family `family` that hears the legacy multicast `groups`.
    pub(crate) fn open(family: libc::c_int, groups: u32) -> io::Result<Self> {
        let kind = Type::RAW.nonblocking().cloexec();
        let socket = Socket::new(
            Domain::from(libc::AF_NETLINK),
            kind,
            Some(Protocol::from(family)),
        )?;
        socket.bind(&sys::netlink_address(groups)?)?;
        Ok(Self { socket })
    }

    /// Sends whole messages to the kernel, which deals with them before this returns.
    pub(crate) fn send(&self, messages: &[u8]) -> io::Result<()> {
        loop {
            match send(&self.socket, messages, SendFlags::empty()) {
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The next datagram, if one has come.
    pub(crate) fn receive<'a>(&self, buffer: &'a mut [u8]) -> io::Result<Option<&'a [u8]>> {
        match recv(&self.socket, &mut *buffer, RecvFlags::DONTWAIT) {
            Ok((_, length)) => Ok(Some(&buffer[..length.min(buffer.len())])),
            Err(rustix::io::Errno::AGAIN | rustix::io::Errno::INTR) => Ok(None),
            Err(error) => Err(error.into()),
        }
    }

    /// Waits for the answer to a request.
    pub(crate) fn wait(&self) -> io::Result<()> {
        let mut fds = [PollFd::new(&self.socket, PollFlags::IN)];
        match poll(&mut fds, Some(&ANSWER)) {
            Ok(0) => Err(io::Error::from_raw_os_error(libc::ETIMEDOUT)),
            Ok(_) | Err(rustix::io::Errno::INTR) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl AsFd for NetlinkSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
