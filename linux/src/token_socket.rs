//! Sends and receives Rether's own frames.

use std::os::fd::{AsFd, BorrowedFd};

use rether_proto::mac::MacAddr;
use rether_proto::machine::{Transmit, TxHandle};

use crate::error::OsError;
use crate::link::Link;

/// IEEE 802 local experimental `EtherType` 1 (IEEE 802, clause 9.2.4), the default.
pub const ETHER_TYPE: u16 = 0x88b5;

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

/// A packet socket for one `EtherType` on one interface. Readable when frames have come; its
/// error queue (see [`crate::poll::Ready::error`]) has transmit statuses.
#[derive(Debug)]
pub struct TokenSocket {}

impl TokenSocket {
    /// Binds to `link`. The socket lives through the interface going down and up again, not
    /// through it being deleted.
    ///
    /// # Errors
    /// Missing rights (`CAP_NET_RAW`), or the interface has gone.
    pub fn open(link: &Link, ether_type: u16) -> Result<Self, OsError> {
        let _ = (link, ether_type);
        unimplemented!()
    }

    /// Sends `payload` as `transmit` says. Never blocks. With a handle, the status follows by
    /// [`TokenSocket::status`], but only if the driver reports it and the station is known:
    /// silence means lost.
    ///
    /// # Errors
    /// The link is down (see [`OsError::is_link_down`]), or the driver's queue is full.
    pub fn send(&mut self, transmit: &Transmit, payload: &[u8]) -> Result<(), OsError> {
        let _ = (transmit, payload);
        unimplemented!()
    }

    /// The next frame that has come. Never blocks.
    ///
    /// # Errors
    /// The link went down; call again when it is up.
    pub fn receive(&mut self) -> Result<Option<Received<'_>>, OsError> {
        unimplemented!()
    }

    /// The next transmit status. Never blocks.
    ///
    /// # Errors
    /// None is known; passed on in case the kernel has one.
    pub fn status(&mut self) -> Result<Option<Status>, OsError> {
        unimplemented!()
    }
}

impl AsFd for TokenSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        unimplemented!()
    }
}
