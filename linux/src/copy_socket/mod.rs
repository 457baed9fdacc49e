//! Copies of the frames that a radio's interface sends or receives.
//!
//! [`CopySocket::sent`] is for the access point: its last frames to a station can be sent again by
//! whoever the station went to without a word. [`CopySocket::received`] is for the station, which
//! tells the next access point what has reached it.
//!
//! A copy is what the interface was given: possibly a superpacket, and with its checksum left to
//! the hardware. The kernel says so in a header in front of each (`PACKET_VNET_HDR`, packet(7)),
//! from which [`crate::segment::cut`] makes what went on the air.

mod filter;
mod header;

use std::os::fd::{AsFd, BorrowedFd};

use rether_proto::mac::MacAddr;
use rustix::net::sockopt::set_socket_recv_buffer_size_force;
use rustix::net::{RecvFlags, recv};
use socket2::{Domain, Socket, Type};

use crate::error::{Doing, OsError};
use crate::link::Link;
use crate::segment::Offload;
use crate::sys;

/// Receive buffer in octets.
const RECEIVE_BUFFER: usize = 8 << 20;
/// Room for the longest superpacket and its headers.
const ROOM: usize = 1 << 17;

/// A frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied<'a> {
    /// Destination address of the Ethernet header.
    pub to: MacAddr,
    /// Source address of the Ethernet header.
    pub from: MacAddr,
    /// What `payload` is.
    pub ether_type: u16,
    /// All that is behind the Ethernet header.
    pub payload: &'a [u8],
    /// What the hardware was to do with it.
    pub offload: Offload,
}

/// What has happened to frames so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CopyCounters {
    /// Given out.
    pub copied: u64,
    /// Lost, because they were not read in time.
    pub lost: u64,
    /// Superpackets of a kind that the kernel could not describe.
    pub unreadable: u64,
}

/// A packet socket on one interface.
#[derive(Debug)]
pub struct CopySocket {
    socket: Socket,
    buffer: Vec<u8>,
    counters: CopyCounters,
}

impl CopySocket {
    /// Hears frames that leave by `link` to one station, other than EAPOL and those of
    /// `ether_type`, which is Rether's. They are heard as they are given to the driver, behind the
    /// token gate; frames of [`crate::frame_socket::FrameSocket`] are among them.
    ///
    /// # Errors
    /// Missing rights (`CAP_NET_RAW`), or the interface has gone.
    pub fn sent(link: &Link, ether_type: u16) -> Result<Self, OsError> {
        Self::open(link, &filter::sent(ether_type), false)
    }

    /// Hears IP packets that come in by `link` for this host alone.
    ///
    /// # Errors
    /// As for [`CopySocket::sent`].
    pub fn received(link: &Link) -> Result<Self, OsError> {
        Self::open(link, &filter::received(), true)
    }

    /// With a program of one's own.
    pub(crate) fn open(
        link: &Link,
        program: &[socket2::SockFilter],
        ignore_outgoing: bool,
    ) -> Result<Self, OsError> {
        let kind = Type::RAW.nonblocking().cloexec();
        // Protocol 0: nothing comes before the filter is in place and the socket bound.
        let socket = Socket::new(Domain::PACKET, kind, None).doing("open a packet socket")?;
        socket
            .attach_filter(program)
            .doing("filter the packet socket")?;
        let packet = |option, value| {
            sys::set_option(&socket, libc::SOL_PACKET, option, value)
                .doing("set up the packet socket for copies")
        };
        packet(libc::PACKET_VNET_HDR, 1)?;
        packet(libc::PACKET_IGNORE_OUTGOING, ignore_outgoing.into())?;
        set_socket_recv_buffer_size_force(&socket, RECEIVE_BUFFER)
            .doing("enlarge the receive buffer for copies")?;
        sys::packet_address(link.index, libc::ETH_P_ALL as u16)
            .and_then(|address| socket.bind(&address))
            .doing("bind the packet socket")?;
        Ok(Self {
            socket,
            buffer: vec![0; ROOM],
            counters: CopyCounters::default(),
        })
    }

    /// The next frame. Never blocks.
    ///
    /// # Errors
    /// The link went down; call again when it is up.
    pub fn receive(&mut self) -> Result<Option<Copied<'_>>, OsError> {
        let length = self.read()?;
        Ok(length.and_then(|length| self.read_last(length)))
    }

    /// The frame that [`CopySocket::read`] has read.
    pub(crate) fn read_last(&self, length: usize) -> Option<Copied<'_>> {
        header::parse(&self.buffer[..length])
    }

    /// Reads the next frame, of which it tells the length.
    pub(crate) fn read(&mut self) -> Result<Option<usize>, OsError> {
        loop {
            let length = match recv(&self.socket, &mut self.buffer[..], RecvFlags::DONTWAIT) {
                Ok((_, length)) => length.min(ROOM),
                Err(rustix::io::Errno::AGAIN) => return Ok(None),
                Err(rustix::io::Errno::INTR) => continue,
                // The frame is gone; the next one may be fine.
                Err(rustix::io::Errno::INVAL) => {
                    self.counters.unreadable += 1;
                    continue;
                }
                Err(error) => return Err(error).doing("read copies of frames"),
            };
            if header::parse(&self.buffer[..length]).is_some() {
                self.counters.copied += 1;
                return Ok(Some(length));
            }
        }
    }

    /// What has happened so far.
    ///
    /// # Errors
    /// None is known; passed on in case the kernel has one.
    pub fn counters(&mut self) -> Result<CopyCounters, OsError> {
        let lost = sys::packet_drops(&self.socket).doing("count lost copies")?;
        self.counters.lost += u64::from(lost);
        Ok(self.counters)
    }
}

impl AsFd for CopySocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}
