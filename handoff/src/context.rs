//! What an access point knows of a station: the context that goes where the station goes.
//!
//! At most [`Context::MAX_OCTETS`] octets on the wire, whatever a station claims.

use alloc::vec::Vec;
use core::net::{IpAddr, Ipv4Addr};

pub use rether_proto::coordinator::handover::Promised;
use rether_proto::time::Instant;

/// All that is known of one station.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Context {
    /// Its addresses, at most eight of each family.
    pub addresses: Vec<Address>,
    /// Its DHCP lease.
    pub lease: Option<Lease>,
    /// What was promised to its flows, at most eight.
    pub promises: Vec<Promised>,
    /// The multicast groups it listens to, at most sixteen.
    pub groups: Vec<IpAddr>,
    /// Whether an agent runs there.
    pub agent: bool,
}

impl Context {
    /// Octets on the wire at most.
    pub const MAX_OCTETS: usize = 1200;

    /// Whether `other` says the same, but for how long addresses and the lease last.
    #[must_use]
    pub fn says_the_same(&self, other: &Self) -> bool {
        let ips = self.addresses.iter().map(|address| address.ip);
        let lease = |context: &Self| context.lease.map(|lease| (lease.address, lease.server));
        ips.eq(other.addresses.iter().map(|address| address.ip))
            && lease(self) == lease(other)
            && (&self.promises, &self.groups, self.agent)
                == (&other.promises, &other.groups, other.agent)
    }

    /// Whether there is nothing in it that only the access point can know which served the station
    /// before: what it was promised, and its lease.
    #[must_use]
    pub const fn is_slight(&self) -> bool {
        self.promises.is_empty() && self.lease.is_none()
    }

    /// Whether there is nothing in it but whether an agent runs there.
    #[must_use]
    pub const fn is_bare(&self) -> bool {
        self.is_slight() && self.addresses.is_empty() && self.groups.is_empty()
    }
}

/// An IP address of a station.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Address {
    /// The address.
    pub ip: IpAddr,
    /// How it became known.
    pub learnt: Learnt,
    /// When it lapses. On the wire: how long it is good for.
    pub until: Instant,
}

/// How an address became known, best first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Learnt {
    /// A DHCP server's ACK, seen on the wired side.
    Dhcp,
    /// A home agent confirmed it.
    HomeAgent,
    /// The station used it: in ARP or neighbour discovery.
    Heard,
}

/// A DHCP lease (RFC 2131), as the server's ACK has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lease {
    /// The leased address.
    pub address: Ipv4Addr,
    /// Option 54.
    pub server: Ipv4Addr,
    /// The relay's address.
    pub relay: Ipv4Addr,
    /// Option 3.
    pub router: Ipv4Addr,
    /// Option 1.
    pub mask: Ipv4Addr,
    /// When it ends. Never extended.
    pub until: Instant,
}
