//! The socket to the family: opens it, finds the family, becomes the medium.

use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::io::Errno;
use rustix::net::netlink::{self, SocketAddrNetlink};
use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use rustix::net::{
    AddressFamily, RecvFlags, SendFlags, SocketFlags, SocketType, bind, recv, send, socket_with,
};

use super::Error;
use super::message::{self, Delivery, FromKernel, TxStatus};
use super::request;

/// Some thousand full frames may wait while this process waits for the processor.
const RECEIVE_BUFFER: usize = 8 << 20;
/// Longer than any message of the family: a frame of at most 2352 octets and a few attributes.
const DATAGRAM: usize = 16 << 10;

/// The medium's end of the family.
#[derive(Debug)]
pub(super) struct Family {
    fd: OwnedFd,
    number: u16,
    sequence: u32,
    buffer: Vec<u8>,
    /// The message being sent; kept, so that none costs an allocation.
    message: Vec<u8>,
}

fn broken(doing: &'static str) -> impl Fn(Errno) -> Error {
    move |source| Error::Socket {
        doing,
        source: source.into(),
    }
}

impl Family {
    /// Makes the calling process the medium of all radios of its network namespace.
    ///
    /// # Errors
    /// If the kernel has no such family, or does not want this medium.
    pub(super) fn register() -> Result<Self, Error> {
        let flags = SocketFlags::CLOEXEC | SocketFlags::NONBLOCK;
        let kind = (AddressFamily::NETLINK, SocketType::RAW);
        let fd = socket_with(kind.0, kind.1, flags, Some(netlink::GENERIC))
            .map_err(broken("open a generic netlink socket"))?;
        bind(&fd, &SocketAddrNetlink::new(0, 0)).map_err(broken("bind a netlink socket"))?;
        set_socket_recv_buffer_size_force(&fd, RECEIVE_BUFFER)
            .map_err(broken("enlarge a receive buffer"))?;
        let mut family = Self {
            fd,
            number: 0,
            sequence: 0,
            buffer: vec![0; DATAGRAM],
            message: Vec::new(),
        };
        let question = request::find_family(family.next_sequence())?;
        let found = family.ask(&question)?.into_iter().find_map(|answer| {
            if let FromKernel::Family(number) = answer {
                Some(number)
            } else {
                None
            }
        });
        family.number = found.ok_or(Error::NoFamily)?;
        let order = request::register(family.number, family.next_sequence())?;
        for answer in family.ask(&order)? {
            match answer {
                FromKernel::Answer { error, .. } if error != 0 => {
                    return Err(Error::NotWanted(io::Error::from_raw_os_error(error)));
                }
                _ => {}
            }
        }
        Ok(family)
    }

    fn next_sequence(&mut self) -> u32 {
        self.sequence = self.sequence.wrapping_add(1);
        self.sequence
    }

    /// Sends a request. The kernel deals with it, and answers, before `send` returns.
    fn ask(&mut self, request: &[u8]) -> Result<Vec<FromKernel>, Error> {
        self.send(request)?;
        let mut answers = Vec::new();
        while let Some(messages) = self.receive()? {
            answers.extend(messages);
        }
        Ok(answers)
    }

    fn send(&self, message: &[u8]) -> Result<(), Error> {
        loop {
            match send(&self.fd, message, SendFlags::empty()) {
                Ok(_) => return Ok(()),
                Err(Errno::INTR) => {}
                Err(error) => return Err(broken("send to the radios")(error)),
            }
        }
    }

    /// Gives a frame to a radio; returns the number that a refusal will have.
    pub(super) fn deliver(&mut self, frame: &Delivery) -> Result<u32, Error> {
        let sequence = self.next_sequence();
        message::deliver(&mut self.message, self.number, sequence, frame);
        self.send(&self.message).map(|()| sequence)
    }

    /// Tells a radio what became of a frame; returns the number that a refusal will have.
    pub(super) fn report(&mut self, status: &TxStatus) -> Result<u32, Error> {
        let sequence = self.next_sequence();
        message::report(&mut self.message, self.number, sequence, status);
        self.send(&self.message).map(|()| sequence)
    }

    /// The messages of the next datagram, if there is one.
    ///
    /// # Errors
    /// [`Error::Overrun`] if the kernel had to throw frames away.
    pub(super) fn receive(&mut self) -> Result<Option<Vec<FromKernel>>, Error> {
        match recv(&self.fd, &mut *self.buffer, RecvFlags::empty()) {
            Ok((_, length)) => {
                let datagram = self.buffer.get(..length).unwrap_or_default();
                let number = (self.number != 0).then_some(self.number);
                Ok(Some(message::parse(datagram, number).collect()))
            }
            Err(Errno::AGAIN | Errno::INTR) => Ok(None),
            Err(Errno::NOBUFS) => Err(Error::Overrun),
            Err(error) => Err(broken("hear the radios")(error)),
        }
    }
}

impl AsFd for Family {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }
}
