//! Sends and receives Rether's own frames.

pub(crate) mod filter;
mod sent;

use std::os::fd::{AsFd, BorrowedFd};

use rether_proto::mac::MacAddr;
use rether_proto::machine::{Transmit, TxHandle};
use rustix::net::{RecvFlags, SendFlags, recv, send};
use socket2::{Domain, Socket, Type};

use crate::error::{Doing, OsError};
use crate::link::Link;
use crate::sys::{self, errqueue};
use crate::tid::Tid;

use sent::Sent;

/// IEEE 802 local experimental `EtherType` 1 (IEEE 802, clause 9.2.4), the default.
pub const ETHER_TYPE: u16 = 0x88b5;

/// Length of an Ethernet header.
const HEADER: usize = 14;
/// Room for the longest frame.
const ROOM: usize = 2048;

/// A frame that has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Received<'a> {
    /// Source address of the Ethernet header.
    pub from: MacAddr,
    /// Destination address of the Ethernet header.
    pub to: MacAddr,
    /// What is behind the header, padding included.
    pub bytes: &'a [u8],
}

/// What became of a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Status {
    /// [`Transmit::handle`] of the frame.
    pub handle: TxHandle,
    /// The receiver's MAC acknowledged it.
    pub acked: bool,
}

/// A packet socket for one `EtherType` on one interface. Readable when frames have come. When
/// [`crate::poll::Ready::error`] is set, call both [`TokenSocket::status`] and
/// [`TokenSocket::receive`]: it stands for a transmit status or a link that went down.
#[derive(Debug)]
pub struct TokenSocket {
    socket: Socket,
    mac: MacAddr,
    ether_type: u16,
    /// TID of the socket's priority now.
    tid: Tid,
    /// The frame on its way out.
    out: Vec<u8>,
    buffer: Box<[u8; ROOM]>,
    sent: Sent,
}

impl TokenSocket {
    /// Binds to `link`. The socket lives through the interface going down and up again, not
    /// through it being deleted.
    ///
    /// On a bridge port it listens before the bridge does, because the bridge takes every frame
    /// away; a filter in the kernel keeps all other frames out.
    ///
    /// # Errors
    /// Missing rights (`CAP_NET_RAW`), or the interface has gone.
    pub fn open(link: &Link, ether_type: u16) -> Result<Self, OsError> {
        let kind = Type::RAW.nonblocking().cloexec();
        // Protocol 0: nothing comes before the filter is in place and the socket bound.
        let socket = Socket::new(Domain::PACKET, kind, None).doing("open a packet socket")?;
        socket
            .attach_filter(&filter::program(ether_type))
            .doing("filter the packet socket")?;
        sys::set_option(&socket, libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, 1)
            .doing("ignore our own frames")?;
        sys::set_option(&socket, libc::SOL_SOCKET, libc::SO_WIFI_STATUS, 1)
            .doing("ask for transmit statuses")?;
        let all = libc::ETH_P_ALL as u16;
        let protocol = if link.bridge.is_some() {
            all
        } else {
            ether_type
        };
        sys::packet_address(link.index, protocol)
            .and_then(|address| socket.bind(&address))
            .doing("bind the packet socket")?;
        Ok(Self {
            socket,
            mac: link.mac,
            ether_type,
            tid: Tid::default(),
            out: Vec::with_capacity(ROOM),
            buffer: Box::new([0; ROOM]),
            sent: Sent::default(),
        })
    }

    /// Sends `payload` as `transmit` says. Never blocks. With a handle, the status follows by
    /// [`TokenSocket::status`], but only if the driver reports it and the station is known:
    /// silence means lost.
    ///
    /// # Errors
    /// The link is down (see [`OsError::is_link_down`]), or the driver's queue is full.
    pub fn send(&mut self, transmit: &Transmit, payload: &[u8]) -> Result<(), OsError> {
        self.tid.set(&self.socket, transmit.tid)?;
        self.out.clear();
        self.out.extend_from_slice(&transmit.to.0);
        self.out.extend_from_slice(&self.mac.0);
        self.out.extend_from_slice(&self.ether_type.to_be_bytes());
        self.out.extend_from_slice(payload);
        send(&self.socket, &self.out, SendFlags::DONTWAIT).doing("send a frame")?;
        if let Some(handle) = transmit.handle {
            self.sent.push(handle, &self.out);
        }
        Ok(())
    }

    /// The next frame that has come. Never blocks.
    ///
    /// # Errors
    /// The link went down; call again when it is up.
    pub fn receive(&mut self) -> Result<Option<Received<'_>>, OsError> {
        loop {
            let length = match recv(&self.socket, &mut self.buffer[..], RecvFlags::DONTWAIT) {
                Ok((_, length)) => length.min(ROOM),
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(rustix::io::Errno::INTR) => continue,
                Err(error) => return Err(error).doing("receive a frame"),
            };
            if length >= HEADER {
                return Ok(parse(&self.buffer[..length]));
            }
        }
    }

    /// The next transmit status. Never blocks.
    ///
    /// # Errors
    /// None is known; passed on in case the kernel has one.
    pub fn status(&mut self) -> Result<Option<Status>, OsError> {
        loop {
            let entry = errqueue::receive(&self.socket, &mut self.buffer[..]);
            let Some(entry) = entry.doing("read a transmit status")? else {
                return Ok(None);
            };
            let Some(acked) = entry.acked else { continue };
            // Frames sent without a handle have a status too, which nobody asked for.
            if let Some(handle) = self.sent.take(&self.buffer[..entry.length]) {
                return Ok(Some(Status { handle, acked }));
            }
        }
    }
}

fn parse(frame: &[u8]) -> Option<Received<'_>> {
    let to = MacAddr(*frame.first_chunk()?);
    let from = MacAddr(*frame.get(6..)?.first_chunk()?);
    Some(Received {
        from,
        to,
        bytes: frame.get(HEADER..)?,
    })
}

impl AsFd for TokenSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
