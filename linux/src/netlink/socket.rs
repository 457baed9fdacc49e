//! A netlink socket that never blocks, but for requests that are answered at once.

use std::io;
use std::os::fd::{AsFd, BorrowedFd};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::{Domain, Protocol, Socket, Type};

use super::messages;
use crate::{cost, sys};

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

    /// Sends `requests`, messages that ask for an acknowledgement and are numbered from `first`
    /// on, one after the other, and gives the error number of each, 0 for none. What else comes
    /// meanwhile is passed over. The kernel tries all of them, whatever became of those before.
    pub(crate) fn ask(&self, requests: &[u8], first: u32, count: usize) -> io::Result<Vec<i32>> {
        let mut codes = vec![None; count];
        // An answer has its request in it at most, which is a few hundred octets long.
        let mut buffer = [0; 1024];
        cost::request(|| self.exchange(requests, first, &mut codes, &mut buffer))?;
        Ok(codes.into_iter().flatten().collect())
    }

    fn exchange(
        &self,
        requests: &[u8],
        first: u32,
        codes: &mut [Option<i32>],
        buffer: &mut [u8],
    ) -> io::Result<()> {
        self.send(requests)?;
        while codes.contains(&None) {
            let Some(datagram) = self.receive(buffer)? else {
                self.wait()?;
                continue;
            };
            for answer in messages(datagram) {
                let at = usize::try_from(answer.sequence.wrapping_sub(first)).ok();
                let place = at.and_then(|at| codes.get_mut(at));
                if let (Some(place), Some(code)) = (place, answer.error()) {
                    *place = Some(code);
                }
            }
        }
        Ok(())
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
