//! Which MAC address an IP address has: the kernel's neighbour table, followed.
//!
//! A routed AP needs it, because the gate sees packets before the kernel has put a MAC address
//! on them.

use std::collections::HashMap;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd, BorrowedFd};

use rether_proto::mac::MacAddr;

use crate::error::{Doing, OsError};
use crate::netlink::socket::NetlinkSocket;
use crate::netlink::{Message, Received, attributes, messages};

/// Length of `ndmsg`.
const FAMILY: usize = 12;

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

    /// The addresses that are known to have `mac`, in their order.
    #[must_use]
    pub fn of(&self, mac: MacAddr) -> Vec<IpAddr> {
        let own = self.known.iter().filter(|(_, known)| **known == mac);
        let mut own: Vec<_> = own.map(|(address, _)| *address).collect();
        own.sort_unstable();
        own
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
pub struct NeighbourSocket {
    socket: NetlinkSocket,
    index: u32,
    buffer: Vec<u8>,
    dump: Dump,
}

/// Whether the kernel is giving the whole table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dump {
    Idle,
    Running,
    /// Messages were lost while it was: it has to be asked for again.
    Spoilt,
}

impl NeighbourSocket {
    /// Subscribes to changes on interface `index` and asks for the table as it is.
    ///
    /// # Errors
    /// Out of file descriptors, or the kernel refused the subscription.
    pub fn open(index: u32) -> Result<Self, OsError> {
        let groups = libc::RTMGRP_NEIGH.unsigned_abs();
        let socket =
            NetlinkSocket::open(libc::NETLINK_ROUTE, groups).doing("follow the neighbour table")?;
        let mut this = Self {
            socket,
            index,
            buffer: vec![0; 1 << 15],
            dump: Dump::Idle,
        };
        this.ask().doing("read the neighbour table")?;
        Ok(this)
    }

    /// Brings `table` up to date with all that has arrived. Never blocks. Lost messages are made
    /// good by asking for the whole table again.
    ///
    /// # Errors
    /// The kernel refused to give the table.
    pub fn receive(&mut self, table: &mut Neighbours) -> Result<(), OsError> {
        self.drain(table).doing("read the neighbour table")
    }

    fn ask(&mut self) -> io::Result<()> {
        let flags = (libc::NLM_F_REQUEST | libc::NLM_F_DUMP) as u16;
        let mut request = Vec::new();
        Message::begin(&mut request, libc::RTM_GETNEIGH, flags, 1, &[0; FAMILY]);
        self.socket.send(&request)?;
        self.dump = Dump::Running;
        Ok(())
    }

    fn drain(&mut self, table: &mut Neighbours) -> io::Result<()> {
        loop {
            let mut done = false;
            match self.socket.receive(&mut self.buffer) {
                Ok(None) => return Ok(()),
                Ok(Some(datagram)) => {
                    for message in messages(datagram) {
                        done |= i32::from(message.kind) == libc::NLMSG_DONE;
                        if let Some(code) = message.error().filter(|code| *code != 0) {
                            return Err(io::Error::from_raw_os_error(code));
                        }
                        if let Some((address, mac)) = change(&message, self.index) {
                            table.set(address, mac);
                        }
                    }
                }
                Err(error) if error.raw_os_error() == Some(libc::ENOBUFS) => {
                    table.known.clear();
                    match self.dump {
                        Dump::Idle => self.ask()?,
                        Dump::Running | Dump::Spoilt => self.dump = Dump::Spoilt,
                    }
                }
                Err(error) => return Err(error),
            }
            if done && std::mem::replace(&mut self.dump, Dump::Idle) == Dump::Spoilt {
                self.ask()?;
            }
        }
    }
}

/// What a message says about a neighbour on interface `index`.
fn change(message: &Received<'_>, index: u32) -> Option<(IpAddr, Option<MacAddr>)> {
    let gone = match message.kind {
        libc::RTM_NEWNEIGH => false,
        libc::RTM_DELNEIGH => true,
        _ => return None,
    };
    let body = message.body;
    let on = u32::from_ne_bytes(body.get(4..8)?.try_into().ok()?);
    let state = u16::from_ne_bytes(body.get(8..10)?.try_into().ok()?);
    if on != index {
        return None;
    }
    let unusable = state & (libc::NUD_INCOMPLETE | libc::NUD_FAILED | libc::NUD_NOARP) != 0;
    let mut address = None;
    let mut mac = None;
    for (kind, value) in attributes(body.get(FAMILY..)?) {
        match kind {
            libc::NDA_DST => address = ip(value),
            libc::NDA_LLADDR => mac = value.try_into().ok().map(MacAddr),
            _ => {}
        }
    }
    Some((address?, mac.filter(|_| !gone && !unusable)))
}

/// An address as netlink attributes have it.
pub(crate) fn ip(octets: &[u8]) -> Option<IpAddr> {
    if let Ok(v4) = <[u8; 4]>::try_from(octets) {
        return Some(v4.into());
    }
    <[u8; 16]>::try_from(octets).ok().map(Into::into)
}

impl AsFd for NeighbourSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MAC: [u8; 6] = [2, 0, 0, 0, 1, 0];

    fn message(kind: u16, index: u8, state: u16, address: &[u8]) -> Vec<u8> {
        let mut family = [0; FAMILY];
        family[4] = index;
        family[8..10].copy_from_slice(&state.to_ne_bytes());
        let mut buffer = Vec::new();
        Message::begin(&mut buffer, kind, 0, 0, &family)
            .attribute(libc::NDA_DST, address)
            .attribute(libc::NDA_LLADDR, &MAC);
        buffer
    }

    fn read(bytes: &[u8]) -> Option<(IpAddr, Option<MacAddr>)> {
        change(&messages(bytes).next().unwrap(), 3)
    }

    #[test]
    fn comes_and_goes() {
        let v4 = [10, 0, 0, 2];
        let v6 = [0xfe; 16];
        let (new, del) = (libc::RTM_NEWNEIGH, libc::RTM_DELNEIGH);
        let known = Some(MacAddr(MAC));
        let stale = libc::NUD_STALE;
        assert_eq!(read(&message(new, 3, stale, &v4)), Some((v4.into(), known)));
        assert_eq!(read(&message(new, 3, stale, &v6)), Some((v6.into(), known)));
        assert_eq!(
            read(&message(new, 3, libc::NUD_FAILED, &v4)),
            Some((v4.into(), None))
        );
        assert_eq!(read(&message(del, 3, stale, &v4)), Some((v4.into(), None)));
        assert_eq!(read(&message(new, 4, stale, &v4)), None);
        assert_eq!(read(&message(new, 3, stale, &[1, 2, 3])), None);
        assert_eq!(read(&message(libc::RTM_NEWLINK, 3, stale, &v4)), None);
    }

    #[test]
    fn a_short_message_is_no_change() {
        let whole = message(libc::RTM_NEWNEIGH, 3, libc::NUD_STALE, &[10, 0, 0, 2]);
        let first = messages(&whole).next().unwrap();
        for cut in 0..FAMILY + 8 {
            assert_eq!(
                change(
                    &Received {
                        body: &first.body[..cut],
                        ..first
                    },
                    3
                ),
                None,
                "{cut}"
            );
        }
    }

    #[test]
    fn the_real_table_can_be_read() {
        let mut socket = NeighbourSocket::open(1).unwrap();
        let mut table = Neighbours::default();
        crate::poll::wait([socket.as_fd()]).unwrap();
        socket.receive(&mut table).unwrap();
        assert_eq!(socket.dump, Dump::Idle);
    }
}
