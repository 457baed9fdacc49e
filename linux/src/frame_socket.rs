//! Sends whole Ethernet frames, of any source and type, by one interface: what comes from another
//! access point for a station here, and announcements ([`crate::announce`]).
//!
//! Frames go straight to the driver, past all nftables rules, and so past the gates.

use rether_proto::mac::MacAddr;
use rustix::net::sockopt::set_socket_send_buffer_size_force;
use rustix::net::{SendFlags, send};
use socket2::{Domain, Socket, Type};

use crate::error::{Doing, OsError};
use crate::link::Link;
use crate::sys;
use crate::tid::Tid;

/// Length of an Ethernet header.
const HEADER: usize = 14;

/// A frame to be sent.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Frame<'a> {
    /// Destination address of the Ethernet header.
    pub to: MacAddr,
    /// Source address of the Ethernet header.
    pub from: MacAddr,
    /// What `payload` is.
    pub ether_type: u16,
    /// All that is behind the Ethernet header, at most the interface's MTU.
    pub payload: &'a [u8],
}

/// A packet socket that only sends.
#[derive(Debug)]
pub struct FrameSocket {
    socket: Socket,
    tid: Tid,
    out: Vec<u8>,
}

impl FrameSocket {
    /// Binds to `link`. The socket lives through the interface going down and up again, not
    /// through it being deleted.
    ///
    /// # Errors
    /// Missing rights (`CAP_NET_RAW`), or the interface has gone.
    pub fn open(link: &Link) -> Result<Self, OsError> {
        let kind = Type::RAW.nonblocking().cloexec();
        // Protocol 0: it never receives.
        let socket = Socket::new(Domain::PACKET, kind, None).doing("open a packet socket")?;
        sys::packet_address(link.index, 0)
            .and_then(|address| socket.bind(&address))
            .doing("bind the packet socket")?;
        Ok(Self {
            socket,
            tid: Tid::default(),
            out: Vec::with_capacity(2048),
        })
    }

    /// The same with room for some thousand frames that wait in the driver.
    ///
    /// # Errors
    /// As for [`FrameSocket::open`], and missing `CAP_NET_ADMIN`.
    pub(crate) fn open_wide(link: &Link) -> Result<Self, OsError> {
        const SEND_BUFFER: usize = 8 << 20;
        let wide = Self::open(link)?;
        set_socket_send_buffer_size_force(&wide.socket, SEND_BUFFER)
            .doing("enlarge the packet socket's send buffer")?;
        Ok(wide)
    }

    /// Sends `frame` with traffic identifier `tid` (0 to 7), which means something on radios only.
    /// Never blocks.
    ///
    /// # Errors
    /// As for [`FrameSocket::send_whole`].
    pub fn send(&mut self, frame: &Frame<'_>, tid: u8) -> Result<(), OsError> {
        let mut out = std::mem::take(&mut self.out);
        out.clear();
        out.reserve(HEADER + frame.payload.len());
        out.extend_from_slice(&frame.to.0);
        out.extend_from_slice(&frame.from.0);
        out.extend_from_slice(&frame.ether_type.to_be_bytes());
        out.extend_from_slice(frame.payload);
        let sent = self.send_whole(&out, tid);
        self.out = out;
        sent
    }

    /// Sends `frame`, which begins with its Ethernet header, as [`FrameSocket::send`] does.
    ///
    /// # Errors
    /// The link is down ([`OsError::is_link_down`]), what was sent before has not left yet
    /// ([`OsError::is_full`]: try again a little later), or the frame is longer than the MTU.
    pub fn send_whole(&mut self, frame: &[u8], tid: u8) -> Result<(), OsError> {
        self.tid.set(&self.socket, tid)?;
        send(&self.socket, frame, SendFlags::DONTWAIT)
            .map(drop)
            .doing("send a frame")
    }
}
