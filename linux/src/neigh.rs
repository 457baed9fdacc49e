//! Which MAC address an IP address has: the kernel's neighbour table, followed.
//!
//! A routed AP needs it, because the gate sees packets before the kernel has put a MAC address
//! on them.

use std::collections::HashMap;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use rether_proto::mac::MacAddr;

use crate::error::OsError;

/// IP address to MAC address.
#[derive(Clone, Debug, Default)]
pub struct Neighbours {
    known: HashMap<IpAddr, MacAddr>,
}

impl Neighbours {
    /// The MAC address that `address` is known to have.
    #[must_use]
    pub fn get(&self, address: IpAddr) -> Option<MacAddr> {
        self.known.get(&address).copied()
    }

    /// `address` now has `mac`, or nothing is known of it any more.
    pub fn set(&mut self, address: IpAddr, mac: Option<MacAddr>) {
        match mac {
            Some(mac) => self.known.insert(address, mac),
            None => self.known.remove(&address),
        };
    }
}

/// Follows the kernel's neighbour table of one interface.
#[derive(Debug)]
pub struct NeighbourSocket {}

impl NeighbourSocket {
    /// Subscribes to changes on interface `index` and asks for the table as it is.
    ///
    /// # Errors
    /// Out of file descriptors, or the kernel refused the subscription.
    pub fn open(index: u32) -> Result<Self, OsError> {
        let _ = index;
        unimplemented!()
    }

    /// Brings `table` up to date with all that has arrived. Never blocks. Lost messages are made
    /// good by asking for the whole table again.
    ///
    /// # Errors
    /// The kernel refused to give the table.
    pub fn receive(&mut self, table: &mut Neighbours) -> Result<(), OsError> {
        let _ = table;
        unimplemented!()
    }
}

impl AsFd for NeighbourSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        unimplemented!()
    }
}
