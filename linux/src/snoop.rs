//! What passes at an access point's bridge and says something about stations and routers: copies
//! of DHCP answers, router and agent advertisements from the wired side, and of ARP, neighbour
//! discovery and group memberships from stations.
//!
//! Which side a frame came from is what makes it worth believing, so there is a socket for each
//! port: wired ports of the bridge, the bridge itself for what this host sends, and the radio. Other
//! radios are no wired ports. The kernel lets only these frames through.

mod filter;

use std::os::fd::{AsFd, BorrowedFd, OwnedFd};

use rustix::event::epoll;
use socket2::SockFilter;

use crate::copy_socket::{Copied, CopySocket};
use crate::error::{Doing, OsError};
use crate::link::{InterfaceName, Link};

/// Where a frame came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// By a wired port, or from this host.
    Wired,
    /// From a station, by the radio.
    Station,
}

/// The sockets, to be waited for as one.
#[derive(Debug)]
pub struct Snoop {
    epoll: OwnedFd,
    sockets: Vec<(Side, CopySocket)>,
    /// The socket that is read next.
    next: usize,
}

impl Snoop {
    /// Listens at `bridge`, of which `radio` is a port, and at its wired ports as they are now.
    ///
    /// # Errors
    /// Missing rights (`CAP_NET_RAW`), or an interface has gone.
    pub fn open(radio: &Link, bridge: &Link) -> Result<Self, OsError> {
        let epoll = epoll::create(epoll::CreateFlags::CLOEXEC).doing("wait for copies")?;
        let mut this = Self {
            epoll,
            sockets: Vec::new(),
            next: 0,
        };
        for port in wired_ports(bridge, radio)? {
            this.add(Side::Wired, &port, &filter::wired(), true)?;
        }
        this.add(Side::Wired, bridge, &filter::own(), false)?;
        this.add(Side::Station, radio, &filter::station(), true)?;
        Ok(this)
    }

    fn add(
        &mut self,
        side: Side,
        link: &Link,
        program: &[SockFilter],
        ignore_outgoing: bool,
    ) -> Result<(), OsError> {
        let socket = CopySocket::open(link, program, ignore_outgoing)?;
        let data = epoll::EventData::new_u64(0);
        epoll::add(&self.epoll, &socket, data, epoll::EventFlags::IN).doing("wait for copies")?;
        self.sockets.push((side, socket));
        Ok(())
    }

    /// The next frame of any side. Never blocks.
    ///
    /// # Errors
    /// A link went down; call again, the others are still read.
    pub fn receive(&mut self) -> Result<Option<(Side, Copied<'_>)>, OsError> {
        let count = self.sockets.len();
        for _ in 0..count {
            let place = self.next;
            self.next = (place + 1) % count;
            if let Some(length) = self.sockets[place].1.read()? {
                let (side, socket) = &self.sockets[place];
                let copied = socket.read_last(length);
                return Ok(copied.map(|copied| (*side, copied)));
            }
        }
        Ok(None)
    }
}

impl AsFd for Snoop {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.epoll.as_fd()
    }
}

/// The ports of `bridge` but `radio` and all others that are radios.
fn wired_ports(bridge: &Link, radio: &Link) -> Result<Vec<Link>, OsError> {
    let ports = format!("/sys/class/net/{}/brif", bridge.name);
    let mut links = Vec::new();
    for entry in std::fs::read_dir(ports).doing("list the bridge's ports")? {
        let entry = entry.doing("list the bridge's ports")?;
        let name: Option<InterfaceName> = entry.file_name().to_str().and_then(|n| n.parse().ok());
        let Some(name) = name.filter(|name| *name != radio.name && !is_radio(name)) else {
            continue;
        };
        links.push(Link::read(&name)?);
    }
    links.sort_unstable_by_key(|link| link.index);
    Ok(links)
}

/// Whether there are stations behind an interface.
fn is_radio(name: &InterfaceName) -> bool {
    let device = std::path::PathBuf::from("/sys/class/net").join(name.as_str());
    device.join("phy80211").exists()
}
